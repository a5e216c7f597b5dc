package organizations

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// unit is an organizational unit as it is stored, under its organization and id.
type unit struct {
	Organization, ID, Name string
	// Parent is the id of the root or of another unit.
	Parent string
	attachments
	Tags []tag `json:",omitempty"`
}

func (u *unit) key() string { return store.Key(u.Organization, u.ID) }

// parents are the units above a place in the organization, the nearest first;
// the root, which is above them all, is not among them. ok is false when id is
// neither the root nor a unit.
func (s *Service) parents(tx *store.Tx, o *organization, id string) (above []*unit, ok bool) {
	for id != o.Root {
		u := get(tx, s.units, store.Key(o.ID, id))
		if u == nil || len(above) > limits.UnitDepth {
			return nil, false
		}
		above = append(above, u)
		id = u.Parent
	}
	return above, true
}

// path is the place in the organization that a root's or unit's id names, as
// aws:PrincipalOrgPaths has it.
func (s *Service) path(tx *store.Tx, o *organization, id string) string {
	above, _ := s.parents(tx, o, id)
	path := o.ID + "/" + o.Root + "/"
	for i := range above {
		path += above[len(above)-1-i].ID + "/"
	}
	return path
}

func (s *Service) showUnit(tx *store.Tx, o *organization, u *unit) orgapi.OrganizationalUnit {
	return orgapi.OrganizationalUnit{Id: &u.ID, Arn: ptr(arnOf(o, kindUnit, u.ID)), Name: &u.Name, Path: ptr(s.path(tx, o, u.ID))}
}

func (s *Service) createUnit(ctx context.Context, c *op.Call, in *orgapi.CreateOrganizationalUnitRequest) (*orgapi.CreateOrganizationalUnitResponse, error) {
	var out orgapi.OrganizationalUnit
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		above, ok := s.parents(tx, o, in.GetParentId())
		if !ok {
			return noParent()
		}
		if len(above) >= limits.UnitDepth {
			return constraint(tooDeep, "You have exceeded the maximum depth of organizational units.")
		}
		if count(s.units, o.ID) >= limits.UnitsPerOrganization {
			return constraint(tooManyUnits, constraintExceeded, "organizational units")
		}
		u := &unit{Organization: o.ID, ID: newID("ou-"+o.Root[len("r-"):]+"-", 8), Name: in.GetName(), Parent: in.GetParentId(), attachments: initial(o)}
		if err := s.unitNameIsFree(o, u); err != nil {
			return err
		}
		var err error
		if u.Tags, err = addTags(nil, in.Tags); err != nil {
			return err
		}
		if err := s.units.Put(tx, u.key(), u); err != nil {
			return err
		}
		out = s.showUnit(tx, o, u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &orgapi.CreateOrganizationalUnitResponse{OrganizationalUnit: &out}, nil
}

// unitNameIsFree: names are unique below one parent.
func (s *Service) unitNameIsFree(o *organization, u *unit) error {
	for _, other := range s.units.All(store.Prefix(o.ID), "") {
		if other.Parent == u.Parent && other.Name == u.Name && other.ID != u.ID {
			return duplicateUnit()
		}
	}
	return nil
}

func (s *Service) updateUnit(ctx context.Context, c *op.Call, in *orgapi.UpdateOrganizationalUnitRequest) (*orgapi.UpdateOrganizationalUnitResponse, error) {
	var out orgapi.OrganizationalUnit
	_, err := s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		u := s.units.GetIn(tx, store.Key(o.ID, in.GetOrganizationalUnitId()))
		if u == nil {
			return noUnit()
		}
		next := *u
		if in.Name != nil {
			next.Name = in.GetName()
		}
		if err := s.unitNameIsFree(o, &next); err != nil {
			return err
		}
		out = s.showUnit(tx, o, &next)
		return s.units.Put(tx, next.key(), &next)
	})
	if err != nil {
		return nil, err
	}
	return &orgapi.UpdateOrganizationalUnitResponse{OrganizationalUnit: &out}, nil
}

func (s *Service) describeUnit(_ context.Context, c *op.Call, in *orgapi.DescribeOrganizationalUnitRequest) (*orgapi.DescribeOrganizationalUnitResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	u := s.units.Get(store.Key(o.ID, in.GetOrganizationalUnitId()))
	if u == nil {
		return nil, noUnit()
	}
	return &orgapi.DescribeOrganizationalUnitResponse{OrganizationalUnit: ptr(s.showUnit(nil, o, u))}, nil
}

func (s *Service) deleteUnit(ctx context.Context, c *op.Call, in *orgapi.DeleteOrganizationalUnitRequest) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		u := s.units.GetIn(tx, store.Key(o.ID, in.GetOrganizationalUnitId()))
		if u == nil {
			return noUnit()
		}
		if len(s.unitsBelow(o, u.ID)) > 0 || len(s.membersBelow(o, u.ID)) > 0 {
			return orgapi.NewOrganizationalUnitNotEmptyException("The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.")
		}
		return s.units.Delete(tx, u.key())
	})
}

func (s *Service) unitsBelow(o *organization, parent string) []*unit {
	var all []*unit
	for _, u := range s.units.All(store.Prefix(o.ID), "") {
		if u.Parent == parent {
			all = append(all, u)
		}
	}
	return all
}

func (s *Service) listUnitsForParent(_ context.Context, c *op.Call, in *orgapi.ListOrganizationalUnitsForParentRequest) (*orgapi.ListOrganizationalUnitsForParentResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	if _, ok := s.parents(nil, o, in.GetParentId()); !ok {
		return nil, noParent()
	}
	p, err := paginate(in, s.unitsBelow(o, in.GetParentId()), func(u *unit) string { return u.ID })
	if err != nil {
		return nil, err
	}
	show := func(u *unit) orgapi.OrganizationalUnit { return s.showUnit(nil, o, u) }
	return &orgapi.ListOrganizationalUnitsForParentResponse{OrganizationalUnits: each(p.items, show), NextToken: p.next}, nil
}

func (s *Service) listChildren(_ context.Context, c *op.Call, in *orgapi.ListChildrenRequest) (*orgapi.ListChildrenResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	if _, ok := s.parents(nil, o, in.GetParentId()); !ok {
		return nil, noParent()
	}
	var ids []string
	if in.GetChildType() == "ACCOUNT" {
		for _, m := range s.membersBelow(o, in.GetParentId()) {
			ids = append(ids, m.Account)
		}
	} else {
		for _, u := range s.unitsBelow(o, in.GetParentId()) {
			ids = append(ids, u.ID)
		}
	}
	p, err := paginate(in, ids, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	show := func(id string) orgapi.Child { return orgapi.Child{Id: &id, Type: in.ChildType} }
	return &orgapi.ListChildrenResponse{Children: each(p.items, show), NextToken: p.next}, nil
}

func (s *Service) listParents(_ context.Context, c *op.Call, in *orgapi.ListParentsRequest) (*orgapi.ListParentsResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	parent := ""
	if u := s.units.Get(store.Key(o.ID, in.GetChildId())); u != nil {
		parent = u.Parent
	} else if m := s.members.Get(in.GetChildId()); m != nil && m.Organization == o.ID {
		parent = m.Parent
	} else {
		return nil, orgapi.NewChildNotFoundException("You specified a child that doesn't exist.")
	}
	p, err := paginate(in, []string{parent}, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	show := func(id string) orgapi.Parent {
		if id == o.Root {
			return orgapi.Parent{Id: &id, Type: ptr("ROOT")}
		}
		return orgapi.Parent{Id: &id, Type: ptr("ORGANIZATIONAL_UNIT")}
	}
	return &orgapi.ListParentsResponse{Parents: each(p.items, show), NextToken: p.next}, nil
}

// count is how many records an organization has in a table.
func count[T any](t *store.Table[T], organization string) int {
	n := 0
	for range t.All(store.Prefix(organization), "") {
		n++
	}
	return n
}
