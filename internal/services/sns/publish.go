package sns

import (
	"context"
	"strings"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) publish(ctx context.Context, c *op.Call, in *snsapi.PublishInput) (*snsapi.PublishResponse, error) {
	arn := in.GetTopicArn()
	if in.TopicArn == nil {
		arn = in.GetTargetArn()
	}
	n, t, err := s.here(nil, c, arn)
	if err != nil {
		return nil, err
	}
	m, err := newMessage(n, t, c.Time, &entry{
		text: in.GetMessage(), subject: in.Subject, structure: in.GetMessageStructure(),
		group: in.GetMessageGroupId(), duplicate: in.GetMessageDeduplicationId(), attributes: in.MessageAttributes,
	})
	if err != nil {
		return nil, err
	}
	if err := s.accept(ctx, c, n, []*message{m}); err != nil {
		return nil, err
	}
	return &snsapi.PublishResponse{MessageId: &m.ID, SequenceNumber: optional(m.Sequence)}, nil
}

// publishBatch takes all messages or none: AWS refuses the whole batch for what is
// wrong with one message (recorded), so no entry ever fails alone.
func (s *Service) publishBatch(ctx context.Context, c *op.Call, in *snsapi.PublishBatchInput) (*snsapi.PublishBatchResponse, error) {
	n, t, err := s.here(nil, c, in.GetTopicArn())
	if err != nil {
		return nil, err
	}
	entries, err := batch(in.PublishBatchRequestEntries)
	if err != nil {
		return nil, err
	}
	messages := make([]*message, len(entries))
	for i := range entries {
		if messages[i], err = newMessage(n, t, c.Time, &entries[i]); err != nil {
			return nil, err
		}
	}
	if err := s.accept(ctx, c, n, messages); err != nil {
		return nil, err
	}
	out := &snsapi.PublishBatchResponse{Failed: []snsapi.BatchResultErrorEntry{}}
	for i, m := range messages {
		out.Successful = append(out.Successful, snsapi.PublishBatchResultEntry{
			Id: in.PublishBatchRequestEntries[i].Id, MessageId: &m.ID, SequenceNumber: optional(m.Sequence),
		})
	}
	return out, nil
}

// batch checks a batch as a whole.
func batch(given []snsapi.PublishBatchRequestEntry) ([]entry, error) {
	switch {
	case len(given) == 0:
		return nil, snsapi.NewEmptyBatchRequestException("The batch request doesn't contain any entries.")
	case len(given) > limits.SNSBatch:
		return nil, snsapi.NewTooManyEntriesInBatchRequestException("The batch request contains more entries than permissible.")
	}
	seen, size := map[string]bool{}, 0
	entries := make([]entry, len(given))
	for i := range given {
		e := &given[i]
		if !isBatchID(e.GetId()) {
			return nil, snsapi.NewInvalidBatchEntryIdException("The Id of a batch entry in a batch request doesn't abide by the specification. ")
		}
		if seen[e.GetId()] {
			return nil, snsapi.NewBatchEntryIdsNotDistinctException("Two or more batch entries in the request have the same Id.")
		}
		seen[e.GetId()] = true
		entries[i] = entry{
			text: e.GetMessage(), subject: e.Subject, structure: e.GetMessageStructure(),
			group: e.GetMessageGroupId(), duplicate: e.GetMessageDeduplicationId(), attributes: e.MessageAttributes,
		}
		size += entries[i].size()
	}
	if size > limits.SNSMessage {
		return nil, snsapi.NewBatchRequestTooLongException("The length of all the messages put together is more than the limit.")
	}
	return entries, nil
}

func isBatchID(s string) bool {
	return s != "" && len(s) <= 80 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// accept owes the messages to every subscription that wants them, in one
// transaction: what is acknowledged is delivered, or its refusal recorded.
func (s *Service) accept(ctx context.Context, c *op.Call, n name, messages []*message) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.topics.GetIn(tx, n.key())
		if t == nil {
			return noTopic()
		}
		if n.fifo() {
			var err error
			if messages, err = s.number(tx, t, messages); err != nil {
				return err
			}
		}
		queued := map[string]bool{}
		for _, m := range messages {
			if err := s.fanOut(tx, c, n, m, queued); err != nil {
				return err
			}
		}
		return nil
	})
}

// fanOut owes a message to every subscription that wants it. queued are the
// groups that this transaction has put a delivery for already.
func (s *Service) fanOut(tx *store.Tx, c *op.Call, n name, m *message, queued map[string]bool) error {
	for key, b := range s.subscriptions.All(n.prefix(), "") {
		if !b.active() || !s.filters.wants(key, b, m) {
			continue
		}
		if err := s.owe(tx, b, &delivery{Subscription: key, Parent: c.RequestID, Message: m}, queued); err != nil {
			return err
		}
	}
	return nil
}
