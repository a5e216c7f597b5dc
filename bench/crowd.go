package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"

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
		if !people[i].admitted(service) {
			return c, fmt.Errorf("%s is denied", people[i].arn)
		}
	}
	c.Asked = (heap() - before) / n
	order, next := rand.New(rand.NewPCG(1, 2)).Perm(n), 0
	same := newWatch(func() { people[n/2].admitted(service) })
	other := newWatch(func() {
		people[order[next]].admitted(service)
		next = (next + 1) % n
	})
	interleave(rounds, same, other)
	c.Same, c.Other = same.lowest, other.lowest
	runtime.KeepAlive(service)
	return c, nil
}

// admitted decides for one principal as the gate does: what IAM grants it, and
// whether that is enough.
func (p *person) admitted(s *iam.Service) bool {
	c := p.caller()
	grants, ok := s.Grants(c)
	r := policy.Request{
		Principal: c.Principal(), Action: getObject, Resource: "arn:aws:s3:::orders-data/incoming/a.json", ResourceAccount: p.account,
	}
	return ok && policy.Evaluate(&r, &policy.Layers{Identity: grants.Identity, Boundary: grants.Boundary}).Allowed()
}

// heap is how much memory is in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
