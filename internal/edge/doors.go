package edge

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
)

// handshake is the first byte of a TLS connection, the type of its first record
// (RFC 8446 section 5.1). No HTTP request begins with it.
const handshake = 0x16

// doors is a listener whose connections speak HTTP or HTTPS, as their first byte says.
type doors struct {
	net.Listener
	config *tls.Config
	clock  clock.Clock
	// wait is how long a connection may take to send its first byte.
	wait  time.Duration
	ready chan accepted
	done  chan struct{}
	once  sync.Once

	mu      sync.Mutex
	waiting map[net.Conn]struct{}
}

// accepted is what Accept gives.
type accepted struct {
	conn net.Conn
	err  error
}

// Doors makes a listener on which both plain and TLS connections are served. A
// connection that has not sent a byte in the given time is closed, so that it
// costs no more than any other that is slow with its headers. It owns l.
func Doors(l net.Listener, config *tls.Config, c clock.Clock, wait time.Duration) net.Listener {
	d := &doors{Listener: l, config: config, clock: c, wait: wait, ready: make(chan accepted), done: make(chan struct{}), waiting: map[net.Conn]struct{}{}}
	go d.accept()
	return d
}

// Accept implements net.Listener.
func (d *doors) Accept() (net.Conn, error) {
	select {
	case a := <-d.ready:
		return a.conn, a.err
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It closes the connections that have said nothing yet.
func (d *doors) Close() error {
	d.once.Do(func() { close(d.done) })
	err := d.Listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.waiting {
		c.Close()
	}
	return err
}

// accept takes connections until the listener is closed. Errors go to Accept's
// caller, who waits before the next call where that helps.
func (d *doors) accept() {
	for {
		c, err := d.Listener.Accept()
		if err == nil {
			d.mu.Lock()
			d.waiting[c] = struct{}{}
			d.mu.Unlock()
			if d.closed() {
				c.Close() // Close may have looked before
			}
			go d.greet(c)
			continue
		}
		if !d.give(accepted{err: err}) {
			return
		}
	}
}

func (d *doors) closed() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// give hands over to Accept; false when the listener is closed.
func (d *doors) give(a accepted) bool {
	select {
	case d.ready <- a:
		return true
	case <-d.done:
		return false
	}
}

// greet reads the first byte of a connection and hands it over as what it is.
func (d *doors) greet(c net.Conn) {
	first := make([]byte, 1)
	err := c.SetReadDeadline(d.clock.Now().Add(d.wait))
	if err == nil {
		_, err = io.ReadFull(c, first)
	}
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	d.mu.Lock()
	delete(d.waiting, c)
	d.mu.Unlock()
	if err != nil {
		c.Close()
		return
	}
	var conn net.Conn = &begun{Conn: c, first: first}
	if first[0] == handshake {
		conn = tls.Server(conn, d.config)
	}
	if !d.give(accepted{conn: conn}) {
		c.Close()
	}
}

// begun is a connection whose first byte was read already.
type begun struct {
	net.Conn
	first []byte
}

// Read implements net.Conn. The server never reads from two goroutines at once.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 || len(p) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// ReadFrom lets files go out without being copied through the program, as they
// do on the connection beneath.
func (b *begun) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(b.Conn, r)
}
