package sqs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// outgoing is one message of a send that passed every check.
type outgoing struct {
	message message
	content content
	// system are the digests of the system attributes, nil without.
	system *string
	// repeats is the message this one is a duplicate of.
	repeats *sent
}

func (s *Service) sendMessage(ctx context.Context, c *op.Call, in *sqsapi.SendMessageRequest) (*sqsapi.SendMessageResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	o, err := s.accept(c, l.record(), &sqsapi.SendMessageBatchRequestEntry{
		DelaySeconds: in.DelaySeconds, MessageAttributes: in.MessageAttributes, MessageBody: in.MessageBody,
		MessageDeduplicationId: in.MessageDeduplicationId, MessageGroupId: in.MessageGroupId, MessageSystemAttributes: in.MessageSystemAttributes,
	})
	if err != nil {
		return nil, err
	}
	if err := s.enqueue(ctx, l, []*outgoing{o}); err != nil {
		return nil, err
	}
	r := o.result(l)
	return &sqsapi.SendMessageResult{
		MD5OfMessageAttributes: r.MD5OfMessageAttributes, MD5OfMessageBody: r.MD5OfMessageBody,
		MD5OfMessageSystemAttributes: r.MD5OfMessageSystemAttributes, MessageId: r.MessageId, SequenceNumber: r.SequenceNumber,
	}, nil
}

func (o *outgoing) result(l *line) sqsapi.SendMessageBatchResultEntry {
	id, number := o.message.id, o.message.number
	if o.repeats != nil {
		id, number = o.repeats.id, o.repeats.number
	}
	r := sqsapi.SendMessageBatchResultEntry{
		MessageId: ptr(id.String()), MD5OfMessageBody: bodyDigest(o.content.body),
		MD5OfMessageAttributes: attributesDigest(o.content.attributes), MD5OfMessageSystemAttributes: o.system,
	}
	if l.fifo {
		r.SequenceNumber = ptr(sequenceNumber(number))
	}
	return r
}

// accept checks one message of a send.
func (s *Service) accept(c *op.Call, q *queue, in *sqsapi.SendMessageBatchRequestEntry) (*outgoing, error) {
	if in.GetMessageBody() == "" {
		return nil, missing("MessageBody")
	}
	if err := checkOrder(q, in); err != nil {
		return nil, err
	}
	delay, err := delayOf(q, in.DelaySeconds)
	if err != nil {
		return nil, err
	}
	if !isContents(in.GetMessageBody()) {
		return nil, badContents()
	}
	if err := checkAttributes(in.MessageAttributes); err != nil {
		return nil, err
	}
	trace, system, err := systemAttributes(in.MessageSystemAttributes)
	if err != nil {
		return nil, err
	}
	size := entrySize(in)
	if size > q.MaximumSize {
		return nil, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.MaximumSize)
	}
	if s.lines.room.full() {
		return nil, overLimit("This server keeps %d messages at most.", limits.QueueBacklog)
	}
	o := &outgoing{system: system, content: content{
		body: in.GetMessageBody(), attributes: in.MessageAttributes, sender: senderID(c),
		group: in.GetMessageGroupId(), dedup: in.GetMessageDeduplicationId(), trace: trace,
	}}
	if q.FIFO && o.content.dedup == "" {
		sum := sha256.Sum256([]byte(o.content.body))
		o.content.dedup = hex.EncodeToString(sum[:])
	}
	now := millis(c.Time)
	o.message = message{id: newMessageID(), sent: now, due: now + int64(delay)*1000, size: uint32(size)}
	return o, nil
}

// snsSender is whom messages of Amazon SNS come from, in every event that
// users have published.
const snsSender = "AIDAIT2UOQQY3AUEKVGXU"

// senderID is the unique id of the sender (API reference, ReceiveMessage). Of
// other services than SNS AWS publishes none; here it is the service principal.
func senderID(c *op.Call) string {
	if id := c.Caller.ID(); id != "" {
		return id
	}
	if s, ok := c.Caller.Service(); ok && s.Principal == "sns.amazonaws.com" {
		return snsSender
	}
	return c.Caller.ARN()
}

// newMessageID draws a UUID.
func newMessageID() (id messageID) {
	rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// checkOrder checks what FIFO queues need, and standard queues do not have. A
// group on a standard queue is for fair queues.
func checkOrder(q *queue, in *sqsapi.SendMessageBatchRequestEntry) error {
	const other = "The request include parameter that is not valid for this queue type."
	if in.MessageGroupId != nil && !isOrderID(*in.MessageGroupId) {
		return badOrderID(*in.MessageGroupId, "MessageGroupId")
	}
	if in.MessageDeduplicationId != nil && !isOrderID(*in.MessageDeduplicationId) {
		return badOrderID(*in.MessageDeduplicationId, "MessageDeduplicationId")
	}
	switch {
	case !q.FIFO && in.MessageDeduplicationId != nil:
		return invalidValue(*in.MessageDeduplicationId, "MessageDeduplicationId", other)
	case !q.FIFO:
		return nil
	case in.MessageGroupId == nil:
		return missing("MessageGroupId")
	case in.MessageDeduplicationId == nil && !q.ContentBased:
		return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	case in.GetDelaySeconds() != 0:
		return invalidValue(strconv.Itoa(int(in.GetDelaySeconds())), "DelaySeconds", other)
	}
	return nil
}

// isOrderID is the rule of group, deduplication and attempt ids.
func isOrderID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

func badOrderID(value, parameter string) *api.Error {
	return invalidValue(value, parameter, parameter+" can only include alphanumeric and punctuation characters. 1 to 128 in length.")
}

const maxDelay = 900

func delayOf(q *queue, given *int32) (int, error) {
	switch {
	case given == nil || q.FIFO:
		return q.Delay, nil
	case *given < 0 || *given > maxDelay:
		return 0, invalidValue(strconv.Itoa(int(*given)), "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	return int(*given), nil
}

// enqueue makes messages durable, and shows them. Those that repeat another one
// are left out and say so.
func (s *Service) enqueue(ctx context.Context, l *line, all []*outgoing) error {
	return s.commit.update(ctx, func(tx *step) error {
		q := s.queues.GetIn(tx.Tx, l.ref.key())
		if q == nil || q.ID != l.id {
			return noQueue()
		}
		var fresh []*outgoing
		for _, o := range all {
			added, err := s.append(tx, l, q, o)
			if err != nil {
				return err
			}
			if added {
				fresh = append(fresh, o)
			}
		}
		if len(fresh) > 0 {
			tx.After(func() { l.take(fresh, millis(s.clock.Now())) })
		}
		return nil
	})
}

// append writes one message; added is false for a duplicate.
func (s *Service) append(tx *step, l *line, q *queue, o *outgoing) (added bool, err error) {
	m := &o.message
	if m.number, err = s.sequence.take(tx.Tx); err != nil {
		return false, err
	}
	if l.fifo {
		x := &sent{key: q.dedupKey(o.content.group, o.content.dedup), number: m.number, id: m.id, expires: m.sent + interval}
		if o.repeats = l.remember(tx, x, m.sent); o.repeats != nil {
			return false, nil
		}
		tx.recents = append(tx.recents, x.entry(l.id))
	}
	tx.contents = append(tx.contents, m.entry(l.id, &o.content))
	return true, nil
}

// remember notes what is sent, or gives what it repeats.
func (l *line) remember(tx *step, x *sent, now int64) *sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.recent.of(x.key, now); known != nil {
		return known
	}
	l.recent.add(x)
	tx.Undo(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.recent.forget(x)
	})
	return nil
}

// take shows durable messages.
func (l *line) take(all []*outgoing, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range all {
		m := o.message
		l.add(&m, &o.content, now)
	}
}
