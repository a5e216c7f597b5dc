package edge_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/edge"
	"github.com/sallyport/sallyport/internal/localca"
)

// both serves HTTP and HTTPS on one port: it answers with what it was asked by.
func both(t *testing.T, wait time.Duration) (address string, client *http.Client, l net.Listener) {
	t.Helper()
	a, err := localca.New(clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = edge.Doors(plain, a.Config(), clock.System{}, wait)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v %s %d", r.Proto, r.TLS != nil, r.Method, len(body))
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		<-served
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return plain.Addr().String(), &http.Client{Transport: transport}, l
}

func TestOnePortSpeaksHTTPAndHTTPS(t *testing.T) {
	address, client, _ := both(t, time.Minute)
	big := strings.Repeat("x", 1<<20)
	for range 3 {
		for scheme, secure := range map[string]bool{"http": false, "https": true} {
			r, err := client.Post(scheme+"://"+address+"/", "text/plain", strings.NewReader(big))
			if err != nil {
				t.Fatalf("%s: %v", scheme, err)
			}
			body, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if want := fmt.Sprintf("HTTP/1.1 %v POST %d", secure, len(big)); string(body) != want {
				t.Errorf("%s: %q, want %q", scheme, body, want)
			}
		}
	}
}

// A connection that says nothing is closed, and costs no other one anything.
func TestASilentConnectionIsClosed(t *testing.T) {
	address, _, _ := both(t, time.Millisecond)
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, %v: the connection is still open", n, err)
		}
		c.Close()
	}
}

func TestClosingLeavesNoConnectionWaiting(t *testing.T) {
	address, _, l := both(t, time.Hour)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The server has accepted it once a second connection is served.
	if _, err := http.Get("http://" + address + "/"); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("a connection that said nothing outlives the server")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
}
