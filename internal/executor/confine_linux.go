package executor

import (
	"fmt"
	"syscall"

	"github.com/sallyport/sallyport/internal/limits"
	"golang.org/x/sys/unix"
)

// confine gives up everything a function must not have, for this process and
// all it will start. There is no way back.
func (i *inside) confine(o *assignOrder) error {
	// A core size of 0 does not stop a kernel that pipes cores to a program of the
	// host; 1 does (core(5)).
	bounds := map[int]uint64{unix.RLIMIT_CORE: 1, unix.RLIMIT_NOFILE: limits.SandboxFiles, unix.RLIMIT_NPROC: limits.SandboxProcesses}
	if o.DataLimit > 0 {
		bounds[unix.RLIMIT_DATA] = uint64(o.DataLimit)
	}
	for resource, n := range bounds {
		// syscall's, not unix's: it keeps the package from restoring in children
		// the bound on files that Go has raised for itself.
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("setrlimit: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if err := i.dropCapabilities(); err != nil {
		return err
	}
	// A change of user cleared the signal for when the server dies.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("parent-death signal: %w", err)
	}
	// Nobody may look into this process: not its memory, not its descriptors.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("dumpable: %w", err)
	}
	return applyFilter(functionFilter())
}

// dropCapabilities gives up root, or what the user namespace gave. Children are
// started from this thread; in a user namespace, other threads of this process
// keep capabilities they have no use for.
func (i *inside) dropCapabilities() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("ambient capabilities: %w", err)
	}
	for c := 0; c <= unix.CAP_LAST_CAP; c++ {
		// The kernel may know fewer: EINVAL.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil && err != unix.EINVAL {
			return fmt.Errorf("capability bounding set: %w", err)
		}
	}
	if i.setup.Privileged {
		// These change all threads, and the last one takes their capabilities.
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("setgroups: %w", err)
		}
		if err := syscall.Setresgid(i.setup.UID, i.setup.UID, i.setup.UID); err != nil {
			return fmt.Errorf("setresgid: %w", err)
		}
		if err := syscall.Setresuid(i.setup.UID, i.setup.UID, i.setup.UID); err != nil {
			return fmt.Errorf("setresuid: %w", err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}
