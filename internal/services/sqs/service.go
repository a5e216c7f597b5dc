package sqs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
	// Directory says which principals exist; policies store their unique ids.
	Directory op.Directory
}

// Service implements op.Service.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	log       *slog.Logger
	directory op.Directory

	queues   *store.Table[queue]
	deleted  *store.Table[tombstone]
	moves    *store.Table[move]
	contents *store.Log
	recents  *store.Log
	sequence *sequence
	receipts *receipts
	commit   committer
	lines    *lines
	movers   movers

	// stop ends background work and long polls by ending ctx.
	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup
}

var _ op.Guardian = (*Service)(nil)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Directory == nil {
		return nil, errors.New("sqs: no directory")
	}
	s := &Service{
		store: d.Store, clock: d.Clock, log: d.Log, directory: d.Directory,
		contents: store.OpenLog(d.Store, "sqs.messages"), recents: store.OpenLog(d.Store, "sqs.recent"),
		movers: newMovers(),
	}
	s.commit = committer{store: d.Store, contents: s.contents, recents: s.recents}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.lines = newLines(func(arn string, err error) {
		d.Bug.Report(ctx, "the policy of %s does not compile: %v", arn, err)
	})
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) error {
	var errs [5]error
	s.queues, errs[0] = store.OpenWatched(ctx, s.store, "sqs.queues", s.lines.shown)
	s.deleted, errs[1] = store.OpenTable[tombstone](ctx, s.store, "sqs.deleted")
	s.moves, errs[2] = store.OpenTable[move](ctx, s.store, "sqs.moves")
	s.sequence, errs[3] = openSequence(ctx, s.store)
	s.receipts, errs[4] = openReceipts(ctx, s.store)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return s.load(ctx)
}

// loadPage is how many messages are read at once, of which each can be 1 MiB.
const loadPage = 64

// load puts every stored message in its line. Whatever was in flight when the
// server ended is visible again.
func (s *Service) load(ctx context.Context) error {
	byID := map[uint64]*line{}
	for _, l := range s.lines.each() {
		byID[l.id] = l
	}
	now := millis(s.clock.Now())
	err := s.eachEntry(ctx, s.contents, func(queue, number uint64, raw []byte) error {
		l := byID[queue]
		if l == nil {
			return nil // its queue went in the same transaction as its rows: nothing to do
		}
		m, c, err := decode(number, raw)
		if err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.add(m, c, now)
		return nil
	})
	if err != nil {
		return err
	}
	return s.eachEntry(ctx, s.recents, func(queue, number uint64, raw []byte) error {
		x, err := decodeSent(number, raw)
		if l := byID[queue]; l != nil && err == nil {
			l.recent.add(x)
		}
		return err
	})
}

func (s *Service) eachEntry(ctx context.Context, log *store.Log, use func(queue, number uint64, raw []byte) error) error {
	for from := ""; ; {
		page, err := log.Scan(ctx, store.Range{From: from, Limit: loadPage})
		if err != nil {
			return err
		}
		for _, e := range page {
			queue, number, err := parseMessageKey(e.Key)
			if err != nil {
				return err
			}
			if err := use(queue, number, e.Value); err != nil {
				return fmt.Errorf("%w: %s", err, e.Key)
			}
			from = e.Key + "\x00"
		}
		if len(page) < loadPage {
			return nil
		}
	}
}

// API implements op.Service.
func (s *Service) API() *api.Service { return sqsapi.Service }

// Start implements op.Service: it takes up the message move tasks, and begins
// to remove what expires.
func (s *Service) Start(context.Context, *op.Bus) error {
	s.background.Go(s.sweep)
	return s.resumeMoves()
}

// Close implements op.Service. Long polls end empty.
func (s *Service) Close() error {
	s.stop()
	s.background.Wait()
	return nil
}

// Reset removes every queue and all that belongs to queues.
func (s *Service) Reset(ctx context.Context) error {
	s.movers.stopAll()
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(
			empty(tx, s.queues), empty(tx, s.deleted), empty(tx, s.moves),
			s.contents.Trim(tx, store.Range{}), s.recents.Trim(tx, store.Range{}),
		)
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for key := range t.All("", "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// Resource implements op.Service.
func (s *Service) Resource(_, arn string) op.Facts {
	r, ok := parseARN(arn)
	if !ok {
		return op.Facts{}
	}
	attached, tags := s.lines.facts(r)
	return op.Facts{Account: r.account, Policy: attached, Tags: tags}
}

// Guarded implements op.Guardian: the queues that have a policy.
func (s *Service) Guarded() []string {
	s.lines.mu.RLock()
	defer s.lines.mu.RUnlock()
	arns := make([]string, 0, len(s.lines.rules))
	for r := range s.lines.rules {
		arns = append(arns, r.arn())
	}
	slices.Sort(arns)
	return arns
}

// sweep removes what expired, once a minute, and what was left of queues that
// are gone. Receives never see it, so it does not matter when it runs.
func (s *Service) sweep() {
	for {
		if err := s.sweepOnce(); err != nil && s.ctx.Err() == nil {
			s.log.ErrorContext(s.ctx, "removing expired messages", "error", err)
		}
		select {
		case <-s.ctx.Done():
			return
		case <-s.clock.After(limits.QueueSweep):
		}
	}
}

func (s *Service) sweepOnce() error {
	now := millis(s.clock.Now())
	for _, l := range s.lines.each() {
		if s.ctx.Err() != nil {
			return nil
		}
		if err := s.sweepLine(l, now); err != nil {
			return err
		}
	}
	for key, t := range s.deleted.All("", "") {
		if t.At+nameWait > now {
			continue
		}
		if err := s.store.Update(s.ctx, func(tx *store.Tx) error { return s.deleted.Delete(tx, key) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sweepLine(l *line, now int64) error {
	l.mu.Lock()
	expired, last := l.expired(now), l.recent.expire(now)
	l.forgetAttempts(now)
	l.mu.Unlock()
	if len(expired) == 0 && last == 0 {
		return nil
	}
	return s.commit.update(s.ctx, func(tx *step) error {
		if last > 0 {
			if err := s.recents.Trim(tx.Tx, store.Range{From: queuePrefix(l.id), To: messageKey(l.id, last+1)}); err != nil {
				return err
			}
		}
		tx.erase(l, expired)
		return nil
	})
}

// exactly is the range of one key.
func exactly(key string) store.Range { return store.Range{From: key, To: key + "\x00", Limit: 1} }
