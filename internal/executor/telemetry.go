package executor

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// telemetry is what the extensions of one process are told of the function, if they
// subscribe (Telemetry API 2022-07-01): what the platform does, and what the function
// and its extensions print.
type telemetry struct {
	clock clock.Clock
	// send brings a batch to a destination, start runs a goroutine that Close waits for.
	send  func(to destination, body []byte) error
	start func(func())
	done  chan struct{}

	mu sync.Mutex
	// backlog is what happened before the end of the init, for those who subscribe
	// during it; closed says that none does any more.
	backlog []telemetryEvent
	size    int
	closed  bool
	ended   bool
	subs    []*subscription
}

// Categories of telemetry.
const (
	telemetryPlatform  = "platform"
	telemetryFunction  = "function"
	telemetryExtension = "extension"
)

// telemetryEvent is one event, as it is sent.
type telemetryEvent struct {
	category string
	text     []byte
}

// destination is where a subscriber listens, inside the sandbox.
type destination struct {
	port int
	// path is that of HTTP; lines says that the protocol is TCP.
	path  string
	lines bool
}

// buffering is when a batch is sent: any of its bounds is reached.
type buffering struct {
	MaxItems  int `json:"maxItems"`
	MaxBytes  int `json:"maxBytes"`
	TimeoutMS int `json:"timeoutMs"`
}

// subscription is one extension's.
type subscription struct {
	types  []string
	to     destination
	buffer buffering
	// pending waits to be sent; lost counts what found no room.
	pending   [][]byte
	bytes     int
	lost      int
	lostBytes int
	// some tells of a first event, full of a whole batch.
	some, full chan struct{}
}

func newTelemetry(c clock.Clock, send func(destination, []byte) error, start func(func())) *telemetry {
	return &telemetry{clock: c, send: send, start: start, done: make(chan struct{})}
}

// emit tells of an event now.
func (t *telemetry) emit(category, kind string, record any) {
	t.at(t.clock.Now(), category, kind, record)
}

func (t *telemetry) at(now time.Time, category, kind string, record any) {
	text, err := json.Marshal(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record any    `json:"record"`
	}{now.UTC().Format("2006-01-02T15:04:05.000Z"), kind, record})
	if err != nil { // records always marshal
		return
	}
	e := telemetryEvent{category, text}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && t.size+len(text) <= limits.TelemetryBacklog {
		t.backlog = append(t.backlog, e)
		t.size += len(text)
	}
	for _, s := range t.subs {
		s.add(e)
	}
}

// add keeps an event for a subscriber who wants it.
func (s *subscription) add(e telemetryEvent) {
	if !slices.Contains(s.types, e.category) {
		return
	}
	if s.bytes+len(e.text) > limits.TelemetryBacklog {
		s.lost++
		s.lostBytes += len(e.text)
		return
	}
	s.pending = append(s.pending, e.text)
	s.bytes += len(e.text)
	nudge(s.some)
	if s.whole() {
		nudge(s.full)
	}
}

func (s *subscription) whole() bool {
	return len(s.pending) >= s.buffer.MaxItems || s.bytes >= s.buffer.MaxBytes
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// subscribe adds a subscriber, unless the time for that is over.
func (t *telemetry) subscribe(name string, s *subscription) bool {
	t.mu.Lock()
	if t.closed || t.ended || len(t.subs) == limits.Extensions {
		t.mu.Unlock()
		return false
	}
	s.some, s.full = make(chan struct{}, 1), make(chan struct{}, 1)
	t.subs = append(t.subs, s)
	for _, e := range t.backlog {
		s.add(e)
	}
	t.mu.Unlock()
	t.start(func() { t.deliver(s) })
	t.emit(telemetryPlatform, "platform.telemetrySubscription", map[string]any{"name": name, "state": "Subscribed", "types": s.types})
	return true
}

// settled says that the init is over: nobody subscribes any more.
func (t *telemetry) settled() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed, t.backlog = true, nil
}

// deliver sends batches until the process has ended. One that is not taken is tried
// again with the next.
func (t *telemetry) deliver(s *subscription) {
	pace := time.Duration(s.buffer.TimeoutMS) * time.Millisecond
	for {
		select {
		case <-s.some:
		case <-t.done:
			return
		}
		select {
		case <-s.full:
		case <-t.clock.After(pace):
		case <-t.done:
			return
		}
		for t.flush(s) {
		}
	}
}

// flush sends one batch, and says whether another whole one waits.
func (t *telemetry) flush(s *subscription) bool {
	t.mu.Lock()
	batch, size := s.pending, 0
	for i, text := range batch {
		if size += len(text); i >= s.buffer.MaxItems || i > 0 && size > s.buffer.MaxBytes {
			batch = batch[:i]
			break
		}
	}
	t.mu.Unlock()
	if len(batch) == 0 {
		return false
	}
	if err := t.send(s.to, s.to.body(batch)); err != nil {
		nudge(s.some)
		return false
	}
	t.mu.Lock()
	for _, text := range batch {
		s.bytes -= len(text)
	}
	s.pending = s.pending[len(batch):]
	lost, bytes := s.lost, s.lostBytes
	s.lost, s.lostBytes = 0, 0
	more := s.whole()
	if len(s.pending) > 0 {
		nudge(s.some)
	}
	t.mu.Unlock()
	if lost > 0 {
		t.emit(telemetryPlatform, "platform.logsDropped", map[string]any{"droppedRecords": lost, "droppedBytes": bytes, "reason": "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."})
	}
	return more
}

// body is a batch as the destination's protocol has it: a JSON list, or lines.
func (d destination) body(batch [][]byte) []byte {
	var b []byte
	for i, text := range batch {
		switch {
		case d.lines:
		case i == 0:
			b = append(b, '[')
		default:
			b = append(b, ',')
		}
		b = append(b, text...)
		if d.lines {
			b = append(b, '\n')
		}
	}
	if !d.lines {
		b = append(b, ']')
	}
	return b
}

// hurry sends what waits, however little.
func (t *telemetry) hurry() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.subs {
		if len(s.pending) > 0 {
			nudge(s.full)
		}
	}
}

// end stops all deliveries.
func (t *telemetry) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		close(t.done)
	}
}
