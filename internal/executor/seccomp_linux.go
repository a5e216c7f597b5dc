package executor

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter refuses what a Lambda function never needs and what has been the
// way out of sandboxes: mounts, namespaces, tracing, kernel programs, keys,
// modules, asynchronous rings. All else is allowed: the namespaces, the missing
// capabilities and the read-only tree bound the rest.

// BPF programs over struct seccomp_data, which begins with the number (at 0),
// the architecture (4), the instruction (8) and the arguments (16, 24, ...).
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArg0   = 16
	offsetArg1   = 24
)

// namespaces are the clone flags that make one.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME

// refused are answered with "operation not permitted". Those that exist on one
// architecture only are in refusedHere.
var refused = []uint32{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_LOOKUP_DCOOKIE,
	unix.SYS_ACCT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_REBOOT, unix.SYS_SYSLOG, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_NFSSERVCTL,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_VHANGUP, unix.SYS_FANOTIFY_INIT,
}

// absent are answered as if the kernel did not have them, so that programs take
// the older way: clone3 hides its flags from a filter, and io_uring is a way
// around every filter.
var absent = []uint32{unix.SYS_CLONE3, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}

// families are the socket families a function may use. AF_VSOCK, for one,
// reaches the host of a virtual machine past the network namespace.
var families = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// ioctl requests that put words into a terminal's input.
var typing = []uint32{unix.TIOCSTI, unix.TIOCLINUX}

// filter is a BPF program under construction.
type filter []unix.SockFilter

func (f *filter) load(offset uint32) {
	*f = append(*f, unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset})
}

func (f *filter) answer(action uint32) {
	*f = append(*f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action})
}

// when answers if the loaded word compares so; otherwise the program goes on.
func (f *filter) when(comparison uint16, word, action uint32) {
	*f = append(*f, unix.SockFilter{Code: unix.BPF_JMP | comparison | unix.BPF_K, K: word, Jf: 1})
	f.answer(action)
}

// of runs rules for one system call only. They must end with an answer.
func (f *filter) of(number uint32, rules func(*filter)) {
	var inner filter
	rules(&inner)
	*f = append(*f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: uint8(len(inner))})
	*f = append(*f, inner...)
}

const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	lack   = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// functionFilter is the filter every function runs under.
func functionFilter() []unix.SockFilter {
	var f filter
	f.load(offsetArch)
	f = append(f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: auditArch, Jt: 1})
	f.answer(unix.SECCOMP_RET_KILL_PROCESS) // another architecture has other numbers
	f.load(offsetNumber)
	if foreignNumbers != 0 {
		f.when(unix.BPF_JGE, foreignNumbers, lack)
	}
	for _, n := range append(append([]uint32{}, refused...), refusedHere...) {
		f.when(unix.BPF_JEQ, n, refuse)
	}
	for _, n := range absent {
		f.when(unix.BPF_JEQ, n, lack)
	}
	f.of(unix.SYS_CLONE, func(f *filter) {
		f.load(offsetArg0)
		f.when(unix.BPF_JSET, namespaces, refuse)
		f.answer(allow)
	})
	f.of(unix.SYS_SOCKET, func(f *filter) {
		f.load(offsetArg0)
		for _, family := range families {
			f.when(unix.BPF_JEQ, family, allow)
		}
		f.answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT))
	})
	f.of(unix.SYS_IOCTL, func(f *filter) {
		f.load(offsetArg1)
		for _, request := range typing {
			f.when(unix.BPF_JEQ, request, refuse)
		}
		f.answer(allow)
	})
	f.answer(allow)
	return f
}

// applyFilter puts all threads of the process, and what they start, under the
// filter. It cannot be taken off. No new privileges must be set before.
func applyFilter(program []unix.SockFilter) error {
	p := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&p)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if thread != 0 {
		return fmt.Errorf("seccomp: thread %d could not be brought under the filter", thread)
	}
	return nil
}
