package executor

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// asNobody marks the test process that runs without privileges.
const asNobody = "SALLYPORT_TEST_AS_NOBODY"

// TestWithoutPrivileges runs the tests of the sandbox once more, as an ordinary
// user, when they run as root.
func TestWithoutPrivileges(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("these tests run as an ordinary user anyway")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "sallyport-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	run := "Sandbox|Cannot|Inherits|Node|Own|Bounded|Survives|Frozen|Timeout|Killed|Tail|Raw|TempSurvives|Concurrent|Leaves|Daemon|Layer"
	cmd := exec.Command("/proc/self/exe", "-test.run", run, "-test.v", "-test.count=1")
	if testing.Short() {
		cmd.Args = append(cmd.Args, "-test.short")
	}
	cmd.Env = []string{asNobody + "=1", "HOME=" + dir, "TMPDIR=" + dir, "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	raw, err := cmd.CombinedOutput()
	out := string(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	switch ran := strings.Count(out, "--- PASS: Test"); {
	case strings.Contains(out, "no sandbox on this machine"):
		t.Skipf("ordinary users get no sandbox on this machine:\n%s", grep(out, "no sandbox"))
	case ran < 10:
		t.Errorf("only %d tests ran:\n%s", ran, out)
	default:
		t.Logf("%d tests passed as an ordinary user, skipped: %s", ran, grep(out, "--- SKIP"))
	}
}

// grep gives the lines that hold a word.
func grep(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return strings.Join(found, "\n")
}
