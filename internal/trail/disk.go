package trail

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Kinds of the store's logs.
const (
	// recordKind has a row for each batch: its records, packed, under the
	// number of the first.
	recordKind = "trail"
	// indexKind has the request ids of a batch under the same key, and those
	// that caused them, so that a request and what it led to are found without
	// unpacking all of them.
	indexKind = "trail-request"
	// policyKind has the texts of policies, under chapter and digest.
	policyKind = "trail-policy"
)

// disk is the part of the trail that is in the store.
type disk struct {
	s       *store.Store
	records *store.Log
	index   *store.Log
	policy  *store.Log
	size    sizes

	// What follows is the writer's alone: the chapter it writes, and the
	// digests of the policies that are in it already.
	chapter uint64
	written map[string]bool
	begun   bool
	lines   encoder
	packer  *flate.Writer
}

func newDisk(s *store.Store, size sizes) *disk {
	return &disk{s: s, size: size, records: store.OpenLog(s, recordKind), index: store.OpenLog(s, indexKind), policy: store.OpenLog(s, policyKind)}
}

func seqKey(seq uint64) string { return fmt.Sprintf("%020d", seq) }

func (d *disk) chapterOf(seq uint64) uint64 { return seq / uint64(d.size.chapter) }

func policyKey(chapter uint64, digest string) string { return store.Key(seqKey(chapter), digest) }

// newest is the number of the newest record in the store, 0 without any.
func (d *disk) newest(ctx context.Context) (uint64, error) {
	rows, err := d.index.Scan(ctx, store.Range{Limit: 1, Backward: true})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	first, err := strconv.ParseUint(rows[0].Key, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("trail: key %q: %w", rows[0].Key, err)
	}
	var named names
	if err := json.Unmarshal(rows[0].Value, &named); err != nil {
		return 0, fmt.Errorf("trail: requests from %d: %w", first, err)
	}
	return first + uint64(max(len(named.Requests), 1)) - 1, nil
}

// append writes the records of one chapter that the batch begins with, with
// the policies that the chapter lacks, and gives the number of the last one.
func (d *disk) append(ctx context.Context, batch []*Record) (last uint64, err error) {
	chapter := d.chapterOf(batch[0].Seq)
	begins := !d.begun || chapter != d.chapter
	if begins {
		d.written = map[string]bool{}
	}
	g, err := d.gather(batch, chapter)
	if err != nil {
		return 0, err
	}
	err = d.s.Update(ctx, func(tx *store.Tx) error {
		if err := d.records.Append(tx, g.row); err != nil {
			return err
		}
		if err := d.index.Append(tx, g.index); err != nil {
			return err
		}
		if err := d.policy.Append(tx, g.policies...); err != nil {
			return err
		}
		if begins {
			return d.trim(tx, g.last)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	// Only now are they there: a batch that failed is written whole again.
	d.begun, d.chapter = true, chapter
	for digest := range g.fresh {
		d.written[digest] = true
	}
	return g.last, nil
}

// names are the requests that the records of a batch name: their own, one for
// each, and those that caused any of them.
type names struct {
	Requests []string `json:"requests"`
	Parents  []string `json:"parents,omitempty"`
}

// gathered is what one transaction writes.
type gathered struct {
	row, index store.Entry
	policies   []store.Entry
	fresh      map[string]bool // digests of policies
	last       uint64
}

func (d *disk) gather(batch []*Record, chapter uint64) (*gathered, error) {
	var (
		err   error
		lines []byte
		named names
		key   = seqKey(batch[0].Seq)
		g     = &gathered{fresh: map[string]bool{}}
	)
	for _, r := range batch {
		if d.chapterOf(r.Seq) != chapter || len(lines) > limits.TrailBatchBytes {
			break
		}
		if lines, err = d.lines.append(lines, r); err != nil {
			return nil, fmt.Errorf("record %d: %w", r.Seq, err)
		}
		named.Requests, g.last = append(named.Requests, r.RequestID), r.Seq
		if r.Parent != "" && !slices.Contains(named.Parents, r.Parent) {
			named.Parents = append(named.Parents, r.Parent)
		}
		each(r.layers, func(_ string, _ int, a *policy.Attached) {
			if a.Policy == nil || d.written[a.Policy.Digest()] || g.fresh[a.Policy.Digest()] {
				return
			}
			g.fresh[a.Policy.Digest()] = true
			g.policies = append(g.policies, store.Entry{Key: policyKey(chapter, a.Policy.Digest()), Value: a.Policy.Source()})
		})
	}
	packed, err := d.pack(lines)
	if err != nil {
		return nil, err
	}
	index, err := json.Marshal(named)
	if err != nil {
		return nil, err
	}
	g.row, g.index = store.Entry{Key: key, Value: packed}, store.Entry{Key: key, Value: index}
	return g, nil
}

// trim removes the chapters that are not needed to keep enough records.
func (d *disk) trim(tx *store.Tx, last uint64) error {
	stored := uint64(d.size.stored)
	if last <= stored {
		return nil
	}
	kept := d.chapterOf(last - stored)
	old := store.Range{To: seqKey(kept * uint64(d.size.chapter))}
	if err := d.records.Trim(tx, old); err != nil {
		return err
	}
	if err := d.index.Trim(tx, old); err != nil {
		return err
	}
	return d.policy.Trim(tx, store.Range{To: seqKey(kept)})
}

// before gives the records of up to rows rows older than seq, newest row first
// but oldest record first within it. next is where to go on, 0 at the end.
func (d *disk) before(ctx context.Context, seq uint64, rows int) (runs [][]*Record, next uint64, err error) {
	found, err := d.records.Scan(ctx, store.Range{To: seqKey(seq), Limit: rows, Backward: true})
	if err != nil {
		return nil, 0, err
	}
	for _, row := range found {
		all, err := unpack(row)
		if err != nil {
			return nil, 0, err
		}
		runs = append(runs, all)
	}
	if len(found) < rows {
		return runs, 0, nil
	}
	next, err = strconv.ParseUint(found[rows-1].Key, 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("trail: key %q: %w", found[rows-1].Key, err)
	}
	return runs, next, nil
}

// find gives the first records, up to limit, that match, older than seq, oldest
// first. All of them name the request, as theirs or as their cause.
func (d *disk) find(ctx context.Context, requestID string, seq uint64, limit int, match func(*Record) bool) ([]*Record, error) {
	quoted, err := json.Marshal(requestID)
	if err != nil {
		return nil, err
	}
	var out []*Record
	const page = 100
	for r := (store.Range{To: seqKey(seq), Limit: page}); ; {
		rows, err := d.index.Scan(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			r.From = row.Key + "\x00"
			if !bytes.Contains(row.Value, quoted) {
				continue
			}
			found, err := d.row(ctx, row.Key)
			if err != nil {
				return nil, err
			}
			for _, one := range found {
				if one.Seq < seq && match(one) {
					if out = append(out, one); len(out) == limit {
						return out, nil
					}
				}
			}
		}
		if len(rows) < page {
			return out, nil
		}
	}
}

func (d *disk) row(ctx context.Context, key string) ([]*Record, error) {
	rows, err := d.records.Scan(ctx, exactly(key))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return unpack(rows[0])
}

// text is the policy of a digest as the chapter of a record has it.
func (d *disk) text(ctx context.Context, seq uint64, digest string) ([]byte, error) {
	rows, err := d.policy.Scan(ctx, exactly(policyKey(d.chapterOf(seq), digest)))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Value, nil
}

func exactly(key string) store.Range { return store.Range{From: key, To: key + "\x00", Limit: 1} }
