package organizations

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// Membership implements op.Organizations. It allocates nothing.
func (s *Service) Membership(account string) *op.Membership {
	return (*s.memberships.Load())[account]
}

// place is a root or unit with what applies to the accounts below it.
type place struct {
	path              string
	service, resource [][]policy.Attached
}

// rebuild puts together what the gate reads, and swaps it in at once. It runs
// after each change, before that is acknowledged; changes are rare, and there
// is one for every decision that reads it.
func (s *Service) rebuild() {
	next := map[string]*op.Membership{}
	for _, o := range s.organizations.All("", "") {
		b := &builder{s: s, o: o, places: map[string]*place{}, shared: map[string]*policy.Policy{}}
		for _, m := range s.membersBelow(o, "") {
			next[m.Account] = b.membership(m)
		}
	}
	s.memberships.Store(&next)
}

// builder works on one organization.
type builder struct {
	s      *Service
	o      *organization
	places map[string]*place
	// shared are compiled policies by digest: equal texts are one.
	shared map[string]*policy.Policy
}

func (b *builder) membership(m *member) *op.Membership {
	p := b.place(m.Parent)
	out := &op.Membership{Organization: b.o.ID, Management: b.o.Management, Paths: []string{p.path}}
	if m.Account == b.o.Management {
		return out // control policies do not apply to it
	}
	t := b.s.memberTarget(m)
	out.ServiceControl = b.level(p.service, t, serviceControl)
	out.ResourceControl = b.level(p.resource, t, resourceControl)
	return out
}

// place is that of a root's or unit's id.
func (b *builder) place(id string) *place {
	if p := b.places[id]; p != nil {
		return p
	}
	p := &place{path: b.s.path(nil, b.o, id)}
	var above place
	if u := b.s.units.Get(store.Key(b.o.ID, id)); u != nil {
		above = *b.place(u.Parent)
	}
	t := b.s.target(nil, b.o, id)
	if t == nil {
		b.s.bug.Report(context.Background(), "organization %s has nothing called %s", b.o.ID, id)
		t = &target{attachments: &attachments{}} // a level that allows nothing
	}
	p.service, p.resource = b.level(above.service, t, serviceControl), b.level(above.resource, t, resourceControl)
	b.places[id] = p
	return p
}

// level adds a target's policies of a type to the levels above it. Without a
// policy the level still counts, and allows nothing.
func (b *builder) level(above [][]policy.Attached, t *target, kind string) [][]policy.Attached {
	if !b.o.uses(kind) {
		return nil
	}
	here := []policy.Attached{}
	for _, id := range t.of(kind) {
		a := policy.Attached{Name: id, Source: t.source()}
		if p := b.s.policy(nil, b.o, id); p != nil {
			a.Name, a.ARN, a.Policy = p.Name, p.arn(b.o), b.share(p.compiled)
		}
		here = append(here, a)
	}
	return append(slices.Clip(above), here)
}

func (b *builder) share(p *policy.Policy) *policy.Policy {
	if known := b.shared[p.Digest()]; known != nil {
		return known
	}
	b.shared[p.Digest()] = p
	return p
}
