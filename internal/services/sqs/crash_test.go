package sqs

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/clock"
)

// crashDir makes this test binary a server that sends and deletes messages in
// the directory until it is killed.
const crashDir = "SALLYPORT_TEST_SQS_CRASH"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		work(dir)
		return
	}
	os.Exit(m.Run())
}

// lone is a testing.TB outside of a test.
type lone struct{ testing.TB }

func (lone) Helper()                   {}
func (lone) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (lone) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// work says what was acknowledged, line by line.
func work(dir string) {
	w := &world{TB: lone{}, dir: dir, now: clock.System{}, people: &people{map[string]string{}}}
	w.start()
	url, fifo := w.create("q"), w.create("q.fifo")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := 0; ; j++ {
				body := fmt.Sprintf("%d-%d-%d", os.Getpid(), i, j)
				w.send(url, body)
				w.sendTo(fifo, fmt.Sprint(i), body)
				fmt.Println("sent", body)
				if j%3 != 0 {
					continue
				}
				got := append(w.receive(url, 1), w.receive(fifo, 1)...)
				if len(got) != 2 {
					continue
				}
				// What is being deleted when the server is killed may be there or not.
				fmt.Println("going q", *got[0].Body)
				fmt.Println("going q.fifo", *got[1].Body)
				w.drop(url, got[0])
				fmt.Println("gone q", *got[0].Body)
				w.drop(fifo, got[1])
				fmt.Println("gone q.fifo", *got[1].Body)
			}
		})
	}
	all.Wait()
}

// TestKilledInTheMiddle: what was acknowledged is there, what was deleted is not.
func TestKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	said := map[string]map[string]bool{"sent": {}, "going": {}, "gone": {}}
	for range 3 {
		runAndKill(t, dir, 600, said)
	}
	w := &world{TB: t, dir: dir, now: clock.System{}, people: &people{map[string]string{}}}
	w.start()
	t.Cleanup(w.stop)
	w.whole()
	for _, name := range []string{"q", "q.fifo"} {
		l := w.sqs.lines.of(ref{here, region, name})
		found := map[string]bool{}
		for _, m := range l.messages {
			c, err := w.sqs.contentOf(t.Context(), l, m)
			if err != nil || c == nil {
				t.Fatalf("message %d: %v", m.number, err)
			}
			found[c.body] = true
			if said["gone"][name+" "+c.body] {
				t.Errorf("%s: %s was deleted", name, c.body)
			}
		}
		for body := range said["sent"] {
			if !found[body] && !said["going"][name+" "+body] {
				t.Errorf("%s: %s was acknowledged and is lost", name, body)
			}
		}
	}
}

// runAndKill lets a server work until it said so many things.
func runAndKill(t *testing.T, dir string, lines int, heard map[string]map[string]bool) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() {
		what, of, _ := strings.Cut(said.Text(), " ")
		if heard[what] == nil {
			t.Fatalf("the server says %q", said.Text())
		}
		heard[what][of] = true
		if lines--; lines == 0 {
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.Wait(); err == nil || lines > 0 {
		t.Fatalf("the server ended by itself: %v, %d lines to go", err, lines)
	}
}
