package main

import "time"

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

func newWatch(run func()) *watch {
	w := &watch{run: run, runs: 1}
	for w.take() < turn/2 {
		w.runs *= 2
	}
	return w
}

func (w *watch) take() time.Duration {
	start := time.Now()
	for range w.runs {
		w.run()
	}
	took := time.Since(start)
	if each := float64(took.Nanoseconds()) / float64(w.runs); w.lowest == 0 || each < w.lowest {
		w.lowest = each
	}
	return took
}

// interleave gives every watch its turn in every round: what the machine does
// beside hits all alike.
func interleave(rounds int, watches ...*watch) {
	for range rounds {
		for _, w := range watches {
			w.take()
		}
	}
}
