package main

import (
	"math/rand/v2"
	"time"
)

// turn is about how long one thing is measured before it is another one's
// turn: less than what the scheduler gives a process at a time, so that some
// turns of many are not disturbed by what else the machine does.
const turn = 2 * time.Millisecond

// batch is how many runs are prepared at a time: few enough for what is prepared
// to be at hand when its turn comes, so many that reading the clock does not count.
const batch = 128

// watch measures one thing, and keeps its lowest time.
type watch struct {
	run func()
	// prepare gets ready for a number of runs, before the time is taken; nil
	// when there is nothing to get ready.
	prepare func(runs int)
	// runs fit in a turn.
	runs int
	// lowest is in nanoseconds for one run.
	lowest float64
}

// newWatch finds out how many runs fit in a turn. It goes by the lowest time, so
// that an interruption does not end the search.
func newWatch(run func()) *watch { return newPreparedWatch(nil, run) }

// newPreparedWatch is newWatch for runs that something has to be got ready for.
func newPreparedWatch(prepare func(runs int), run func()) *watch {
	w := &watch{run: run, prepare: prepare, runs: 1}
	w.take()
	for w.lowest*float64(w.runs) < float64(turn/2) {
		w.runs *= 2
		w.take()
	}
	return w
}

// take measures for a turn.
func (w *watch) take() {
	var took time.Duration
	for left := w.runs; left > 0; left -= batch {
		took += w.time(min(left, batch))
	}
	each := float64(took) / float64(w.runs)
	if w.lowest == 0 || each < w.lowest {
		w.lowest = each
	}
}

// time is how long a number of runs take, once they are prepared.
func (w *watch) time(runs int) time.Duration {
	if w.prepare != nil {
		w.prepare(runs)
	}
	start := time.Now()
	for range runs {
		w.run()
	}
	return time.Since(start)
}

// interleave gives every watch its turn in every round, in another order each
// time: what the machine does beside, and the collection of the garbage of the
// one before, hits all alike.
func interleave(rounds int, watches ...*watch) {
	for range rounds {
		for _, i := range rand.Perm(len(watches)) {
			watches[i].take()
		}
	}
}
