//go:build unix

package executor

import "syscall"

// readAll reads output until its end, waiting where there is none.
func (j *journal) readAll() {
	for ended := false; !ended; {
		err := j.raw.Read(func(fd uintptr) (read bool) {
			again := false
			ended, again = j.take(fd)
			return !again
		})
		if err != nil {
			return
		}
	}
}

// drain takes whatever was printed until now.
func (j *journal) drain() {
	_ = j.raw.Control(func(fd uintptr) {
		for {
			if ended, again := j.take(fd); ended || again {
				return
			}
		}
	})
}

// take reads once. again says that there is nothing to read now.
func (j *journal) take(fd uintptr) (ended, again bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := syscall.Read(int(fd), j.buffer)
	switch {
	case err == syscall.EAGAIN:
		return false, true
	case err == syscall.EINTR:
		return false, false
	case err != nil || n <= 0:
		return true, false
	}
	j.printed(j.buffer[:n])
	return false, false
}
