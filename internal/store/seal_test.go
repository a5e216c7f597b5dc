package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestASealerKeepsItsKey over a restart, in a file that only its owner reads.
func TestASealerKeepsItsKey(t *testing.T) {
	dir := t.TempDir()
	open := func() *Sealer {
		t.Helper()
		s, err := Open(context.Background(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		x, err := s.OpenSealer("test")
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	sealed := open().Seal([]byte("secret"), []byte("of one"))
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the value can be read")
	}
	plain, err := open().Open(sealed, []byte("of one"))
	if err != nil || string(plain) != "secret" {
		t.Errorf("after a restart: %q, %v", plain, err)
	}
	if _, err := open().Open(sealed, []byte("of another")); err == nil {
		t.Error("it opens in another context")
	}
	info, err := os.Stat(filepath.Join(dir, "keys", "test"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys", "test"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.OpenSealer("test"); err == nil {
		t.Error("a key that is cut short was taken")
	}
}
