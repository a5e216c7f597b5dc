package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// probe is a function that evaluates Python, as hostile code would.
const probe = `
import ctypes, errno, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *args):
    """The error name of a C library call, or 'done'."""
    ctypes.set_errno(0)
    r = getattr(libc, name)(*args)
    return errno.errorcode.get(ctypes.get_errno(), "?") if r == -1 else "done"

def system(number, *args):
    ctypes.set_errno(0)
    r = libc.syscall(number, *args)
    return errno.errorcode.get(ctypes.get_errno(), "?") if r == -1 else "done"

def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("latin1")
    except OSError as e:
        return errno.errorcode[e.errno]

def write(path):
    try:
        with open(path, "w") as f:
            f.write("x")
        return "done"
    except OSError as e:
        return errno.errorcode[e.errno]

def ls(path):
    try:
        return sorted(os.listdir(path))
    except OSError as e:
        return errno.errorcode[e.errno]

def connect(host, port):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.settimeout(2)
    try:
        s.connect((host, port))
        return "done"
    except TimeoutError:
        return "ETIMEDOUT"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))
    finally:
        s.close()

def family(n):
    try:
        socket.socket(n, socket.SOCK_DGRAM).close()
        return "done"
    except OSError as e:
        return errno.errorcode[e.errno]

def status(field):
    for line in read("/proc/self/status").splitlines():
        if line.startswith(field + ":"):
            return line.split()[1]

def handler(event, context):
    return eval(event)
`

// ask evaluates Python inside a function.
func (w *world) ask(f *Function, expression string) any {
	w.Helper()
	q, err := json.Marshal(expression)
	if err != nil {
		w.Fatal(err)
	}
	r := w.must(f, string(q))
	if r.FunctionError != "" {
		w.Fatalf("%s: %s\n%s", expression, r.Payload, r.Tail)
	}
	var v any
	if err := json.Unmarshal(r.Payload, &v); err != nil {
		w.Fatal(err)
	}
	return v
}

// expect asks many things with one answer each.
func (w *world) expect(f *Function, want map[string]any) {
	w.Helper()
	for expression, answer := range want {
		if got := w.ask(f, expression); fmt.Sprint(got) != fmt.Sprint(answer) {
			w.Errorf("%s is %.300v, want %v", expression, got, answer)
		}
	}
}

func TestAFunctionCannotLeaveItsSandbox(t *testing.T) {
	w := sandboxed(t)
	f := w.python("probe", probe)
	numbers := map[string]int{"unshare": 272, "setns": 308, "mount": 165, "ptrace": 101, "bpf": 321, "perf": 298, "keyctl": 250, "userfaultfd": 323, "io_uring": 425, "clone3": 435, "clone": 56}
	if filepath.Base(os.Getenv("HOSTTYPE")) == "aarch64" || auditArch == 0xC00000B7 {
		numbers = map[string]int{"unshare": 97, "setns": 268, "mount": 40, "ptrace": 117, "bpf": 280, "perf": 241, "keyctl": 219, "userfaultfd": 282, "io_uring": 425, "clone3": 435, "clone": 220}
	}
	sys := func(name string, args string) string { return fmt.Sprintf("system(%d%s)", numbers[name], args) }
	w.ask(f, `write("/tmp/mine")`)
	w.expect(f, map[string]any{
		// What it may do.
		`write("/tmp/other")`:                "done",
		`read("/tmp/mine")`:                  "x",
		`read("/etc/hosts").split()[0]`:      "127.0.0.1",
		`connect("127.0.0.1", 9001)`:         "done",
		`len(os.urandom(8))`:                 8,
		`read("/proc/self/comm") != "EPERM"`: true,
		`subprocess.run(["/bin/sh", "-c", "echo hi"], capture_output=True).stdout.decode()`: "hi\n",
		`family(socket.AF_UNIX)`: "done",
		`write("/dev/null")`:     "done",
		// Its files.
		`write("/var/task/main.py")`: "EROFS",
		`write("/var/task/new")`:     "EROFS",
		`write("/var/runtime/new")`:  "EROFS",
		`write("/new")`:              "EROFS",
		`write("/etc/passwd")`:       "EROFS",
		`write("/usr/new")`:          "EROFS",
		`write("/opt/new")`:          "EROFS",
		`write("/dev/new")`:          "EROFS",
		`write("/home/new")`:         "EROFS",
		`ls("/root") in ("ENOENT", "EACCES", [])  or ls("/root") == [".pyenv"]`: true,
		`ls("/.host")`:         "ENOENT",
		`ls("/sys")`:           "ENOENT",
		`"mine" in ls("/tmp")`: true,
		`write("/proc/sys/kernel/hostname") in ("EACCES", "EROFS")`:            true,
		`write("/proc/sysrq-trigger") != "done"`:                               true,
		`os.stat("/usr/bin/su").st_mode & 0o4000 == 0 or status("NoNewPrivs")`: "1",
		// Its processes.
		`os.getuid() != 0 and os.geteuid() != 0`: true,
		`status("CapEff")`:                       "0000000000000000",
		`status("CapPrm")`:                       "0000000000000000",
		`status("CapBnd")`:                       "0000000000000000",
		`status("CapAmb")`:                       "0000000000000000",
		`status("NoNewPrivs")`:                   "1",
		`status("Seccomp")`:                      "2",
		`read("/proc/1/environ")`:                "EACCES",
		`read("/proc/1/mem")`:                    "EACCES",
		`ls("/proc/1/fd")`:                       "EACCES",
		`ls("/proc/1/root")`:                     "EACCES",
		`[p for p in ls("/proc") if p.isdigit() and p != "1" and int(p) != os.getpid()]`:      []string{},
		`[call("kill", 1, 15), call("kill", 1, 11), call("kill", 1, 6), call("kill", 1, 19)]`: "[done done done done]",
		`[call("kill", 1, 9), os.path.exists("/proc/1")]`:                                     "[done true]",
		`os.sched_getaffinity(0) != set()`:                                                    true,
		// Its kernel.
		`call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)`: "EPERM",
		`call("umount2", b"/tmp", 2)`:                         "EPERM",
		`call("chroot", b"/tmp")`:                             "EPERM",
		`call("sethostname", b"x", 1)`:                        "EPERM",
		`call("setuid", 0) != "done"`:                         true,
		`call("setgid", 0) != "done"`:                         true,
		sys("unshare", ", 0x10000000"):                        "EPERM",
		sys("unshare", ", 0x00020000"):                        "EPERM",
		sys("setns", ", 0, 0"):                                "EPERM",
		sys("mount", ", 0, 0, 0, 0, 0"):                       "EPERM",
		sys("ptrace", ", 16, 1, 0, 0"):                        "EPERM",
		sys("bpf", ", 0, 0, 0"):                               "EPERM",
		sys("perf", ", 0, 0, 0, 0, 0"):                        "EPERM",
		sys("keyctl", ", 0, 0"):                               "EPERM",
		sys("userfaultfd", ", 0"):                             "EPERM",
		sys("io_uring", ", 1, 0"):                             "ENOSYS",
		sys("clone3", ", 0, 0"):                               "ENOSYS",
		sys("clone", ", 0x10000011, 0, 0, 0, 0"):              "EPERM",
		`family(socket.AF_PACKET)`:                            "EAFNOSUPPORT",
		`family(40)`:                                          "EAFNOSUPPORT", // AF_VSOCK
		`family(38)`:                                          "EAFNOSUPPORT", // AF_ALG
		`os.path.exists("/dev/kvm") or os.path.exists("/dev/mem") or os.path.exists("/dev/shm")`: false,
		`call("mknod", b"/tmp/disk", 0o060666, 0x0800)`:                                          "EPERM",
		// Its network.
		`[i[1] for i in socket.if_nameindex()]`:                []string{"lo"},
		`connect("8.8.8.8", 53)`:                               "ENETUNREACH",
		`connect("169.254.169.254", 80)`:                       "ENETUNREACH",
		`read("/proc/net/route").count("\n") <= 1`:             true,
		`socket.gethostname()`:                                 "localhost",
		`[k for k in os.environ if k.startswith("SALLYPORT")]`: []string{},
	})
}

// TestAFunctionInheritsNothing looks at the descriptors a process starts with:
// one too many would be the control socket of its sandbox.
func TestAFunctionInheritsNothing(t *testing.T) {
	w := sandboxed(t)
	dir := w.codeDir()
	w.write(dir, "bootstrap", "#!/bin/sh\nexec 3>&-\nls -l /proc/$$/fd\nulimit -a\ntrap\nexec /usr/bin/python3 /var/task/loop.py\n")
	source, err := os.ReadFile(w.script("unused", "while True:\n    id, body = next()\n    respond(id, body)\n").CodeDir + "/bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	w.write(dir, "loop.py", string(source))
	f := w.function("inherits", dir)
	w.answers(f, "1", "1")
	log := w.log()
	if !strings.Contains(log, " 0 -> /dev/null\n") || strings.Count(log, " -> pipe:") != 2 || strings.Contains(log, "socket:") || strings.Contains(log, "anon_inode") {
		t.Errorf("it starts with\n%s", log)
	}
}

func TestAFunctionCannotReachTheServerOrItsHost(t *testing.T) {
	w := sandboxed(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	abstract, err := net.Listen("unix", fmt.Sprintf("@sallyport-test-%d", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	f := w.python("probe", probe)
	server := os.Getpid()
	w.expect(f, map[string]any{
		fmt.Sprintf(`connect("127.0.0.1", %d)`, port):                                               "ECONNREFUSED",
		fmt.Sprintf(`read("/proc/%d/environ")`, server):                                             "ENOENT",
		fmt.Sprintf(`read(%q)`, secret):                                                             "ENOENT",
		fmt.Sprintf(`ls(%q)`, w.x.dir):                                                              "ENOENT",
		fmt.Sprintf(`call("kill", %d, 0)`, server):                                                  "ESRCH",
		fmt.Sprintf(`read("/proc/self/cwd/../..%s")`, secret):                                       "ENOENT",
		fmt.Sprintf(`socket.socket(socket.AF_UNIX).connect_ex("\0sallyport-test-%d")`, os.Getpid()): 111,
		`read("/etc/shadow")`:                                                                       "ENOENT",
		`read("/etc/passwd").count("\n")`:                                                           3,
		`read("/proc/self/mountinfo").count("` + w.x.dir + `/secret")`:                              0,
	})
}

func TestAFunctionCannotReachAnotherEnvironment(t *testing.T) {
	w := sandboxed(t)
	victim := w.python("victim", probe)
	f := w.python("probe", probe)
	if id := w.ask(victim, `os.environ["AWS_ACCESS_KEY_ID"]`); id != "ASIAvictim" {
		t.Fatalf("the victim's key is %v", id)
	}
	w.ask(victim, `write("/tmp/secret")`)
	w.ask(victim, `os.getpid()`)
	// Both have the same address for their Runtime API, and each finds its own.
	w.expect(f, map[string]any{
		`[read("/proc/%s/environ" % p).count("ASIAvictim") for p in ls("/proc") if p.isdigit()]`: "[0 0]",
		`ls("/tmp")`:                 []string{},
		`read("/tmp/secret")`:        "ENOENT",
		`os.getuid() == os.getuid()`: true,
	})
	if w.x.driver.(*linuxDriver).privileged {
		if a, b := w.ask(victim, `os.getuid()`), w.ask(f, `os.getuid()`); a == b {
			t.Errorf("both run as user %v", a)
		}
	}
}

func TestTheRuntimeAPIIsTheEnvironmentsOwn(t *testing.T) {
	w := sandboxed(t)
	victim := w.python("victim", probe)
	first := w.must(victim, `"1"`).EnvironmentID
	// It answers whatever invocation it can get from 127.0.0.1:9001.
	f := w.script("thief", `
import threading
def steal():
    try:
        print("stolen", call("GET", "invocation/next"))
    except Exception as e:
        print("refused", e)
while True:
    id, body = next()
    t = threading.Thread(target=steal, daemon=True)
    t.start()
    t.join(0.3)
    respond(id, body)
`)
	w.answers(f, "1", "1")
	r := w.must(victim, `"2"`)
	if string(r.Payload) != "2" || r.EnvironmentID != first {
		t.Errorf("the victim's answer: %s", r.Payload)
	}
	if strings.Contains(w.log(), "stolen (200") {
		t.Error(w.log())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	w := sandboxed(t)
	if !strings.HasPrefix(w.x.Status().Memory, "control groups") {
		t.Skip("no control group limits memory on this machine")
	}
	f := w.python("memory", "def handler(n, context):\n    x = bytearray(n << 20)\n    return len(x) >> 20\n")
	r := w.answers(f, "60", "60")
	var used int
	if _, rest, ok := strings.Cut(string(r.Tail), "Max Memory Used: "); ok {
		fmt.Sscan(rest, &used)
	}
	if used < 60 || used > 110 {
		t.Errorf("60 MB of 128 MB allocated, and %d MB are reported", used)
	}
	r = w.fails(f, "200", `"errorType":"Runtime.ExitError"`, `Error: Runtime exited with error: signal: killed"}`)
	if !strings.Contains(string(r.Tail), "\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n") {
		t.Errorf("tail %s", r.Tail)
	}
	w.answers(f, "50", "50")
}

func TestTempIsBoundedAndDoesNotCountAsMemory(t *testing.T) {
	w := sandboxed(t)
	f := w.python("temp", "def handler(n, context):\n    try:\n        with open('/tmp/f', 'wb') as f:\n            for _ in range(n):\n                f.write(b'x' * (1 << 20))\n        return 'written'\n    except OSError as e:\n        return e.strerror\n")
	f.MemoryMB, f.EphemeralMB = 128, 512
	w.answers(f, "300", `"written"`)
	w.answers(f, "600", `"No space left on device"`)
}

func TestProcessesAreBounded(t *testing.T) {
	w := sandboxed(t)
	f := w.python("bomb", `
import os, time
def handler(event, context):
    n = 0
    try:
        while n < 3000:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            n += 1
    except OSError as e:
        return [n < 1100, e.strerror]
    return n
`)
	f.MemoryMB, f.Timeout = 1024, 60*time.Second
	w.answers(f, "1", `[true, "Resource temporarily unavailable"]`)
}

// TestNothingOfAnInvokeSurvivesAReset: processes that were left behind, even as
// daemons, end with the timeout.
func TestNothingOfAnInvokeSurvivesAReset(t *testing.T) {
	w := sandboxed(t)
	f := w.python("daemons", probe+`
import time
def handler(event, context):
    if event != "leave":
        return eval(event)
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)
            os._exit(0)
    time.sleep(60)
`)
	f.Timeout = time.Second
	w.ask(f, "1")
	w.fails(f, `"leave"`, "timed out")
	if got := w.ask(f, `len([p for p in ls("/proc") if p.isdigit()])`); got != 2.0 {
		t.Errorf("%v processes, want the first one and the runtime", got)
	}
}

func TestTheEndpointIsTheEnvironmentsOwn(t *testing.T) {
	seen := make(chan string, 10)
	w := newWorld(t, Config{EndpointPort: 4566, Endpoint: func(env *Environment, l net.Listener) {
		for {
			c, err := l.Accept()
			if err != nil {
				seen <- "closed " + env.ID
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(env.ID), env.ID)
			c.Close()
		}
	}})
	f := w.python("calls", "import os, urllib.request\ndef handler(event, context):\n    return urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL']).read().decode()\n")
	r := w.must(f, "1")
	if string(r.Payload) != `"`+r.EnvironmentID+`"` {
		t.Errorf("the endpoint says %s, the environment is %s", r.Payload, r.EnvironmentID)
	}
	w.x.Retire(f.Key)
	select {
	case got := <-seen:
		if got != "closed "+r.EnvironmentID {
			t.Errorf("got %q", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("the endpoint's listener is still open")
	}
}

func TestIdleEnvironmentsAreFrozen(t *testing.T) {
	w := sandboxed(t)
	f := w.python("ticks", "import threading, time\nticks = [0]\ndef tick():\n    while True:\n        ticks[0] += 1\n        time.sleep(0.01)\nthreading.Thread(target=tick, daemon=True).start()\ndef handler(event, context):\n    return ticks[0]\n")
	w.must(f, "1")
	frozen := func() bool {
		w.x.mu.Lock()
		defer w.x.mu.Unlock()
		e := w.x.pools[f.Key].idle[0]
		e.freezing.Lock()
		defer e.freezing.Unlock()
		return e.frozen
	}
	w.eventually("it is frozen", frozen)
	before := w.ask(f, "1").(float64)
	w.eventually("it is frozen again", frozen)
	time.Sleep(time.Second)
	if after := w.ask(f, "1").(float64); after-before > 50 {
		t.Errorf("%v ticks of 10 ms in an idle second", after-before)
	}
}

func TestASandboxThatDiesIsNotHandedOut(t *testing.T) {
	w := sandboxed(t)
	f := w.python("f", echo)
	first := w.answers(f, "1", "1").EnvironmentID
	w.x.mu.Lock()
	s := w.x.pools[f.Key].idle[0].sandbox.(*linuxSandbox)
	w.x.mu.Unlock()
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.gone()
	if r := w.answers(f, "2", "2"); r.EnvironmentID == first || !r.Cold {
		t.Error("the dead environment was used")
	}
	// And in the middle of an invoke.
	slow := w.python("slow", "import time\ndef handler(event, context):\n    time.sleep(event)\n")
	w.answers(slow, "0", "null")
	w.x.mu.Lock()
	s = w.x.pools[slow.Key].idle[0].sandbox.(*linuxSandbox)
	w.x.mu.Unlock()
	time.AfterFunc(300*time.Millisecond, func() { _ = s.process.Kill() })
	start := time.Now()
	w.fails(slow, "30", "Runtime exited with error: signal: killed")
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %v to notice", took)
	}
	if _, err := w.x.Invoke(context.Background(), slow, &Invocation{RequestID: "again", Payload: []byte("0")}); err != nil {
		t.Error(err)
	}
}
