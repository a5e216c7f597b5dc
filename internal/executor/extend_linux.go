package executor

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// This file is what extensions and tracing need of a sandbox: processes beside the
// runtime, connections to what they listen on, and the X-Ray daemon's socket.

// daemonPort is where functions find the X-Ray daemon, as on AWS.
const daemonPort = 2000

func (s *linuxSandbox) prepare() (net.Listener, error) { return s.start(command{}, nil) }

func (s *linuxSandbox) launch(name string, c command, exited func(exit)) error {
	s.mu.Lock()
	s.exited[name] = exited
	s.mu.Unlock()
	if err := s.order(order{Start: &startOrder{Name: name, Path: c.path, Args: c.args, Env: c.env}}); err != nil {
		return s.ending(err)
	}
	return nil
}

func (s *linuxSandbox) terminate() { _ = s.order(order{Terminate: true}) }

// running are the names of the processes that have not ended.
func (s *linuxSandbox) running() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.exited))
}

// dialed is what came of a dial.
type dialed struct {
	conn net.Conn
	err  error
}

// dial has the first process connect: only what is inside reaches the sandbox's own
// 127.0.0.1.
func (s *linuxSandbox) dial(port int) (net.Conn, error) {
	s.dialing.Lock()
	defer s.dialing.Unlock()
	if err := s.order(order{Dial: port}); err != nil {
		return nil, s.ending(err)
	}
	select {
	case d := <-s.dials:
		return d.conn, d.err
	case <-s.ended:
		return nil, s.ending(nil)
	}
}

func (s *linuxSandbox) takeDialed(e event, files []*os.File) {
	d := dialed{err: fmt.Errorf("connect to port %d of the sandbox: %s", e.Dialed, e.Refused)}
	if len(files) == 1 {
		d.conn, d.err = net.FileConn(files[0])
	}
	closeAll(files)
	select {
	case s.dials <- d:
	default: // nobody asked
		if d.conn != nil {
			d.conn.Close()
		}
	}
}

// takeDaemon hands on the X-Ray daemon's socket, once.
func (s *linuxSandbox) takeDaemon(f *os.File) {
	c, err := net.FilePacketConn(f)
	if err != nil {
		return
	}
	s.mu.Lock()
	take := s.daemon
	s.daemon = nil
	if take != nil {
		s.packets = c
	}
	s.mu.Unlock()
	if take == nil {
		c.Close()
		return
	}
	take(c)
}

func (s *linuxSandbox) closeDaemon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.daemon = nil
	if s.packets != nil {
		s.packets.Close()
	}
}

// openDaemon opens the socket of the X-Ray daemon inside, and sends it out.
func openDaemon(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		return fmt.Errorf("the X-Ray daemon's socket: %w", err)
	}
	return sendAndClose(event{Daemon: true}, fd)
}

// dialPort connects to a port of the sandbox and sends the connection out. It does
// not wait: a connection to 127.0.0.1 is there at once, or as soon as there is room.
func dialPort(port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return send(controlFD, event{Dialed: port, Refused: err.Error()})
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return send(controlFD, event{Dialed: port, Refused: err.Error()})
	}
	return sendAndClose(event{Dialed: port}, fd)
}

// terminate asks the runtime to end.
func (i *inside) terminate() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for pid, name := range i.started {
		if name == "" {
			_ = unix.Kill(pid, unix.SIGTERM) // it may have ended by itself
		}
	}
	return nil
}

// openBeside makes the pipe of what extensions print, once.
func (i *inside) openBeside() error {
	if i.beside != 0 {
		return nil
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("the extensions' output: %w", err)
	}
	i.beside = pipe[1]
	if err := unix.SetNonblock(pipe[0], true); err != nil {
		return err
	}
	return sendAndClose(event{Beside: true}, pipe[0])
}

// output is what a process prints to.
func (i *inside) output(name string) uintptr {
	if name != "" && i.beside != 0 {
		return uintptr(i.beside)
	}
	return outputFD
}
