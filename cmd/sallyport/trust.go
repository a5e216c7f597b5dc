package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// bundleFile is the bundle that env writes beside the authority's certificate.
const bundleFile = "ca-bundle.pem"

// trust is what a client needs to speak HTTPS to the server; empty for a server
// that is elsewhere.
type trust struct{ endpoint, ca, bundle string }

// trust writes the bundle for the server of the data directory. A bundle that
// cannot be written is no reason to print nothing: HTTP is the default.
func (e *EnvCmd) trust(c *console) trust {
	if e.Endpoint != "" {
		return trust{}
	}
	n, err := e.find()
	if err != nil || n.at.CA == "" {
		return trust{}
	}
	t := trust{endpoint: n.at.TLSEndpoint, ca: n.at.CA, bundle: filepath.Join(filepath.Dir(n.at.CA), bundleFile)}
	if err := writeBundle(t.bundle, t.ca); err != nil {
		fmt.Fprintf(c.Err, "sallyport: HTTPS is left out, HTTP is not concerned: %v\n", err)
		return trust{}
	}
	return t
}

func (t trust) variables() []variable {
	if t.ca == "" {
		return nil
	}
	return []variable{{"AWS_CA_BUNDLE", t.bundle}, {"NODE_EXTRA_CA_CERTS", t.ca}}
}

// writeBundle puts the authority before what is trusted already: clients that
// read AWS_CA_BUNDLE trust nothing else, and may speak to AWS from the same shell.
func writeBundle(path, ca string) error {
	own, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	content := append(bytes.TrimSpace(own), '\n')
	for _, roots := range trusted(path) {
		raw, err := os.ReadFile(roots)
		if err == nil && x509.NewCertPool().AppendCertsFromPEM(raw) {
			content = append(content, raw...)
			break
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(content); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// trusted are the files that may hold what clients trust already, best first:
// what the user chose, and then where systems keep it.
func trusted(ours string) []string {
	chosen := os.Getenv("AWS_CA_BUNDLE")
	if filepath.Base(chosen) == filepath.Base(ours) {
		chosen = "" // it is one of ours, of this server or of another one
	}
	var files []string
	if chosen = cmp.Or(chosen, os.Getenv("SSL_CERT_FILE")); chosen != "" {
		files = append(files, chosen)
	}
	return append(files,
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, older Amazon Linux
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL, Amazon Linux
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/ssl/cert.pem",                                 // Alpine, macOS
	)
}
