//go:build unix

package executor

import (
	"errors"
	"os"
	"syscall"
)

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// busy says that a program could not be executed because it is open for writing.
func busy(err error) bool { return errors.Is(err, syscall.ETXTBSY) }
