package executor

import (
	"net"
	"os"
	"strconv"
	"syscall"
)

func (b *bareSandbox) prepare() (net.Listener, error) {
	l := b.next
	b.next = nil
	if b.beside == nil {
		out, in, err := os.Pipe()
		if err != nil {
			return l, err
		}
		b.beside, b.besideOut = in, out
		b.took(out)
	}
	return l, nil
}

func (b *bareSandbox) launch(name string, c command, exited func(exit)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all.Add(1)
	out := b.in
	if name != "" {
		out = b.beside
	}
	cmd, err := b.run(c, out)
	if err != nil {
		go func() {
			defer b.all.Done()
			exited(exit{failed: err})
		}()
		return nil
	}
	if name == "" {
		b.current = cmd.Process
	} else {
		if b.others == nil {
			b.others = map[*os.Process]struct{}{}
		}
		b.others[cmd.Process] = struct{}{}
	}
	go func() {
		defer b.all.Done()
		err := cmd.Wait()
		b.mu.Lock()
		if name == "" {
			b.current = nil
		}
		delete(b.others, cmd.Process)
		b.used = max(b.used, peakOf(cmd.ProcessState))
		b.mu.Unlock()
		var x exit
		if err != nil {
			x.status = cmd.ProcessState.String()
		}
		exited(x)
	}()
	return nil
}

// terminate asks the runtime to end, where processes can be asked.
func (b *bareSandbox) terminate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil {
		_ = b.current.Signal(syscall.SIGTERM) // it may have ended by itself
	}
}

func (b *bareSandbox) dial(port int) (net.Conn, error) {
	return net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
}

// openDaemon gives the X-Ray daemon a socket of the host's.
func (b *bareSandbox) openDaemon(take func(net.PacketConn)) error {
	if take == nil {
		return nil
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.packets = c
	take(c)
	return nil
}
