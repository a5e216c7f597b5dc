package organizations

import (
	"slices"

	"github.com/sallyport/sallyport/internal/store"
)

// Kinds of things in an organization, as they stand in ARNs.
const (
	kindRoot    = "root"
	kindUnit    = "ou"
	kindAccount = "account"
	kindPolicy  = "policy"
)

// attachments are the ids of the policies attached to a root, unit or account,
// in the order they were attached in.
type attachments struct {
	Service  []string `json:",omitempty"`
	Resource []string `json:",omitempty"`
}

// of are those of one type.
func (a *attachments) of(kind string) []string {
	switch kind {
	case serviceControl:
		return a.Service
	case resourceControl:
		return a.Resource
	}
	return nil
}

func (a *attachments) set(kind string, ids []string) {
	switch kind {
	case serviceControl:
		a.Service = ids
	case resourceControl:
		a.Resource = ids
	}
}

// initial are the attachments of what is new in the organization.
func initial(o *organization) attachments {
	var a attachments
	for _, kind := range o.Enabled {
		a.set(kind, []string{fullAccess(kind)})
	}
	return a
}

// target is a root, unit or account: what has policies and tags. It is a copy
// for editing; save stores it.
type target struct {
	kind, id, name string
	*attachments
	tags *[]tag
	save func(tx *store.Tx) error
}

// source is how explanations name the target. Whoever changes that changes
// what advice makes of it.
func (t *target) source() string {
	switch t.kind {
	case kindUnit:
		return "OU " + t.id + " (" + t.name + ")"
	}
	return t.kind + " " + t.id
}

// target finds what an id names in the organization, nil if it names nothing.
func (s *Service) target(tx *store.Tx, o *organization, id string) *target {
	if id == o.Root {
		next := *o
		return &target{kindRoot, id, rootName, &next.attachments, &next.Tags, func(tx *store.Tx) error { return s.organizations.Put(tx, next.ID, &next) }}
	}
	if u := get(tx, s.units, store.Key(o.ID, id)); u != nil {
		return s.unitTarget(u)
	}
	if m := get(tx, s.members, id); m != nil && m.Organization == o.ID {
		return s.memberTarget(m)
	}
	return nil
}

func (s *Service) unitTarget(u *unit) *target {
	next := *u
	return &target{kindUnit, u.ID, u.Name, &next.attachments, &next.Tags, func(tx *store.Tx) error { return s.units.Put(tx, next.key(), &next) }}
}

func (s *Service) memberTarget(m *member) *target {
	next := *m
	return &target{kindAccount, m.Account, m.Name, &next.attachments, &next.Tags, func(tx *store.Tx) error { return s.members.Put(tx, next.Account, &next) }}
}

// targets are all of an organization: its root, units and accounts.
func (s *Service) targets(tx *store.Tx, o *organization) []*target {
	all := []*target{s.target(tx, o, o.Root)}
	for _, u := range s.units.All(store.Prefix(o.ID), "") {
		all = append(all, s.unitTarget(u))
	}
	for _, m := range s.members.All("", "") {
		if m.Organization == o.ID {
			all = append(all, s.memberTarget(m))
		}
	}
	return all
}

// attachedTo are the targets a policy is attached to.
func (s *Service) attachedTo(o *organization, p *controlPolicy) []*target {
	return slices.DeleteFunc(s.targets(nil, o), func(t *target) bool { return !slices.Contains(t.of(p.Type), p.ID) })
}
