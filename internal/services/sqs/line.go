package sqs

import (
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// line is the live state of one queue: which message comes next, and which
// becomes visible when. It is made when the queue is, and ends with it.
//
// Every message is in exactly one heap: hidden while it is delayed or in
// flight; else ready (standard queues), or its group's (FIFO queues). Delayed
// messages of a FIFO queue are in both hidden and their group, since what
// comes after them has to wait.
type line struct {
	ref ref
	id  uint64
	// fifo never changes.
	fifo bool
	// room is shared by all queues.
	room *room

	mu sync.Mutex
	// queue is the stored record as of the last commit; closed says it is gone.
	queue    *queue
	closed   bool
	messages map[uint64]*message
	hidden   heap[message]
	ready    heap[message]
	groups   map[string]*group
	// open are the groups that a message can be taken of.
	open     heap[group]
	count    [gone]int
	waiters  waiters
	recent   recent
	attempts map[string]*attempt
	// oldest is no later than when the oldest message was sent, and swept when
	// expired messages were looked for last. Milliseconds.
	oldest, swept int64
}

// group is a message group of a FIFO queue that has messages.
type group struct {
	name string
	// pending are those not in flight.
	pending  heap[message]
	inFlight int
	// at is the place in line.open, -1 when it is not there.
	at int32
}

func byNumber(a, b *message) bool { return a.number < b.number }

func byDue(a, b *message) bool {
	return a.due < b.due || a.due == b.due && a.number < b.number
}

func newLine(r ref, q *queue, shared *room) *line {
	place := func(m *message) *int32 { return &m.at }
	return &line{
		ref: r, id: q.ID, fifo: q.FIFO, queue: q, room: shared,
		messages: map[uint64]*message{}, groups: map[string]*group{}, attempts: map[string]*attempt{},
		hidden: heap[message]{less: byDue, place: func(m *message) *int32 { return &m.hiddenAt }},
		ready:  heap[message]{less: byNumber, place: place},
		open: heap[group]{
			less:  func(a, b *group) bool { return byNumber(a.pending.first(), b.pending.first()) },
			place: func(g *group) *int32 { return &g.at },
		},
		recent: newRecent(),
	}
}

func millis(t time.Time) int64 { return t.UnixMilli() }

// add takes a message in that was sent. The caller holds the lock, here and in
// all methods below.
func (l *line) add(m *message, c *content, now int64) {
	if l.closed {
		return
	}
	l.messages[m.number] = m
	if len(l.messages) == 1 || m.sent < l.oldest {
		l.oldest = m.sent
	}
	l.room.add(m, c)
	if l.fifo {
		m.group = l.groups[c.group]
		if m.group == nil {
			m.group = &group{name: c.group, at: -1, pending: heap[message]{less: byNumber, place: func(m *message) *int32 { return &m.at }}}
			l.groups[c.group] = m.group
		}
	}
	m.state = visible
	if m.due > now {
		m.state = delayed
		l.conceal(m)
	}
	l.count[m.state]++
	l.offer(m)
}

// offer puts a message that is delayed or visible where it can be taken from.
func (l *line) offer(m *message) {
	if l.fifo {
		l.shut(m.group)
		m.group.pending.push(m)
		l.settle(m.group)
		return
	}
	if m.state == visible {
		l.ready.push(m)
		l.waiters.wake(1)
	}
}

// settle opens or shuts a group: a message can be taken when none of the group
// is in flight and the first one is visible.
func (l *line) settle(g *group) {
	l.shut(g)
	switch {
	case g.inFlight == 0 && g.pending.len() == 0:
		delete(l.groups, g.name)
	case g.inFlight == 0 && g.pending.first().state == visible:
		l.open.push(g)
		l.waiters.wake(1)
	}
}

func (l *line) become(m *message, s state) {
	l.count[m.state]--
	m.state = s
	if s != gone {
		l.count[s]++
	}
}

// ripen shows the messages whose time has come.
func (l *line) ripen(now int64) {
	for l.hidden.len() > 0 && l.hidden.first().due <= now {
		l.show(l.hidden.pop())
	}
}

// show makes a message visible that was hidden and is not in that heap any more.
func (l *line) show(m *message) {
	was := m.state
	l.become(m, visible)
	switch {
	case !l.fifo:
		l.offer(m)
	case was == inFlight:
		m.group.inFlight--
		l.offer(m)
	default:
		l.settle(m.group)
	}
}

// hide takes a message that is visible out until due.
func (l *line) hide(m *message, due int64) {
	if l.fifo {
		l.shut(m.group)
		m.group.pending.remove(m)
		m.group.inFlight++
		l.settle(m.group)
	} else {
		l.ready.remove(m)
	}
	l.become(m, inFlight)
	m.due = due
	l.conceal(m)
}

// conceal puts a message in the hidden ones. Whoever waits has to know when the
// first of them becomes visible.
func (l *line) conceal(m *message) {
	l.hidden.push(m)
	if l.hidden.first() == m {
		l.waiters.wakeAll()
	}
}

// until changes when a message in flight becomes visible.
func (l *line) until(m *message, due, now int64) {
	m.due = due
	if due <= now {
		l.hidden.remove(m)
		l.show(m)
		return
	}
	l.hidden.fix(m)
	if l.hidden.first() == m {
		l.waiters.wakeAll()
	}
}

// remove takes a message out for good.
func (l *line) remove(m *message) {
	if l.messages[m.number] != m {
		return
	}
	delete(l.messages, m.number)
	l.room.drop(m)
	was := m.state
	if was != visible {
		l.hidden.remove(m)
	}
	l.become(m, gone)
	switch {
	case !l.fifo:
		if was == visible {
			l.ready.remove(m)
		} else if l.ready.len() > 0 {
			l.waiters.wake(1) // as many as may be were in flight
		}
		return
	case was == inFlight:
		m.group.inFlight--
	default:
		l.shut(m.group)
		m.group.pending.remove(m)
	}
	l.settle(m.group)
}

// shut takes a group out of the open ones before its first message changes.
func (l *line) shut(g *group) {
	if g.at >= 0 {
		l.open.remove(g)
		g.at = -1
	}
}

// next is the message to take now, nil when there is none. last is the group of
// the message taken before in the same call: a call may take several of one
// group, in their order.
func (l *line) next(last *group) *message {
	if !l.fifo {
		if l.ready.len() == 0 {
			return nil
		}
		return l.ready.first()
	}
	if last != nil && last.pending.len() > 0 && last.pending.first().state == visible {
		return last.pending.first()
	}
	if l.open.len() == 0 {
		return nil
	}
	return l.open.first().pending.first()
}

// expired are the messages that outlived the queue's retention: they are gone
// from memory; the caller removes their rows. They are looked for once a second
// at most.
func (l *line) expired(now int64) []*message {
	horizon := now - int64(l.queue.Retention)*1000
	if len(l.messages) == 0 || l.oldest > horizon || now < l.swept+1000 {
		return nil
	}
	l.swept = now
	var all []*message
	oldest := now
	for _, m := range l.messages {
		if m.sent > horizon {
			oldest = min(oldest, m.sent)
			continue
		}
		all = append(all, m)
	}
	for _, m := range all {
		l.remove(m)
	}
	l.oldest = oldest
	return all
}

// close ends the line: nothing can be taken any more, and nobody waits.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, m := range l.messages {
		l.room.drop(m)
	}
	l.messages = map[uint64]*message{}
	l.waiters.wakeAll()
}

// full says whether no more messages may be in flight.
func (l *line) full() bool { return l.count[inFlight] >= limits.QueueInFlight }

// record is the stored record as of the last commit.
func (l *line) record() *queue {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue
}

// change follows a change of the record.
func (l *line) change(now, old *queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = now
	if now.Policy != old.Policy {
		// Long polls were let in by the old policy.
		l.waiters.wakeAll()
	}
	if l.fifo && now.Delay != old.Delay {
		l.delay(int64(now.Delay) * 1000)
	}
}

// delay gives the messages of a FIFO queue that are still delayed another
// delay: it is in force for messages that were sent before, too (Developer
// Guide, "Amazon SQS delay queues").
func (l *line) delay(by int64) {
	for _, m := range l.messages {
		if m.state == delayed {
			m.due = m.sent + by
			l.hidden.fix(m)
		}
	}
	l.waiters.wakeAll()
}

// purge takes out every message that came before the number; the caller removes
// their rows.
func (l *line) purge(before uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.messages {
		if m.number < before {
			l.remove(m)
		}
	}
}
