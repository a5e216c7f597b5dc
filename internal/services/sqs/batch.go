package sqs

import (
	"context"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// checkBatch refuses a batch as a whole; id gives the id of its i-th entry, and
// kind is what the entries are called.
func checkBatch(n int, kind string, id func(i int) string) error {
	switch {
	case n == 0:
		return emptyBatch(kind)
	case n > limits.QueueBatch:
		return tooManyEntries(limits.QueueBatch, n)
	}
	seen := map[string]bool{}
	for i := range n {
		if x := id(i); x == "" || len(x) > 80 || !isWord(x) {
			return badEntryID()
		}
	}
	for i := range n {
		if seen[id(i)] {
			return repeatedEntryID(id(i))
		}
		seen[id(i)] = true
	}
	return nil
}

// sendMessageBatch sends all good entries in one transaction.
func (s *Service) sendMessageBatch(ctx context.Context, c *op.Call, in *sqsapi.SendMessageBatchRequest) (*sqsapi.SendMessageBatchResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	q := l.record()
	if err := checkSends(q, in.Entries); err != nil {
		return nil, err
	}
	out := &sqsapi.SendMessageBatchResult{}
	var good []*outgoing
	var ids []*string
	for i := range in.Entries {
		o, err := s.accept(c, q, &in.Entries[i])
		if err != nil {
			failed, err := entryError(in.Entries[i].Id, err)
			if err != nil {
				return nil, err
			}
			out.Failed = append(out.Failed, failed)
			continue
		}
		good, ids = append(good, o), append(ids, in.Entries[i].Id)
	}
	if len(good) > 0 {
		if err := s.enqueue(ctx, l, good); err != nil {
			return nil, err
		}
	}
	for i, o := range good {
		r := o.result(l)
		r.Id = ids[i]
		out.Successful = append(out.Successful, r)
	}
	return out, nil
}

// checkSends adds what is refused of a batch of sends as a whole: what FIFO
// queues need of every message (recorded), and the size of all together.
func checkSends(q *queue, entries []sqsapi.SendMessageBatchRequestEntry) error {
	err := checkBatch(len(entries), "SendMessageBatchRequestEntry", func(i int) string { return entries[i].GetId() })
	if err != nil {
		return err
	}
	size := 0
	for i := range entries {
		e := &entries[i]
		size += entrySize(e)
		switch {
		case q.FIFO && e.MessageGroupId == nil:
			return invalid("The request must contain the parameter MessageGroupId.")
		case q.FIFO && e.MessageDeduplicationId == nil && !q.ContentBased:
			return checkOrder(q, e)
		}
	}
	if size > limits.QueueMessage {
		return batchTooLong(limits.QueueMessage, size)
	}
	return nil
}

func (s *Service) deleteMessageBatch(ctx context.Context, c *op.Call, in *sqsapi.DeleteMessageBatchRequest) (*sqsapi.DeleteMessageBatchResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	err = checkBatch(len(in.Entries), "DeleteMessageBatchRequestEntry", func(i int) string { return in.Entries[i].GetId() })
	if err != nil {
		return nil, err
	}
	var (
		known   []receipt
		handles []string
		at      []int
		errs    = make([]error, len(in.Entries))
	)
	for i := range in.Entries {
		handle := in.Entries[i].GetReceiptHandle()
		r, err := s.receiptOf(l, handle)
		if errs[i] = err; err == nil {
			known, handles, at = append(known, r), append(handles, handle), append(at, i)
		}
	}
	if len(known) > 0 {
		refused, err := s.acknowledge(ctx, l, known, handles)
		if err != nil {
			return nil, err
		}
		for j, i := range at {
			errs[i] = refused[j]
		}
	}
	out := &sqsapi.DeleteMessageBatchResult{}
	for i := range in.Entries {
		if errs[i] == nil {
			out.Successful = append(out.Successful, sqsapi.DeleteMessageBatchResultEntry{Id: in.Entries[i].Id})
			continue
		}
		failed, err := entryError(in.Entries[i].Id, errs[i])
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, failed)
	}
	return out, nil
}

func (s *Service) changeMessageVisibilityBatch(_ context.Context, c *op.Call, in *sqsapi.ChangeMessageVisibilityBatchRequest) (*sqsapi.ChangeMessageVisibilityBatchResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	err = checkBatch(len(in.Entries), "ChangeMessageVisibilityBatchRequestEntry", func(i int) string { return in.Entries[i].GetId() })
	if err != nil {
		return nil, err
	}
	out := &sqsapi.ChangeMessageVisibilityBatchResult{}
	for i := range in.Entries {
		e := &in.Entries[i]
		if err := s.changeVisibility(l, e.GetReceiptHandle(), e.VisibilityTimeout); err != nil {
			failed, err := entryError(e.Id, err)
			if err != nil {
				return nil, err
			}
			out.Failed = append(out.Failed, failed)
			continue
		}
		out.Successful = append(out.Successful, sqsapi.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}
