//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockDir takes the data directory for this process. The kernel frees the lock
// when the process ends, however it ends.
func lockDir(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		text := make([]byte, 20)
		n, _ := f.ReadAt(text, 0)
		holder := strings.TrimSpace(string(text[:n]))
		if !gone(holder) || !freed(ctx, f) {
			f.Close()
			return nil, &LockedError{Dir: dir, PID: holder}
		}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

// gone says that the process that wrote its id has ended.
func gone(holder string) bool {
	pid, err := strconv.Atoi(holder)
	return err == nil && pid > 0 && errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}

// lastHold is how long a lock may outlive its holder: a child that a killed server
// was just making has the lock until it becomes another program.
const lastHold = 2 * time.Second

// freed waits for the lock of a holder that is gone, and takes it. Where something
// else keeps it (the holder is in another PID namespace, say) it gives up: the
// waiting ends with the lock or with the process.
func freed(ctx context.Context, f *os.File) bool {
	ctx, cancel := context.WithTimeout(ctx, lastHold)
	defer cancel()
	waiting, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return false
	}
	taken := make(chan error, 1)
	go func() {
		err := unix.EINTR
		for err == unix.EINTR {
			err, _ = unix.Flock(waiting, unix.LOCK_EX).(unix.Errno)
		}
		if ctx.Err() != nil && err == 0 {
			_ = unix.Flock(waiting, unix.LOCK_UN) // nobody waits any more
		}
		unix.Close(waiting)
		if err != 0 {
			taken <- err
			return
		}
		taken <- nil
	}()
	select {
	case err := <-taken:
		return err == nil && ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
