package ec2

import (
	"context"
	"slices"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/op"
)

// The main route table and the default network ACL are all that there are: they
// are shown from the VPC they belong to.

func (s *Service) describeRouteTables(ctx context.Context, c *op.Call, in *ec2api.DescribeRouteTablesRequest) (*ec2api.DescribeRouteTablesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.RouteTable]
	for id, v := range each(s.vpcs, p) {
		all = append(all, entry[ec2api.RouteTable]{v.Table, v.tableValues(p, id), func() ec2api.RouteTable { return v.showTable(p, id) }})
	}
	slices.SortFunc(all, byID)
	found, next, err := among(search{in.RouteTableIds, in.Filters, new(vpc).tableValues(p, ""), in.MaxResults, in.NextToken}, all, tables.refuse)
	return &ec2api.DescribeRouteTablesResult{RouteTables: found, NextToken: next}, err
}

func byID[T any](a, b entry[T]) int {
	switch {
	case a.id < b.id:
		return -1
	case a.id > b.id:
		return 1
	}
	return 0
}

func (v *vpc) tableValues(p place, id string) values {
	return values{
		"vpc-id": {id}, "route-table-id": {v.Table}, "owner-id": {p.account}, "association.main": {"true"}, "association.route-table-id": {v.Table},
		"association.route-table-association-id": {v.TableAssociation}, "association.subnet-id": nil, "association.gateway-id": nil,
		"route.destination-cidr-block": {v.CIDR}, "route.gateway-id": {"local"}, "route.origin": {"CreateRouteTable"}, "route.state": {"active"},
		"route.nat-gateway-id": nil, "route.transit-gateway-id": nil, "route.vpc-peering-connection-id": nil, "route.instance-id": nil,
	}.tagged(nil)
}

func (v *vpc) showTable(p place, id string) ec2api.RouteTable {
	return ec2api.RouteTable{
		RouteTableId: &v.Table, VpcId: &id, OwnerId: &p.account,
		Associations: []ec2api.RouteTableAssociation{{
			Main: ptr(true), RouteTableAssociationId: &v.TableAssociation, RouteTableId: &v.Table,
			AssociationState: &ec2api.RouteTableAssociationState{State: ptr("associated")},
		}},
		Routes: []ec2api.Route{{DestinationCidrBlock: &v.CIDR, GatewayId: ptr("local"), Origin: ptr("CreateRouteTable"), State: ptr("active")}},
	}
}

func (s *Service) describeNetworkAcls(ctx context.Context, c *op.Call, in *ec2api.DescribeNetworkAclsRequest) (*ec2api.DescribeNetworkAclsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.NetworkAcl]
	for id, v := range each(s.vpcs, p) {
		all = append(all, entry[ec2api.NetworkAcl]{v.ACL, s.aclValues(p, id, v), func() ec2api.NetworkAcl { return s.showACL(p, id, v) }})
	}
	slices.SortFunc(all, byID)
	found, next, err := among(search{in.NetworkAclIds, in.Filters, s.aclValues(p, "", new(vpc)), in.MaxResults, in.NextToken}, all, acls.refuse)
	return &ec2api.DescribeNetworkAclsResult{NetworkAcls: found, NextToken: next}, err
}

func (s *Service) aclValues(p place, id string, v *vpc) values {
	is := values{
		"vpc-id": {id}, "network-acl-id": {v.ACL}, "owner-id": {p.account}, "default": {"true"}, "association.network-acl-id": {v.ACL},
		"association.subnet-id": nil, "association.association-id": nil, "entry.cidr": {anywhere}, "entry.egress": {"true", "false"},
		"entry.protocol": {anyProtocol}, "entry.rule-action": {"allow", "deny"}, "entry.rule-number": {"100", "32767"},
	}.tagged(nil)
	for subnet, n := range each(s.subnets, p) {
		if n.VPC == id {
			is["association.subnet-id"] = append(is["association.subnet-id"], subnet)
			is["association.association-id"] = append(is["association.association-id"], n.Association)
		}
	}
	return is
}

// showACL is the default network ACL: all traffic is allowed, and whatever no
// entry allows would be denied.
func (s *Service) showACL(p place, id string, v *vpc) ec2api.NetworkAcl {
	out := ec2api.NetworkAcl{NetworkAclId: &v.ACL, VpcId: &id, OwnerId: &p.account, IsDefault: ptr(true)}
	for subnet, n := range each(s.subnets, p) {
		if n.VPC == id {
			out.Associations = append(out.Associations, ec2api.NetworkAclAssociation{NetworkAclAssociationId: &n.Association, NetworkAclId: &v.ACL, SubnetId: &subnet})
		}
	}
	for _, egress := range []bool{true, false} {
		for _, e := range []struct {
			number int32
			action string
		}{{100, "allow"}, {32767, "deny"}} {
			out.Entries = append(out.Entries, ec2api.NetworkAclEntry{
				CidrBlock: ptr(anywhere), Egress: &egress, Protocol: ptr(anyProtocol), RuleAction: &e.action, RuleNumber: &e.number,
			})
		}
	}
	return out
}
