package test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
)

// binary is the sallyport command, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sallyport-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "sallyport")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command("go", "build", "-o", binary, "../cmd/sallyport")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	// Clients wait for each other more than they compute, and Terraform's provider
	// sleeps after each change of a queue. The flag, if given, counts for more.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// process is a running `sallyport serve`.
type process struct {
	cmd      *exec.Cmd
	data     string
	endpoint string
	keys     []sallyport.Credentials
	out      *output
	exited   chan struct{}
}

// output is what a process has printed so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// serve starts the binary on a free port with these further arguments, and
// waits until it is ready.
func serve(data string, args ...string) (*process, error) {
	p := &process{data: data, out: &output{}, exited: make(chan struct{})}
	p.cmd = exec.Command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	if err := p.ready(); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// mustServe is serve for a test, which stops the server at its end.
func mustServe(t testing.TB, data string, args ...string) *process {
	t.Helper()
	p, err := serve(data, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// ready waits for the file a server writes once it answers.
func (p *process) ready() error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		select {
		case <-p.exited:
			return fmt.Errorf("the server ended at once:\n%s", p.out)
		default:
		}
		var running sallyport.Running
		if readJSON(filepath.Join(p.data, sallyport.ServerFile), &running) != nil || running.PID != p.cmd.Process.Pid {
			continue
		}
		p.endpoint = running.Endpoint
		return readJSON(filepath.Join(p.data, sallyport.CredentialsFile), &p.keys)
	}
	return fmt.Errorf("the server is not ready after 20 s:\n%s", p.out)
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// kill ends the server as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop ends the server as a user would.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(15 * time.Second):
		p.kill()
	}
}

// environ is what an unchanged AWS client needs to talk to the server as root
// of the i-th account.
func (p *process) environ(i int) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + p.endpoint,
		"AWS_ACCESS_KEY_ID=" + p.keys[i].AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + p.keys[i].SecretAccessKey,
		"AWS_SESSION_TOKEN=",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=",
		"ACCOUNT=" + p.keys[i].Account,
	}
}

func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}
