package executor

import (
	"net"
	"os"
	"time"
)

// busyTime is how long a program is tried that is still being written to.
const busyTime = 200 * time.Millisecond

// driver makes the places functions run in.
type driver interface {
	// make makes an empty sandbox, for any function.
	make() (sandbox, error)
	// describe fills in how functions run here.
	describe(*Status)
	// close removes what all sandboxes share. Every sandbox was destroyed before.
	close() error
}

// sandbox is where the processes of one environment run. Its methods are called
// by whoever owns the environment, one at a time, but for gone and destroy.
type sandbox interface {
	// assign dedicates the sandbox to a function, once, before the first start.
	assign(assignment) error
	// start starts the runtime process and gives the listener on which it will
	// find the Runtime API. exited is called once, from another goroutine, when
	// the process has ended or could not be started.
	start(command, func(exit)) (net.Listener, error)
	// prepare is start without a process: launch then starts those there are.
	prepare() (net.Listener, error)
	// launch starts a process beside others, after prepare. The empty name is the
	// runtime's; exited is called as that of start is.
	launch(name string, c command, exited func(exit)) error
	// terminate asks the runtime process to end.
	terminate()
	// dial connects to a port of the sandbox's own 127.0.0.1.
	dial(port int) (net.Conn, error)
	// stop ends all processes of the function; exited was called when it
	// returns. An error means that the sandbox is lost.
	stop() error
	// gone is closed when the sandbox has ended, by destroy or by itself.
	gone() <-chan struct{}
	// places says where its processes find things.
	places() places
	// output is the read end of the processes' stdout and stderr; not blocking.
	output() *os.File
	// endpoint is the listener for AWS API calls; nil without one.
	endpoint() net.Listener
	// peak is the most memory the function's processes have used, in bytes; 0 if unknown.
	peak() int64
	// freeze stops the processes' time, thaw starts it again.
	freeze() error
	thaw() error
	// destroy ends everything and removes every trace. It may be called more than once.
	destroy()
}

// assignment makes an empty sandbox one function's.
type assignment struct {
	// codeDir becomes the task directory, layerDir (empty for none) what is seen at
	// /opt; mounts are host folders to be seen read-only.
	codeDir, layerDir     string
	mounts                []string
	memoryMB, ephemeralMB int
	// daemon takes the socket of the X-Ray daemon, before the first process starts,
	// and reads it until the sandbox closes it; nil for no daemon.
	daemon func(net.PacketConn)
	// beside takes the read end of what extensions print, not blocking, before the
	// first of them starts; whoever takes it closes it.
	beside func(*os.File)
}

// places are paths and addresses as a function's processes see them.
type places struct {
	// task holds the code, opt the layers, runtime the language loops, temp is writable.
	task, opt, runtime, temp string
	// api is host:port of the Runtime API of the next start.
	api string
	// endpoint is host:port for AWS API calls; empty without one.
	endpoint string
	// daemon is host:port of the X-Ray daemon, which may not be there.
	daemon string
}

// command is a process to start in the task directory.
type command struct {
	path string
	args []string
	env  []string
}

// exit says how a runtime process ended.
type exit struct {
	// failed says why the process could not even be started.
	failed error
	// status is empty after exit status 0, else in the words of os.ProcessState:
	// "exit status 1", "signal: killed".
	status string
	// outOfMemory says that it was killed for using more than its memory.
	outOfMemory bool
}
