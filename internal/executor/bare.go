package executor

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// bareDriver runs functions as processes like any other, where there is no
// sandbox to be had. Nothing is kept apart: a function can read the credentials
// of another one and the files of the server.
type bareDriver struct {
	driverConfig
	reason string
	made   atomic.Int64
}

func newBareDriver(c driverConfig, reason string) *bareDriver {
	return &bareDriver{driverConfig: c, reason: reason}
}

func (d *bareDriver) describe(s *Status) {
	s.Mode, s.Reason = Bare, d.reason
	s.User = "the server's own"
	s.Memory, s.Processes, s.Freezing = "not limited", "not limited", "not frozen"
}

func (d *bareDriver) close() error { return nil }

func (d *bareDriver) make() (sandbox, error) {
	dir := filepath.Join(d.dir, "bare-"+strconv.FormatInt(d.made.Add(1), 10))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	b := &bareSandbox{driver: d, dir: dir, ended: make(chan struct{})}
	var err error
	if b.out, b.in, err = os.Pipe(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err = b.listen(); err == nil && d.withEndpoint {
		b.endpoints, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		b.destroy()
		return nil, err
	}
	return b, nil
}

// bareSandbox is a sandbox in name only.
type bareSandbox struct {
	driver *bareDriver
	// opt is where the layers are: on the host, since nothing can be mounted here.
	dir, code, opt string
	out, in        *os.File
	endpoints      net.Listener
	// packets is the X-Ray daemon's socket, nil without one.
	packets net.PacketConn
	// beside is what extensions print to, nil before there were any; took took its
	// read end.
	beside, besideOut *os.File
	took              func(*os.File)
	// next is the listener of the next start.
	next  net.Listener
	ended chan struct{}
	once  sync.Once

	mu sync.Mutex
	// current is the running runtime, if any. others are extensions; each process
	// is counted in all until its end was told.
	current *os.Process
	others  map[*os.Process]struct{}
	all     sync.WaitGroup
	used    int64
}

func (b *bareSandbox) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.next = l
	return err
}

func (b *bareSandbox) assign(a assignment) error {
	b.code, b.opt, b.took = a.codeDir, a.layerDir, a.beside
	if err := b.openDaemon(a.daemon); err != nil {
		return err
	}
	if b.opt == "" {
		b.opt = "/opt"
	}
	return nil
}

func (b *bareSandbox) places() places {
	p := places{task: b.code, opt: b.opt, runtime: b.driver.runtimeDir, temp: b.dir}
	if b.next != nil {
		p.api = b.next.Addr().String()
	}
	if b.packets != nil {
		p.daemon = b.packets.LocalAddr().String()
	}
	if b.endpoints != nil {
		p.endpoint = b.endpoints.Addr().String()
	}
	return p
}

func (b *bareSandbox) start(c command, exited func(exit)) (net.Listener, error) {
	l := b.next
	b.next = nil
	return l, b.launch("", c, exited)
}

// run starts the process. One that was written a moment ago may be held open by
// another process that is just being forked off.
func (b *bareSandbox) run(c command, out *os.File) (*exec.Cmd, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		cmd := exec.Command(c.path, c.args...)
		cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.env, b.code, out, out
		cmd.SysProcAttr = bareAttributes()
		err := cmd.Start()
		if !busy(err) || wait > busyTime {
			return cmd, err
		}
		<-b.driver.clock.After(wait)
	}
}

// stop ends the process group. A process that left it is out of reach.
func (b *bareSandbox) stop() error {
	b.mu.Lock()
	if b.current != nil {
		killGroup(b.current)
	}
	for p := range b.others {
		killGroup(p)
	}
	b.mu.Unlock()
	b.all.Wait()
	if b.next != nil {
		return nil
	}
	return b.listen()
}

func (b *bareSandbox) gone() <-chan struct{}  { return b.ended }
func (b *bareSandbox) output() *os.File       { return b.out }
func (b *bareSandbox) endpoint() net.Listener { return b.endpoints }
func (b *bareSandbox) freeze() error          { return errors.ErrUnsupported }
func (b *bareSandbox) thaw() error            { return nil }

// peak is known of processes that have ended.
func (b *bareSandbox) peak() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil {
		return max(b.used, peakOfRunning(b.current.Pid))
	}
	return b.used
}

func (b *bareSandbox) destroy() {
	b.once.Do(func() {
		_ = b.stop()
		for _, l := range []net.Listener{b.next, b.endpoints} {
			if l != nil {
				l.Close()
			}
		}
		if b.packets != nil {
			b.packets.Close()
		}
		if b.beside != nil {
			b.beside.Close()
			_ = b.besideOut.SetReadDeadline(b.driver.clock.Now().Add(servedOut))
		}
		b.in.Close()
		// Whoever reads it closes it, unless nobody does. A process that escaped
		// may hold it open for ever.
		if b.code == "" || b.out.SetReadDeadline(b.driver.clock.Now().Add(servedOut)) != nil {
			b.out.Close()
		}
		// What cannot be removed now goes with the executor's directory.
		_ = os.RemoveAll(b.dir)
		close(b.ended)
	})
}
