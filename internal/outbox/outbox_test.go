package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/store"
)

// world is an outbox of texts on a clock that moves when told.
type world struct {
	*Outbox[string]
	t     *testing.T
	store *store.Store
	clock *clock.Manual
	bugs  *bug.Reporter
}

func newWorld(t *testing.T, dir string, workers int) *world {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t, store: s, clock: clock.NewManual(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)), bugs: &bug.Reporter{Log: slog.New(slog.DiscardHandler)}}
	w.Outbox, err = Open[string](t.Context(), Config{Store: s, Clock: w.clock, Bug: w.bugs, Kind: "test.owed", Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) put(key string, due time.Time, v string) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), func(tx *store.Tx) error { return w.Put(tx, key, due, &v) }); err != nil {
		w.t.Error(err)
	}
}

// run runs the outbox until the returned function, which waits for its end.
func (w *world) run(attempt Attempt[string]) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx, attempt)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// within waits for a value of an attempt.
func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was attempted")
		panic("unreachable")
	}
}

// until waits for a state that no channel tells of.
func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func TestDeliveriesSurviveTheServer(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, dir, 1)
	w.put("a", time.Time{}, "first")
	began := make(chan string, 1)
	stop := w.run(func(ctx context.Context, _ string, v *string) Next[string] {
		began <- *v
		<-ctx.Done()
		return Done[string](nil) // too late: nobody knows whether it was made
	})
	if got := within(t, began); got != "first" {
		t.Errorf("attempted %q", got)
	}
	stop()
	w.store.Close()

	w = newWorld(t, dir, 1)
	if w.Len() != 1 || w.Get("a") == nil {
		t.Fatalf("%d deliveries are owed after the restart", w.Len())
	}
	made := make(chan string, 1)
	stop = w.run(func(_ context.Context, _ string, v *string) Next[string] {
		made <- *v
		return Done[string](nil)
	})
	within(t, made)
	until(t, "a delivery that was made is still owed", func() bool { return w.Len() == 0 })
	stop()
	w.store.Close()
	if w = newWorld(t, dir, 1); w.Len() != 0 {
		t.Error("a delivery that was made is owed again after a restart")
	}
}

func TestAgainIsLaterAndWithItsNewValue(t *testing.T) {
	w := newWorld(t, "", 1)
	type attempted struct {
		value string
		at    time.Time
	}
	made := make(chan attempted, 9)
	defer w.run(func(_ context.Context, _ string, v *string) Next[string] {
		now := w.clock.Now()
		made <- attempted{*v, now}
		if *v == "second" {
			return Done[string](nil)
		}
		second := "second"
		return Again(now.Add(time.Minute), &second)
	})()
	due := w.clock.Now().Add(time.Hour)
	w.put("a", due, "first")
	for _, want := range []string{"first", "second"} {
		until(t, "nobody waits for the next attempt", func() bool { w.clock.Advance(10 * time.Second); return len(made) > 0 })
		got := within(t, made)
		if got.value != want || got.at.Before(due) {
			t.Errorf("attempted %q at %v, want %q not before %v", got.value, got.at, want, due)
		}
		due = got.at.Add(time.Minute)
	}
	until(t, "still owed", func() bool { return w.Len() == 0 })
}

// TestWhatIsPutDuringAnAttempt is attempted after it, whatever that one says.
func TestWhatIsPutDuringAnAttempt(t *testing.T) {
	w := newWorld(t, "", 4)
	made, goOn := make(chan string), make(chan struct{})
	defer w.run(func(_ context.Context, _ string, v *string) Next[string] {
		made <- *v
		<-goOn
		return Done[string](nil)
	})()
	w.put("a", time.Time{}, "old")
	within(t, made)
	w.put("a", time.Time{}, "new")
	w.put("b", time.Time{}, "other")
	if got := within(t, made); got != "other" {
		t.Errorf("%q is attempted beside the old one", got)
	}
	goOn <- struct{}{}
	goOn <- struct{}{}
	if got := within(t, made); got != "new" {
		t.Errorf("attempted %q", got)
	}
	goOn <- struct{}{}
	until(t, "still owed", func() bool { return w.Len() == 0 })
}

func TestDeletedDuringAnAttemptIsOver(t *testing.T) {
	w := newWorld(t, "", 1)
	made, goOn := make(chan string, 9), make(chan struct{})
	stop := w.run(func(_ context.Context, _ string, v *string) Next[string] {
		made <- *v
		<-goOn
		if *v == "b" {
			return Done[string](nil)
		}
		return Again(w.clock.Now(), v)
	})
	w.put("a", time.Time{}, "a")
	within(t, made)
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return w.Delete(tx, "a") }); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	w.put("b", time.Time{}, "b")
	if got := within(t, made); got != "b" {
		t.Errorf("attempted %q", got)
	}
	stop()
	if w.Get("a") != nil {
		t.Error("a deleted delivery is owed again")
	}
}

// TestWithRunsInTheTransaction: what Done stores is stored, or the delivery is
// made again.
func TestWithRunsInTheTransaction(t *testing.T) {
	w := newWorld(t, "", 1)
	tries := make(chan int, 9)
	n := 0
	stop := w.run(func(context.Context, string, *string) Next[string] {
		n++
		tries <- n
		broken := n == 1
		return Done[string](func(tx *store.Tx) error {
			if broken {
				return errors.New("broken")
			}
			v := "next"
			return w.Put(tx, "b", w.clock.Now().Add(time.Hour), &v)
		})
	})
	w.put("a", time.Time{}, "a")
	within(t, tries)
	until(t, "not made again", func() bool { w.clock.Advance(Pause); return len(tries) > 0 })
	until(t, "not stored", func() bool { return w.Get("a") == nil && w.Get("b") != nil })
	stop()
}

func TestPanicIsABugAndTriedAgain(t *testing.T) {
	w := newWorld(t, "", 1)
	tries := make(chan int, 9)
	n := 0
	stop := w.run(func(context.Context, string, *string) Next[string] {
		n++
		tries <- n
		if n == 1 {
			panic("broken")
		}
		return Done[string](nil)
	})
	w.put("a", time.Time{}, "a")
	within(t, tries)
	until(t, "not made again", func() bool { w.clock.Advance(Pause); return len(tries) > 0 })
	until(t, "still owed", func() bool { return w.Len() == 0 })
	stop()
	if w.bugs.Count() != 1 {
		t.Errorf("%d bugs", w.bugs.Count())
	}
}

// TestManyOnFewWorkers: each delivery is made, and never two of one key at a time.
func TestManyOnFewWorkers(t *testing.T) {
	w := newWorld(t, "", 3)
	var mu sync.Mutex
	busy, most, made := map[string]bool{}, 0, map[string]int{}
	stop := w.run(func(_ context.Context, key string, v *string) Next[string] {
		mu.Lock()
		if busy[key] {
			t.Errorf("%s is attempted twice at a time", key)
		}
		busy[key] = true
		most = max(most, len(busy))
		made[key]++
		again := made[key] < 3
		mu.Unlock()
		mu.Lock()
		defer mu.Unlock()
		delete(busy, key)
		if again {
			return Again(w.clock.Now(), v)
		}
		return Done[string](nil)
	})
	for i := range 40 {
		w.put(fmt.Sprint(i), time.Time{}, "x")
	}
	until(t, "still owed", func() bool { return w.Len() == 0 })
	stop()
	if most > 3 || len(made) != 40 {
		t.Errorf("%d at a time, %d of 40 made", most, len(made))
	}
	for key, n := range made {
		if n != 3 {
			t.Errorf("%s was attempted %d times", key, n)
		}
	}
	if n := len(w.due.byKey); n != 0 {
		t.Errorf("%d keys are left in the schedule", n)
	}
}
