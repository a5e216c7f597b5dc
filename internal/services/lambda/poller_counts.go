package lambda

import (
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/store"
)

// counts are what became of a mapping's events since the server started, under
// the names of AWS's metrics (Lambda guide, "Event source mapping metrics").
// DroppedEventCount is of streams only: a queue's messages are never dropped.
type counts struct {
	polled, filtered, invoked, failed, deleted atomic.Int64
}

// MappingStatus is a mapping's share in what the server says of itself.
type MappingStatus struct {
	UUID, EventSourceArn, FunctionArn, State string
	LastProcessingResult                     string `json:",omitempty"`
	PolledEventCount                         int64
	FilteredOutEventCount                    int64
	InvokedEventCount                        int64
	FailedInvokeEventCount                   int64
	DeletedEventCount                        int64
}

// Mappings are the event source mappings of an account, with their counts.
func (s *Service) Mappings(account string) []MappingStatus {
	all := []MappingStatus{}
	for key, m := range s.mappings.All(store.Prefix(account), "") {
		status := MappingStatus{
			UUID: m.UUID, EventSourceArn: m.Source, FunctionArn: m.Function, State: m.state(), LastProcessingResult: s.pollers.problem(key),
		}
		if c := s.pollers.counts(key); c != nil {
			status.PolledEventCount, status.FilteredOutEventCount = c.polled.Load(), c.filtered.Load()
			status.InvokedEventCount, status.FailedInvokeEventCount, status.DeletedEventCount = c.invoked.Load(), c.failed.Load(), c.deleted.Load()
		}
		all = append(all, status)
	}
	return all
}

// counts are those of a mapping, nil for one that is not there (any more).
func (l *pollers) counts(key string) *counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.lanes[key]; at != nil {
		return &at.counts
	}
	return nil
}
