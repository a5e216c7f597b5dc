package executor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"golang.org/x/sys/unix"
)

// groupPrefix is the name under which every control group of a server stands.
const groupPrefix = "sallyport-"

// groups are the control groups of one server: a directory of its own in each
// hierarchy where it may make one. Machines have the unified hierarchy, the
// older one with a directory for each controller, or a mixture of both.
type groups struct {
	// memory, pids and unified are this server's directories; empty without one.
	memory, pids, unified string
	// memoryUnified and pidsUnified say which are the same as unified.
	memoryUnified, pidsUnified bool
	// home are the server's own groups in the older hierarchies.
	home []string
	// locks are held for as long as the server lives: what is not locked was
	// left by one that was killed.
	locks []*os.File
}

// openGroups makes this server's directories where it may, and clears away those
// of servers that were killed.
func openGroups(c clock.Clock) *groups {
	g := &groups{}
	name := groupPrefix + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(c.Now().UnixNano(), 36)
	h, err := readHierarchies()
	if err != nil {
		return g
	}
	g.memory = g.openOld(c, h.controllers["memory"], name)
	g.pids = g.openOld(c, h.controllers["pids"], name)
	g.openUnified(c, h, name)
	return g
}

// openOld makes a directory in an older hierarchy, if the server may come back
// from there.
func (g *groups) openOld(c clock.Clock, home, name string) string {
	if home == "" || unix.Access(filepath.Join(home, "tasks"), unix.W_OK) != nil {
		return ""
	}
	dir := g.open(c, home, name)
	if dir != "" {
		g.home = append(g.home, home)
	}
	return dir
}

// open makes a directory in a hierarchy; empty if it may not.
func (g *groups) open(c clock.Clock, parent, name string) string {
	sweepGroups(c, parent)
	dir := filepath.Join(parent, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return ""
	}
	lock, err := os.Open(dir)
	if err != nil || unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		_ = os.Remove(dir)
		return ""
	}
	g.locks = append(g.locks, lock)
	return dir
}

// openUnified makes a directory in the unified hierarchy: below the server's
// own group or, because a group with processes cannot hand controllers on, below
// one above it that hands on memory. Without any such it still serves to freeze.
func (g *groups) openUnified(c clock.Clock, h hierarchies, name string) {
	if h.unified == "" {
		return
	}
	for dir := h.unified; strings.HasPrefix(dir, h.unifiedMount); dir = filepath.Dir(dir) {
		if dir != h.unified && !handsOn(dir, "memory") {
			continue
		}
		own := g.open(c, dir, name)
		if own == "" {
			continue
		}
		memory, pids := handOn(own, "memory"), handOn(own, "pids")
		if memory || g.memory != "" || dir == h.unifiedMount {
			g.unified = own
			if memory && g.memory == "" {
				g.memory, g.memoryUnified = own, true
			}
			if pids && g.pids == "" {
				g.pids, g.pidsUnified = own, true
			}
			return
		}
		g.drop(own)
	}
	// No memory to be had: any group will do to freeze.
	g.unified = g.open(c, h.unified, name)
}

// drop takes back a directory.
func (g *groups) drop(dir string) {
	last := len(g.locks) - 1
	g.locks[last].Close()
	g.locks = g.locks[:last]
	_ = os.Remove(dir)
}

func handsOn(dir, controller string) bool {
	raw, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	return err == nil && slices.Contains(strings.Fields(string(raw)), controller)
}

// handOn gives groups below dir a controller.
func handOn(dir, controller string) bool {
	return os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0o644) == nil
}

// any says that there is a directory at all.
func (g *groups) any() bool { return g.memory != "" || g.pids != "" || g.unified != "" }

func (g *groups) describe(s *Status) {
	version := func(dir string, unified bool, none string) string {
		switch {
		case dir == "":
			return none
		case unified:
			return "control groups v2"
		}
		return "control groups v1"
	}
	s.Memory = version(g.memory, g.memoryUnified, "roughly, by each process's data size (no control group can be made)")
	s.Processes = version(g.pids, g.pidsUnified, "resource limit")
	s.Freezing = "stopped by signal"
	if g.unified != "" {
		s.Freezing = "frozen by control group"
	}
}

// close removes the directories, which must be empty.
func (g *groups) close(c clock.Clock) error {
	var errs []error
	for _, lock := range g.locks {
		errs = append(errs, removeGroup(c, lock.Name()), lock.Close())
	}
	g.locks = nil
	return errors.Join(errs...)
}

// sweepGroups ends and removes what servers that were killed left in a directory.
func sweepGroups(c clock.Clock, parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), groupPrefix) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		lock, err := os.Open(dir)
		if err != nil {
			continue
		}
		if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			sweepGroup(c, dir)
		}
		lock.Close()
	}
}

// sweepGroup ends what is in a group and in those of its sandboxes.
func sweepGroup(c clock.Clock, dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			sweepGroup(c, filepath.Join(dir, e.Name()))
		}
	}
	raw, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for _, field := range strings.Fields(string(raw)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	// What cannot be removed is tried again by the next server.
	_ = removeGroup(c, dir)
}

// removeGroup removes an empty directory. A group that has just become empty is
// busy for a moment longer.
func removeGroup(c clock.Clock, dir string) error {
	var err error
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		if err = unix.Rmdir(dir); err == nil || err == unix.ENOENT {
			return nil
		}
		<-c.After(wait)
	}
	return fmt.Errorf("remove control group %s: %w", dir, err)
}

// group is one sandbox's control group.
type group struct {
	of *groups
	// dirs are its directories, each once; the others name some of them.
	dirs                  []string
	memory, pids, unified string
	// unifiedFD is open on unified until a process was cloned into it.
	unifiedFD *os.File
	// peaks is open on the file that tells the most memory used.
	peaks *os.File
	// base is what the sandbox itself used before it had a function.
	base int64
	// alarm goes when the function's memory may be above its bound; see bound.
	alarm *alarm
}

// make makes a group.
func (g *groups) make(name string) (*group, error) {
	n := &group{of: g}
	add := func(parent string) (string, error) {
		if parent == "" {
			return "", nil
		}
		dir := filepath.Join(parent, name)
		if slices.Contains(n.dirs, dir) {
			return dir, nil
		}
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err
		}
		n.dirs = append(n.dirs, dir)
		return dir, nil
	}
	var errs [3]error
	n.memory, errs[0] = add(g.memory)
	n.pids, errs[1] = add(g.pids)
	n.unified, errs[2] = add(g.unified)
	err := errors.Join(errs[:]...)
	if err == nil && n.unified != "" {
		n.unifiedFD, err = os.Open(n.unified)
	}
	if err == nil && n.pids != "" {
		// The first process has some threads of its own.
		err = n.write(n.pids, "pids.max", int64(limits.SandboxProcesses+16))
	}
	if err != nil {
		for _, dir := range n.dirs {
			_ = os.Remove(dir)
		}
		return nil, fmt.Errorf("control group: %w", err)
	}
	return n, nil
}

func (n *group) write(dir, file string, value int64) error {
	return os.WriteFile(filepath.Join(dir, file), strconv.AppendInt(nil, value, 10), 0o644)
}

// old are its directories in older hierarchies, into which a process cannot be cloned.
func (n *group) old() []string {
	return slices.DeleteFunc(slices.Clone(n.dirs), func(dir string) bool { return dir == n.unified })
}

// settle notes what an empty sandbox uses: it is not the function's.
func (n *group) settle() error {
	usage, peak := "memory.usage_in_bytes", "memory.max_usage_in_bytes"
	if n.of.memoryUnified {
		usage, peak = "memory.current", "memory.peak"
	}
	var err error
	if n.base, err = readNumber(filepath.Join(n.memory, usage)); err != nil {
		return fmt.Errorf("control group: %w", err)
	}
	if n.peaks, err = os.Open(filepath.Join(n.memory, peak)); err != nil {
		// Kernels before 5.19 do not tell the peak of the unified hierarchy.
		n.peaks, err = os.Open(filepath.Join(n.memory, usage))
	}
	return err
}

func readNumber(file string) (int64, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
}

func (n *group) limitsMemory() bool { return n.memory != "" }

// peak is the most memory the function has used.
func (n *group) peak() int64 {
	if n.peaks == nil {
		return 0
	}
	var b [32]byte
	read, err := n.peaks.ReadAt(b[:], 0)
	if read == 0 && err != nil {
		return 0
	}
	value, err := strconv.ParseInt(string(bytes.TrimSpace(b[:read])), 10, 64)
	if err != nil {
		return 0
	}
	return max(0, value-n.base)
}

// kills is how many processes were killed for lack of memory.
func (n *group) kills() int64 {
	if n.memory == "" {
		return 0
	}
	file := "memory.oom_control"
	if n.of.memoryUnified {
		file = "memory.events"
	}
	raw, err := os.ReadFile(filepath.Join(n.memory, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			k, _ := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
			return k
		}
	}
	return 0
}

// canFreeze says that freeze works.
func (n *group) canFreeze() bool { return n.unified != "" }

func (n *group) freeze(on bool) error {
	value := int64(0)
	if on {
		value = 1
	}
	return n.write(n.unified, "cgroup.freeze", value)
}

// born says that the first process has been cloned into the group.
func (n *group) born() {
	if n.unifiedFD != nil {
		n.unifiedFD.Close()
		n.unifiedFD = nil
	}
}

// release closes what is open on the group.
func (n *group) release() {
	n.born()
	if n.peaks != nil {
		n.peaks.Close()
	}
	if n.alarm != nil {
		n.alarm.close()
	}
}

// remove removes the group; all its processes have ended.
func (n *group) remove(c clock.Clock) error {
	var errs []error
	for _, dir := range n.dirs {
		errs = append(errs, removeGroup(c, dir))
	}
	n.dirs = nil
	return errors.Join(errs...)
}
