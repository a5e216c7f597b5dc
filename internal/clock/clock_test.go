package clock

import (
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 20, 11, 0, 0, 0, time.FixedZone("CET", 3600))

func TestManualMovesOnlyWhenTold(t *testing.T) {
	m := NewManual(start)
	if !m.Now().Equal(start) || m.Now().Location() != time.UTC {
		t.Errorf("now %v", m.Now())
	}
	soon, later := m.After(time.Second), m.After(time.Minute)
	at := func(ch <-chan time.Time) (time.Time, bool) {
		select {
		case v := <-ch:
			return v, true
		default:
			return time.Time{}, false
		}
	}
	m.Advance(time.Second - 1)
	if _, due := at(soon); due {
		t.Error("woke early")
	}
	m.Advance(1)
	if v, due := at(soon); !due || !v.Equal(start.Add(time.Second)) {
		t.Errorf("woke %v at %v", due, v)
	}
	m.Advance(time.Hour)
	if v, due := at(later); !due || !v.Equal(m.Now()) {
		t.Errorf("woke %v at %v", due, v)
	}
	if _, again := at(soon); again {
		t.Error("woke twice")
	}
	for _, d := range []time.Duration{0, -1} {
		if _, due := at(m.After(d)); !due {
			t.Errorf("after %v: not at once", d)
		}
	}
}

// TestManualTogether is for the race detector.
func TestManualTogether(t *testing.T) {
	m := NewManual(start)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				ch := m.After(time.Millisecond)
				m.Advance(time.Millisecond)
				<-ch
				_ = m.Now()
			}
		})
	}
	wg.Wait()
	if got := m.Now().Sub(start); got != 200*time.Millisecond {
		t.Errorf("moved by %v", got)
	}
}

func TestSystem(t *testing.T) {
	var c Clock = System{}
	before := time.Now()
	if now := c.Now(); now.Before(before) || now.Location() != time.UTC {
		t.Errorf("now %v", now)
	}
	if woken := <-c.After(time.Millisecond); woken.Before(before.Add(time.Millisecond)) {
		t.Errorf("woken at %v", woken)
	}
}
