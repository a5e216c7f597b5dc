package executor

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file is the sandbox's first process: process 1 of its own namespaces. It
// builds the tree, gives up what it may do, and starts and reaps the function's
// processes. When it ends, the kernel ends all of them.

// sandboxName is the name the server gives its own program to make it this.
const sandboxName = "sallyport-sandbox"

// Descriptors the first process is started with.
const (
	controlFD = 3
	outputFD  = 4
)

// init lets any program that contains the executor become a sandbox's first
// process when it was started as one: a user's test binary too, whose TestMain
// we do not write. Without it such a program would start over inside the
// sandbox, and run all of its tests there.
func init() {
	if len(os.Args) != 1 || os.Args[0] != sandboxName || os.Getpid() != 1 {
		return
	}
	runtime.LockOSThread()
	keepDescriptors()
	// What the function signals to this process does nothing. Caught signals,
	// unlike ignored ones, are not ignored by children.
	signal.Notify(make(chan os.Signal, 1))
	// It allocates next to nothing: collect only when that proves wrong.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(16 << 20)
	i := &inside{started: map[int]string{}}
	i.changed.L = &i.mu
	err := i.obey()
	_ = send(controlFD, event{Lost: err.Error()})
	os.Exit(1)
}

// keepDescriptors sees to it that functions inherit nothing: not the control
// socket, whose holder speaks for the sandbox, and not what the server itself was
// started with. That is closed here too.
func keepDescriptors() {
	unix.CloseOnExec(controlFD)
	unix.CloseOnExec(outputFD)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		// Nothing can be told of what is open. Without /proc no tree is made either.
		os.Exit(1)
	}
	for _, e := range open {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd < controlFD {
			continue
		}
		unix.CloseOnExec(fd)
		if link, _ := os.Readlink("/proc/self/fd/" + e.Name()); fd > outputFD && !strings.HasPrefix(link, "anon_inode:") {
			unix.Close(fd) // the Go runtime's own are anonymous
		}
	}
}

// inside is the state of the first process.
type inside struct {
	setup    *setupOrder
	assigned bool
	// tells says that the server cannot see the function's memory by itself.
	tells   bool
	mu      sync.Mutex
	changed sync.Cond
	// started are the process ids of the runtime, whose name is empty, and of the
	// extensions. children says that there may be processes to reap.
	started  map[int]string
	children bool
	// beside is what extensions print to, 0 before there were any.
	beside int
}

// obey does what the server orders until it is gone.
func (i *inside) obey() error {
	go i.reap()
	buffer := make([]byte, maxMessage)
	for {
		o, err := receiveOrder(controlFD, buffer)
		if err != nil {
			return err
		}
		switch {
		case o.Setup != nil:
			err = i.set(o.Setup)
		case o.Start != nil:
			err = i.start(o.Start)
		case o.Terminate:
			err = i.terminate()
		case o.Dial != 0:
			err = dialPort(o.Dial)
		case o.Stop:
			err = i.stop()
		case o.Kill:
			err = i.signalAll(unix.SIGKILL)
		case o.Pause:
			err = i.signalAll(unix.SIGSTOP)
		case o.Resume:
			err = i.signalAll(unix.SIGCONT)
		default:
			err = errors.New("an order of an unknown kind")
		}
		if err != nil {
			return err
		}
	}
}

// set makes the sandbox.
func (i *inside) set(o *setupOrder) error {
	i.setup = o
	if err := unix.Sethostname([]byte("localhost")); err != nil {
		return fmt.Errorf("sethostname: %w", err)
	}
	if err := buildTree(o); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	ports := []int{o.APIPort}
	if o.EndpointPort != 0 {
		ports = append(ports, o.EndpointPort)
	}
	var fds []int
	for _, port := range ports {
		fd, err := listenAt(port)
		if err != nil {
			return fmt.Errorf("listen at port %d: %w", port, err)
		}
		fds = append(fds, fd)
	}
	return sendAndClose(event{Ready: true}, fds...)
}

func sendAndClose(e event, fds ...int) error {
	err := send(controlFD, e, fds...)
	for _, fd := range fds {
		unix.Close(fd)
	}
	return err
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// listenAt listens on the sandbox's own 127.0.0.1.
func listenAt(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// start starts the runtime. The first time it makes the sandbox the function's.
func (i *inside) start(o *startOrder) error {
	if o.Assign != nil {
		if i.assigned {
			return errors.New("assigned twice")
		}
		i.assigned, i.tells = true, o.Assign.DataLimit > 0
		if err := assignTree(o.Assign); err != nil {
			return err
		}
		if err := i.confine(o.Assign); err != nil {
			return err
		}
		if o.Assign.DaemonPort != 0 {
			if err := openDaemon(o.Assign.DaemonPort); err != nil {
				return err
			}
		}
	}
	if !i.assigned {
		return errors.New("started before it was assigned")
	}
	if o.Listen {
		fd, err := listenAt(i.setup.APIPort)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if err := sendAndClose(event{Listening: true}, fd); err != nil {
			return err
		}
	}
	if o.Path == "" {
		return i.openBeside()
	}
	// The reaper must not see the process end before it is known.
	i.mu.Lock()
	defer i.mu.Unlock()
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	pid, err := forkExec(o.Path, append([]string{o.Path}, o.Args...), &syscall.ProcAttr{
		Dir: taskDir, Env: o.Env, Files: []uintptr{uintptr(null), i.output(o.Name), i.output(o.Name)}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return send(controlFD, event{Name: o.Name, Failed: "fork/exec " + o.Path + ": " + err.Error()})
	}
	i.started[pid], i.children = o.Name, true
	i.changed.Broadcast()
	if !i.tells || o.Name != "" {
		return nil
	}
	status, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // it has ended
	}
	return sendAndClose(event{Started: true}, status)
}

// forkExec waits out a program that was written a moment ago: a process that the
// server is just forking off holds it open until it executes its own.
func forkExec(path string, args []string, attr *syscall.ProcAttr) (int, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		pid, err := syscall.ForkExec(path, args, attr)
		if err != syscall.ETXTBSY || wait > busyTime {
			return pid, err
		}
		pause := unix.NsecToTimespec(int64(wait))
		_ = unix.Nanosleep(&pause, nil)
	}
}

// reap waits for every process, for as long as there are any.
func (i *inside) reap() {
	for {
		i.mu.Lock()
		for !i.children {
			i.changed.Wait()
		}
		i.mu.Unlock()
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		i.mu.Lock()
		switch {
		case err == unix.ECHILD:
			i.children = false
			i.changed.Broadcast()
		case err == nil && (status.Exited() || status.Signaled()):
			name, known := i.started[pid]
			if !known {
				break
			}
			delete(i.started, pid)
			e := exitStatus{Code: status.ExitStatus()}
			if status.Signaled() {
				e = exitStatus{Signal: int(status.Signal())}
			}
			_ = send(controlFD, event{Name: name, Exited: &e})
		}
		i.mu.Unlock()
	}
}

// stop ends every process but this one.
func (i *inside) stop() error {
	if err := i.signalAll(unix.SIGKILL); err != nil {
		return err
	}
	i.mu.Lock()
	for i.children {
		i.changed.Wait()
	}
	i.mu.Unlock()
	return send(controlFD, event{Stopped: true})
}

// signalAll signals every process but this one. The kernel does it in one step:
// what is being forked at that moment is not left out.
func (i *inside) signalAll(s unix.Signal) error {
	if !i.assigned {
		return nil
	}
	if err := unix.Kill(-1, s); err != nil && err != unix.ESRCH {
		return fmt.Errorf("signal all: %w", err)
	}
	return nil
}
