package lambda

import (
	"context"
	"sync"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// poller polls one queue as the execution role and brings what it gets to the
// function. It is of one state of its mapping; an update makes another one. It is
// done inside Lambda: no policy of the function is asked.
type poller struct {
	s       *Service
	m       *mapping
	to      ref
	url     string
	filters []*eventpattern.Pattern
	// lane is shared with the pollers before and after this one.
	lane *lane
	// ctx ends receiving only; what was received is brought to the function.
	ctx  context.Context
	stop context.CancelFunc

	mu       sync.Mutex
	troubles [stages]string
}

func newPoller(s *Service, m *mapping, l *lane) *poller {
	p := &poller{s: s, m: m, to: m.function(), url: queueURL(m.Source), lane: l}
	p.ctx, p.stop = context.WithCancel(s.ctx)
	for _, f := range m.Filters {
		if parsed, err := eventpattern.Parse([]byte(f)); err == nil { // it was, when it was stored
			p.filters = append(p.filters, parsed)
		}
	}
	return p
}

// Polling (Lambda guide, "Using Lambda with Amazon SQS"): long polls of twenty
// seconds, ten messages a poll.
const (
	pollWait     = 20
	pollMessages = 10
)

// First and longest pause after a poll that was refused. A change of any
// principal or policy ends it; the longest is for what nobody tells of: a queue's
// policy, a queue or function that is there again.
const (
	pollPause        = time.Second
	longestPollPause = pollWait * time.Second
)

// run receives until the poller stops. A slot is taken before messages are: what
// nobody can work on stays in the queue, for others.
func (p *poller) run() {
	pause := pollPause
	for p.lane.slots.enter(p.ctx) {
		changed := p.s.changes.Changed()
		batch, err := p.gather(changed)
		if err == nil {
			pause = pollPause
			p.work(batch)
			continue
		}
		p.lane.slots.leave()
		select {
		case <-p.ctx.Done():
		case <-changed:
		case <-p.s.clock.After(pause):
		}
		pause = min(2*pause, longestPollPause)
	}
}

// work brings a batch to the function, beside further polls. The slot is its own.
func (p *poller) work(batch []sqsapi.Message) {
	if len(batch) == 0 {
		p.lane.slots.quiet()
		p.lane.slots.leave()
		return
	}
	received := p.s.clock.Now()
	if len(batch) >= min(int(p.m.Batch), pollMessages) {
		p.lane.slots.grow(received)
	}
	p.s.spawn(func() {
		defer p.lane.slots.leave()
		p.bring(p.s.ctx, batch, received)
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
		more, err := p.receive(p.s.changes.Changed(), int(p.m.Batch)-len(batch), wait)
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

// receive polls once, until a message comes, the wait is over, or something
// changed: then nobody knows whether the poll is still allowed. A poll that ends
// so brings nothing, which is no error.
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
	err := p.asRole(ctx, polling, "ReceiveMessage", func(as op.As) (err error) {
		out, err = op.Do(ctx, p.s.bus, as, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{
			QueueUrl: &p.url, MaxNumberOfMessages: ptr(int32(min(most, pollMessages))), WaitTimeSeconds: ptr(int32(wait)),
			MessageSystemAttributeNames: []string{"All"}, MessageAttributeNames: []string{"All"},
		})
		return err
	})
	switch {
	case err == nil:
		p.lane.counts.polled.Add(int64(len(out.Messages)))
		return out.Messages, nil
	case ctx.Err() != nil:
		return nil, nil
	}
	return nil, err
}
