package sqs

// attempt is a receive from a FIFO queue that can be repeated: for five minutes,
// and as long as nothing happened to its messages.
type attempt struct {
	got     []delivery
	expires int64
}

// maxAttempts bounds what is remembered of a queue: as many as can be in flight.
const maxAttempts = 120_000

// note remembers a receive, but not the contents: those of deleted messages
// would stay in memory.
func (l *line) note(id string, got []delivery, now int64) {
	if id == "" || len(got) == 0 || len(l.attempts) >= maxAttempts {
		return
	}
	a := &attempt{got: append([]delivery(nil), got...), expires: now + interval}
	for i := range a.got {
		a.got[i].content = nil
	}
	l.attempts[id] = a
}

// again gives the messages of an earlier receive with that id and hides them
// anew, nil if there is none or one of them was changed.
func (l *line) again(id string, now, visibility int64) []delivery {
	a := l.attempts[id]
	if id == "" || a == nil {
		return nil
	}
	for i := range a.got {
		m := a.got[i].message
		if a.expires <= now || l.messages[m.number] != m || m.state != inFlight || m.turn != a.got[i].turn || m.changed {
			delete(l.attempts, id)
			return nil
		}
	}
	got := append([]delivery(nil), a.got...)
	for i := range got {
		got[i].content = got[i].message.content
		l.until(got[i].message, now+visibility, now)
	}
	return got
}

// forgetAttempts drops what is over.
func (l *line) forgetAttempts(now int64) {
	for id, a := range l.attempts {
		if a.expires <= now {
			delete(l.attempts, id)
		}
	}
}
