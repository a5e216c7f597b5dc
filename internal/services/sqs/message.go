package sqs

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/store"
)

// message is what is in memory of every message. The fields change under the
// lock of its line; number, id and size never change.
type message struct {
	number uint64
	id     messageID
	// sent is when the message came to the queue, in milliseconds; it expires by it.
	sent int64
	// due is when a delayed message, or one that is out with a consumer, can be
	// received; received and last are when it first and last was. Milliseconds.
	due, received, last int64
	// total counts receives over all queues, here those of this one.
	total, here uint32
	size        uint32
	state       state
	// changed says that its visibility was changed since it was received.
	changed bool
	// spared says that its dead-letter queue did not take it.
	spared bool
	// turn names the last receive.
	turn uint32
	// at is the place in the ready heap, or that of the group; hiddenAt that in
	// the hidden one.
	at, hiddenAt int32
	// group is that of a FIFO queue's message.
	group *group
	// content is nil when it is in the database only.
	content *content
}

// state says where a message stands.
type state uint8

const (
	delayed state = iota
	visible
	// inFlight is out with a consumer, or on the way to the dead-letter queue.
	inFlight
	// gone is deleted or expired.
	gone
)

// content is what a message carries. It never changes.
type content struct {
	body       string
	attributes map[string]sqsapi.MessageAttributeValue
	// sender is the unique id of who sent it.
	sender string
	// group and dedup are empty where the message has none.
	group, dedup string
	trace        string
	// source is the ARN of the queue whose dead letter it is.
	source string
}

// messageID is a UUID.
type messageID [16]byte

func (m messageID) String() string {
	var text [36]byte
	hex.Encode(text[:8], m[:4])
	hex.Encode(text[9:13], m[4:6])
	hex.Encode(text[14:18], m[6:8])
	hex.Encode(text[19:23], m[8:10])
	hex.Encode(text[24:], m[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// messageKey is the key of a message's row: all of a queue's are one range, in
// the order in which they came.
func messageKey(queue, number uint64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], queue)
	binary.BigEndian.PutUint64(raw[8:], number)
	return hex.EncodeToString(raw[:])
}

// queuePrefix begins the keys of a queue's messages.
func queuePrefix(queue uint64) string { return messageKey(queue, 0)[:16] }

func parseMessageKey(key string) (queue, number uint64, err error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) != 16 {
		return 0, 0, fmt.Errorf("sqs: %q is no key of a message", key)
	}
	return binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:]), nil
}

// formatVersion begins every encoded message.
const formatVersion = 1

// entry is the row of a message.
func (m *message) entry(queue uint64, c *content) store.Entry {
	return store.Entry{Key: messageKey(queue, m.number), Value: m.encode(c)}
}

// encode is what a row holds of a message.
func (m *message) encode(c *content) []byte {
	b := make([]byte, 0, len(c.body)+256)
	b = append(b, formatVersion)
	b = append(b, m.id[:]...)
	for _, n := range [...]int64{m.sent, m.due, m.received, int64(m.total), int64(m.size)} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{c.sender, c.group, c.dedup, c.trace, c.source, c.body} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(c.attributes)))
	for name := range c.attributes {
		v := c.attributes[name]
		b = appendText(appendText(b, name), v.GetDataType())
		if v.StringValue != nil {
			b = appendText(append(b, isText), *v.StringValue)
		} else {
			b = appendText(append(b, isBinary), string(v.BinaryValue))
		}
	}
	return b
}

// Kinds of an attribute's value: the bytes AWS puts into its digests too.
const (
	isText   = 1
	isBinary = 2
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errDamaged = errors.New("sqs: a stored message is damaged")

// decode reads a row. The number is that of the row's key.
func decode(number uint64, raw []byte) (*message, *content, error) {
	r := reader{rest: raw}
	if r.byte() != formatVersion {
		return nil, nil, errDamaged
	}
	m, c := &message{number: number}, &content{}
	copy(m.id[:], r.take(len(m.id)))
	m.sent, m.due, m.received = r.number(), r.number(), r.number()
	m.total, m.size = uint32(r.number()), uint32(r.number())
	for _, s := range [...]*string{&c.sender, &c.group, &c.dedup, &c.trace, &c.source, &c.body} {
		*s = r.text()
	}
	n := r.length()
	if n > 0 {
		c.attributes = map[string]sqsapi.MessageAttributeValue{}
	}
	for range n {
		if r.failed {
			break
		}
		name, v := r.text(), sqsapi.MessageAttributeValue{DataType: ptr(r.text())}
		switch r.byte() {
		case isText:
			v.StringValue = ptr(r.text())
		case isBinary:
			v.BinaryValue = []byte(r.text())
		default:
			r.failed = true
		}
		c.attributes[name] = v
	}
	if r.failed || len(r.rest) > 0 {
		return nil, nil, errDamaged
	}
	return m, c, nil
}

// reader reads what encode wrote. After a failure it gives zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.failed = true
		return nil
	}
	part := r.rest[:n]
	r.rest = r.rest[n:]
	return part
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// length is at most what is left to read.
func (r *reader) length() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(len(r.rest)) {
		r.failed = true
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

func (r *reader) text() string { return string(r.take(r.length())) }
