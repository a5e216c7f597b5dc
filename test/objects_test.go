package test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const mebibyte = 1 << 20

// mostResident bounds the server's memory while objects of any size come and go:
// objects are streams. It is far below the size of the object.
const mostResident = 256 * mebibyte

// TestLargeObjectsDoNotSitInMemory copies 1 GiB up and down with the aws CLI,
// which sends it in parts, several at a time, and looks at the most memory that
// the server ever had.
func TestLargeObjectsDoNotSitInMemory(t *testing.T) {
	skipLong(t)
	if !installed("aws") {
		skipClient(t, "the aws CLI")
	}
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc to read the server's memory from")
	}
	dir := t.TempDir()
	p := mustServe(t, filepath.Join(dir, "state"))
	up := noise(t, filepath.Join(dir, "up"), 1024*mebibyte)
	awsCLI(t, p, dir, "s3", "mb", "s3://large")
	awsCLI(t, p, dir, "s3", "cp", "--no-progress", "up", "s3://large/object")
	uploaded := mostMemory(t, p)
	if err := os.Remove(filepath.Join(dir, "up")); err != nil {
		t.Fatal(err)
	}
	awsCLI(t, p, dir, "s3", "cp", "--no-progress", "s3://large/object", "down")
	peak := mostMemory(t, p)
	t.Logf("the server's memory was %d MiB at most while the object came, %d MiB in all", uploaded/mebibyte, peak/mebibyte)
	if peak > mostResident {
		t.Errorf("the server had %d MiB in memory, want %d MiB at most", peak/mebibyte, mostResident/mebibyte)
	}
	if down := digest(t, filepath.Join(dir, "down")); down != up {
		t.Errorf("up went %x, down came %x", up, down)
	}
}

// TestSyncOfManySmallFiles brings a folder up and down, and then only what is new.
func TestSyncOfManySmallFiles(t *testing.T) {
	skipLong(t)
	if !installed("aws") {
		skipClient(t, "the aws CLI")
	}
	t.Parallel()
	files := 2000
	if testing.Short() {
		files = 50
	}
	dir := t.TempDir()
	p := mustServe(t, filepath.Join(dir, "state"))
	for i := range files {
		name := filepath.Join(dir, "up", strconv.Itoa(i%20), fmt.Sprintf("file %d+ä.txt", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, fmt.Appendf(nil, "content of %d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	awsCLI(t, p, dir, "s3", "mb", "s3://many")
	awsCLI(t, p, dir, "s3", "sync", "--no-progress", "--only-show-errors", "up", "s3://many/prefix")
	if again := awsCLI(t, p, dir, "s3", "sync", "--no-progress", "up", "s3://many/prefix"); again != "" {
		t.Errorf("what is there already was sent again:\n%.500s", again)
	}
	awsCLI(t, p, dir, "s3", "sync", "--no-progress", "--only-show-errors", "s3://many/prefix", "down")
	if out, err := exec.Command("diff", "-r", filepath.Join(dir, "up"), filepath.Join(dir, "down")).CombinedOutput(); err != nil {
		t.Errorf("what came back differs: %v\n%.500s", err, out)
	}
	if err := os.Remove(filepath.Join(dir, "up", "7", "file 7+ä.txt")); err != nil {
		t.Fatal(err)
	}
	const want = "delete: s3://many/prefix/7/file 7+ä.txt"
	if said := awsCLI(t, p, dir, "s3", "sync", "--no-progress", "--delete", "up", "s3://many/prefix"); strings.TrimSpace(said) != want {
		t.Errorf("sync --delete said %q, want %q", said, want)
	}
}

// awsCLI runs the aws CLI as the root user, in dir, and gives what it printed.
func awsCLI(t *testing.T, p *process, dir string, arguments ...string) string {
	t.Helper()
	c := exec.Command("aws", arguments...)
	c.Dir = dir
	c.Env = append(append(os.Environ(), "LC_ALL=C.UTF-8"), p.environ(0)...)
	var out, diagnostics bytes.Buffer
	c.Stdout, c.Stderr = &out, &diagnostics
	if err := c.Run(); err != nil {
		t.Fatalf("aws %v: %v\n%s", arguments, err, diagnostics.String())
	}
	return out.String()
}

// noise writes a file that nothing can compress, and gives its digest.
func noise(t *testing.T, name string, size int64) [sha256.Size]byte {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, h), rand.NewChaCha8([32]byte{1}), size); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func digest(t *testing.T, name string) [sha256.Size]byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// mostMemory is the most memory that the server had since it began, in bytes:
// the kernel's VmHWM.
func mostMemory(t *testing.T, p *process) int64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("the kernel does not tell VmHWM")
	return 0
}
