package store

import (
	"context"
	"fmt"
)

// Log is ordered data that stays in the database: appended in batches, read by
// range, trimmed by range. Keys sort as bytes.
type Log struct {
	s    *Store
	kind string
}

// OpenLog names a log.
func OpenLog(s *Store, kind string) *Log { return &Log{s, kind} }

// Entry is one record of a log.
type Entry struct {
	Key   string
	Value []byte
}

// Append writes records; one with an existing key replaces it.
func (l *Log) Append(tx *Tx, entries ...Entry) error {
	if err := tx.put(l.kind, entries...); err != nil {
		return fmt.Errorf("state: %s: %w", l.kind, err)
	}
	return nil
}

// Range is from <= key < to; an empty To has no end.
type Range struct {
	From, To string
	// Limit bounds the number of entries; it must be positive.
	Limit int
	// Backward gives the last entries first.
	Backward bool
}

// PrefixRange is every key that starts with prefix.
func PrefixRange(prefix string, limit int) Range {
	return Range{From: prefix, To: prefixEnd(prefix), Limit: limit}
}

// prefixEnd is the first key after all keys that start with prefix.
func prefixEnd(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

// Scan reads a range.
func (l *Log) Scan(ctx context.Context, r Range) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.s.dir == "" {
		// A read given up half way may cost the connection, and in memory that
		// is the database.
		ctx = context.WithoutCancel(ctx)
	}
	query := `SELECT key,value FROM items WHERE kind=? AND key>=?`
	args := []any{l.kind, r.From}
	if r.To != "" {
		query += ` AND key<?`
		args = append(args, r.To)
	}
	if r.Backward {
		query += ` ORDER BY key DESC`
	} else {
		query += ` ORDER BY key`
	}
	rows, err := l.s.db.QueryContext(ctx, query+` LIMIT ?`, append(args, r.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("state: %s: %w", l.kind, err)
	}
	defer rows.Close()
	var out []Entry
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.Key, &e.Value); err != nil {
			return nil, fmt.Errorf("state: %s: %w", l.kind, err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Trim removes a range; Limit and Backward are not looked at.
func (l *Log) Trim(tx *Tx, r Range) error {
	query := `DELETE FROM items WHERE kind=? AND key>=?`
	args := []any{l.kind, r.From}
	if r.To != "" {
		query += ` AND key<?`
		args = append(args, r.To)
	}
	if _, err := tx.tx.ExecContext(tx.ctx, query, args...); err != nil {
		return fmt.Errorf("state: %s: %w", l.kind, err)
	}
	return nil
}
