package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Sealer seals values that must not stand in the database as they are, with a
// key that lies beside it, in a file of mode 0600: who gets a copy of the
// database alone (a backup, a dump) can read nothing that is sealed. It is safe
// for concurrent use.
type Sealer struct {
	aead  cipher.AEAD
	print []byte
}

// sealerKey is the length of a key in bytes: AES-256.
const sealerKey = 32

// OpenSealer reads the key of that name, or makes it at first use, durably. A
// store in memory has keys in memory.
func (s *Store) OpenSealer(name string) (*Sealer, error) {
	key := make([]byte, sealerKey)
	rand.Read(key)
	if s.dir != "" {
		var err error
		if key, err = keyFile(filepath.Join(s.dir, "keys", name), key); err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	print := sha256.Sum256(append([]byte("print"), key...))
	return &Sealer{aead, print[:]}, err
}

// Print tells values apart that are sealed: the same value has the same print,
// from which nobody can guess it without the key.
func (x *Sealer) Print(value []byte) []byte {
	h := hmac.New(sha256.New, x.print)
	h.Write(value)
	return h.Sum(nil)
}

// Seal seals a value; only Open with the same context opens it.
func (x *Sealer) Seal(value, context []byte) []byte { return x.aead.Seal(nil, nil, value, context) }

// Open opens what Seal sealed.
func (x *Sealer) Open(sealed, context []byte) ([]byte, error) {
	return x.aead.Open(nil, nil, sealed, context)
}

// keyFile is the key in a file; fresh is put there if there is none. The data
// directory has one server at a time, so nobody else makes it meanwhile.
func keyFile(path string, fresh []byte) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, writeKey(path, fresh)
	}
	if err == nil && len(key) != sealerKey {
		err = fmt.Errorf("%s has %d bytes and should have %d", path, len(key), sealerKey)
	}
	return key, err
}

// writeKey makes the file whole and durable before it gets its name: what is
// sealed with it is written to the database only afterwards.
func writeKey(path string, key []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "new-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(key)
	if err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	// A file system that cannot sync a directory keeps the name anyway.
	_ = d.Sync()
	return d.Close()
}
