// Package store keeps state. It is one small transactional interface over
// database/sql: every record is a row (kind, key, value), ordered by key.
//
// Table is for state that decisions and listings read: all of it lives in
// memory as immutable decoded values, so that reading never touches the
// database; a write shows in memory only once it is durable. Log is for data
// that grows (log events, the trail) and is read from the database by range.
// Blobs are content-addressed files.
//
// What Update returned nil for survives kill -9: SQLite runs in WAL mode with
// synchronous=NORMAL, so a committed transaction is in the operating system's
// hands. A power cut may lose the last commits, never tear one.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite", pure Go
)

// Options say where state lives.
type Options struct {
	// Dir is the data directory, made with mode 0700. Empty keeps everything in memory.
	Dir string
}

// Store is open state. It is safe for concurrent use; writers take turns.
type Store struct {
	db    *sql.DB
	blobs Blobs
	lock  *os.File
	dir   string

	// write is held for the whole of an Update, so that what a writer read is
	// still true when it commits.
	write  sync.Mutex
	tables []loader
	closed bool
}

type loader interface {
	kindName() string
	load(ctx context.Context, db *sql.DB) error
}

// ErrClosed is given by a store that was closed.
var ErrClosed = errors.New("the store is closed")

// Open opens or makes a store. A data directory has one server at a time: the
// error of a second one says which process holds it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{dir: o.Dir}
	dsn := "file::memory:?_txlock=immediate"
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("data directory: %w", err)
		}
		lock, err := lockDir(ctx, o.Dir)
		if err != nil {
			return nil, err
		}
		s.lock = lock
		path := filepath.Join(o.Dir, "state.db")
		blobs := fileBlobs{filepath.Join(o.Dir, "blobs")}
		if err := errors.Join(private(path), blobs.sweep()); err != nil {
			return nil, errors.Join(fmt.Errorf("data directory: %w", err), s.Close())
		}
		dsn = "file:" + uriPath(path) + "?_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=busy_timeout(5000)"
		s.blobs = blobs
	} else {
		s.blobs = &memoryBlobs{}
	}
	if err := s.open(ctx, dsn); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dsn string) error {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	s.db = db
	if s.dir == "" {
		// Each connection to :memory: is a database of its own.
		db.SetMaxOpenConns(1)
	} else {
		db.SetMaxOpenConns(4)
	}
	return migrate(ctx, db)
}

// private makes the database file readable by its owner only, whatever the
// directory was made with: it holds secret keys. SQLite gives the files beside
// it the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// uriPath escapes what would end the path in the URI that SQLite is given.
func uriPath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

// Dir is the data directory, empty for a store in memory.
func (s *Store) Dir() string { return s.dir }

// Blobs are the store's content-addressed files.
func (s *Store) Blobs() Blobs { return s.blobs }

// Close ends the store and frees the data directory.
func (s *Store) Close() error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Tx is one write transaction. It belongs to the function given to Update.
type Tx struct {
	ctx context.Context
	tx  *sql.Tx
	// staged are this transaction's own writes, by table and key, for GetIn.
	staged map[any]map[string]any
	after  []func()
}

// Update runs fn in a write transaction. When fn returns an error nothing
// changed; when Update returns nil everything fn wrote is durable and visible.
// fn must neither call Update nor scan a log: it would wait for itself.
func (s *Store) Update(ctx context.Context, fn func(tx *Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed {
		return ErrClosed
	}
	tx := &Tx{ctx: context.WithoutCancel(ctx), staged: map[any]map[string]any{}}
	sqlTx, err := s.db.BeginTx(tx.ctx, nil)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	tx.tx = sqlTx
	committed := false
	defer func() {
		if !committed {
			_ = sqlTx.Rollback()
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	committed = true
	for _, show := range tx.after {
		show()
	}
	return nil
}

// After runs f once the transaction is durable, before Update returns.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// putRows is how many rows one statement writes: the more, the less of the time
// goes into parsing it and into database/sql.
const putRows = 32

// put writes rows, in order: of one key, the last counts (SQLite upserts row by
// row; PostgreSQL would refuse a key that is twice in one statement).
func (tx *Tx) put(kind string, rows ...Entry) error {
	for len(rows) > 0 {
		n := min(len(rows), putRows)
		args := make([]any, 0, 3*n)
		for i := range n {
			value := rows[i].Value
			if value == nil {
				value = []byte{} // nil would be SQL's NULL
			}
			args = append(args, kind, rows[i].Key, value)
		}
		rows = rows[n:]
		query := `INSERT INTO items(kind,key,value) VALUES(?,?,?)` + strings.Repeat(`,(?,?,?)`, n-1) + ` ON CONFLICT(kind,key) DO UPDATE SET value=excluded.value`
		if _, err := tx.tx.ExecContext(tx.ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) delete(kind, key string) error {
	_, err := tx.tx.ExecContext(tx.ctx, `DELETE FROM items WHERE kind=? AND key=?`, kind, key)
	return err
}
