package executor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// The server and a sandbox's first process speak over a socket pair that keeps
// messages apart. Orders go in, events come out; listeners travel with events.
// The server takes an event for what a function might have made of it: it only
// ever says what became of that sandbox.

// order is what the server tells the first process; one field is set.
type order struct {
	Setup *setupOrder `json:",omitempty"`
	Start *startOrder `json:",omitempty"`
	Stop  bool        `json:",omitempty"`
	// Terminate asks the runtime to end.
	Terminate bool `json:",omitempty"`
	// Dial is a port of the sandbox to connect to.
	Dial int `json:",omitempty"`
	// Kill ends the function's processes without an answer.
	Kill bool `json:",omitempty"`
	// Pause and Resume stop and continue the function's processes.
	Pause  bool `json:",omitempty"`
	Resume bool `json:",omitempty"`
}

// setupOrder makes an empty sandbox.
type setupOrder struct {
	// Root is an empty host directory to build the tree on; Runtime holds the language loops.
	Root, Runtime string
	// UID is who the function is, as numbered inside. Privileged says that the
	// server is root and no user namespace was made.
	UID        int
	Privileged bool
	// APIPort and EndpointPort are to listen on; an EndpointPort of 0 is none.
	APIPort, EndpointPort int
}

// startOrder starts the runtime process, or the extension Name; without a Path, none.
// The first one has an assignment.
type startOrder struct {
	Name   string       `json:",omitempty"`
	Assign *assignOrder `json:",omitempty"`
	// Listen asks for a fresh Runtime API listener.
	Listen    bool `json:",omitempty"`
	Path      string
	Args, Env []string
}

// assignOrder gives the sandbox its function, for good.
type assignOrder struct {
	Code string
	// Layers is the folder to be seen at /opt, empty for none.
	Layers string `json:",omitempty"`
	Mounts []string
	TempMB int
	// DaemonPort is that of the X-Ray daemon, 0 for none.
	DaemonPort int `json:",omitempty"`
	// DataLimit bounds the data of each process when no cgroup bounds their
	// memory; 0 is no bound.
	DataLimit int64
}

// event is what the first process tells the server; one field is set.
type event struct {
	// Ready comes with the listeners of the Runtime API and the endpoint.
	Ready bool `json:",omitempty"`
	// Listening comes with a Runtime API listener.
	Listening bool `json:",omitempty"`
	// Started comes with the runtime's /proc status file, which tells its memory
	// where no control group does.
	Started bool `json:",omitempty"`
	// Daemon comes with the socket of the X-Ray daemon.
	Daemon bool `json:",omitempty"`
	// Beside comes with the read end of what extensions print.
	Beside bool `json:",omitempty"`
	// Dialed comes with a connection to a port; or Refused says why there is none.
	Dialed  int    `json:",omitempty"`
	Refused string `json:",omitempty"`
	// Failed says why the runtime, or the extension Name, could not be started;
	// Exited how it ended.
	Name   string      `json:",omitempty"`
	Failed string      `json:",omitempty"`
	Exited *exitStatus `json:",omitempty"`
	// Stopped says that no process of the function is left.
	Stopped bool `json:",omitempty"`
	// Lost is the first process's last word.
	Lost string `json:",omitempty"`
}

type exitStatus struct{ Code, Signal int }

// maxMessage is more than any message takes: variables are 4 KB.
const maxMessage = 64 << 10

// send writes one message with descriptors.
func send(fd int, message any, fds ...int) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(raw) > maxMessage {
		return fmt.Errorf("a message of %d bytes is too long", len(raw))
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for {
		if err = unix.Sendmsg(fd, raw, rights, nil, unix.MSG_NOSIGNAL); err != unix.EINTR {
			return err
		}
	}
}

// receiveOrder waits for the next order. An error says that the server is gone.
func receiveOrder(fd int, buffer []byte) (order, error) {
	var o order
	for {
		n, err := unix.Read(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return o, err
		}
		if n == 0 {
			return o, errors.New("the server is gone")
		}
		return o, json.Unmarshal(buffer[:n], &o)
	}
}

// receiveEvent waits for the next event of a sandbox and takes its descriptors.
// It fails when the first process has ended.
func receiveEvent(c *net.UnixConn, buffer []byte) (event, []*os.File, error) {
	var e event
	var rights [64]byte
	n, m, flags, _, err := c.ReadMsgUnix(buffer, rights[:])
	if err != nil {
		return e, nil, err
	}
	files := filesOf(rights[:m])
	switch {
	case n == 0:
		err = errors.New("the sandbox has ended")
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
		err = errors.New("an event of the sandbox is too long")
	default:
		err = json.Unmarshal(buffer[:n], &e)
	}
	if err != nil {
		closeAll(files)
		return e, nil, err
	}
	return e, files, nil
}

func filesOf(rights []byte) []*os.File {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	var files []*os.File
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "from a sandbox"))
		}
	}
	return files
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// listenerOf makes a listener of a descriptor, which it closes.
func listenerOf(f *os.File) (net.Listener, error) {
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, errors.New("a sandbox sent a listener of another kind")
	}
	return &portListener{tcp}, nil
}

// portListener gives up its port with Close, even while a process that is just
// being forked off the server still holds the descriptor.
type portListener struct{ *net.TCPListener }

func (l *portListener) Close() error {
	if raw, err := l.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RD) })
	}
	return l.TCPListener.Close()
}

// controlPair makes the two ends of a control socket. The second one is for a
// child process.
func controlPair() (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control")
	defer ours.Close()
	c, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}
