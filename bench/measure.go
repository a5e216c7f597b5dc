package main

import (
	"fmt"
	"runtime"
)

// result is what one engine needed for one question.
type result struct {
	Workload string `json:"workload"`
	Question string `json:"question"`
	Engine   string `json:"engine"`
	// NS is the time of a decision in nanoseconds, the lowest of the rounds.
	NS     float64 `json:"nsPerDecision"`
	Allocs float64 `json:"allocsPerDecision"`
	// Ratio is how many times the time of the first engine it is.
	Ratio float64 `json:"ratio"`

	decide func()
}

// measure asks every engine every question, in rounds: what else the machine
// does hits all of them alike, and the lowest time is the least disturbed.
func measure(rounds int) ([]*result, error) {
	all, err := prepareAll()
	if err != nil {
		return nil, err
	}
	watches := make([]*watch, len(all))
	for i, r := range all {
		watches[i] = newWatch(r.decide)
	}
	interleave(rounds, watches...)
	first := map[string]float64{}
	for i, r := range all {
		r.NS = watches[i].lowest
		r.Allocs = allocations(r.decide)
		key := r.Workload + "/" + r.Question
		if first[key] == 0 {
			first[key] = r.NS
		}
		r.Ratio = r.NS / first[key]
	}
	return all, nil
}

// prepareAll loads the engines and checks that they decide as they should.
func prepareAll() ([]*result, error) {
	all, err := workloads()
	if err != nil {
		return nil, err
	}
	var results []*result
	for _, w := range all {
		var of []loaded
		for _, e := range engines() {
			l, err := e.load(w)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", w.name, e.name, err)
			}
			of = append(of, l)
		}
		for _, q := range w.questions {
			for i, e := range engines() {
				a, err := of[i].ask(q)
				if err != nil {
					return nil, fmt.Errorf("%s, %s, %s: %w", w.name, q.name, e.name, err)
				}
				if got := a.explain(); got != q.want {
					return nil, fmt.Errorf("%s, %s, %s: decides %s by %q, not %s by %q", w.name, q.name, e.name, got.effect, got.statement, q.want.effect, q.want.statement)
				}
				results = append(results, &result{Workload: w.name, Question: q.name, Engine: e.name, decide: func() { a.decide() }})
			}
		}
	}
	return results, nil
}

// allocations are those of one run of f.
func allocations(f func()) float64 {
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / runs)
}
