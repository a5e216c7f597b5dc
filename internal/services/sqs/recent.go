package sqs

import (
	"encoding/binary"
	"fmt"

	"github.com/sallyport/sallyport/internal/store"
)

// interval is how long FIFO queues know what was sent, and which receives were
// asked for, in milliseconds.
const interval = 5 * 60 * 1000

// recent is what was sent to a FIFO queue in the last five minutes, also if it
// was deleted since.
type recent struct {
	byKey map[string]*sent
	// order is the order in which they expire.
	order []*sent
}

// sent is one accepted message.
type sent struct {
	key     string
	number  uint64
	id      messageID
	expires int64
}

func newRecent() recent { return recent{byKey: map[string]*sent{}} }

// of is the message that one with the same key repeats, nil if it is new.
func (r *recent) of(key string, now int64) *sent {
	s := r.byKey[key]
	if s == nil || s.expires <= now {
		return nil
	}
	return s
}

func (r *recent) add(s *sent) {
	r.byKey[s.key] = s
	r.order = append(r.order, s)
}

// forget takes back what was added last but not made durable.
func (r *recent) forget(s *sent) {
	if r.byKey[s.key] == s {
		delete(r.byKey, s.key)
	}
}

// expire drops what is over, and gives the last number of it, 0 for none.
func (r *recent) expire(now int64) (last uint64) {
	for len(r.order) > 0 && r.order[0].expires <= now {
		s := r.order[0]
		last = max(last, s.number)
		r.forget(s)
		r.order[0] = nil
		r.order = r.order[1:]
	}
	return last
}

func (s *sent) entry(queue uint64) store.Entry {
	b := append([]byte{formatVersion}, s.id[:]...)
	b = binary.AppendVarint(b, s.expires)
	return store.Entry{Key: messageKey(queue, s.number), Value: appendText(b, s.key)}
}

func decodeSent(number uint64, raw []byte) (*sent, error) {
	r := reader{rest: raw}
	version, s := r.byte(), &sent{number: number}
	copy(s.id[:], r.take(len(s.id)))
	s.expires, s.key = r.number(), r.text()
	if version != formatVersion || r.failed || len(r.rest) > 0 {
		return nil, fmt.Errorf("sqs: what was sent as %d: %w", number, errDamaged)
	}
	return s, nil
}

// dedupKey is what makes two messages of a queue the same.
func (q *queue) dedupKey(group, dedup string) string {
	if q.Scope == scopeGroup {
		return store.Key(group, dedup)
	}
	return dedup
}
