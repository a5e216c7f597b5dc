package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// logWriter brings what functions log to CloudWatch Logs, as the session of
// the execution role and through the gate. A function never waits for it and
// never learns of a refusal.
//
// A stream that was quiet is written at once. After each write, lines gather
// for a moment, so that an environment at work asks the gate and the store a few
// times a second, not once for each invoke.
type logWriter struct {
	s *Service
	// pace is how long lines gather at most: limits.LogPace, none in most tests.
	pace time.Duration
	// closing ends the gathering when the service closes.
	closing chan struct{}

	mu sync.Mutex
	// streams are the log streams of environments, by group and name.
	streams map[[4]string]*logStream
	writing sync.WaitGroup
	closed  bool
}

type logStream struct {
	ref           ref
	group, stream string
	session       *session
	// pending waits to be written; busy says that somebody writes, or has just
	// written and will look again; full tells the latter not to wait longer.
	pending []executor.LogEvent
	bytes   int
	busy    bool
	full    chan struct{}
	// made says that the stream exists. Only the writer looks at it.
	made bool
}

func newLogWriter(s *Service) *logWriter {
	return &logWriter{s: s, pace: limits.LogPace, closing: make(chan struct{}), streams: map[[4]string]*logStream{}}
}

// add takes lines to be written soon. Lines beyond limits.LogBacklog of one
// stream are lost, so that a flood cannot fill the memory.
func (w *logWriter) add(r ref, group, stream string, as *session, events []executor.LogEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	l := w.stream(r, group, stream, as)
	for _, e := range events {
		if e.Message == "" || l.bytes+len(e.Message) > limits.LogBacklog {
			continue
		}
		l.pending = append(l.pending, e)
		l.bytes += len(e.Message)
	}
	switch {
	case len(l.pending) == 0:
	case !l.busy:
		l.busy = true
		w.writing.Go(func() { w.drain(l) })
	case l.bytes >= limits.LogBatchBytes || len(l.pending) >= limits.LogPageEvents:
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

func (w *logWriter) stream(r ref, group, stream string, as *session) *logStream {
	key := [4]string{r.account, r.region, group, stream}
	if l := w.streams[key]; l != nil {
		return l
	}
	if len(w.streams) >= limits.LogStreamsOpen {
		// Forgetting one costs only the question whether it exists.
		for k, l := range w.streams {
			if !l.busy {
				delete(w.streams, k)
			}
		}
	}
	l := &logStream{ref: r, group: group, stream: stream, session: as, full: make(chan struct{}, 1)}
	w.streams[key] = l
	return l
}

// drain writes until nothing has come while it gathered.
func (w *logWriter) drain(l *logStream) {
	for {
		w.mu.Lock()
		events := l.pending
		l.pending, l.bytes = nil, 0
		if len(events) == 0 {
			l.busy = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		if err := w.write(l, events); err != nil {
			w.s.log.Debug("function logs were not written", "group", l.group, "stream", l.stream, "error", err)
		}
		w.gather(l)
	}
}

// gather returns when the stream is due again: after the pace, when a whole
// batch waits, or when the service closes.
func (w *logWriter) gather(l *logStream) {
	select {
	case <-w.s.clock.After(w.pace):
	case <-l.full:
	case <-w.closing:
	}
}

// forget drops what is not written yet: a reset removes the functions that logged it.
func (w *logWriter) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.streams {
		l.pending, l.bytes = nil, 0
	}
}

// close writes what is left, without waiting for more, and takes nothing more.
func (w *logWriter) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.closing)
	}
	w.mu.Unlock()
	w.writing.Wait()
}

var errNoSession = errors.New("the execution role's session is over")

// write puts events in as few batches as Logs takes.
func (w *logWriter) write(l *logStream, events []executor.LogEvent) error {
	c := l.session.get()
	who, ok := w.s.bus.CallerOf(c.AccessKeyID, c.SessionToken)
	if !ok {
		return errNoSession
	}
	as := op.As{Caller: who, Region: l.ref.region}
	slices.SortStableFunc(events, func(a, b executor.LogEvent) int { return a.Time.Compare(b.Time) })
	for len(events) > 0 {
		batch, rest := logBatch(events)
		if err := w.put(as, l, batch); err != nil {
			return err
		}
		events = rest
	}
	return nil
}

// logEventOverhead is what Logs counts for an event beside its message.
const logEventOverhead = 26

func logBatch(events []executor.LogEvent) (batch []logsapi.InputLogEvent, rest []executor.LogEvent) {
	size := 0
	for i, e := range events {
		message := e.Message
		if len(message) > limits.LogEventBytes-logEventOverhead {
			message = strings.ToValidUTF8(message[:limits.LogEventBytes-logEventOverhead], "")
		}
		size += len(message) + logEventOverhead
		if len(batch) == limits.LogPageEvents || len(batch) > 0 && size > limits.LogBatchBytes {
			return batch, events[i:]
		}
		batch = append(batch, logsapi.InputLogEvent{Timestamp: ptr(e.Time.UnixMilli()), Message: &message})
	}
	return batch, nil
}

func (w *logWriter) put(as op.As, l *logStream, batch []logsapi.InputLogEvent) error {
	// Not the invoke's context: the invoke is over, and Close waits for this.
	ctx := context.WithoutCancel(w.s.ctx)
	for again := true; ; again = false {
		if !l.made {
			if err := w.makeStream(ctx, as, l); err != nil {
				return err
			}
			l.made = true
		}
		_, err := op.Do(ctx, w.s.bus, as, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: &l.group, LogStreamName: &l.stream, LogEvents: batch})
		if !again || !isCode(err, "ResourceNotFoundException") {
			return err
		}
		l.made = false // somebody deleted it
	}
}

// makeStream makes the stream, and the group if that is missing.
func (w *logWriter) makeStream(ctx context.Context, as op.As, l *logStream) error {
	stream := &logsapi.CreateLogStreamRequest{LogGroupName: &l.group, LogStreamName: &l.stream}
	_, err := op.Do(ctx, w.s.bus, as, logsapi.CreateLogStream, stream)
	if isCode(err, "ResourceNotFoundException") {
		_, err = op.Do(ctx, w.s.bus, as, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: &l.group})
		if err == nil || isCode(err, "ResourceAlreadyExistsException") {
			_, err = op.Do(ctx, w.s.bus, as, logsapi.CreateLogStream, stream)
		}
	}
	if isCode(err, "ResourceAlreadyExistsException") {
		return nil
	}
	return err
}

func isCode(err error, code string) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Code == code
}
