package lambda

import "sync"

// pollers run one poller for each enabled mapping. They follow the table.
type pollers struct {
	s  *Service
	mu sync.Mutex
	// lanes are those of all mappings, by key.
	lanes map[string]*lane
	// started says that there is a bus to poll over.
	started bool
}

// lane is what the pollers of one mapping share, one after another: an update
// replaces the poller while batches of the old one are under way.
type lane struct {
	// poller is nil while the mapping is disabled. Guarded by pollers.mu.
	poller *poller
	slots  slots
	counts counts
}

// shown follows the mappings' table.
func (l *pollers) shown(key string, _, now *mapping) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started { // else start looks at all of them
		l.set(key, now)
	}
}

// start begins to poll for every mapping there is.
func (l *pollers) start() {
	all := map[string]*mapping{}
	for key, m := range l.s.mappings.All("", "") {
		all[key] = m
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.started = true
	for key, m := range all {
		l.set(key, m)
	}
}

// set replaces the poller of a mapping. What the old one has received, it still
// brings to the function. The lock is held.
func (l *pollers) set(key string, m *mapping) {
	at := l.lanes[key]
	if at == nil {
		at = &lane{}
	}
	if at.poller != nil {
		at.poller.stop()
		at.poller = nil
	}
	if m == nil {
		delete(l.lanes, key)
		return
	}
	l.lanes[key] = at
	at.slots.resize(int(m.Concurrency))
	if m.Enabled {
		at.poller = newPoller(l.s, m, at)
		l.s.spawn(at.poller.run)
	}
}

// problem is what keeps a mapping from working, empty for nothing.
func (l *pollers) problem(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.lanes[key]; at != nil && at.poller != nil {
		return at.poller.trouble()
	}
	return ""
}
