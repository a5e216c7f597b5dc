package sns

import (
	"encoding/json"
	"sync"

	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
)

// checkFilter refuses a filter policy that is none, or larger than SNS takes
// (SNS developer guide, "Filter policy constraints").
func checkFilter(text, scope string) error {
	if !json.Valid([]byte(text)) {
		return wrong("FilterPolicy: failed to parse JSON")
	}
	p, err := eventpattern.Parse([]byte(text))
	switch {
	case err != nil:
		return wrong("FilterPolicy: %s", err)
	case scope != scopeBody && p.Nested():
		return invalid("Filter policy scope MessageAttributes does not support nested filter policy")
	case p.Keys() > limits.FilterKeys:
		return wrong("FilterPolicy: Filter policy can not have more than %d keys", limits.FilterKeys)
	case p.Combinations() > limits.FilterCombinations:
		return wrong("FilterPolicy: Filter policy is too complex")
	}
	return nil
}

// filters are the filter policies, compiled once.
type filters struct {
	mu     sync.RWMutex
	parsed map[string]*filter
}

type filter struct {
	pattern *eventpattern.Pattern
	body    bool
}

// shown follows the subscriptions' table.
func (l *filters) shown(key string, _, now *subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parsed, key)
	if now == nil || now.Attributes[subFilter] == "" {
		return
	}
	f := &filter{body: now.Attributes[subScope] == scopeBody}
	// What does not parse any more lets nothing through: nil matches nothing.
	f.pattern, _ = eventpattern.Parse([]byte(now.Attributes[subFilter]))
	l.parsed[key] = f
}

// wants says whether a subscription wants a message. A message that differs by
// protocol is looked at as the subscription gets it.
func (l *filters) wants(key string, b *subscription, m *message) bool {
	l.mu.RLock()
	f := l.parsed[key]
	l.mu.RUnlock()
	switch {
	case f == nil:
		return true
	case f.pattern == nil:
		return false
	case f.body:
		return f.pattern.Match([]byte(m.text(b.Protocol)))
	}
	attributes := make(map[string]eventpattern.Attribute, len(m.Attributes))
	for name, a := range m.Attributes {
		attributes[name] = eventpattern.Attribute{Type: a.Type, Value: a.Value}
	}
	return f.pattern.MatchAttributes(attributes)
}
