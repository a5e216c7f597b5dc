package executor

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// traces are what a server with this process id and directory has left.
func traces(t testing.TB, pid int, dir string) []string {
	t.Helper()
	var found []string
	h, err := readHierarchies()
	if err != nil {
		t.Fatal(err)
	}
	parents := []string{h.controllers["memory"], h.controllers["pids"]}
	for dir := h.unified; strings.HasPrefix(dir, h.unifiedMount) && dir != "/"; dir = filepath.Dir(dir) {
		parents = append(parents, dir)
	}
	for _, parent := range parents {
		if parent != "" {
			groups, _ := filepath.Glob(filepath.Join(parent, groupPrefix+strconv.Itoa(pid)+"-*"))
			found = append(found, groups...)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), dir) {
		found = append(found, "a mount below "+dir)
	}
	if _, err := os.Stat(dir); err == nil {
		found = append(found, dir)
	}
	return append(found, processes(pid)...)
}

// processes are those a server started: first processes of sandboxes are its
// children, and functions are theirs. What is orphaned has the marker.
func processes(pid int) []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range all {
		status, err := os.ReadFile(p + "/status")
		if err != nil {
			continue
		}
		comm, _ := os.ReadFile(p + "/comm")
		environ, _ := os.ReadFile(p + "/environ")
		marked := strings.Contains(string(environ), leakMarker+"="+strconv.Itoa(pid))
		if marked || strings.Contains(string(status), "\nPPid:\t"+strconv.Itoa(pid)+"\n") && strings.TrimSpace(string(comm)) != "go" {
			found = append(found, p+" "+strings.TrimSpace(string(comm)))
		}
	}
	return found
}

const leakMarker = "SALLYPORT_LEAK_TEST"

// useAll starts environments of every state: ready-made, idle, busy and reset.
func useAll(w *world) (busy *Function) {
	vars := map[string]string{leakMarker: strconv.Itoa(os.Getpid())}
	idle := w.python("idle", echo)
	idle.Variables = vars
	w.answers(idle, "1", "1")
	busy = w.python("busy", "import os, time\ndef handler(event, context):\n    if event > 0:\n        os.fork()\n        time.sleep(event)\n")
	busy.Variables = vars
	w.answers(busy, "0", "null")
	reset := w.python("reset", "import os\ndef handler(event, context):\n    os._exit(1)\n")
	reset.Variables = vars
	w.fails(reset, "1", "exit status 1")
	return busy
}

func TestCloseLeavesNothing(t *testing.T) {
	w := sandboxed(t)
	busy := useAll(w)
	go func() { _, _ = w.invoke(busy, "60") }()
	w.eventually("it is busy", func() bool { s := w.x.Status(); return s.Environments-s.Idle == 1 })
	if len(processes(os.Getpid())) < 4 {
		t.Fatalf("the test sees only %v", processes(os.Getpid()))
	}
	if err := w.x.Close(); err != nil {
		t.Error(err)
	}
	if left := traces(t, os.Getpid(), w.x.dir); len(left) > 0 {
		t.Errorf("left: %s", strings.Join(left, "\n"))
	}
}

// TestKilledServerLeavesNothing kills a server as a crash would, and starts
// another one.
func TestKilledServerLeavesNothing(t *testing.T) {
	if dir := os.Getenv(leakMarker + "_DIR"); dir != "" {
		serveUntilKilled(t, dir)
		return
	}
	w := sandboxed(t)
	dir := filepath.Join(w.codeDir(), "environments")
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestKilledServerLeavesNothing$")
	cmd.Env = append(os.Environ(), leakMarker+"_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		ready = strings.Contains(lines.Text(), "all are running")
		if !ready {
			t.Log(lines.Text())
		}
	}
	before := processes(pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if !ready || len(before) < 4 {
		t.Fatalf("the server had only %v", before)
	}
	w.eventually("all processes have ended", func() bool { return len(processes(pid)) == 0 })
	// Control groups stay until the next server has started.
	next := sandboxed(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
	if left := traces(t, pid, dir); len(left) > 0 {
		t.Errorf("left: %s", strings.Join(left, "\n"))
	}
	next.answers(next.python("f", echo), "1", "1")
	w.answers(w.python("f", echo), "1", "1") // this server's are untouched
}

func serveUntilKilled(t *testing.T, dir string) {
	w := newWorldIn(t, dir, Config{})
	busy := useAll(w)
	go func() { _, _ = w.invoke(busy, "60") }()
	w.eventually("it is busy", func() bool { s := w.x.Status(); return s.Environments-s.Idle == 1 })
	time.Sleep(300 * time.Millisecond) // until the idle ones are frozen and sandboxes are made ahead
	os.Stdout.WriteString("all are running\n")
	time.Sleep(time.Minute)
}
