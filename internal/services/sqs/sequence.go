package sqs

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/store"
)

// sequence numbers queues and messages in the order in which they arrived, for
// ever and over restarts: a receipt handle never means another message. Numbers
// are reserved in blocks, so a start skips what is left of the last one.
type sequence struct {
	table *store.Table[reserved]
	// next and limit change inside the store's Update only.
	next, limit uint64
}

// reserved is the stored end of the numbers that may be in use.
type reserved struct{ Limit uint64 }

const (
	sequenceKey = "messages"
	block       = 1 << 20
)

func openSequence(ctx context.Context, st *store.Store) (*sequence, error) {
	table, err := store.OpenTable[reserved](ctx, st, "sqs.sequence")
	if err != nil {
		return nil, err
	}
	s := &sequence{table: table, next: 1, limit: 1}
	if r := table.Get(sequenceKey); r != nil {
		s.next, s.limit = r.Limit, r.Limit
	}
	return s, nil
}

// take gives the next number.
func (s *sequence) take(tx *store.Tx) (uint64, error) {
	n := s.next
	s.next++
	if s.next <= s.limit {
		return n, nil
	}
	limit := s.next + block
	// The limit counts only once it is durable.
	tx.After(func() { s.limit = limit })
	return n, s.table.Put(tx, sequenceKey, &reserved{limit})
}

// sequenceNumber is a number as FIFO queues show it: 20 digits that grow.
func sequenceNumber(n uint64) string { return fmt.Sprintf("188%017d", n) }
