package ec2

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// Deps is what the service is made of.
type Deps struct {
	Store *store.Store
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
}

// Service implements op.Service.
type Service struct {
	store      *store.Store
	places     *store.Table[inhabited]
	vpcs       *store.Table[vpc]
	subnets    *store.Table[subnet]
	groups     *store.Table[group]
	interfaces *store.Table[networkInterface]
}

var _ op.Encoded = (*Service)(nil)

// New opens the service.
func New(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{store: d.Store}
	var errs [5]error
	s.places, errs[0] = store.OpenTable[inhabited](ctx, s.store, "ec2.places")
	s.vpcs, errs[1] = store.OpenTable[vpc](ctx, s.store, "ec2.vpcs")
	s.subnets, errs[2] = store.OpenTable[subnet](ctx, s.store, "ec2.subnets")
	s.groups, errs[3] = store.OpenTable[group](ctx, s.store, "ec2.groups")
	s.interfaces, errs[4] = store.OpenTable[networkInterface](ctx, s.store, "ec2.interfaces")
	return s, errors.Join(errs[:]...)
}

// API implements op.Service.
func (s *Service) API() *api.Service { return ec2api.Service }

// Start implements op.Service: there is nothing to do beside requests.
func (s *Service) Start(context.Context, *op.Bus) error { return nil }

// Close implements op.Service.
func (s *Service) Close() error { return nil }

// EncodesDenials implements op.Encoded.
func (s *Service) EncodesDenials() {}

// Reset removes everything; default VPCs come again when somebody asks.
func (s *Service) Reset(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(empty(tx, s.places), empty(tx, s.vpcs), empty(tx, s.subnets), empty(tx, s.groups), empty(tx, s.interfaces))
	})
}

func empty[T any](tx *store.Tx, t *store.Table[T]) error {
	for key := range t.All("", "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// VPCOf is the VPC of a subnet, for Lambda's condition keys; empty if the account
// has no such subnet there. It is read-only and does no I/O.
func (s *Service) VPCOf(account, region, subnet string) string {
	if n := s.subnets.Get(place{account, region}.key(subnet)); n != nil {
		return n.VPC
	}
	return ""
}

// Resource implements op.Service.
func (s *Service) Resource(_, arn string) op.Facts {
	p, kind, id, ok := parseARN(arn)
	if !ok {
		return op.Facts{}
	}
	f := op.Facts{Account: p.account, TagPrefix: tagPrefix}
	switch kind {
	case vpcs.kind:
		if v := s.vpcs.Get(p.key(id)); v != nil {
			f.Tags, f.Keys = v.Tags, map[string]string{keyVPCID: id, keyTenancy: v.Tenancy}
		}
	case subnets.kind:
		if n := s.subnets.Get(p.key(id)); n != nil {
			f.Tags, f.Keys = n.Tags, map[string]string{keySubnetID: id, keyVPC: p.arn(vpcs, n.VPC), keyZone: n.Zone}
		}
	case groups.kind:
		if g := s.groups.Get(p.key(id)); g != nil {
			f.Tags, f.Keys = g.Tags, map[string]string{keyGroupID: id, keyVPC: p.arn(vpcs, g.VPC)}
		}
	case interfaces.kind:
		if i := s.interfaces.Get(p.key(id)); i != nil {
			f.Tags, f.Keys = i.Tags, s.placed(p, i.VPC, i.Subnet)
			f.Keys[keyInterfaceID] = id
		}
	case rules.kind:
		f.Tags = s.ruleTags(p, id)
	}
	return f
}

func (s *Service) ruleTags(p place, id string) map[string]string {
	own, ok := s.ruleNamed(p, id)
	if !ok {
		return nil
	}
	g := s.groups.Get(p.key(own))
	i := slices.IndexFunc(g.Rules, func(r rule) bool { return r.ID == id })
	return g.Rules[i].Tags
}

// placed are the keys that say where an interface is.
func (s *Service) placed(p place, vpc, subnet string) map[string]string {
	keys := map[string]string{keyVPC: p.arn(vpcs, vpc), keySubnet: p.arn(subnets, subnet)}
	if n := s.subnets.Get(p.key(subnet)); n != nil {
		keys[keyZone] = n.Zone
	}
	return keys
}
