package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// Table holds all records of one kind in memory, in key order. Values are
// immutable: put a new one instead of changing one that was read. T is encoded
// as JSON; adding members is a compatible change.
//
// Keys are strings; join parts with Key, and list by the prefix of leading parts.
type Table[T any] struct {
	kind string
	mu   sync.RWMutex
	rows btree.Map[string, *T]
	// shown is called with each change that became visible, under the lock.
	shown func(key string, old, now *T)
}

// Open loads a table. Every kind is opened once, before it is used.
func OpenTable[T any](ctx context.Context, s *Store, kind string) (*Table[T], error) {
	return OpenWatched[T](ctx, s, kind, nil)
}

// OpenWatched is OpenTable with a function that sees every record: those
// loaded (old is nil) and every later change (nil for absent) as it becomes
// visible. It keeps derived indexes right; it must not call the table.
func OpenWatched[T any](ctx context.Context, s *Store, kind string, shown func(key string, old, now *T)) (*Table[T], error) {
	for _, t := range s.tables {
		if t.kindName() == kind {
			return nil, fmt.Errorf("table %s is opened twice", kind)
		}
	}
	t := &Table[T]{kind: kind, shown: shown}
	if err := t.load(ctx, s.db); err != nil {
		return nil, err
	}
	s.tables = append(s.tables, t)
	return t, nil
}

func (t *Table[T]) kindName() string { return t.kind }

func (t *Table[T]) load(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT key,value FROM items WHERE kind=? ORDER BY key`, t.kind)
	if err != nil {
		return fmt.Errorf("state: %s: %w", t.kind, err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var raw []byte
		if err := rows.Scan(&key, &raw); err != nil {
			return fmt.Errorf("state: %s: %w", t.kind, err)
		}
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return fmt.Errorf("state: %s %q: %w", t.kind, key, err)
		}
		t.rows.Set(key, v)
		if t.shown != nil {
			t.shown(key, nil, v)
		}
	}
	return rows.Err()
}

// Key joins the parts of a key. Different parts give different keys, and no key
// is a prefix of another's parts: a part that holds a NUL, which AWS's names
// hardly ever do, is written in hexadecimal.
func Key(parts ...string) string {
	for i, p := range parts {
		if strings.IndexByte(p, 0) >= 0 || strings.HasPrefix(p, hexadecimal) {
			parts = slices.Clone(parts)
			parts[i] = hexadecimal + hex.EncodeToString([]byte(p))
		}
	}
	return strings.Join(parts, "\x00")
}

// hexadecimal begins a part that is written so.
const hexadecimal = "\x01"

// Prefix is the start of all keys whose first parts are these.
func Prefix(parts ...string) string { return Key(parts...) + "\x00" }

// Get reads a durable record; nil when there is none.
func (t *Table[T]) Get(key string) *T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, _ := t.rows.Get(key)
	return v
}

// GetIn reads a record as the transaction sees it.
func (t *Table[T]) GetIn(tx *Tx, key string) *T {
	if v, ok := tx.staged[t][key]; ok {
		return v.(*T)
	}
	return t.Get(key)
}

// Len is the number of records.
func (t *Table[T]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows.Len()
}

// All lists the durable records whose key starts with prefix, in key order, as
// of the moment it is called. After skips keys up to and including it; empty starts at the first.
func (t *Table[T]) All(prefix, after string) iter.Seq2[string, *T] {
	t.mu.Lock()
	snapshot := t.rows.Copy() // copy on write: cheap, but it marks nodes, hence the full lock
	t.mu.Unlock()
	return func(yield func(string, *T) bool) {
		start := max(prefix, after)
		snapshot.Ascend(start, func(key string, v *T) bool {
			if !strings.HasPrefix(key, prefix) {
				return key < prefix
			}
			if after != "" && key <= after {
				return true
			}
			return yield(key, v)
		})
	}
}

// Put writes a record.
func (t *Table[T]) Put(tx *Tx, key string, v *T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state: %s %q: %w", t.kind, key, err)
	}
	if err := tx.put(t.kind, Entry{Key: key, Value: raw}); err != nil {
		return fmt.Errorf("state: %s: %w", t.kind, err)
	}
	t.stage(tx, key, v)
	return nil
}

// Delete removes a record, if it is there.
func (t *Table[T]) Delete(tx *Tx, key string) error {
	if err := tx.delete(t.kind, key); err != nil {
		return fmt.Errorf("state: %s: %w", t.kind, err)
	}
	t.stage(tx, key, nil)
	return nil
}

func (t *Table[T]) stage(tx *Tx, key string, v *T) {
	if tx.staged[t] == nil {
		tx.staged[t] = map[string]any{}
	}
	tx.staged[t][key] = v
	tx.After(func() { t.show(key, v) })
}

func (t *Table[T]) show(key string, v *T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var old *T
	if v == nil {
		old, _ = t.rows.Delete(key)
	} else {
		old, _ = t.rows.Set(key, v)
	}
	if t.shown != nil {
		t.shown(key, old, v)
	}
}
