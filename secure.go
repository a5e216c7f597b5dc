package sallyport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/sallyport/sallyport/internal/edge"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/localca"
)

// secure is what a server has for clients that insist on HTTPS.
type secure struct {
	authority *localca.Authority
	// listener is the one of Config.TLSPort; nil without.
	listener net.Listener
}

// listen opens the port for HTTPS alone, if there is to be one.
func (t *secure) listen(c Config) error {
	if c.TLSPort == 0 {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if t.listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(c.TLSPort))); err != nil {
		return fmt.Errorf("listen for HTTPS: %w: another server may use the port; choose another one with --tls-port", err)
	}
	return nil
}

// openAuthority reads or makes the local certificate authority. One without a
// data directory lives as long as the server; its certificate lies beside the
// server's other files.
func (s *Server) openAuthority() (err error) {
	if s.data != "" {
		s.secure.authority, err = localca.Open(s.data, s.clock, s.log)
		return err
	}
	if s.secure.authority, err = localca.New(s.clock); err != nil {
		return err
	}
	return s.secure.authority.WriteCertificate(s.work)
}

// serve answers on all listeners.
func (s *Server) serve() {
	config := s.secure.authority.Config()
	both := edge.Doors(s.listener, config, s.clock, limits.HeaderTime)
	s.served.Go(func() { _ = s.http.Serve(both) })
	if l := s.secure.listener; l != nil {
		s.served.Go(func() { _ = s.http.Serve(tls.NewListener(l, config)) })
	}
}

// closeListeners closes what a server that never served has opened.
func (s *Server) closeListeners() error {
	var errs []error
	for _, l := range []net.Listener{s.listener, s.secure.listener} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// TLSEndpoint is the base address for AWS clients that insist on HTTPS. They
// have to trust the certificate of CertificateFile.
func (s *Server) TLSEndpoint() string {
	if l := s.secure.listener; l != nil {
		return "https://" + reachable(l)
	}
	return "https://" + reachable(s.listener)
}

// CertificateFile holds the certificate of the server's own authority, in PEM.
func (s *Server) CertificateFile() string {
	dir := s.data
	if dir == "" {
		dir = s.work
	}
	return filepath.Join(dir, localca.CertificateFile)
}

// CertificateAuthority is the certificate of the server's own authority, in PEM.
func (s *Server) CertificateAuthority() []byte { return s.secure.authority.PEM() }
