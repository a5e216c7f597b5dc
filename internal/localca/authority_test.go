package localca_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/localca"
)

var today = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// connect makes a handshake as a client that trusts the authority, and says why
// it failed.
func connect(t *testing.T, a *localca.Authority, name string, at time.Time) (*x509.Certificate, error) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("the authority's certificate cannot be read")
	}
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		_ = tls.Server(theirs, a.Config()).Handshake()
		theirs.Close()
	}()
	c := tls.Client(ours, &tls.Config{RootCAs: roots, ServerName: name, Time: func() time.Time { return at }})
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

func TestNames(t *testing.T) {
	a, err := localca.New(clock.NewManual(today))
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "lambda.localhost": true,
		"photos.s3.eu-west-1.localhost": true, "a.b.c.localhost": true, "PHOTOS.localhost": true,
		"abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.localhost": true,
		"host.docker.internal": true, "sallyport": true,
		// Nobody who trusts the authority may be led astray by it.
		"lambda.us-east-1.amazonaws.com": false, "example.com": false, "localhost.example.com": false, "notlocalhost": false, "bad..localhost": false,
	} {
		if _, err := connect(t, a, name, today); (err == nil) != good {
			t.Errorf("%s: %v, want success %v", name, err, good)
		}
	}
}

func TestCertificatesAreMadeAnewInTime(t *testing.T) {
	c := clock.NewManual(today)
	a, err := localca.New(c)
	if err != nil {
		t.Fatal(err)
	}
	serial := func(name string) string {
		cert, err := connect(t, a, name, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		return cert.SerialNumber.String()
	}
	first := serial("localhost")
	if again := serial("localhost"); again != first {
		t.Error("a certificate is made for every connection")
	}
	c.Advance(limits.CertificateLife * 3 / 4)
	if serial("localhost") == first {
		t.Error("a server that runs for long serves a certificate until it has expired")
	}
	for i := range limits.Certificates {
		serial(fmt.Sprintf("h%d.localhost", i))
	}
}

func TestAnAuthorityIsKept(t *testing.T) {
	c, log := clock.NewManual(today), slog.New(slog.DiscardHandler)
	open := func(dir string) *localca.Authority {
		a, err := localca.Open(dir, c, log)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	dir := t.TempDir()
	first := open(dir)
	for file, mode := range map[string]os.FileMode{localca.KeyFile: 0o600, localca.CertificateFile: 0o644} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want %v", file, info.Mode(), err, mode)
		}
	}
	if !bytes.Equal(open(dir).PEM(), first.PEM()) {
		t.Error("a restart makes another authority: clients would stop trusting the server")
	}
	for what, spoil := range map[string]func(dir string) error{
		"the key of another authority": func(dir string) error {
			other := t.TempDir()
			open(other)
			return os.Rename(filepath.Join(other, localca.KeyFile), filepath.Join(dir, localca.KeyFile))
		},
		"no key": func(dir string) error { return os.Remove(filepath.Join(dir, localca.KeyFile)) },
		"a key cut short": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, localca.KeyFile), []byte("-----BEGIN"), 0o600)
		},
		"no certificate": func(dir string) error { return os.Remove(filepath.Join(dir, localca.CertificateFile)) },
		"a certificate gone bad": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, localca.CertificateFile), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o644)
		},
	} {
		dir := t.TempDir()
		first := open(dir)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		second := open(dir)
		if bytes.Equal(second.PEM(), first.PEM()) {
			t.Errorf("%s: the old certificate is served", what)
		}
		if _, err := connect(t, second, "localhost", today); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	c.Advance(limits.AuthorityLife - time.Hour)
	if bytes.Equal(open(dir).PEM(), first.PEM()) {
		t.Error("an authority about to expire is kept")
	}
}
