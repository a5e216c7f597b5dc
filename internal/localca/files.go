package localca

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/clock"
)

// Files of the directory that keeps an authority.
const (
	// CertificateFile is what clients are to trust.
	CertificateFile = "ca.pem"
	// KeyFile is readable by its owner alone.
	KeyFile = "ca-key.pem"
)

// Open reads the authority that the directory keeps, and makes one where there
// is none, or none that can be used any more.
func Open(dir string, c clock.Clock, log *slog.Logger) (*Authority, error) {
	a, err := read(dir, c)
	switch {
	case err == nil:
		return a, nil
	case !errors.Is(err, fs.ErrNotExist):
		log.Warn("the local certificate authority is made anew: clients have to read its certificate again", "directory", dir, "error", err)
	}
	if a, err = New(c); err != nil {
		return nil, err
	}
	return a, a.keep(dir)
}

func read(dir string, c clock.Clock) (*Authority, error) {
	der, err := readPEM(filepath.Join(dir, CertificateFile), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	raw, err := readPEM(filepath.Join(dir, KeyFile), "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: it holds no private key", KeyFile) // not what the parser says of its content
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: it holds a key of another kind", KeyFile)
	}
	return from(der, key, c)
}

func readPEM(path, kind string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s: it holds no %s", filepath.Base(path), kind)
	}
	return block.Bytes, nil
}

// keep writes the key first: a certificate without its key would be trusted and of no use.
func (a *Authority) keep(dir string) error {
	raw, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return fmt.Errorf("certificate authority: %w", err)
	}
	if err := write(filepath.Join(dir, KeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600); err != nil {
		return err
	}
	return a.WriteCertificate(dir)
}

// WriteCertificate puts the certificate into a directory for clients to read.
func (a *Authority) WriteCertificate(dir string) error {
	return write(filepath.Join(dir, CertificateFile), a.PEM(), 0o644)
}

// write writes a file whole or not at all.
func write(path string, content []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}
