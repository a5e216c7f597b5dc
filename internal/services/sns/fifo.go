package sns

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// published is a message that a FIFO topic took: for five minutes another one
// with its deduplication id is the same.
type published struct {
	ID, Sequence string
	Time         time.Time
}

// sequence is the number of the last message that a FIFO topic took.
type sequence struct{ Last uint64 }

// number gives the messages of a FIFO topic numbers in their order, and leaves out
// those that it took already: they get the id and number of the first one.
func (s *Service) number(tx *store.Tx, t *topic, messages []*message) (fresh []*message, err error) {
	var now sequence
	if last := s.sequences.GetIn(tx, t.name().key()); last != nil {
		now = *last
	}
	for _, m := range messages {
		key := t.deduplicationKey(m)
		if known := s.recent.GetIn(tx, key); known != nil && m.Time.Sub(known.Time) < limits.SNSDeduplication {
			m.ID, m.Sequence = known.ID, known.Sequence
			continue
		}
		now.Last++
		m.Sequence = fmt.Sprintf("1%019d", now.Last)
		if err := s.recent.Put(tx, key, &published{m.ID, m.Sequence, m.Time}); err != nil {
			return nil, err
		}
		fresh = append(fresh, m)
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	return fresh, joined(s.forgetOld(tx, fresh[0].Time, len(fresh)+1), s.sequences.Put(tx, t.name().key(), &now))
}

// deduplicationKey is where a message is remembered: once a topic, or once a
// group where the topic is set so.
func (t *topic) deduplicationKey(m *message) string {
	if t.Attributes[attrThroughput] == scopeGroup {
		return t.name().key("group", m.Group, m.Duplicate)
	}
	return t.name().key("topic", m.Duplicate)
}

// forgetOld keeps the deduplication ids few: messages take away those that are
// over, more than they bring.
func (s *Service) forgetOld(tx *store.Tx, now time.Time, most int) error {
	for _, key := range s.aging.before(now.Add(-limits.SNSDeduplication), most) {
		if err := s.recent.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// aging are the keys of deduplication ids by their time, the oldest first.
type aging struct {
	mu   sync.Mutex
	keys []aged
	// now is what is in the table, so that what was replaced is passed over.
	now map[string]time.Time
}

type aged struct {
	at  time.Time
	key string
}

// shown follows the table of deduplication ids.
func (a *aging) shown(key string, _, now *published) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now == nil {
		a.now = map[string]time.Time{}
	}
	if now == nil {
		delete(a.now, key)
		return
	}
	a.now[key] = now.Time
	a.keys = append(a.keys, aged{now.Time, key})
}

// sort orders what was found when the table was opened; what comes later comes
// in the order of time.
func (a *aging) sort() {
	slices.SortStableFunc(a.keys, func(x, y aged) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.key, y.key)) })
}

// before gives the keys that are not younger, and most of them at a time. They
// are given again until the table has lost them.
func (a *aging) before(end time.Time, most int) (keys []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	gone := 0
	for _, k := range a.keys {
		at, there := a.now[k.key]
		stale := !there || !at.Equal(k.at)
		if !stale && (k.at.After(end) || len(keys) == most) {
			break
		}
		if stale && len(keys) == 0 {
			gone++
		}
		if !stale {
			keys = append(keys, k.key)
		}
	}
	a.keys = a.keys[gone:]
	return keys
}

// owe puts a delivery into the outbox. Of a group of a FIFO topic one is on its
// way at a time, and the others wait in order: queued are the groups that this
// transaction put one for.
func (s *Service) owe(tx *store.Tx, b *subscription, d *delivery, queued map[string]bool) error {
	switch {
	case b.isWeb():
		return s.posts.Put(tx, d.key(b), time.Time{}, d)
	case !d.ordered():
		return s.deliveries.Put(tx, d.key(b), time.Time{}, d)
	}
	head := d.key(b)
	if queued[head] || s.deliveries.Get(head) != nil {
		return s.waiting.Put(tx, b.key("group", d.Message.Group, d.Message.Sequence), d)
	}
	queued[head] = true
	return s.deliveries.Put(tx, head, time.Time{}, d)
}

// next puts the delivery that waits behind one that is over.
func (s *Service) next(tx *store.Tx, head string, d *delivery) error {
	if !d.ordered() {
		return nil
	}
	for key, waiting := range s.waiting.All(head+"\x00", "") {
		return joined(s.waiting.Delete(tx, key), s.deliveries.Put(tx, head, time.Time{}, waiting))
	}
	return nil
}
