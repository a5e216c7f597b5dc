package sqs

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// receipt is what a receipt handle says.
type receipt struct {
	// queue and number name the message, turn which receive of it this is.
	queue, number uint64
	turn          uint32
}

// receipts seals receipts into handles and opens them: nobody can read or make
// one but this server, also after a restart.
type receipts struct{ seal cipher.AEAD }

// receiptKey is the stored key.
type receiptKey struct{ Key []byte }

// The head of every handle reads AQEB in base64, as AWS's do.
const (
	receiptHead = "\x01\x01\x01"
	receiptSize = 8 + 8 + 4
)

func openReceipts(ctx context.Context, st *store.Store) (*receipts, error) {
	table, err := store.OpenTable[receiptKey](ctx, st, "sqs.receipts")
	if err != nil {
		return nil, err
	}
	stored := table.Get("key")
	if stored == nil {
		stored = &receiptKey{Key: make([]byte, 32)}
		rand.Read(stored.Key)
		if err := st.Update(ctx, func(tx *store.Tx) error { return table.Put(tx, "key", stored) }); err != nil {
			return nil, err
		}
	}
	b, err := aes.NewCipher(stored.Key)
	if err != nil {
		return nil, fmt.Errorf("sqs: the key of receipt handles: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(b)
	return &receipts{seal}, err
}

func (x *receipts) handle(r receipt) string {
	var plain [receiptSize]byte
	binary.BigEndian.PutUint64(plain[:], r.queue)
	binary.BigEndian.PutUint64(plain[8:], r.number)
	binary.BigEndian.PutUint32(plain[16:], r.turn)
	sealed := x.seal.Seal([]byte(receiptHead), nil, plain[:], nil)
	return base64.StdEncoding.EncodeToString(sealed)
}

// open reads a handle; ok is false for one that was not made here.
func (x *receipts) open(handle string) (r receipt, ok bool) {
	if len(handle) > limits.QueueReceipt {
		return r, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(handle)
	if err != nil || len(raw) < len(receiptHead) || string(raw[:len(receiptHead)]) != receiptHead {
		return r, false
	}
	plain, err := x.seal.Open(nil, nil, raw[len(receiptHead):], nil)
	if err != nil || len(plain) != receiptSize {
		return r, false
	}
	return receipt{binary.BigEndian.Uint64(plain), binary.BigEndian.Uint64(plain[8:]), binary.BigEndian.Uint32(plain[16:])}, true
}

// receiptOf opens a handle that must be of the line.
func (s *Service) receiptOf(l *line, handle string) (receipt, error) {
	if handle == "" {
		return receipt{}, missing("ReceiptHandle")
	}
	r, ok := s.receipts.open(handle)
	switch {
	case !ok:
		return r, badReceipt(handle)
	case r.queue != l.id:
		return r, strayReceipt(handle)
	}
	return r, nil
}
