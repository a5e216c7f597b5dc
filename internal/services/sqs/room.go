package sqs

import (
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/limits"
)

// room counts what messages of all queues take up in memory. It is safe for
// concurrent use.
type room struct{ messages, bytes atomic.Int64 }

// overhead is what a content takes beside its text, in bytes.
const overhead = 256

// add counts a message in, and keeps its content if there is room.
func (r *room) add(m *message, c *content) {
	r.messages.Add(1)
	size := int64(m.size) + overhead
	if r.bytes.Add(size) > limits.QueueCache {
		r.bytes.Add(-size)
		return
	}
	m.content = c
}

func (r *room) drop(m *message) {
	r.messages.Add(-1)
	if m.content != nil {
		r.bytes.Add(-int64(m.size) - overhead)
		m.content = nil
	}
}

// full says whether no more messages can be taken in.
func (r *room) full() bool { return r.messages.Load() >= limits.QueueBacklog }
