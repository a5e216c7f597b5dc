package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestGivenUpReadsLeaveStateAlone: a client that goes away cancels its reads;
// in memory, losing the connection would be losing everything.
func TestGivenUpReadsLeaveStateAlone(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		log := OpenLog(s, "log")
		if err := s.Update(context.Background(), func(tx *Tx) error {
			for i := range 2000 {
				if err := log.Append(tx, Entry{fmt.Sprintf("%05d", i), make([]byte, 500)}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*50*time.Microsecond)
			_, _ = log.Scan(ctx, Range{Limit: 5000})
			cancel()
		}
		canceled, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := log.Scan(canceled, Range{Limit: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("a read nobody waits for: %v", err)
		}
		all, err := log.Scan(context.Background(), Range{Limit: 5000})
		if err != nil || len(all) != 2000 {
			t.Errorf("%d of 2000 records are left: %v", len(all), err)
		}
	})
}

// TestUpdateIgnoresThatItsCallerWentAway: a write that began is finished.
func TestUpdateIgnoresThatItsCallerWentAway(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		ctx, cancel := context.WithCancel(context.Background())
		if err := s.Update(ctx, func(tx *Tx) error { cancel(); return tab.Put(tx, "a", &thing{"x"}) }); err != nil {
			t.Fatal(err)
		}
		if tab.Get("a") == nil {
			t.Error("the write is gone")
		}
	})
}
