package sallyport

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Files of a data directory that commands read.
const (
	// CredentialsFile holds the root credentials of every account (mode 0600).
	CredentialsFile = "credentials.json"
	// ServerFile says where the running server is; it goes when the server stops.
	ServerFile = "server.json"
)

// Running is the content of ServerFile.
type Running struct {
	Endpoint string `json:"endpoint"`
	// TLSEndpoint and CA are for clients that insist on HTTPS: the address, and
	// the file with the certificate to trust.
	TLSEndpoint string `json:"tlsEndpoint"`
	CA          string `json:"ca"`
	PID         int    `json:"pid"`
}

// writeFiles tells commands on this machine where the server is and how to sign.
func (s *Server) writeFiles() error {
	if s.data == "" {
		return nil
	}
	s.files.Lock()
	defer s.files.Unlock()
	s.noted = true
	if err := s.writeCredentials(); err != nil {
		return err
	}
	return writePrivate(filepath.Join(s.data, ServerFile), s.Running())
}

// Running says where the server is.
func (s *Server) Running() Running {
	return Running{Endpoint: s.Endpoint(), TLSEndpoint: s.TLSEndpoint(), CA: s.CertificateFile(), PID: os.Getpid()}
}

func (s *Server) writeCredentials() error {
	var all []Credentials
	for _, account := range s.Accounts() {
		if c, ok := s.RootCredentials(account); ok {
			all = append(all, c)
		}
	}
	return writePrivate(filepath.Join(s.data, CredentialsFile), all)
}

// accountAdded notes the root keys of accounts that come while the server runs.
func (s *Server) accountAdded() {
	s.files.Lock()
	defer s.files.Unlock()
	if !s.noted {
		return // they are written when the server has started
	}
	if err := s.writeCredentials(); err != nil {
		s.log.Error("the root keys of new accounts could not be written; they will be after a restart", "error", err)
	}
}

func (s *Server) removeFiles() error {
	if s.data == "" {
		return nil
	}
	if err := os.Remove(filepath.Join(s.data, ServerFile)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

// writePrivate writes a file only its owner can read, whole or not at all.
func writePrivate(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(append(raw, '\n')); err != nil {
		tmp.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}
