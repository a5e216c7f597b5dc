package trail

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// TestDiskIsBounded: records, their index and the texts of their policies all
// leave, also when decisions come one at a time.
func TestDiskIsBounded(t *testing.T) {
	for name, gather := range map[string]int{"one at a time": 1, "in batches": 7} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir(), small)
			const total = 84
			for i := 0; i < total; i += gather {
				for range gather {
					text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Sid":"v%d","Effect":"Allow","Action":"*","Resource":"*"}}`, w.Last())
					w.Add(&Record{RequestID: "r"}, &policy.Layers{Identity: []policy.Attached{{Policy: load(t, text)}}})
				}
				w.settle()
			}
			all, err := w.Newest(background, 0, Filter{}, total)
			if err != nil {
				t.Fatal(err)
			}
			oldest := all[len(all)-1].Seq
			if n := len(all); n < small.stored || n > small.stored+small.chapter+small.batch {
				t.Errorf("%d records are kept", n)
			}
			for _, l := range []*store.Log{w.disk.records, w.disk.index, w.disk.policy} {
				rows, err := l.Scan(background, store.Range{Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(rows); n > small.stored+small.chapter+small.batch {
					t.Errorf("%d rows are kept", n)
				}
			}
			w.reopen()
			for _, seq := range []uint64{oldest, total} {
				found, err := w.Newest(background, seq+1, Filter{}, 1)
				if err != nil || len(found) != 1 || found[0].Seq != seq {
					t.Fatalf("record %d: %v %v", seq, seqs(found), err)
				}
				if _, _, err := w.Question(background, found[0]); err != nil {
					t.Errorf("record %d cannot be explained: %v", seq, err)
				}
			}
		})
	}
}

// TestPolicyWrittenByAFailedBatchIsWrittenAgain: what a transaction that was
// undone had written is not there.
func TestPolicyWrittenByAFailedBatchIsWrittenAgain(t *testing.T) {
	w := newWorld(t, t.TempDir(), small)
	r, layers := asked(t, "q")
	r.Seq, r.layers = 1, layers
	broken := newDisk(w.store, small)
	w.close()
	if _, err := broken.append(background, []*Record{r}); err == nil {
		t.Fatal("a closed store was written to")
	}
	if broken.begun || len(broken.written) > 0 {
		t.Error("a failed batch counts as written")
	}
	w.open()
	broken.s, broken.records, broken.index, broken.policy = w.store, w.disk.records, w.disk.index, w.disk.policy
	if _, err := broken.append(background, []*Record{r}); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	found := w.request("q")
	if len(found) != 1 {
		t.Fatalf("%d records", len(found))
	}
	if _, _, err := w.Question(background, found[0]); err != nil {
		t.Error(err)
	}
}

func TestCloseLosesNothing(t *testing.T) {
	w := newWorld(t, t.TempDir(), sizes{memory: 5000, recent: 5000, stored: 100_000, chapter: 700, batch: 64, pace: time.Millisecond})
	var wg sync.WaitGroup
	const writers, each = 8, 500
	for n := range writers {
		wg.Go(func() {
			for i := range each {
				w.Add(&Record{RequestID: fmt.Sprint(n, "-", i)}, &policy.Layers{})
			}
		})
	}
	wg.Wait()
	w.reopen()
	if got := w.newest(0, Filter{}, writers*each+1); !slices.Equal(got, down(writers*each, 1)) {
		t.Errorf("%d records, want %d", len(got), writers*each)
	}
	if w.Lost() != 0 {
		t.Errorf("lost %d", w.Lost())
	}
	if got := w.request("7-499"); len(got) != 1 {
		t.Errorf("request 7-499: %v", seqs(got))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.add(3) // late decisions are not written, but do no harm
	if err := w.Close(); err != nil {
		t.Error("closing twice:", err)
	}
}

// TestWhatLeftMemoryUnwrittenIsCounted: the trail never blocks a decision; what
// it could not keep it owns up to.
func TestWhatLeftMemoryUnwrittenIsCounted(t *testing.T) {
	w := newWorld(t, t.TempDir(), sizes{memory: 4, recent: 4, stored: 100, chapter: 50, batch: 2, pace: time.Millisecond})
	hold, held := make(chan struct{}), make(chan struct{})
	go func() {
		_ = w.store.Update(background, func(*store.Tx) error { close(held); <-hold; return nil })
	}()
	<-held
	w.add(20)
	close(hold)
	w.settle()
	got := w.newest(0, Filter{}, 100)
	if len(got)+int(w.Lost()) != 20 || w.Lost() == 0 {
		t.Errorf("%d records, %d lost, of 20", len(got), w.Lost())
	}
	w.reopen()
	if again := w.newest(0, Filter{}, 100); !slices.Equal(again, got) {
		t.Errorf("after a restart %v, before %v", again, got)
	}
}

func TestWithoutDataDirectoryMemoryIsAll(t *testing.T) {
	w := newWorld(t, "", small)
	w.add(30)
	if got := w.newest(0, Filter{}, 100); !slices.Equal(got, down(30, 23)) {
		t.Errorf("got %v", got)
	}
	if w.Lost() != 0 {
		t.Error("what memory need not keep is not lost")
	}
	rows, err := store.OpenLog(w.store, recordKind).Scan(background, store.Range{Limit: 1})
	if err != nil || len(rows) != 0 {
		t.Errorf("%d rows in a store that forgets: %v", len(rows), err)
	}
}

// TestMemoryLetsGoOfWhatIsOnDisk, so that a busy server stays small, and
// readers find it all the same.
func TestMemoryLetsGoOfWhatIsOnDisk(t *testing.T) {
	w := newWorld(t, t.TempDir(), sizes{memory: 50, recent: 5, stored: 1000, chapter: 100, batch: 7, pace: time.Millisecond})
	for _, n := range []int{30, 1, 40, 60} {
		w.add(n)
		w.settle()
		w.forget(w.Last()) // the writer does so after the row is there
		if got := len(w.inMemory(0, everything)); got != 5 {
			t.Errorf("after %d: %d records in memory", w.Last(), got)
		}
		if got := w.newest(0, Filter{}, 1000); w.Lost() == 0 && !slices.Equal(got, down(int(w.Last()), 1)) {
			t.Errorf("after %d: %v", w.Last(), got)
		}
		if got := seqs(w.request("r3")); !slices.Equal(got, []uint64{3}) {
			t.Errorf("after %d: request r3 has %v", w.Last(), got)
		}
	}
}

// TestLimitsFit: the bounds of a real trail agree with each other.
func TestLimitsFit(t *testing.T) {
	if limits.TrailBatch > limits.TrailMemory || limits.TrailRecent > limits.TrailMemory || limits.TrailChapter > limits.TrailStored || limits.TrailStored < limits.TrailMemory {
		t.Error("a batch must fit memory, a chapter the disk, and the disk holds more than memory")
	}
}
