package sqs

import (
	"context"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) deleteMessage(ctx context.Context, c *op.Call, in *sqsapi.DeleteMessageRequest) (*api.Empty, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	r, err := s.receiptOf(l, in.GetReceiptHandle())
	if err != nil {
		return nil, err
	}
	refused, err := s.acknowledge(ctx, l, []receipt{r}, []string{in.GetReceiptHandle()})
	if err == nil {
		err = refused[0]
	}
	return &api.Empty{}, err
}

// acknowledge deletes messages for good. refused has an error for each receipt
// that does not delete, nil for those that do, or find nothing left to delete.
func (s *Service) acknowledge(ctx context.Context, l *line, all []receipt, handles []string) (refused []error, err error) {
	refused = make([]error, len(all))
	err = s.commit.update(ctx, func(tx *step) error {
		var found []*message
		now := millis(s.clock.Now())
		for i, r := range all {
			m, err := l.acknowledged(r, handles[i], now)
			if m != nil {
				found = append(found, m)
			}
			refused[i] = err
		}
		if len(found) == 0 {
			return nil
		}
		tx.After(func() { l.removeAll(found) })
		tx.erase(l, found)
		return nil
	})
	return refused, err
}

// acknowledged is the message a receipt deletes, nil when it is gone. On a
// standard queue any receipt of the message deletes it (verified against AWS by
// moto, pull request 4655; AWS only promises it for the last one). On a FIFO
// queue the receipt has to be the last one, and not expired (recorded).
func (l *line) acknowledged(r receipt, handle string, now int64) (*message, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ripen(now)
	m := l.messages[r.number]
	if m == nil || !l.fifo {
		return m, nil
	}
	if m.state != inFlight || m.turn != r.turn {
		return nil, expiredReceipt(handle)
	}
	return m, nil
}

func (l *line) removeAll(all []*message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range all {
		l.remove(m)
	}
}

func (s *Service) changeMessageVisibility(_ context.Context, c *op.Call, in *sqsapi.ChangeMessageVisibilityRequest) (*api.Empty, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	return &api.Empty{}, s.changeVisibility(l, in.GetReceiptHandle(), in.VisibilityTimeout)
}

func (s *Service) changeVisibility(l *line, handle string, timeout *int32) error {
	r, err := s.receiptOf(l, handle)
	if err != nil {
		return err
	}
	if timeout == nil {
		return missing("VisibilityTimeout")
	}
	if err := checkVisibility(*timeout); err != nil {
		return err
	}
	return l.extend(r, handle, int64(*timeout), millis(s.clock.Now()))
}

// extend changes when a received message becomes visible again. A message that
// is visible already stays so, which AWS does not refuse (recorded).
func (l *line) extend(r receipt, handle string, seconds, now int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ripen(now)
	m := l.messages[r.number]
	switch {
	case m == nil:
		return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case m.due == moving:
		return invalidValue(handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case l.fifo && (m.state != inFlight || m.turn != r.turn):
		return expiredReceipt(handle)
	case m.state != inFlight:
		return nil
	case now+seconds*1000 > m.last+maxVisibility*1000:
		return invalidValue(strconv.FormatInt(seconds, 10), "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	m.changed = true
	l.until(m, now+seconds*1000, now)
	return nil
}
