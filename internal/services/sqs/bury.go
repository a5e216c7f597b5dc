package sqs

import (
	"context"
)

// bury moves dead letters to the dead-letter queue. Where that is not possible
// (any more), they become visible again: no message is lost.
func (s *Service) bury(ctx context.Context, l *line, dead []*message, target string) error {
	to, _ := parseARN(target)
	grave := s.lines.of(to)
	if grave == nil || grave.fifo != l.fifo || !grave.record().Allow.allows(l.ref.arn()) {
		l.release(dead)
		return nil
	}
	moved, err := s.relocate(ctx, l, grave, dead, buried(l.ref.arn()))
	if err != nil || moved < len(dead) {
		l.release(dead)
	}
	return err
}

// buried is what becomes of a dead letter. On a standard queue it keeps the time
// it was sent at, by which it expires; FIFO queues start anew, and take the
// message's id in place of its deduplication id (Developer Guide, "Using
// dead-letter queues in Amazon SQS").
func buried(source string) func(l *line, m *message, c *content, now int64) {
	return func(l *line, m *message, c *content, now int64) {
		c.source = source
		if l.fifo {
			m.sent, c.dedup = now, m.id.String()
		}
		m.due = m.sent
	}
}

// release shows messages again that were hidden to be moved, those of them that
// were not. They are given out once more: a queue whose dead letters nobody takes
// keeps delivering them.
func (l *line) release(all []*message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range all {
		if l.messages[m.number] == m && m.state == inFlight && m.due == moving {
			m.spared = true
			l.until(m, 0, 0)
		}
	}
}

// relocate moves messages, which are hidden, to another queue in one
// transaction. change says what becomes of each. A message that was deleted
// meanwhile is left out.
func (s *Service) relocate(ctx context.Context, from, to *line, all []*message, change func(*line, *message, *content, int64)) (moved int, err error) {
	contents := make([]*content, len(all))
	for i, m := range all {
		if contents[i], err = s.contentOf(ctx, from, m); err != nil {
			return 0, err
		}
	}
	err = s.commit.update(ctx, func(tx *step) error {
		if q := s.queues.GetIn(tx.Tx, to.ref.key()); q == nil || q.ID != to.id {
			return nil
		}
		var fresh []*outgoing
		var gone []*message
		now := millis(s.clock.Now())
		for i, m := range all {
			if contents[i] == nil || !from.has(m) {
				continue
			}
			o := &outgoing{content: *contents[i]}
			o.message = message{id: m.id, sent: m.sent, total: m.total, size: m.size}
			change(to, &o.message, &o.content, now)
			if o.message.number, err = s.sequence.take(tx.Tx); err != nil {
				return err
			}
			tx.contents = append(tx.contents, o.message.entry(to.id, &o.content))
			fresh, gone = append(fresh, o), append(gone, m)
		}
		moved = len(gone)
		tx.After(func() {
			from.removeAll(gone)
			to.take(fresh, now)
		})
		tx.erase(from, gone)
		return nil
	})
	return moved, err
}

func (l *line) has(m *message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages[m.number] == m
}

// contentOf is what a message carries, nil when it is gone.
func (s *Service) contentOf(ctx context.Context, l *line, m *message) (*content, error) {
	l.mu.Lock()
	c := m.content
	l.mu.Unlock()
	if c != nil {
		return c, nil
	}
	return s.read(ctx, l, m.number)
}
