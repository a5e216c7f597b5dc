package outbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// TestWhatFindsNoRoomRests until there is room: the clock stands still.
func TestWhatFindsNoRoomRests(t *testing.T) {
	w := newWorld(t, "", 4)
	var room atomic.Int64
	full := func() bool { return room.Load() == 0 }
	made := make(chan string, 9)
	defer w.run(func(_ context.Context, key string, v *string) Next[string] {
		if full() {
			return Rest[string](w.clock.Now().Add(time.Hour), "pool", full)
		}
		room.Add(-1)
		made <- key
		return Done[string](nil)
	})()
	for n := range 3 {
		w.put(fmt.Sprint(n), time.Time{}, "")
	}
	until(t, "they do not rest", func() bool { return w.Waiting("pool") == 3 })
	w.Hurry("other", 3)
	room.Store(1)
	w.Hurry("pool", 1)
	within(t, made)
	until(t, "more than one is hurried", func() bool { return w.Waiting("pool") == 2 && w.Len() == 2 })
	room.Store(9)
	w.Hurry("pool", 9)
	within(t, made)
	within(t, made)
	until(t, "still owed", func() bool { return w.Len() == 0 && w.Waiting("pool") == 0 })
}

// TestRoomMadeDuringTheAttemptIsNotMissed: it is full when it is attempted, and no
// longer when it comes to rest.
func TestRoomMadeDuringTheAttemptIsNotMissed(t *testing.T) {
	w := newWorld(t, "", 1)
	tries := 0
	made := make(chan int, 1)
	defer w.run(func(context.Context, string, *string) Next[string] {
		if tries++; tries == 1 {
			w.Hurry("pool", 1) // finds nobody
			return Rest[string](w.clock.Now().Add(time.Hour), "pool", func() bool { return false })
		}
		made <- tries
		return Done[string](nil)
	})()
	w.put("a", time.Time{}, "")
	if within(t, made) != 2 {
		t.Error("it was not tried again at once")
	}
}

func TestWhatRestsCanBeReplacedAndDeleted(t *testing.T) {
	w := newWorld(t, "", 1)
	made := make(chan string, 9)
	defer w.run(func(_ context.Context, _ string, v *string) Next[string] {
		if *v == "new" {
			made <- *v
			return Done[string](nil)
		}
		return Rest[string](w.clock.Now().Add(time.Hour), "pool", nil)
	})()
	w.put("a", time.Time{}, "old")
	w.put("b", time.Time{}, "old")
	until(t, "they do not rest", func() bool { return w.Waiting("pool") == 2 })
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return w.Delete(tx, "b") }); err != nil {
		t.Fatal(err)
	}
	if w.Waiting("pool") != 1 {
		t.Error("a deleted one still rests")
	}
	w.put("a", time.Time{}, "new")
	within(t, made)
	until(t, "still owed", func() bool { return w.Len() == 0 && w.Waiting("pool") == 0 })
}
