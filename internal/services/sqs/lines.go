package sqs

import (
	"sync"

	"github.com/sallyport/sallyport/policy"
)

// lines are the live queues, as of the last commit. It is safe for concurrent use.
type lines struct {
	room room

	mu    sync.RWMutex
	all   map[ref]*line
	rules map[ref]*policy.Attached
	// broken is told of a policy that does not compile: a fault of ours. It allows nothing.
	broken func(arn string, err error)
}

func newLines(broken func(string, error)) *lines {
	return &lines{all: map[ref]*line{}, rules: map[ref]*policy.Attached{}, broken: broken}
}

// shown follows the table of queues.
func (x *lines) shown(key string, old, now *queue) {
	r := keyRef(key)
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.all[r]
	if was != nil && (now == nil || now.ID != was.id) {
		was.close()
		delete(x.all, r)
		was = nil
	}
	delete(x.rules, r)
	if now == nil {
		return
	}
	if now.Policy != nil {
		x.rules[r] = x.compile(r, now)
	}
	if was == nil {
		x.all[r] = newLine(r, now, &x.room)
		return
	}
	was.change(now, old)
}

func (x *lines) compile(r ref, q *queue) *policy.Attached {
	compiled, err := policy.Load([]byte(q.Policy.Stored()))
	if err != nil {
		x.broken(r.arn(), err)
	}
	return &policy.Attached{Policy: compiled, Name: "queue policy", Source: "queue " + r.name}
}

func (x *lines) of(r ref) *line {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.all[r]
}

// facts are the policy and tags of a queue.
func (x *lines) facts(r ref) (*policy.Attached, map[string]string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	l := x.all[r]
	if l == nil {
		return nil, nil
	}
	return x.rules[r], l.record().Tags
}

// each lists the live queues, in no order.
func (x *lines) each() []*line {
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := make([]*line, 0, len(x.all))
	for _, l := range x.all {
		all = append(all, l)
	}
	return all
}
