package executor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// linuxSandbox is a sandbox as the server sees it.
type linuxSandbox struct {
	driver    *linuxDriver
	process   *os.Process
	control   *net.UnixConn
	group     *group
	slot      int
	out       *os.File
	endpoints net.Listener
	apiPort   int

	// ready receives the outcome of the setup; listening the listener of a
	// start that asked for one; stopped the end of a stop.
	ready     chan error
	listening chan net.Listener
	stopped   chan struct{}
	ended     chan struct{}
	// dials takes what came of a dial; one is made at a time.
	dials   chan dialed
	dialing sync.Mutex

	mu sync.Mutex
	// next is the Runtime API listener of the next start, if there is one already.
	next net.Listener
	// assignment goes with the first start; assigned says that it was made.
	assignment *assignOrder
	assigned   bool
	// exited are to be called when a process ends: the runtime, whose name is empty,
	// or an extension.
	exited map[string]func(exit)
	// daemon takes the socket of the X-Ray daemon, packets is the socket.
	daemon  func(net.PacketConn)
	packets net.PacketConn
	// beside takes what extensions print.
	beside func(*os.File)
	// kills is the group's count of kills for lack of memory when the runtime started.
	kills int64
	// over says that exceeded was called since.
	over bool
	lost string
	// status is the runtime's /proc file where no control group tells its memory;
	// most is the most it has told.
	status *os.File
	most   int64
}

// make makes an empty sandbox and waits until it is ready.
func (d *linuxDriver) make() (sandbox, error) {
	s, err := d.spawn()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	go s.follow()
	err = s.order(order{Setup: &setupOrder{
		Root: d.rootDir(), Runtime: d.runtimeDir, UID: d.insideUID(s.slot), Privileged: d.privileged,
		APIPort: s.apiPort, EndpointPort: d.endpointPort,
	}})
	if err == nil {
		select {
		case err = <-s.ready:
		case <-d.clock.After(setupTime):
			err = fmt.Errorf("not ready after %v", setupTime)
		}
	}
	if err != nil {
		s.destroy()
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return s, nil
}

// setupTime bounds how long a sandbox may take to be made, stopTime how long to
// end a function's processes, on a machine that has much else to do.
const (
	setupTime = 20 * time.Second
	stopTime  = 5 * time.Second
)

// order sends an order. The socket has room: orders are few and small.
func (s *linuxSandbox) order(o order) error {
	raw, err := s.control.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = send(int(fd), o)
		return sent != unix.EAGAIN
	})
	return errors.Join(err, sent)
}

// spawn starts a sandbox's first process.
func (d *linuxDriver) spawn() (*linuxSandbox, error) {
	s := &linuxSandbox{
		driver: d, apiPort: d.apiPort(),
		ready: make(chan error, 1), listening: make(chan net.Listener, 1), stopped: make(chan struct{}, 1), ended: make(chan struct{}), dials: make(chan dialed, 1),
	}
	var err error
	if s.slot, err = d.takeSlot(); err != nil {
		return nil, err
	}
	if s.group, err = d.groups.make(strconv.Itoa(s.slot)); err == nil {
		err = s.execute()
	}
	if err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	return s, nil
}

// execute starts the process with its end of the control socket and the pipe
// for its output.
func (s *linuxSandbox) execute() error {
	control, theirs, err := controlPair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	s.control = control
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	s.out = out
	s.process, err = s.driver.spawner.start(spawn{
		path: "/proc/self/exe", args: []string{sandboxName}, groups: s.group.old(), home: s.driver.groups.home,
		attr: &os.ProcAttr{
			Dir: "/", Env: []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}, Files: []*os.File{nil, nil, nil, theirs, in}, Sys: s.driver.attributes(s.group),
		},
	})
	s.group.born()
	return err
}

// abandon takes back what was made for a sandbox that has no process.
func (s *linuxSandbox) abandon() error {
	var errs []error
	if s.control != nil {
		errs = append(errs, s.control.Close())
	}
	if s.out != nil {
		errs = append(errs, s.out.Close())
	}
	if s.group != nil {
		s.group.release()
		errs = append(errs, s.group.remove(s.driver.clock))
	}
	s.driver.freeSlot(s.slot)
	return errors.Join(errs...)
}

// follow takes the first process's events until it has ended, and then clears away.
func (s *linuxSandbox) follow() {
	buffer := make([]byte, maxMessage)
	for {
		e, files, err := receiveEvent(s.control, buffer)
		if err != nil {
			break
		}
		s.take(e, files)
	}
	_ = s.process.Kill()
	_, _ = s.process.Wait()
	s.clear()
}

// take takes one event.
func (s *linuxSandbox) take(e event, files []*os.File) {
	switch {
	case e.Ready && len(files) > 0 && s.next == nil:
		s.takeListeners(files)
		return
	case e.Listening && len(files) == 1:
		if l, err := listenerOf(files[0]); err == nil {
			select {
			case s.listening <- l:
			default:
				l.Close()
			}
		}
		return
	case e.Started && len(files) == 1:
		s.mu.Lock()
		files, s.status = closed(s.status), files[0]
		s.mu.Unlock()
	case e.Beside && len(files) == 1 && s.beside != nil:
		s.beside(files[0])
		return
	case e.Daemon && len(files) == 1:
		s.takeDaemon(files[0])
	case e.Dialed != 0:
		s.takeDialed(e, files)
		return
	case e.Failed != "":
		s.exit(e.Name, exit{failed: errors.New(e.Failed)})
	case e.Exited != nil:
		s.exit(e.Name, s.exitOf(e.Exited))
	case e.Stopped:
		select {
		case s.stopped <- struct{}{}:
		default:
		}
	case e.Lost != "":
		s.mu.Lock()
		s.lost = e.Lost
		s.mu.Unlock()
	}
	closeAll(files)
}

// closed is what to close of a file that may be nil.
func closed(f *os.File) []*os.File {
	if f == nil {
		return nil
	}
	return []*os.File{f}
}

func (s *linuxSandbox) takeListeners(files []*os.File) {
	var err error
	var all []net.Listener
	for _, f := range files {
		l, e := listenerOf(f)
		err = errors.Join(err, e)
		if e == nil {
			all = append(all, l)
		}
	}
	if err == nil {
		s.next = all[0]
		if len(all) > 1 {
			s.endpoints = all[1]
		}
	}
	select {
	case s.ready <- err:
	default:
	}
}

// exitOf words how the runtime ended.
func (s *linuxSandbox) exitOf(e *exitStatus) exit {
	x := exit{status: statusText(e)}
	if e.Signal == int(unix.SIGKILL) {
		x.outOfMemory = s.starved()
	}
	return x
}

// statusText is in the words of os.ProcessState.
func statusText(e *exitStatus) string {
	switch {
	case e.Signal != 0:
		return "signal: " + syscall.Signal(e.Signal).String()
	case e.Code != 0:
		return "exit status " + strconv.Itoa(e.Code)
	}
	return ""
}

// exceeded ends a function that uses more than its memory.
func (s *linuxSandbox) exceeded() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	_ = s.order(order{Kill: true})
}

// starved says that the function was ended for its use of memory, by us or by
// the kernel.
func (s *linuxSandbox) starved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over || s.group.kills() > s.kills
}

// exit tells a process's end, once.
func (s *linuxSandbox) exit(name string, x exit) {
	s.mu.Lock()
	exited := s.exited[name]
	delete(s.exited, name)
	s.mu.Unlock()
	if exited != nil {
		exited(x)
	}
}

// clear removes every trace after the first process has ended, and with it all others.
func (s *linuxSandbox) clear() {
	s.mu.Lock()
	why, assigned := s.lost, s.assigned
	closeAll(closed(s.status))
	s.status = nil
	s.mu.Unlock()
	if why == "" {
		why = "its first process ended"
	}
	if !assigned {
		s.out.Close() // otherwise whoever reads it to its end
	}
	select {
	case s.ready <- errors.New(why):
	default:
	}
	for _, name := range s.running() {
		s.exit(name, exit{status: "signal: killed", outOfMemory: s.starved()})
	}
	s.closeDaemon()
	s.control.Close()
	for _, l := range []net.Listener{s.next, s.endpoints} {
		if l != nil {
			l.Close()
		}
	}
	s.mu.Lock()
	s.group.release()
	s.mu.Unlock()
	if err := s.group.remove(s.driver.clock); err != nil {
		s.driver.log.Warn("a control group could not be removed", "error", err)
	}
	s.driver.freeSlot(s.slot)
	close(s.ended)
}

func (s *linuxSandbox) gone() <-chan struct{}  { return s.ended }
func (s *linuxSandbox) output() *os.File       { return s.out }
func (s *linuxSandbox) endpoint() net.Listener { return s.endpoints }

// peak asks the control group or, without one, the runtime's own status.
func (s *linuxSandbox) peak() int64 {
	if s.group.limitsMemory() {
		return s.group.peak()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == nil {
		return s.most
	}
	var buffer [4 << 10]byte
	n, _ := s.status.ReadAt(buffer[:], 0)
	s.most = max(s.most, highWater(buffer[:n]))
	return s.most
}

func (s *linuxSandbox) places() places {
	p := places{task: taskDir, opt: optDir, runtime: loopsDir, temp: "/tmp", api: "127.0.0.1:" + strconv.Itoa(s.apiPort), daemon: "127.0.0.1:" + strconv.Itoa(daemonPort)}
	if s.endpoints != nil {
		p.endpoint = "127.0.0.1:" + strconv.Itoa(s.driver.endpointPort)
	}
	return p
}

// assign takes effect inside with the first start.
func (s *linuxSandbox) assign(a assignment) error {
	// The first process sees the host below another root: links would lead it astray.
	code, err := filepath.EvalSymlinks(a.codeDir)
	if err != nil {
		return fmt.Errorf("function code: %w", err)
	}
	o := &assignOrder{Code: code, Mounts: a.mounts, TempMB: a.ephemeralMB}
	if a.layerDir != "" {
		if o.Layers, err = filepath.EvalSymlinks(a.layerDir); err != nil {
			return fmt.Errorf("layers: %w", err)
		}
	}
	if !s.group.limitsMemory() {
		o.DataLimit = dataLimit(a.memoryMB)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assignment, s.assigned, s.daemon, s.beside = o, true, a.daemon, a.beside
	if a.daemon != nil {
		o.DaemonPort = daemonPort
	}
	return s.group.bound(a.memoryMB, a.ephemeralMB, s.exceeded)
}

// dataLimit bounds a process's data where no control group bounds its memory.
// Node and Go set aside far more than they use: this only stops a runaway.
func dataLimit(memoryMB int) int64 { return int64(2*memoryMB+512) << 20 }

func (s *linuxSandbox) start(c command, exited func(exit)) (net.Listener, error) {
	s.mu.Lock()
	l, a := s.next, s.assignment
	s.next, s.assignment, s.kills, s.over = nil, nil, s.group.kills(), false
	s.exited = map[string]func(exit){}
	if exited != nil {
		s.exited[""] = exited
	}
	s.mu.Unlock()
	err := s.order(order{Start: &startOrder{Assign: a, Listen: l == nil, Path: c.path, Args: c.args, Env: c.env}})
	if err != nil {
		if l != nil {
			l.Close()
		}
		return nil, s.ending(err)
	}
	if l != nil {
		return l, nil
	}
	select {
	case l = <-s.listening:
		return l, nil
	case <-s.ended:
		return nil, s.ending(nil)
	case <-s.driver.clock.After(setupTime):
		return nil, fmt.Errorf("sandbox: no Runtime API after %v", setupTime)
	}
}

// ending says why the sandbox has ended, if it knows.
func (s *linuxSandbox) ending(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost != "" {
		err = errors.New(s.lost)
	}
	return fmt.Errorf("sandbox: it has ended: %w", err)
}

func (s *linuxSandbox) stop() error {
	select {
	case <-s.stopped: // of a stop that was given up
	default:
	}
	if err := s.order(order{Stop: true}); err != nil {
		return s.ending(err)
	}
	select {
	case <-s.stopped:
		return nil
	case <-s.ended:
		return s.ending(nil)
	case <-s.driver.clock.After(stopTime):
		return fmt.Errorf("sandbox: processes are still there %v after they were killed", stopTime)
	}
}

func (s *linuxSandbox) freeze() error {
	if s.group.canFreeze() {
		return s.group.freeze(true)
	}
	return s.order(order{Pause: true})
}

func (s *linuxSandbox) thaw() error {
	if s.group.canFreeze() {
		return s.group.freeze(false)
	}
	return s.order(order{Resume: true})
}

// destroy ends the first process, with which the kernel ends all others.
func (s *linuxSandbox) destroy() {
	_ = s.process.Kill()
	<-s.ended
}
