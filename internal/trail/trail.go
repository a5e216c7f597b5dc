package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Kinds of the store's logs. Index keys are the request id and the sequence number.
const (
	recordKind = "trail"
	indexKind  = "trail-request"
	policyKind = "trail-policy"
)

// Trail keeps records. It is safe for concurrent use; adding one takes a short
// lock and no I/O.
type Trail struct {
	s       *store.Store
	log     *slog.Logger
	records *store.Log
	index   *store.Log
	policy  *store.Log

	mu   sync.Mutex
	ring []*Record
	last uint64 // Seq of the newest record
	// changed is closed and replaced when a record is added.
	changed chan struct{}
	// lost counts records that left memory before they were written.
	lost uint64

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
	once sync.Once
	// written are the digests already in the store; only the writer uses it.
	written map[string]bool
}

// Open continues the trail in a store and starts its writer.
func Open(ctx context.Context, s *store.Store, log *slog.Logger) (*Trail, error) {
	t := &Trail{
		s: s, log: log, ring: make([]*Record, limits.TrailMemory),
		records: store.OpenLog(s, recordKind), index: store.OpenLog(s, indexKind), policy: store.OpenLog(s, policyKind),
		changed: make(chan struct{}), wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		written: map[string]bool{},
	}
	newest, err := t.records.Scan(ctx, store.Range{Limit: 1, Backward: true})
	if err != nil {
		return nil, err
	}
	if len(newest) == 1 {
		if _, err := fmt.Sscanf(newest[0].Key, "%d", &t.last); err != nil {
			return nil, fmt.Errorf("trail: key %q: %w", newest[0].Key, err)
		}
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
// record must not be changed afterwards.
func (t *Trail) Add(r *Record, layers *policy.Layers) {
	r.layers, r.Policies = layers, refs(layers)
	r.SessionLimited, r.ResourceMustAllow = layers.SessionLimited, layers.ResourceMustAllow
	t.mu.Lock()
	t.last++
	r.Seq = t.last
	t.ring[r.Seq%uint64(len(t.ring))] = r
	changed := t.changed
	t.changed = make(chan struct{})
	t.mu.Unlock()
	close(changed)
	select {
	case t.wake <- struct{}{}:
	default:
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
	newer, changed := t.last > seq, t.changed
	t.mu.Unlock()
	if newer {
		return nil
	}
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

// inMemory gives the records after seq that memory still holds, oldest first.
func (t *Trail) inMemory(seq uint64) []*Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := uint64(len(t.ring))
	if t.last > n && seq < t.last-n {
		seq = t.last - n
	}
	out := make([]*Record, 0, t.last-seq)
	for i := seq + 1; i <= t.last; i++ {
		if r := t.ring[i%n]; r != nil && r.Seq == i {
			out = append(out, r)
		}
	}
	return out
}

// write is the writer's loop: whatever is new goes to the store in one
// transaction, and the oldest records leave it.
func (t *Trail) write(done uint64) {
	defer close(t.done)
	for stopping := false; !stopping; {
		select {
		case <-t.wake:
		case <-t.stop:
			stopping = true
		}
		batch := t.inMemory(done)
		if len(batch) == 0 {
			continue
		}
		if missed := batch[0].Seq - done - 1; missed > 0 {
			t.mu.Lock()
			t.lost += missed
			t.mu.Unlock()
			t.log.Warn("the trail fell behind: some decisions are not on disk", "lost", missed)
		}
		if err := t.s.Update(context.Background(), func(tx *store.Tx) error { return t.persist(tx, batch) }); err != nil {
			t.log.Error("trail: decisions could not be written", "error", err)
		}
		done = batch[len(batch)-1].Seq
	}
}

func (t *Trail) persist(tx *store.Tx, batch []*Record) error {
	for _, r := range batch {
		raw, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("trail: %w", err)
		}
		key := seqKey(r.Seq)
		if err := t.records.Append(tx, store.Entry{Key: key, Value: raw}); err != nil {
			return err
		}
		if err := t.index.Append(tx, store.Entry{Key: store.Key(r.RequestID, key)}); err != nil {
			return err
		}
		if err := t.persistPolicies(tx, r); err != nil {
			return err
		}
	}
	// Trim in steps, so that it costs little per batch.
	first, last := batch[0].Seq, batch[len(batch)-1].Seq
	const step = 1000
	if last/step != first/step && last > limits.TrailStored {
		return t.records.Trim(tx, store.Range{To: seqKey(last - limits.TrailStored)})
	}
	return nil
}

func (t *Trail) persistPolicies(tx *store.Tx, r *Record) error {
	if r.layers == nil {
		return nil
	}
	var err error
	each(r.layers, func(_ string, a *policy.Attached) {
		if err != nil || a.Policy == nil || t.written[a.Policy.Digest()] {
			return
		}
		if len(t.written) > limits.TrailMemory {
			clear(t.written)
		}
		t.written[a.Policy.Digest()] = true
		err = t.policy.Append(tx, store.Entry{Key: a.Policy.Digest(), Value: a.Policy.Source()})
	})
	return err
}

func seqKey(seq uint64) string { return fmt.Sprintf("%020d", seq) }
