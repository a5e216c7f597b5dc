package sqs

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// Reasons why a task fails. The first is recorded from AWS, the second stands
// in its documentation, the third is ours.
const (
	noDestination = legacy + "NonExistentQueue"
	noOrigin      = "CouldNotDetermineMessageSource"
	notAllowed    = "AccessDenied"
)

// resumeMoves takes up the tasks that ran when the server ended.
func (s *Service) resumeMoves() error {
	for _, m := range s.moves.All("", "") {
		if m.Status == running {
			s.run(m)
		}
	}
	return nil
}

// run moves the messages of a task in the background.
func (s *Service) run(m *move) {
	ctx := s.movers.begin(s.ctx, m.ID)
	s.background.Go(func() {
		defer s.movers.end(m.ID)
		if err := s.moveAll(ctx, m); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "moving messages", "source", m.Source, "error", err)
		}
	})
}

// moveAll moves what is visible, until nothing is, the task is cancelled, or it
// fails. With a rate it moves as many as that at once and then waits a second;
// before the first too, as AWS does not move at once either (recorded).
func (s *Service) moveAll(ctx context.Context, m *move) error {
	from, _ := parseARN(m.Source)
	moved := m.Moved
	for {
		if m.Rate > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.clock.After(time.Second):
			}
		}
		l := s.lines.of(from)
		if l == nil {
			return s.progress(ctx, m, moved, failed, noDestination)
		}
		n, reason, err := s.moveSome(ctx, l, m)
		if err != nil {
			return err
		}
		moved += int64(n)
		status := running
		switch {
		case reason != "":
			status = failed
		case n == 0:
			status = completed
		}
		if err := s.progress(ctx, m, moved, status, reason); err != nil || status != running {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// progress writes how far a task is, unless it was cancelled: then it only
// counts on.
func (s *Service) progress(ctx context.Context, m *move, moved int64, status, reason string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.moves.GetIn(tx, m.key())
		if old == nil {
			return nil
		}
		now := *old
		now.Moved = moved
		if old.Status == running {
			now.Status, now.Failure = status, reason
		}
		return s.moves.Put(tx, m.key(), &now)
	})
}

// moveSome moves a few messages to one destination; reason says why the task
// cannot go on.
func (s *Service) moveSome(ctx context.Context, l *line, m *move) (n int, reason string, err error) {
	most := limits.QueueBatch
	if m.Rate > 0 {
		most = m.Rate
	}
	all := l.withdraw(most, millis(s.clock.Now()))
	defer l.release(all)
	for len(all) > n {
		some, arn, err := s.alike(ctx, l, m, all[n:])
		if err != nil {
			return n, "", err
		}
		if len(some) == 0 {
			n++ // gone meanwhile
			continue
		}
		to, reason := s.destination(m, l, arn)
		if reason != "" {
			return n, reason, nil
		}
		moved, err := s.relocate(ctx, l, to, some, redriven)
		if err != nil {
			return n, "", err
		}
		if moved == 0 && s.lines.of(to.ref) != to {
			return n, noDestination, nil
		}
		n += len(some)
	}
	return n, "", nil
}

// alike are the first messages that go to the same queue.
func (s *Service) alike(ctx context.Context, l *line, m *move, all []*message) (some []*message, arn string, err error) {
	if m.Destination != "" {
		return all, m.Destination, nil
	}
	for i, x := range all {
		c, err := s.contentOf(ctx, l, x)
		switch {
		case err != nil:
			return nil, "", err
		case c == nil:
			return all[:i], arn, nil
		case i > 0 && c.source != arn:
			return all[:i], arn, nil
		}
		arn = c.source
	}
	return all, arn, nil
}

// destination is where messages go. Nothing goes where the task's caller was
// not let send to.
func (s *Service) destination(m *move, from *line, arn string) (to *line, reason string) {
	r, ok := parseARN(arn)
	switch {
	case !ok:
		return nil, noOrigin
	case !slices.Contains(m.Allowed, arn):
		return nil, notAllowed
	}
	if to = s.lines.of(r); to == nil || to.fifo != from.fifo {
		return nil, noDestination
	}
	return to, ""
}

// redriven makes a new message of one that is moved back: with a new id, a new
// time, and never received (Developer Guide, "Configure a dead-letter queue
// redrive").
func redriven(_ *line, m *message, c *content, now int64) {
	m.id, m.sent, m.due, m.received, m.total = newMessageID(), now, now, 0, 0
	c.source = ""
}

// withdraw hides messages to move them.
func (l *line) withdraw(most int, now int64) []*message {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ripen(now)
	var all []*message
	var last *group
	for len(all) < most {
		m := l.next(last)
		if m == nil {
			break
		}
		last = m.group
		l.hide(m, moving)
		all = append(all, m)
	}
	return all
}
