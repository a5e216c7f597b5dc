package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sallyport/sallyport"
)

// defaultData is the user's state directory for Sallyport.
func defaultData() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "sallyport")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "sallyport")
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "sallyport")
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "sallyport")
		}
	}
	return filepath.Join(home, ".local", "state", "sallyport")
}

// ephemeralNote is the directory in which an ephemeral server says where it is
// and what its root keys are, while it runs. Its state stays in memory.
func ephemeralNote() string { return filepath.Join(defaultData(), "ephemeral") }

// note is what a data directory says of its running server.
type note struct {
	dir  string
	at   sallyport.Running
	keys []sallyport.Credentials
}

// readNote reads what a server wrote; ok is false when none is noted there.
func readNote(dir string) (n note, ok bool, err error) {
	n.dir = dir
	if ok, err = readFile(filepath.Join(dir, sallyport.ServerFile), &n.at); !ok || err != nil {
		return n, ok, err
	}
	_, err = readFile(filepath.Join(dir, sallyport.CredentialsFile), &n.keys)
	return n, true, err
}

func readFile(path string, v any) (ok bool, err error) {
	raw, err := os.ReadFile(path)
	switch {
	case os.IsNotExist(err):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

// writeNote is what an ephemeral server leaves for the other commands; the
// function it gives takes it away again.
func writeNote(s *sallyport.Server) (remove func(), err error) {
	dir := ephemeralNote()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var keys []sallyport.Credentials
	for _, account := range s.Accounts() {
		if c, ok := s.RootCredentials(account); ok {
			keys = append(keys, c)
		}
	}
	at := s.Running()
	for name, v := range map[string]any{sallyport.CredentialsFile: keys, sallyport.ServerFile: at} {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, name)
		// A file that is there may belong to a server with other rights.
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return nil, err
		}
	}
	return func() {
		if n, ok, _ := readNote(dir); ok && n.at == at {
			_ = os.RemoveAll(dir)
		}
	}, nil
}
