package lambda

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// pollers run one poller for each enabled mapping. They follow the table.
type pollers struct {
	s  *Service
	mu sync.Mutex
	// open are the pollers by the key of their mapping.
	open map[string]*poller
	// started says that there is a bus to poll over.
	started bool
}

// shown follows the mappings' table.
func (l *pollers) shown(key string, _, now *mapping) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		return // start looks at all of them
	}
	l.set(key, now)
}

// start begins to poll for every mapping there is.
func (l *pollers) start() {
	all := map[string]*mapping{}
	for key, m := range l.s.mappings.All("", "") {
		all[key] = m
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started = true
	for key, m := range all {
		l.set(key, m)
	}
}

// set replaces the poller of a mapping. What the old one has received, it still
// brings to the function. The lock is held.
func (l *pollers) set(key string, m *mapping) {
	if old := l.open[key]; old != nil {
		old.stop()
		delete(l.open, key)
	}
	if m == nil || !m.Enabled {
		return
	}
	p := newPoller(l.s, m)
	l.open[key] = p
	l.s.spawn(p.run)
}

// problem is what keeps a mapping from working, empty for nothing.
func (l *pollers) problem(key string) string {
	l.mu.Lock()
	p := l.open[key]
	l.mu.Unlock()
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}

// poller polls one queue as the execution role and brings what it gets to the
// function. It is done inside Lambda: no policy of the function is asked.
type poller struct {
	s       *Service
	m       *mapping
	to      ref
	url     string
	filters []*eventpattern.Pattern
	slots   slots
	// ctx ends receiving only; what was received is brought to the function.
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	trouble string
}

func newPoller(s *Service, m *mapping) *poller {
	p := &poller{s: s, m: m, to: m.function(), url: queueURL(m.Source)}
	p.ctx, p.stop = context.WithCancel(s.ctx)
	p.slots = slots{width: firstPollers, most: limits.MappingConcurrency}
	if m.Concurrency > 0 {
		p.slots.most = int(m.Concurrency)
	}
	p.slots.width = min(p.slots.width, p.slots.most)
	for _, f := range m.Filters {
		if parsed, err := eventpattern.Parse([]byte(f)); err == nil { // it was, when it was stored
			p.filters = append(p.filters, parsed)
		}
	}
	return p
}

// Polling (Lambda guide, "Using Lambda with Amazon SQS"): long polls of twenty
// seconds, five batches at a time to begin with, ten messages a poll.
const (
	pollWait     = 20
	firstPollers = 5
	pollMessages = 10
)

// run receives until the poller stops. A slot is taken before messages are: what
// nobody can work on stays in the queue, for others.
func (p *poller) run() {
	pause := pollPause
	for p.slots.enter(p.ctx) {
		changed := p.s.changed()
		batch, err := p.gather(changed)
		if err == nil {
			pause = pollPause
			p.work(batch)
			continue
		}
		p.slots.leave()
		if p.ctx.Err() != nil {
			return
		}
		select {
		case <-p.ctx.Done():
		case <-changed:
		case <-p.s.clock.After(pause):
		}
		pause = min(2*pause, longestPollPause)
	}
}

// First and longest pause after a poll that was refused. A change of any policy
// ends it.
const (
	pollPause        = time.Second
	longestPollPause = time.Minute
)

// work brings a batch to the function, beside further polls. The slot is its own.
func (p *poller) work(batch []sqsapi.Message) {
	if len(batch) == 0 {
		p.slots.quiet()
		p.slots.leave()
		return
	}
	if len(batch) >= min(int(p.m.Batch), pollMessages) {
		p.slots.grow()
	}
	p.s.spawn(func() {
		defer p.slots.leave()
		p.bring(p.s.ctx, batch)
	})
}

// gather receives one batch: what one poll brings, or what comes within the
// window. Messages that no filter wants are deleted, as on AWS.
func (p *poller) gather(changed <-chan struct{}) ([]sqsapi.Message, error) {
	batch, err := p.receive(changed, int(p.m.Batch), pollWait)
	if err != nil || len(batch) == 0 || p.m.Window == 0 {
		return p.wanted(batch), err
	}
	end := p.s.clock.Now().Add(time.Duration(p.m.Window) * time.Second)
	size := sizeOf(batch)
	for len(batch) < int(p.m.Batch) && size < limits.SyncPayload && p.ctx.Err() == nil {
		left := end.Sub(p.s.clock.Now())
		if left <= 0 {
			break
		}
		wait := min(int((left+time.Second-1)/time.Second), pollWait)
		more, err := p.receive(changed, int(p.m.Batch)-len(batch), wait)
		if err != nil {
			break // what is there is not lost: the next poll meets the same error
		}
		batch, size = append(batch, more...), size+sizeOf(more)
	}
	return p.wanted(batch), nil
}

func sizeOf(batch []sqsapi.Message) int {
	size := 0
	for i := range batch {
		size += len(batch[i].GetBody())
	}
	return size
}

// receive polls once, until a message comes, the wait is over, or a policy
// changes: then nobody knows whether the poll is still allowed.
func (p *poller) receive(changed <-chan struct{}, most, wait int) ([]sqsapi.Message, error) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	var out *sqsapi.ReceiveMessageResult
	err := p.call(ctx, "ReceiveMessage", func(as op.As) (err error) {
		out, err = op.Do(ctx, p.s.bus, as, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{
			QueueUrl: &p.url, MaxNumberOfMessages: ptr(int32(min(most, pollMessages))), WaitTimeSeconds: ptr(int32(wait)),
			MessageSystemAttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
		})
		return err
	})
	switch {
	case err == nil:
		return out.Messages, nil
	case ctx.Err() != nil && p.ctx.Err() == nil:
		return nil, nil // a policy changed
	}
	return nil, err
}

// call does something as the execution role, and notes what is wrong if it may
// not. Lambda's own words for this are not known: they begin as the ones that are.
func (p *poller) call(ctx context.Context, operation string, do func(op.As) error) error {
	err := p.asRole(ctx, do)
	var refused *api.Error
	switch {
	case err == nil:
		p.note("")
	case ctx.Err() != nil:
	case errors.As(err, &refused) && isDenial(refused):
		p.note("PROBLEM: The function execution role does not have permissions to call " + operation + " on SQS")
	case errors.As(err, &refused):
		p.note("PROBLEM: " + refused.Message)
	default:
		p.note("PROBLEM: internal Lambda error. Please contact Lambda customer support.")
		p.s.log.ErrorContext(ctx, "a poll failed", "queue", p.m.Source, "error", err)
	}
	return err
}

func (p *poller) asRole(ctx context.Context, do func(op.As) error) error {
	v := p.s.now().code(p.to)
	if v == nil {
		return noFunction(p.to.arn())
	}
	as, err := p.s.asRole(ctx, p.to, v.Role, "")
	if err == nil {
		err = do(as)
	}
	if refused := (*api.Error)(nil); errors.As(err, &refused) && isDenial(refused) {
		p.s.sessions.drop(p.to, v.Role)
	}
	return err
}

func (p *poller) note(trouble string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = trouble
}

// slots bound how many batches are worked on at a time. There are more of them
// while full batches come, and fewer again when the queue is empty.
type slots struct {
	mu                sync.Mutex
	busy, width, most int
	freed             op.Signal
}

// enter takes a slot, waiting for one; false when ctx ends.
func (l *slots) enter(ctx context.Context) bool {
	for ctx.Err() == nil {
		freed := l.freed.Next()
		l.mu.Lock()
		if l.busy < l.width {
			l.busy++
			l.mu.Unlock()
			return true
		}
		l.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
	}
	return false
}

func (l *slots) leave() {
	l.mu.Lock()
	l.busy--
	l.mu.Unlock()
	l.freed.Fire()
}

// grow makes room while every slot is in use and batches come full.
func (l *slots) grow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy == l.width {
		l.width = min(l.width+1, l.most)
	}
}

// quiet takes room back.
func (l *slots) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.width = max(l.width-1, min(firstPollers, l.most))
}
