package ec2

import (
	"context"
	"iter"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// vpc is a stored VPC, with the ids of what it is made with.
type vpc struct {
	CIDR, Tenancy string
	Default       bool `json:",omitempty"`
	// NoDNS switches DNS support off, Hostnames and Metrics on.
	NoDNS, Hostnames, Metrics bool `json:",omitempty"`
	// Association is the block's; Table and ACL are the main route table and the
	// default network ACL.
	Association, Options, Table, TableAssociation, ACL string
	Tags                                               map[string]string `json:",omitempty"`
}

const available = "available"

// putVPC stores a new VPC with its default security group; ids draws what is not
// given.
func (s *Service) putVPC(tx *store.Tx, p place, id string, v *vpc, draw ids) error {
	v.Association, v.Options = draw("vpc-cidr-assoc-", id), p.fixed("dopt-", "")
	v.Table, v.TableAssociation, v.ACL = draw(tables.prefix, id), draw("rtbassoc-", id), draw(acls.prefix, id)
	if err := s.vpcs.Put(tx, p.key(id), v); err != nil {
		return err
	}
	g := &group{VPC: id, Name: defaultGroup, Description: "default VPC security group"}
	own := draw(groups.prefix, id)
	g.Rules = []rule{
		{ID: draw(rules.prefix, id+" in"), Protocol: anyProtocol, Group: own, Owner: p.account},
		{ID: draw(rules.prefix, id+" out"), Protocol: anyProtocol, IPv4: anywhere, Egress: true},
	}
	return s.groups.Put(tx, p.key(own), g)
}

func (s *Service) createVpc(ctx context.Context, c *op.Call, in *ec2api.CreateVpcRequest) (*ec2api.CreateVpcResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	v, err := newVPC(in)
	if err != nil {
		return nil, err
	}
	p, id := placeOf(c), newID(vpcs.prefix)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if count(s.vpcs, p) >= limits.VPCsPerRegion {
			return refuse("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
		}
		return s.putVPC(tx, p, id, v, drawn)
	})
	if err != nil {
		return nil, err
	}
	return &ec2api.CreateVpcResult{Vpc: ptr(v.show(p, id))}, nil
}

func newVPC(in *ec2api.CreateVpcRequest) (*vpc, error) {
	switch {
	case in.GetAmazonProvidedIpv6CidrBlock() || in.Ipv6CidrBlock != nil || in.Ipv6Pool != nil || in.Ipv6IpamPoolId != nil:
		return nil, unavailable("IPv6")
	case in.Ipv4IpamPoolId != nil || in.Ipv4NetmaskLength != nil:
		return nil, unavailable("IPAM")
	case in.VpcEncryptionControl != nil:
		return nil, unavailable("VpcEncryptionControl")
	case in.GetCidrBlock() == "":
		return nil, missing("cidrBlock")
	}
	block, err := checkBlock(in.GetCidrBlock(), "InvalidVpc.Range")
	if err != nil {
		return nil, err
	}
	v := &vpc{CIDR: block.String(), Tenancy: in.GetInstanceTenancy()}
	switch v.Tenancy {
	case "":
		v.Tenancy = "default"
	case "default", "dedicated":
	default:
		return nil, invalid("Value (%s) for parameter instanceTenancy is invalid. Invalid instance tenancy.", v.Tenancy)
	}
	v.Tags, err = newTags(in.TagSpecifications, vpcs)
	return v, err
}

func (v *vpc) show(p place, id string) ec2api.Vpc {
	return ec2api.Vpc{
		VpcId: &id, OwnerId: &p.account, CidrBlock: &v.CIDR, InstanceTenancy: &v.Tenancy, IsDefault: &v.Default, State: ptr(available),
		DhcpOptionsId: &v.Options, Tags: showTags(v.Tags),
		CidrBlockAssociationSet: []ec2api.VpcCidrBlockAssociation{{
			AssociationId: &v.Association, CidrBlock: &v.CIDR, CidrBlockState: &ec2api.VpcCidrBlockState{State: ptr("associated")},
		}},
	}
}

// values are what the filters of DescribeVpcs compare with.
func (v *vpc) values(p place, id string) values {
	return values{
		"vpc-id": {id}, "cidr": {v.CIDR}, "cidrBlock": {v.CIDR}, "cidr-block": {v.CIDR}, "is-default": {truth(v.Default)}, "isDefault": {truth(v.Default)},
		"owner-id": {p.account}, "state": {available}, "dhcp-options-id": {v.Options}, "cidr-block-association.cidr-block": {v.CIDR},
		"cidr-block-association.association-id": {v.Association}, "cidr-block-association.state": {"associated"},
		"ipv6-cidr-block-association.ipv6-cidr-block": nil, "ipv6-cidr-block-association.association-id": nil,
	}.tagged(v.Tags)
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// each gives all of one kind in a place, in the order of their ids.
func each[T any](t *store.Table[T], p place) iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for key, v := range t.All(p.prefix(), "") {
			if !yield(key[len(p.prefix()):], v) {
				return
			}
		}
	}
}

func count[T any](t *store.Table[T], p place) (n int) {
	for range each(t, p) {
		n++
	}
	return n
}

func (s *Service) describeVpcs(ctx context.Context, c *op.Call, in *ec2api.DescribeVpcsRequest) (*ec2api.DescribeVpcsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.Vpc]
	for id, v := range each(s.vpcs, p) {
		all = append(all, entry[ec2api.Vpc]{id, v.values(p, id), func() ec2api.Vpc { return v.show(p, id) }})
	}
	found, next, err := among(search{in.VpcIds, in.Filters, new(vpc).values(p, ""), in.MaxResults, in.NextToken}, all, vpcs.refuse)
	return &ec2api.DescribeVpcsResult{Vpcs: found, NextToken: next}, err
}

func (s *Service) describeVpcAttribute(ctx context.Context, c *op.Call, in *ec2api.DescribeVpcAttributeRequest) (*ec2api.DescribeVpcAttributeResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	v := s.vpcs.Get(placeOf(c).key(in.GetVpcId()))
	if v == nil {
		return nil, vpcs.absent(in.GetVpcId())
	}
	out := &ec2api.DescribeVpcAttributeResult{VpcId: in.VpcId}
	switch in.GetAttribute() {
	case "enableDnsSupport":
		out.EnableDnsSupport = &ec2api.AttributeBooleanValue{Value: ptr(!v.NoDNS)}
	case "enableDnsHostnames":
		out.EnableDnsHostnames = &ec2api.AttributeBooleanValue{Value: &v.Hostnames}
	case "enableNetworkAddressUsageMetrics":
		out.EnableNetworkAddressUsageMetrics = &ec2api.AttributeBooleanValue{Value: &v.Metrics}
	case "":
		return nil, missing("attribute")
	default:
		return nil, invalid("Value (%s) for parameter attribute is invalid. Unknown attribute.", in.GetAttribute())
	}
	return out, nil
}

func (s *Service) modifyVpcAttribute(ctx context.Context, c *op.Call, in *ec2api.ModifyVpcAttributeRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	given := 0
	for _, a := range []*ec2api.AttributeBooleanValue{in.EnableDnsHostnames, in.EnableDnsSupport, in.EnableNetworkAddressUsageMetrics} {
		if a != nil {
			given++
		}
	}
	if given != 1 {
		return nil, refuse("InvalidParameterCombination", "Exactly one attribute must be specified.")
	}
	key := placeOf(c).key(in.GetVpcId())
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.vpcs.GetIn(tx, key)
		if old == nil {
			return vpcs.absent(in.GetVpcId())
		}
		v := *old
		switch {
		case in.EnableDnsHostnames != nil:
			v.Hostnames = in.EnableDnsHostnames.GetValue()
		case in.EnableDnsSupport != nil:
			v.NoDNS = !in.EnableDnsSupport.GetValue()
		default:
			v.Metrics = in.EnableNetworkAddressUsageMetrics.GetValue()
		}
		return s.vpcs.Put(tx, key, &v)
	})
}

// deleteVpc removes a VPC and what it was made with, once nothing else is in it.
func (s *Service) deleteVpc(ctx context.Context, c *op.Call, in *ec2api.DeleteVpcRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p, id := placeOf(c), in.GetVpcId()
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		if s.vpcs.GetIn(tx, p.key(id)) == nil {
			return vpcs.absent(id)
		}
		inUse := dependency("The vpc '%s' has dependencies and cannot be deleted.", id)
		for _, n := range each(s.subnets, p) {
			if n.VPC == id {
				return inUse
			}
		}
		for own, g := range each(s.groups, p) {
			switch {
			case g.VPC != id:
			case g.Name != defaultGroup:
				return inUse
			default:
				if err := s.groups.Delete(tx, p.key(own)); err != nil {
					return err
				}
			}
		}
		return s.vpcs.Delete(tx, p.key(id))
	})
}
