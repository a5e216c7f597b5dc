//go:build unix

package store

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// heldByChild makes a lock that a child process holds, in the name of another one:
// what a server leaves that is killed while it makes a child.
func heldByChild(t *testing.T, dir, holder string) (release func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_EX), os.WriteFile(f.Name(), []byte(holder+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	child := exec.Command("cat")
	child.ExtraFiles = []*os.File{f}
	in, err := child.StdinPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Skip("no program to hold a file open with: ", err)
	}
	f.Close()
	return func() {
		in.Close()
		_ = child.Wait()
	}
}

// nobody is no process: ids end at 2^22.
const nobody = "999999999"

func TestALockThatOutlivesItsHolderIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	release := heldByChild(t, dir, nobody)
	opened := make(chan error, 1)
	go func() {
		s, err := Open(context.Background(), Options{Dir: dir})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	release()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
}

// A holder that lives, or that is gone and whose lock stays, keeps the directory.
func TestALockThatStaysIsRespected(t *testing.T) {
	dir := t.TempDir()
	release := heldByChild(t, dir, "1")
	var locked *LockedError
	if _, err := Open(context.Background(), Options{Dir: dir}); !errors.As(err, &locked) || locked.PID != "1" {
		t.Errorf("held by a process that lives: %v", err)
	}
	release()
	release = heldByChild(t, dir, nobody)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, Options{Dir: dir}); !errors.As(err, &locked) {
		t.Errorf("held by something else: %v", err)
	}
	release()
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		t.Fatalf("whoever gave up keeps the lock: %v", err)
	}
	s.Close()
}
