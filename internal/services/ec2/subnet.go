package ec2

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// subnet is a stored subnet.
type subnet struct {
	VPC, CIDR, Zone string
	Default         bool `json:",omitempty"`
	// Public gives instances a public address; nothing else here looks at it.
	Public bool `json:",omitempty"`
	// Hostname is the type of the names of instances, empty for ip-name; Names
	// answers queries for them.
	Hostname string `json:",omitempty"`
	Names    bool   `json:",omitempty"`
	// Association is that with the VPC's network ACL.
	Association string
	Tags        map[string]string `json:",omitempty"`
}

func (n *subnet) block() netip.Prefix {
	block, _ := parseBlock(n.CIDR)
	return block
}

func (s *Service) createSubnet(ctx context.Context, c *op.Call, in *ec2api.CreateSubnetRequest) (*ec2api.CreateSubnetResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	n, err := newSubnet(c.Region, in)
	if err != nil {
		return nil, err
	}
	p, id := placeOf(c), newID(subnets.prefix)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := s.vpcs.GetIn(tx, p.key(n.VPC))
		if v == nil {
			return vpcs.absent(n.VPC)
		}
		if around, _ := parseBlock(v.CIDR); !within(around, n.block()) {
			return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", n.CIDR)
		}
		beside := 0
		for _, other := range each(s.subnets, p) {
			if other.VPC != n.VPC {
				continue
			}
			if beside++; other.block().Overlaps(n.block()) {
				return refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", n.CIDR)
			}
		}
		if beside >= limits.SubnetsPerVPC {
			return refuse("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
		}
		return s.subnets.Put(tx, p.key(id), n)
	})
	if err != nil {
		return nil, err
	}
	return &ec2api.CreateSubnetResult{Subnet: ptr(n.show(p, id, n.free(0)))}, nil
}

func newSubnet(region string, in *ec2api.CreateSubnetRequest) (*subnet, error) {
	switch {
	case in.Ipv6CidrBlock != nil || in.Ipv6IpamPoolId != nil || in.GetIpv6Native():
		return nil, unavailable("IPv6")
	case in.Ipv4IpamPoolId != nil || in.Ipv4NetmaskLength != nil:
		return nil, unavailable("IPAM")
	case in.GetOutpostArn() != "":
		return nil, unavailable("OutpostArn")
	case in.GetCidrBlock() == "":
		return nil, missing("cidrBlock")
	}
	block, err := checkBlock(in.GetCidrBlock(), "InvalidSubnet.Range")
	if err != nil {
		return nil, err
	}
	n := &subnet{VPC: in.GetVpcId(), CIDR: block.String(), Association: newID("aclassoc-")}
	if n.Zone, err = pickZone(region, in.GetAvailabilityZone(), in.GetAvailabilityZoneId()); err != nil {
		return nil, err
	}
	n.Tags, err = newTags(in.TagSpecifications, subnets)
	return n, err
}

// pickZone is the zone that a request names, or the first one.
func pickZone(region, name, id string) (string, error) {
	for _, z := range zonesOf(region) {
		if name == "" && id == "" || z.name == name || z.id == id {
			return z.name, nil
		}
	}
	if name == "" {
		return "", invalid("Value (%s) for parameter availabilityZoneId is invalid. Subnets can currently only be created in the following availability zones: %s.", id, zoneNames(region))
	}
	return "", invalid("Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s.", name, zoneNames(region))
}

func zoneNames(region string) string {
	text := ""
	for i, z := range zonesOf(region) {
		if i > 0 {
			text += ", "
		}
		text += z.name
	}
	return text
}

func (n *subnet) zoneID(region string) string {
	for _, z := range zonesOf(region) {
		if z.name == n.Zone {
			return z.id
		}
	}
	return ""
}

// free is how many addresses of a subnet can still be given out, of which some are
// taken.
func (n *subnet) free(taken int) int { return size(n.block()) - kept - 1 - taken }

// inUse is how many addresses interfaces have, by subnet.
func (s *Service) inUse(p place) map[string]int {
	taken := map[string]int{}
	for _, i := range each(s.interfaces, p) {
		taken[i.Subnet] += len(i.Addresses)
	}
	return taken
}

func (n *subnet) show(p place, id string, free int) ec2api.Subnet {
	hostname := n.Hostname
	if hostname == "" {
		hostname = "ip-name"
	}
	return ec2api.Subnet{
		SubnetId: &id, SubnetArn: ptr(p.arn(subnets, id)), VpcId: &n.VPC, OwnerId: &p.account, CidrBlock: &n.CIDR, State: ptr(available),
		AvailabilityZone: &n.Zone, AvailabilityZoneId: ptr(n.zoneID(p.region)), AvailableIpAddressCount: ptr(int32(free)),
		DefaultForAz: &n.Default, MapPublicIpOnLaunch: &n.Public, AssignIpv6AddressOnCreation: ptr(false), MapCustomerOwnedIpOnLaunch: ptr(false),
		EnableDns64: ptr(false), Ipv6Native: ptr(false), Tags: showTags(n.Tags),
		PrivateDnsNameOptionsOnLaunch: &ec2api.PrivateDnsNameOptionsOnLaunch{
			HostnameType: &hostname, EnableResourceNameDnsARecord: &n.Names, EnableResourceNameDnsAAAARecord: ptr(false),
		},
	}
}

// values are what the filters of DescribeSubnets compare with.
func (n *subnet) values(p place, id string, free int) values {
	return values{
		"subnet-id": {id}, "subnet-arn": {p.arn(subnets, id)}, "vpc-id": {n.VPC}, "cidr": {n.CIDR}, "cidrBlock": {n.CIDR}, "cidr-block": {n.CIDR},
		"availability-zone": {n.Zone}, "availabilityZone": {n.Zone}, "availability-zone-id": {n.zoneID(p.region)}, "state": {available},
		"default-for-az": {truth(n.Default)}, "defaultForAz": {truth(n.Default)}, "owner-id": {p.account}, "map-public-ip-on-launch": {truth(n.Public)},
		"available-ip-address-count": {strconv.Itoa(free)}, "ipv6-native": {"false"}, "ipv6-cidr-block-association.ipv6-cidr-block": nil,
		"ipv6-cidr-block-association.association-id": nil,
	}.tagged(n.Tags)
}

func (s *Service) describeSubnets(ctx context.Context, c *op.Call, in *ec2api.DescribeSubnetsRequest) (*ec2api.DescribeSubnetsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.Subnet]
	taken := s.inUse(p)
	for id, n := range each(s.subnets, p) {
		free := n.free(taken[id])
		all = append(all, entry[ec2api.Subnet]{id, n.values(p, id, free), func() ec2api.Subnet { return n.show(p, id, free) }})
	}
	found, next, err := among(search{in.SubnetIds, in.Filters, new(subnet).values(p, "", 0), in.MaxResults, in.NextToken}, all, subnets.refuse)
	return &ec2api.DescribeSubnetsResult{Subnets: found, NextToken: next}, err
}

func (s *Service) modifySubnetAttribute(ctx context.Context, c *op.Call, in *ec2api.ModifySubnetAttributeRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	set, err := subnetAttribute(in)
	if err != nil {
		return nil, err
	}
	key := placeOf(c).key(in.GetSubnetId())
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.subnets.GetIn(tx, key)
		if old == nil {
			return subnets.absent(in.GetSubnetId())
		}
		n := *old
		set(&n)
		return s.subnets.Put(tx, key, &n)
	})
}

// subnetAttribute is the one change that a request asks for. What is not here can
// be switched off.
func subnetAttribute(in *ec2api.ModifySubnetAttributeRequest) (func(*subnet), error) {
	switch {
	case in.MapPublicIpOnLaunch != nil:
		return func(n *subnet) { n.Public = in.MapPublicIpOnLaunch.GetValue() }, nil
	case in.EnableResourceNameDnsARecordOnLaunch != nil:
		return func(n *subnet) { n.Names = in.EnableResourceNameDnsARecordOnLaunch.GetValue() }, nil
	case in.PrivateDnsHostnameTypeOnLaunch != nil:
		if t := *in.PrivateDnsHostnameTypeOnLaunch; t != "ip-name" && t != "resource-name" {
			return nil, invalid("Value (%s) for parameter privateDnsHostnameTypeOnLaunch is invalid.", t)
		}
		return func(n *subnet) { n.Hostname = *in.PrivateDnsHostnameTypeOnLaunch }, nil
	case in.AssignIpv6AddressOnCreation.GetValue() || in.EnableDns64.GetValue() || in.EnableResourceNameDnsAAAARecordOnLaunch.GetValue():
		return nil, unavailable("IPv6")
	case in.MapCustomerOwnedIpOnLaunch.GetValue() || in.CustomerOwnedIpv4Pool != nil || in.EnableLniAtDeviceIndex != nil:
		return nil, unavailable("AWS Outposts")
	case in.AssignIpv6AddressOnCreation == nil && in.EnableDns64 == nil && in.EnableResourceNameDnsAAAARecordOnLaunch == nil &&
		in.MapCustomerOwnedIpOnLaunch == nil && in.DisableLniAtDeviceIndex == nil:
		return nil, missing("attribute")
	}
	return func(*subnet) {}, nil
}

func (s *Service) deleteSubnet(ctx context.Context, c *op.Call, in *ec2api.DeleteSubnetRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p, id := placeOf(c), in.GetSubnetId()
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		if s.subnets.GetIn(tx, p.key(id)) == nil {
			return subnets.absent(id)
		}
		for _, i := range each(s.interfaces, p) {
			if i.Subnet == id {
				return dependency("The subnet '%s' has dependencies and cannot be deleted.", id)
			}
		}
		return s.subnets.Delete(tx, p.key(id))
	})
}
