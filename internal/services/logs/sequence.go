package logs

import (
	"context"

	"github.com/sallyport/sallyport/internal/store"
)

// sequence numbers events, so that events of one time keep the order in which
// they arrived, for ever and over restarts. Numbers are reserved in blocks:
// a start skips what is left of the last one.
type sequence struct {
	table *store.Table[reserved]
	// next and limit change inside store.Update only.
	next, limit uint64
}

// reserved is the stored end of the numbers that may be in use.
type reserved struct{ Limit uint64 }

const (
	sequenceKey = "events"
	block       = 1 << 20
)

func openSequence(ctx context.Context, st *store.Store) (*sequence, error) {
	table, err := store.OpenTable[reserved](ctx, st, "logs.sequence")
	if err != nil {
		return nil, err
	}
	s := &sequence{table: table, next: 1, limit: 1}
	if r := table.Get(sequenceKey); r != nil {
		s.next, s.limit = r.Limit, r.Limit
	}
	return s, nil
}

// take gives the first of n numbers.
func (s *sequence) take(tx *store.Tx, n int) (uint64, error) {
	first := s.next
	s.next += uint64(n)
	if s.next <= s.limit {
		return first, nil
	}
	limit := s.next + block
	// The limit counts only once it is durable.
	tx.After(func() { s.limit = limit })
	return first, s.table.Put(tx, sequenceKey, &reserved{limit})
}
