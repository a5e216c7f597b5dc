package lambda

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// bring invokes the function with a batch, in parts that fit one invoke each. Of
// a FIFO queue nothing is brought behind a part that failed.
func (p *poller) bring(ctx context.Context, batch []sqsapi.Message, received time.Time) {
	for len(batch) > 0 && ctx.Err() == nil {
		payload, n, err := p.payload(batch)
		if err != nil {
			p.note(invoking, internalError)
			return
		}
		if !p.invoke(ctx, batch[:n], payload, received) && p.m.fifo() {
			return
		}
		batch = batch[n:]
	}
}

func (m *mapping) fifo() bool { return strings.HasSuffix(m.Source, ".fifo") }

// invoke runs the function once with a batch, and deletes what it was done
// with. The rest shows again in the queue when its visibility timeout ends: that
// is how a queue is retried. It is true when all of the batch is done.
func (p *poller) invoke(ctx context.Context, batch []sqsapi.Message, event []byte, received time.Time) bool {
	p.lane.counts.invoked.Add(int64(len(batch)))
	result, err := p.runInRoom(ctx, event, received)
	switch full := (*throttled)(nil); {
	case ctx.Err() != nil:
		return false // the server stops
	case errors.As(err, &full), isRefusal(err):
		p.lane.counts.failed.Add(int64(len(batch)))
		return false // the poll has its own words for a missing function
	case err != nil, result.FunctionError != "":
		p.lane.counts.failed.Add(int64(len(batch)))
		p.note(invoking, callFailed)
		return false
	}
	p.note(invoking, "")
	done := batch
	if p.m.Partial {
		done = succeeded(batch, result.Payload)
	}
	p.delete(ctx, done)
	return len(done) == len(batch)
}

// runInRoom runs the function. While it is throttled, or still being made, it is
// tried again, as long as the function would end before the messages show again
// (Lambda guide: the visibility timeout leaves time to retry when the function
// is throttled). Afterwards others may have them.
func (p *poller) runInRoom(ctx context.Context, event []byte, received time.Time) (*executor.Result, error) {
	for pause, visible := pollPause, time.Duration(-1); ; pause = min(2*pause, longestPollPause) {
		v := p.s.now().drawn(p.to)
		if v == nil {
			return nil, noFunction(p.to.arn())
		}
		room := p.s.running.freed.Next()
		err := error(&throttled{reason: functionFull})
		var result *executor.Result
		if v.State == active {
			order := &executor.Invocation{RequestID: id.UUID(), InvokedARN: p.to.arn(), Payload: event, TraceID: traceRoot("", p.s.clock.Now())}
			p.s.lineages.note(order.RequestID, p.s.lineages.next("", p.to)) // SQS carries no chain
			result, err = p.s.run(ctx, p.to, v, order)
		}
		if full := (*throttled)(nil); !errors.As(err, &full) {
			return result, err
		}
		if visible < 0 {
			visible = p.visibility(ctx)
		}
		if end := p.s.clock.Now().Add(pause + time.Duration(v.Timeout)*time.Second); end.After(received.Add(visible)) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-room:
		case <-p.s.clock.After(pause):
		}
	}
}

// visibility is the queue's visibility timeout, zero when it cannot be learned.
func (p *poller) visibility(ctx context.Context) time.Duration {
	var seconds int
	err := p.asRole(ctx, polling, "GetQueueAttributes", func(as op.As) error {
		out, err := op.Do(ctx, p.s.bus, as, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{
			QueueUrl: &p.url, AttributeNames: []string{"VisibilityTimeout"},
		})
		if err == nil {
			seconds, err = strconv.Atoi(out.Attributes["VisibilityTimeout"])
		}
		return err
	})
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// delete takes messages off the queue, as the execution role. What cannot be
// deleted comes again, as on AWS. The batch is done, even when the service closes
// meanwhile: the end of ctx does not stop it.
func (p *poller) delete(ctx context.Context, done []sqsapi.Message) {
	ctx = context.WithoutCancel(ctx)
	for len(done) > 0 {
		n := min(len(done), pollMessages)
		in := &sqsapi.DeleteMessageBatchRequest{QueueUrl: &p.url}
		for i := range done[:n] {
			in.Entries = append(in.Entries, sqsapi.DeleteMessageBatchRequestEntry{Id: ptr(strconv.Itoa(i)), ReceiptHandle: done[i].ReceiptHandle})
		}
		err := p.asRole(ctx, deleting, "DeleteMessage", func(as op.As) error {
			out, err := op.Do(ctx, p.s.bus, as, sqsapi.DeleteMessageBatch, in)
			if err == nil {
				p.lane.counts.deleted.Add(int64(len(out.Successful)))
			}
			return err
		})
		if err != nil {
			return
		}
		done = done[n:]
	}
}
