package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/sallyport/sallyport/internal/limits"
	"golang.org/x/sys/unix"
)

// linuxDriver makes sandboxes.
type linuxDriver struct {
	driverConfig
	// privileged says that the server is root: no user namespace is needed, and
	// every environment gets a user of its own.
	privileged bool
	firstUID   int
	groups     *groups
	spawner    *spawner

	mu    sync.Mutex
	slots []bool
}

// unprivilegedUID is who functions are inside a user namespace; outside they
// are the server's user.
const unprivilegedUID = 1051

// chooseDriver finds out by trying whether sandboxes can be made here. The one
// it made is given back too.
func chooseDriver(c driverConfig) (driver, sandbox) {
	if c.bare {
		return newBareDriver(c, "the configuration asks for it"), nil
	}
	if auditArch == 0 {
		return newBareDriver(c, "no system call filter has been written for this processor"), nil
	}
	d := &linuxDriver{
		driverConfig: c, privileged: os.Geteuid() == 0, groups: openGroups(c.clock), spawner: newSpawner(),
		slots: make([]bool, limits.Environments+64),
	}
	var first sandbox
	err := d.chooseUsers()
	usable := err == nil
	if usable {
		first, err = d.make()
	}
	if usable && err != nil && d.groups.any() {
		// Perhaps only the control groups are in the way: the sandbox matters more.
		c.log.Info("functions run without control groups", "reason", err)
		d.dropGroups()
		first, err = d.make()
	}
	if err == nil {
		return d, first
	}
	d.spawner.close()
	d.dropGroups()
	return newBareDriver(c, err.Error()+hint()), nil
}

// dropGroups does without control groups.
func (d *linuxDriver) dropGroups() {
	if err := d.groups.close(d.clock); err != nil {
		d.log.Warn("control groups could not be removed", "error", err)
	}
	d.groups = &groups{}
}

// hint is what is known to forbid sandboxes on this machine.
func hint() string {
	for file, text := range map[string]string{
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": " (AppArmor restricts user namespaces here: sysctl kernel.apparmor_restrict_unprivileged_userns=0 lifts it)",
	} {
		if raw, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(raw)) == "1" && os.Geteuid() != 0 {
			return text
		}
	}
	return ""
}

// chooseUsers picks the range of users that environments get. It lies above
// what systems hand out, and is not the same for two servers of one machine.
func (d *linuxDriver) chooseUsers() error {
	if !d.privileged {
		return nil
	}
	raw, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return err
	}
	last := 0
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		from, err1 := strconv.Atoi(fields[0])
		count, err2 := strconv.Atoi(fields[2])
		if err1 == nil && err2 == nil {
			last = max(last, from+count)
		}
	}
	const base, servers = 0x7000_0000, 1 << 15
	if last >= base+servers*len(d.slots) {
		d.firstUID = base + os.Getpid()%servers*len(d.slots)
		return nil
	}
	// Root of a container: the top of what it was given.
	if d.firstUID = last - len(d.slots) - 1; d.firstUID < 1000 {
		return fmt.Errorf("only %d users are mapped in this container, too few to give each environment one", last)
	}
	return nil
}

func (d *linuxDriver) insideUID(slot int) int {
	if d.privileged {
		return d.firstUID + slot
	}
	return unprivilegedUID
}

func (d *linuxDriver) rootDir() string { return filepath.Join(d.dir, "root") }

// apiPort is where functions find the Runtime API: 9001, as on AWS.
func (d *linuxDriver) apiPort() int {
	if d.endpointPort == 9001 {
		return 9002
	}
	return 9001
}

func (d *linuxDriver) takeSlot() (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, used := range d.slots {
		if !used {
			d.slots[i] = true
			return i, nil
		}
	}
	return 0, ErrTooManyEnvironments
}

func (d *linuxDriver) freeSlot(i int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slots[i] = false
}

// attributes say how a sandbox's first process is cloned.
func (d *linuxDriver) attributes(g *group) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	if g.unifiedFD != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(g.unifiedFD.Fd())
	}
	if !d.privileged {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: unprivilegedUID, HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: unprivilegedUID, HostID: os.Getegid(), Size: 1}}
		// All of them are about the new namespaces, and given up before any of
		// the function's code runs.
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE, unix.CAP_SETPCAP}
	}
	return a
}

func (d *linuxDriver) describe(s *Status) {
	s.Mode = Sandboxed
	s.User = "the server's user, in user namespaces"
	if d.privileged {
		s.User = fmt.Sprintf("a user of its own for each environment, %d and up", d.firstUID)
	}
	d.groups.describe(s)
}

func (d *linuxDriver) close() error {
	d.spawner.close()
	return d.groups.close(d.clock)
}
