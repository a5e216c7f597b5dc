package logs

import (
	"context"
	"math"
	"slices"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) getLogEvents(ctx context.Context, c *op.Call, in *logsapi.GetLogEventsRequest) (*logsapi.GetLogEventsResponse, error) {
	g, record, err := s.lookup(c)
	if err != nil {
		return nil, err
	}
	if s.streams.Get(g.streamKey(in.GetLogStreamName())) == nil {
		return nil, noStream()
	}
	w, err := windowOf(in, record.horizon(s.clock.Now()))
	if err != nil {
		return nil, err
	}
	p := newPage(in.Limit)
	var events []event
	err = s.walk(ctx, g.eventPrefix(in.GetLogStreamName()), w.from, w.to, w.backward, func(e event) bool {
		if !p.fits(e) {
			return false
		}
		events = append(events, e)
		return true
	})
	if err != nil {
		return nil, err
	}
	if w.backward {
		slices.Reverse(events)
	}
	out := &logsapi.GetLogEventsResponse{Events: make([]logsapi.OutputLogEvent, len(events))}
	for i := range events {
		e := &events[i]
		out.Events[i] = logsapi.OutputLogEvent{Timestamp: &e.at.time, Message: &e.message, IngestionTime: &e.ingested}
	}
	forward, backward := w.tokens(events)
	out.NextForwardToken, out.NextBackwardToken = &forward, &backward
	return out, nil
}

// window is what of a stream one GetLogEvents call reads: from <= position < to.
type window struct {
	from, to position
	backward bool
	// token is the position of the token that was given, if one was.
	token   position
	resumed bool
	// start is the requested start, before a token moved it.
	start position
}

// windowOf reads a request. A token says the direction; without one the last
// events are read unless startFromHead asks for the first.
func windowOf(in *logsapi.GetLogEventsRequest, horizon int64) (window, error) {
	w := window{to: position{time: math.MaxInt64}, backward: !in.GetStartFromHead()}
	w.from = position{time: max(in.GetStartTime(), horizon)}
	if in.EndTime != nil {
		w.to = position{time: *in.EndTime}
	}
	w.start = w.from
	if in.NextToken == nil {
		return w, nil
	}
	at, forward, ok := parseToken(*in.NextToken)
	if !ok {
		return w, invalidToken()
	}
	w.token, w.resumed, w.backward = at, true, !forward
	if forward && at.next().compare(w.from) > 0 {
		w.from = at.next()
	}
	if !forward && at.compare(w.to) < 0 {
		w.to = at
	}
	return w, nil
}

// tokens lead to what lies after and before a page. Where there is nothing
// more, the token that was given is given again: that is how clients see the end.
func (w window) tokens(events []event) (forward, backward string) {
	switch {
	case len(events) > 0:
		return forwardToken(events[len(events)-1].at), backwardToken(events[0].at)
	case !w.resumed:
		return forwardToken(w.start), backwardToken(w.start)
	case w.backward:
		return forwardToken(w.token.previous()), backwardToken(w.token)
	}
	return forwardToken(w.token), backwardToken(w.token.next())
}
