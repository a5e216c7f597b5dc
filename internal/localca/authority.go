package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// domains are what the authority may vouch for, with everything below them:
// names that RFC 6761 and ICANN keep out of the public DNS, and the name that a
// container of Sallyport usually has.
var domains = []string{"localhost", "test", "internal", "sallyport"}

// ranges are loopback and private addresses.
var ranges = []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"}

// Authority signs certificates for the names of one server. It is safe for
// concurrent use.
type Authority struct {
	clock clock.Clock
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	leaves
}

// New makes an authority that is kept nowhere.
func New(c clock.Clock) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	now := c.Now()
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The serial in the name keeps apart the authorities of two servers that one client trusts.
		Subject:   pkix.Name{CommonName: "Sallyport local authority " + serial.Text(16)[:8], Organization: []string{"Sallyport"}},
		NotBefore: now.Add(-limits.ClockSkew), NotAfter: now.Add(limits.AuthorityLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: domains, PermittedIPRanges: permitted(),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return from(der, key, c)
}

// from is the authority of a certificate and its key; an error says why they
// cannot be one, or not for long enough any more.
func from(der []byte, key *ecdsa.PrivateKey, c clock.Clock) (*Authority, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	switch public, ok := cert.PublicKey.(*ecdsa.PublicKey); {
	case !ok || !public.Equal(&key.PublicKey) || !cert.IsCA:
		return nil, errors.New("certificate authority: the certificate is not that of the key")
	case cert.NotAfter.Before(c.Now().Add(limits.CertificateLife)):
		return nil, fmt.Errorf("certificate authority: it expires on %s", cert.NotAfter.Format(time.DateOnly))
	}
	a := &Authority{clock: c, cert: cert, key: key}
	return a, a.leaves.start()
}

// PEM is the authority's certificate, as clients read it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// vouchesForName says whether a certificate for the name would be believed.
func vouchesForName(name string) bool {
	for _, d := range domains {
		if name == d || strings.HasSuffix(name, "."+d) {
			return wellFormed(name)
		}
	}
	return false
}

// wellFormed says whether the name, in lower case, is one of the DNS.
func wellFormed(name string) bool {
	if len(name) > 253 {
		return false
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func vouchesForAddress(ip net.IP) bool {
	for _, r := range permitted() {
		if r.Contains(ip) {
			return true
		}
	}
	return false
}

func permitted() []*net.IPNet {
	nets := make([]*net.IPNet, len(ranges))
	for i, r := range ranges {
		_, n, err := net.ParseCIDR(r)
		if err != nil {
			panic(err) // never: they are written above
		}
		nets[i] = n
	}
	return nets
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return key, nil
}

// newSerial is one of 127 random bits with the highest set, so that it is
// positive and of one length.
func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return serial.SetBit(serial, 126, 1), nil
}
