package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// crowd is what a number of principals with the same policies take.
type crowd struct {
	Principals int `json:"principals"`
	// AtRest is the memory of one of them in bytes; Asked is the same once
	// everybody was asked for.
	AtRest int `json:"bytesAtRest"`
	Asked  int `json:"bytesAsked"`
	// Same is how long it takes to find a principal's policies and to decide,
	// in nanoseconds, asking for one principal over and over; Other asks for
	// another one each time, in no order.
	Same  float64 `json:"nsSamePrincipal"`
	Other float64 `json:"nsOtherPrincipals"`
}

// measureCrowd makes principals and weighs them.
func measureCrowd(ctx context.Context, n, rounds int) (c crowd, err error) {
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	people := crowdOf(n)
	before := heap()
	service, err := populate(ctx, st, people)
	if err != nil {
		return c, err
	}
	c = crowd{Principals: n, AtRest: (heap() - before) / n}
	for i := range people {
		if q := people[i].asks(); !q.admitted(service) {
			return c, fmt.Errorf("%s is denied", people[i].arn)
		}
	}
	c.Asked = (heap() - before) / n
	same, other := watchSame(service, &people[n/2]), watchOthers(service, people)
	interleave(rounds, same, other)
	c.Same, c.Other = same.lowest, other.lowest
	runtime.KeepAlive(service)
	return c, nil
}

// watchSame asks for one principal over and over.
func watchSame(s *iam.Service, p *person) *watch {
	q := p.asks()
	return newWatch(func() { q.admitted(s) })
}

// watchOthers asks for another principal each time, in no order. What a server
// has of each request when it decides is got ready before, as the requests of
// the other workloads are: IAM has to find the rest.
func watchOthers(s *iam.Service, people []person) *watch {
	order, next := rand.New(rand.NewPCG(1, 2)).Perm(len(people)), 0
	var ready []asking
	at := 0
	prepare := func(runs int) {
		ready, at = ready[:0], 0
		for range runs {
			ready = append(ready, people[order[next]].asks())
			next = (next + 1) % len(people)
		}
	}
	return newPreparedWatch(prepare, func() {
		ready[at].admitted(s)
		at++
	})
}

// asking is a request of one person: who signed it, and the question.
type asking struct {
	caller  caller.Caller
	request policy.Request
}

func (p *person) asks() asking {
	c := p.caller()
	return asking{c, policy.Request{
		Principal: c.Principal(), Action: getObject, Resource: "arn:aws:s3:::orders-data/incoming/a.json", ResourceAccount: p.account,
	}}
}

// admitted decides as the gate does: what IAM grants, and whether that is enough.
func (a *asking) admitted(s *iam.Service) bool {
	grants, ok := s.Grants(a.caller)
	return ok && policy.Evaluate(&a.request, &policy.Layers{Identity: grants.Identity, Boundary: grants.Boundary}).Allowed()
}

// heap is how much memory is in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
