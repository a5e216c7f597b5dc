package localca

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// leaves are the server's certificates by the name they were made for. They
// share one key, which lives as long as the process.
type leaves struct {
	mu   sync.Mutex
	key  *ecdsa.PrivateKey
	made map[string]*tls.Certificate
}

func (l *leaves) start() (err error) {
	l.made = map[string]*tls.Certificate{}
	l.key, err = newKey()
	return err
}

// Config is how the server speaks TLS: HTTP/1.1 as everywhere on its port, with
// a certificate for the name or address that the client asked for.
func (a *Authority) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, Time: a.clock.Now, GetCertificate: a.certificate}
}

// certificate is the one for what the client named; a name that the authority
// may not vouch for ends the handshake, as no client would believe it.
func (a *Authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if name == "" {
		name = address(hello.Conn)
	}
	ip := net.ParseIP(name)
	if ip == nil && !vouchesForName(name) || ip != nil && !vouchesForAddress(ip) {
		return nil, fmt.Errorf("no certificate for %q: the local authority vouches for names below %s and for private addresses", name, strings.Join(domains, ", "))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	if c, ok := a.made[name]; ok && now.Before(c.Leaf.NotAfter.Add(-limits.CertificateLife/2)) {
		return c, nil
	}
	c, err := a.sign(name, ip, now)
	if err != nil {
		return nil, err
	}
	if len(a.made) >= limits.Certificates {
		clear(a.made) // somebody asks for names at random: making one takes a fraction of a millisecond
	}
	a.made[name] = c
	return c, nil
}

// address is the server's own of a connection whose client named none, as one
// that was given an address does.
func address(c net.Conn) string {
	if c != nil {
		if tcp, ok := c.LocalAddr().(*net.TCPAddr); ok {
			return tcp.IP.String()
		}
	}
	return "127.0.0.1"
}

// sign makes the certificate for a name or an address. It also names the
// server's loopback addresses: clients that connect to one of them often say localhost.
func (a *Authority) sign(name string, ip net.IP, now time.Time) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"Sallyport"}},
		NotBefore: now.Add(-limits.ClockSkew), NotAfter: now.Add(limits.CertificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	switch {
	case ip != nil:
		template.IPAddresses = append(template.IPAddresses, ip)
	case name != "localhost":
		template.DNSNames = append(template.DNSNames, name)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.leaves.key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate for %q: %w", name, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate for %q: %w", name, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leaves.key, Leaf: leaf}, nil
}
