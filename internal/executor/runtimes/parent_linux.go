package runtimes

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runWithParent runs a command that the kernel ends when this process ends,
// however it does. The signal comes when the thread ends that started the
// command: the thread is kept for as long as it takes.
func runWithParent(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}
