package sqs

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
)

// want is what a receive asks for.
type want struct {
	most       int
	visibility int64
	wait       time.Duration
	attempt    string
	system     []string
	user       []string
}

// delivery is one message as it is received.
type delivery struct {
	message        *message
	content        *content
	id             messageID
	number         uint64
	turn           uint32
	total          uint32
	sent, received int64
	handle         string
}

func (s *Service) receiveMessage(ctx context.Context, c *op.Call, in *sqsapi.ReceiveMessageRequest) (*sqsapi.ReceiveMessageResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	w, err := wanted(l.record(), in)
	if err != nil {
		return nil, err
	}
	got, err := s.receive(ctx, l, policyOf(c), w)
	if err != nil {
		return nil, err
	}
	out := &sqsapi.ReceiveMessageResult{}
	for i := range got {
		out.Messages = append(out.Messages, got[i].shown(l, w))
	}
	return out, nil
}

// maxVisibility is 12 hours, in seconds.
const maxVisibility = 43_200

// wanted reads the parameters of a receive.
func wanted(q *queue, in *sqsapi.ReceiveMessageRequest) (*want, error) {
	w := &want{most: 1, visibility: int64(q.Visibility) * 1000, wait: time.Duration(q.ReceiveWait) * time.Second, user: in.MessageAttributeNames}
	if in.MaxNumberOfMessages != nil {
		w.most = int(*in.MaxNumberOfMessages)
		if w.most < 1 || w.most > limits.QueueBatch {
			return nil, invalidValue(strconv.Itoa(w.most), "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
	}
	if in.VisibilityTimeout != nil {
		if err := checkVisibility(*in.VisibilityTimeout); err != nil {
			return nil, err
		}
		w.visibility = int64(*in.VisibilityTimeout) * 1000
	}
	if in.WaitTimeSeconds != nil {
		if n := *in.WaitTimeSeconds; n < 0 || n > 20 {
			return nil, invalidValue(strconv.Itoa(int(n)), "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
		}
		w.wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	if in.ReceiveRequestAttemptId != nil {
		w.attempt = *in.ReceiveRequestAttemptId
		switch {
		case !isOrderID(w.attempt):
			return nil, badOrderID(w.attempt, "ReceiveRequestAttemptId")
		case !q.FIFO:
			return nil, invalidValue(w.attempt, "ReceiveRequestAttemptId", "The request include parameter that is not valid for this queue type.")
		}
	}
	w.system = append(append(w.system, in.AttributeNames...), in.MessageSystemAttributeNames...)
	return w, checkSystemNames(w.system)
}

func checkVisibility(seconds int32) error {
	if seconds < 0 || seconds > maxVisibility {
		return invalidValue(strconv.Itoa(int(seconds)), "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
	}
	return nil
}

// receive takes messages, and waits for one if there are none. The wait ends
// empty when the client goes, the server closes, or the queue's policy is no
// longer the one that let the caller in; it fails when the queue is deleted.
func (s *Service) receive(ctx context.Context, l *line, p *resourcepolicy.Policy, w *want) ([]delivery, error) {
	start := s.clock.Now()
	end := millis(start.Add(w.wait))
	me := &waiter{wake: make(chan struct{}, 1)}
	for {
		b := s.collect(l, w, me, end)
		if err := s.settleReceive(ctx, l, &b); err != nil {
			return nil, err
		}
		switch {
		case b.gone:
			return nil, noQueue()
		case len(b.got) > 0:
			return b.got, nil
		case b.full && !l.fifo && w.wait == 0:
			return nil, overLimit("The maximum number of in flight messages is reached.")
		case len(b.dead) > 0:
			continue // what stood in front is away now
		case b.over:
			return nil, nil
		}
		if !s.await(ctx, me, b.timer) || l.record().Policy != p {
			l.abandon(me)
			return nil, nil
		}
	}
}

// await waits until something may have become visible; false says that nobody
// waits for the answer any more.
func (s *Service) await(ctx context.Context, me *waiter, timer <-chan time.Time) bool {
	select {
	case <-me.wake:
	case <-timer:
	case <-ctx.Done():
		return false
	case <-s.ctx.Done():
		return false
	}
	return true
}

func (l *line) abandon(me *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiters.leave(me)
}

// batch is what one look at the queue gave.
type batch struct {
	got []delivery
	// dead are messages that were received too often: they are hidden until
	// they are moved to the queue target.
	dead   []*message
	target string
	// expired are out of memory already; their rows are to be removed.
	expired []*message
	// gone says the queue is deleted, full that too many messages are in
	// flight, over that the time to wait is over; else it is to be looked again
	// at the time of timer, or when woken.
	gone, full, over bool
	timer            <-chan time.Time
}

// buriedAtOnce is how many dead letters are moved in one transaction.
const buriedAtOnce = 100

// moving hides a message that is on its way to the dead-letter queue until it
// is there: for ever, in milliseconds.
const moving = 1 << 60

// collect takes what can be taken now. With nothing to give it queues the waiter.
func (s *Service) collect(l *line, w *want, me *waiter, end int64) (b batch) {
	now := millis(s.clock.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		b.gone = true
		return b
	}
	l.ripen(now)
	b.expired = l.expired(now)
	if b.got = l.again(w.attempt, now, w.visibility); len(b.got) > 0 {
		l.waiters.leave(me)
		return b
	}
	var last *group
	for len(b.got) < w.most && len(b.dead) < buriedAtOnce {
		if l.full() {
			b.full = true
			break
		}
		m := l.next(last)
		if m == nil {
			break
		}
		last = m.group
		if r := l.queue.Redrive; r != nil && int(m.here) >= r.Most && !m.spared {
			b.dead, b.target = append(b.dead, m), r.Target
			l.hide(m, moving)
			continue
		}
		b.got = append(b.got, l.deliver(m, now, w.visibility, s.receipts))
	}
	l.note(w.attempt, b.got, now)
	l.ripen(now) // what is received with no timeout at all
	switch {
	case len(b.got) > 0 || len(b.dead) > 0:
		l.waiters.leave(me)
	case now >= end:
		l.waiters.leave(me)
		b.over = true
	default:
		l.waiters.join(me)
		next := end
		if l.hidden.len() > 0 {
			next = min(next, l.hidden.first().due)
		}
		b.timer = s.clock.After(time.Duration(next-now) * time.Millisecond)
	}
	return b
}

// deliver gives a message out.
func (l *line) deliver(m *message, now, visibility int64, seal *receipts) delivery {
	m.here++
	m.total++
	if m.received == 0 {
		m.received = now
	}
	m.last, m.changed = now, false
	m.turn, m.spared = rand.Uint32(), false
	l.hide(m, now+visibility)
	return delivery{
		message: m, content: m.content, id: m.id, number: m.number, turn: m.turn, total: m.total, sent: m.sent, received: m.received,
		handle: seal.handle(receipt{l.id, m.number, m.turn}),
	}
}

// settleReceive does what a receive leaves to do outside the lock: it reads the
// contents that are on disk only, buries dead letters and removes what expired.
func (s *Service) settleReceive(ctx context.Context, l *line, b *batch) error {
	if len(b.dead) > 0 {
		if err := s.bury(ctx, l, b.dead, b.target); err != nil {
			return err
		}
	}
	if len(b.expired) > 0 {
		err := s.commit.update(ctx, func(tx *step) error {
			tx.erase(l, b.expired)
			return nil
		})
		if err != nil {
			return err
		}
	}
	kept := b.got[:0]
	for _, d := range b.got {
		if d.content == nil {
			c, err := s.read(ctx, l, d.number)
			if err != nil {
				return err
			}
			if c == nil {
				continue // deleted meanwhile
			}
			d.content = c
		}
		kept = append(kept, d)
	}
	b.got = kept
	return nil
}

// read gets the content of a message from the database; nil when it is gone.
func (s *Service) read(ctx context.Context, l *line, number uint64) (*content, error) {
	found, err := s.contents.Scan(context.WithoutCancel(ctx), exactly(messageKey(l.id, number)))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	_, c, err := decode(number, found[0].Value)
	return c, err
}
