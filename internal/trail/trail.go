// Package trail is the record of every question put to the gate and of its
// answer: who asked for what, under which context, and the digests of the
// policies that answered, so that any decision can be explained again later.
//
// The last records are in memory. With a data directory all are also written
// to the store, a tenth of a second behind at most, many to a row; without one
// memory is all there is. Policies are stored by digest, once per chapter: a
// chapter is a run of records that leaves the store together with its policies.
package trail

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Trail keeps records. It is safe for concurrent use; adding one takes a short
// lock and no I/O.
type Trail struct {
	disk *disk // nil without a data directory
	log  *slog.Logger

	mu   sync.Mutex
	ring []*Record
	last uint64 // Seq of the newest record
	// forgotten is the newest record that memory let go because it is on disk.
	forgotten uint64
	// changed is closed when a record is added; nil while nobody waits.
	changed chan struct{}
	// woken says that the writer knows there is something to do.
	woken bool
	// lost counts records that left memory before they were written.
	lost uint64

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
	once sync.Once
}

// sizes are the bounds of a trail, in records.
type sizes struct {
	// memory stay in memory, recent of them once they are written; stored at
	// least on disk, in chapters of chapter; one transaction writes up to batch.
	memory, recent, stored, chapter, batch int
	// pace is how long the writer lets records gather: one row for many.
	pace time.Duration
}

// whole are the bounds of every trail but those of tests.
var whole = sizes{limits.TrailMemory, limits.TrailRecent, limits.TrailStored, limits.TrailChapter, limits.TrailBatch, 100 * time.Millisecond}

// Open continues the trail in a store and starts its writer.
func Open(ctx context.Context, s *store.Store, log *slog.Logger) (*Trail, error) {
	return open(ctx, s, log, whole)
}

func open(ctx context.Context, s *store.Store, log *slog.Logger, size sizes) (*Trail, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Trail{
		log: log, ring: make([]*Record, size.memory),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if s.Dir() == "" {
		close(t.done)
		return t, nil
	}
	t.disk = newDisk(s, size)
	var err error
	if t.last, err = t.disk.newest(ctx); err != nil {
		return nil, err
	}
	go t.write(t.last)
	return t, nil
}

// Close writes what is still in memory only.
func (t *Trail) Close() error {
	t.once.Do(func() { close(t.stop) })
	<-t.done
	return nil
}

// Add appends a record about a question with these layers, and numbers it. The
// record and the layers must not be changed afterwards.
func (t *Trail) Add(r *Record, layers *policy.Layers) {
	r.layers = layers
	r.SessionLimited, r.ResourceMustAllow = layers.SessionLimited, layers.ResourceMustAllow
	t.mu.Lock()
	t.last++
	r.Seq = t.last
	t.ring[r.Seq%uint64(len(t.ring))] = r
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
	wake := !t.woken && t.disk != nil
	t.woken = true
	t.mu.Unlock()
	if wake {
		t.wake <- struct{}{} // never blocks: it has room for the one that woken allows
	}
}

// Lost is how many records left memory before they could be written.
func (t *Trail) Lost() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

// Wait returns when a record newer than seq exists.
func (t *Trail) Wait(ctx context.Context, seq uint64) error {
	t.mu.Lock()
	if t.last > seq {
		t.mu.Unlock()
		return nil
	}
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	changed := t.changed
	t.mu.Unlock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Last is the number of the newest record.
func (t *Trail) Last() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// forget lets go of records that are on disk, up to done, but for the newest.
func (t *Trail) forget(done uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	recent, n := uint64(t.disk.size.recent), uint64(len(t.ring))
	if t.last <= recent {
		return
	}
	done = min(done, t.last-recent)
	for i := max(t.forgotten, t.last-min(t.last, n)) + 1; i <= done; i++ {
		t.ring[i%n] = nil
	}
	t.forgotten = max(t.forgotten, done)
}

// inMemory gives up to limit of the records after seq that memory still holds,
// oldest first.
func (t *Trail) inMemory(seq uint64, limit int) []*Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := uint64(len(t.ring))
	if t.last > n && seq < t.last-n {
		seq = t.last - n
	}
	if seq >= t.last {
		return nil
	}
	out := make([]*Record, 0, min(t.last-seq, uint64(limit)))
	for i := seq + 1; i <= t.last && len(out) < limit; i++ {
		if r := t.ring[i%n]; r != nil && r.Seq == i {
			out = append(out, r)
		}
	}
	return out
}
