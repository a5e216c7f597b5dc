package sts

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/sallyport/sallyport/internal/caller"
)

// opened remembers the tokens used last, so that a warm request neither
// decrypts nor parses. It is bounded and safe for concurrent use.
type opened struct {
	mu    sync.Mutex
	size  int
	byKey map[[sha256.Size]byte]*list.Element
	order *list.List // most recently used first
}

// session is an opened token with the caller it stands for.
type session struct {
	token    *sealed
	caller   caller.Caller
	position [sha256.Size]byte
}

func newOpened(size int) *opened {
	return &opened{size: size, byKey: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

func (o *opened) get(key [sha256.Size]byte) *session {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, ok := o.byKey[key]
	if !ok {
		return nil
	}
	o.order.MoveToFront(e)
	return e.Value.(*session)
}

func (o *opened) put(key [sha256.Size]byte, s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.position = key
	if e, ok := o.byKey[key]; ok {
		e.Value = s
		o.order.MoveToFront(e)
		return
	}
	o.byKey[key] = o.order.PushFront(s)
	for o.order.Len() > o.size {
		last := o.order.Back()
		delete(o.byKey, o.order.Remove(last).(*session).position)
	}
}
