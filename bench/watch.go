package main

import (
	"math/rand/v2"
	"time"
)

// turn is about how long one thing is measured before it is another one's
// turn: less than what the scheduler gives a process at a time, so that some
// turns of many are not disturbed by what else the machine does.
const turn = 2 * time.Millisecond

// watch measures one thing, and keeps its lowest time.
type watch struct {
	run func()
	// runs fit in a turn.
	runs int
	// lowest is in nanoseconds for one run.
	lowest float64
}

// newWatch finds out how many runs fit in a turn. It goes by the lowest time, so
// that an interruption does not end the search.
func newWatch(run func()) *watch {
	w := &watch{run: run, runs: 1}
	w.take()
	for w.lowest*float64(w.runs) < float64(turn/2) {
		w.runs *= 2
		w.take()
	}
	return w
}

// take measures for a turn.
func (w *watch) take() {
	start := time.Now()
	for range w.runs {
		w.run()
	}
	each := float64(time.Since(start)) / float64(w.runs)
	if w.lowest == 0 || each < w.lowest {
		w.lowest = each
	}
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
