package executor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// What a function writes to /tmp is memory to the kernel, because /tmp is a
// tmpfs, but a file to Lambda. So the kernel's bound is the memory and /tmp
// together, and the memory proper is watched: the kernel tells when use passes
// a mark, and then it is looked at what the use is. If it is not the function's
// own memory, the next mark is set where it could be at the earliest.

// bound sets the function's bound. exceeded is called, once and from another
// goroutine, when its own memory is above memoryMB.
func (n *group) bound(memoryMB, tempMB int, exceeded func()) error {
	if n.memory == "" {
		return nil
	}
	if err := n.settle(); err != nil {
		return err
	}
	memory := int64(memoryMB) << 20
	all := n.base + memory + int64(tempMB)<<20
	own, err := n.own()
	if err != nil {
		return err
	}
	w := &watch{group: n, alarm: &alarm{group: n}, bound: own + memory, exceeded: exceeded}
	n.alarm = w.alarm
	if err := n.hard(all); err != nil {
		return err
	}
	// Setting a mark takes the kernel longer than starting a function.
	go w.run(n.base + memory)
	return nil
}

// hard sets the kernel's bound.
func (n *group) hard(bytes int64) error {
	if n.of.memoryUnified {
		_ = n.write(n.memory, "memory.swap.max", 0) // absent without swap
		return n.write(n.memory, "memory.max", bytes)
	}
	err := n.write(n.memory, "memory.limit_in_bytes", bytes)
	_ = n.write(n.memory, "memory.memsw.limit_in_bytes", bytes) // absent without swap accounting
	return err
}

// usage is all memory of the group.
func (n *group) usage() (int64, error) {
	if n.of.memoryUnified {
		return readNumber(filepath.Join(n.memory, "memory.current"))
	}
	return readNumber(filepath.Join(n.memory, "memory.usage_in_bytes"))
}

// own is the memory of processes themselves, without files and /tmp.
func (n *group) own() (int64, error) {
	field := "rss "
	if n.of.memoryUnified {
		field = "anon "
	}
	raw, err := os.ReadFile(filepath.Join(n.memory, "memory.stat"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, errors.New("memory.stat has no " + field)
}

// watch looks at what a group's memory is whenever the alarm goes.
type watch struct {
	group    *group
	alarm    *alarm
	bound    int64
	exceeded func()
}

// closest is the least distance of a mark.
const closest = 1 << 20

func (w *watch) run(mark int64) {
	if err := w.alarm.arm(mark); err != nil {
		if !errors.Is(err, errClosed) {
			_ = w.group.hard(mark) // then /tmp counts as memory
		}
		return
	}
	for w.alarm.wait() == nil {
		own, err := w.group.own()
		if err != nil {
			return // the group is gone
		}
		if own > w.bound {
			w.exceeded()
		}
		usage, err := w.group.usage()
		if err != nil || w.alarm.arm(usage+max(w.bound-own, closest)) != nil {
			return
		}
	}
}

// alarm goes when the group's memory passes a mark.
type alarm struct {
	group *group
	mu    sync.Mutex
	// file can be read when the alarm has gone.
	file   *os.File
	closed bool
}

var errClosed = errors.New("the alarm is closed")

// wait returns when the alarm goes, and fails when it is closed.
func (a *alarm) wait() error {
	a.mu.Lock()
	file := a.file
	a.mu.Unlock()
	var buffer [4 << 10]byte
	_, err := file.Read(buffer[:])
	return err
}

func (a *alarm) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.file != nil {
		a.file.Close()
	}
}

// arm sets the mark, in the place of the former one.
func (a *alarm) arm(mark int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errClosed
	}
	if a.group.of.memoryUnified {
		return a.armUnified(mark)
	}
	return a.armOld(mark)
}

// armOld uses an event descriptor with a threshold, which goes in either
// direction and stays until the descriptor is closed
// (Documentation/admin-guide/cgroup-v1/memory.rst, section 9).
func (a *alarm) armOld(mark int64) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	if a.file != nil {
		a.file.Close()
	}
	a.file = os.NewFile(uintptr(fd), "memory alarm")
	usage, err := os.Open(filepath.Join(a.group.memory, "memory.usage_in_bytes"))
	if err != nil {
		return err
	}
	defer usage.Close()
	order := fmt.Sprintf("%d %d %d", fd, usage.Fd(), mark)
	if err := os.WriteFile(filepath.Join(a.group.memory, "cgroup.event_control"), []byte(order), 0o200); err != nil {
		return err
	}
	// What passed the mark before it was set gives no event.
	if now, err := a.group.usage(); err == nil && now >= mark {
		_, err = a.file.Write([]byte{1, 0, 0, 0, 0, 0, 0, 1}) // not 0 in either byte order
		return err
	}
	return nil
}

// armUnified uses memory.high: passing it slows the group down, so that there is
// time, and changes memory.events (Documentation/admin-guide/cgroup-v2.rst).
func (a *alarm) armUnified(mark int64) error {
	if a.file == nil {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return err
		}
		a.file = os.NewFile(uintptr(fd), "memory alarm")
		if _, err := unix.InotifyAddWatch(fd, filepath.Join(a.group.memory, "memory.events"), unix.IN_MODIFY); err != nil {
			return err
		}
	}
	return a.group.write(a.group.memory, "memory.high", mark)
}
