package ec2

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// networkInterface is a stored network interface.
type networkInterface struct {
	VPC, Subnet, Description, MAC string
	Groups                        []string
	// Addresses are private ones, the primary first.
	Addresses []string
	// Requester is the unique id of who made it.
	Requester string
	Created   time.Time
	// Attachment is set for an interface of AWS Lambda's, which is in use for as
	// long as it is there.
	Attachment string            `json:",omitempty"`
	Tags       map[string]string `json:",omitempty"`
}

// lambdaType is the InterfaceType with which AWS Lambda makes its own interfaces;
// nobody else can ask for it.
const lambdaType = "lambda"

func (i *networkInterface) kind() string {
	if i.Attachment != "" {
		return lambdaType
	}
	return "interface"
}

func (i *networkInterface) status() string {
	if i.Attachment != "" {
		return "in-use"
	}
	return available
}

func (s *Service) createNetworkInterface(ctx context.Context, c *op.Call, in *ec2api.CreateNetworkInterfaceRequest) (*ec2api.CreateNetworkInterfaceResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	i, err := newInterface(c, in)
	if err != nil {
		return nil, err
	}
	p, own := placeOf(c), newID(interfaces.prefix)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		n := s.subnets.GetIn(tx, p.key(i.Subnet))
		if n == nil {
			return subnets.absent(i.Subnet)
		}
		i.VPC = n.VPC
		if err := s.join(tx, p, i); err != nil {
			return err
		}
		if count(s.interfaces, p) >= limits.InterfacesPerRegion {
			return refuse("NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.")
		}
		if i.Addresses, err = s.give(p, i.Subnet, n, addressesOf(in), 1+int(in.GetSecondaryPrivateIpAddressCount())); err != nil {
			return err
		}
		return s.interfaces.Put(tx, p.key(own), i)
	})
	if err != nil {
		return nil, err
	}
	return &ec2api.CreateNetworkInterfaceResult{NetworkInterface: ptr(s.showInterface(p, own, i)), ClientToken: in.ClientToken}, nil
}

func newInterface(c *op.Call, in *ec2api.CreateNetworkInterfaceRequest) (*networkInterface, error) {
	i := &networkInterface{Subnet: in.GetSubnetId(), Description: in.GetDescription(), Groups: in.Groups, Requester: c.Caller.ID(), Created: c.Time, MAC: newMAC()}
	switch {
	case len(in.Ipv6Addresses) > 0 || in.GetIpv6AddressCount() > 0 || len(in.Ipv6Prefixes) > 0 || in.GetIpv6PrefixCount() > 0 || in.GetEnablePrimaryIpv6():
		return nil, unavailable("IPv6")
	case len(in.Ipv4Prefixes) > 0 || in.GetIpv4PrefixCount() > 0:
		return nil, unavailable("Ipv4Prefixes")
	case in.ConnectionTrackingSpecification != nil:
		return nil, unavailable("ConnectionTrackingSpecification")
	case in.Operator != nil:
		return nil, unavailable("Operator")
	case len(i.Description) > limits.GroupText:
		return nil, invalid("Value for parameter description is invalid. It is longer than %d characters.", limits.GroupText)
	}
	switch t := in.GetInterfaceType(); {
	case t == "" || t == "interface":
	case t == lambdaType && c.Inside():
		i.Attachment = "ela-attach-" + id.Hex((idDigits + 1) / 2)[:idDigits]
	case t == "efa" || t == "branch" || t == "trunk" || t == "efa-only":
		return nil, unavailable("InterfaceType " + t)
	default:
		return nil, invalid("Value (%s) for parameter interfaceType is invalid.", t)
	}
	var err error
	i.Tags, err = newTags(in.TagSpecifications, interfaces)
	return i, err
}

// newMAC draws a locally administered address, as EC2's are.
func newMAC() string {
	digits := "02" + id.Hex(5)
	var parts []string
	for i := 0; i < len(digits); i += 2 {
		parts = append(parts, digits[i:i+2])
	}
	return strings.Join(parts, ":")
}

// join puts an interface into its groups, or into the VPC's default one.
func (s *Service) join(tx *store.Tx, p place, i *networkInterface) error {
	if len(i.Groups) == 0 {
		i.Groups = []string{s.defaultGroupOf(p, i.VPC)}
	}
	if len(i.Groups) > limits.GroupsPerInterface {
		return refuse("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	for _, id := range i.Groups {
		switch g := s.groups.GetIn(tx, p.key(id)); {
		case g == nil:
			return groups.absent(id)
		case g.VPC != i.VPC:
			return refuse("InvalidParameter", "Security group %s and subnet %s belong to different networks.", id, i.Subnet)
		}
	}
	return nil
}

func (s *Service) defaultGroupOf(p place, vpc string) string {
	for id, g := range each(s.groups, p) {
		if g.VPC == vpc && g.Name == defaultGroup {
			return id
		}
	}
	return ""
}

func (s *Service) showInterface(p place, id string, i *networkInterface) ec2api.NetworkInterface {
	out := ec2api.NetworkInterface{
		NetworkInterfaceId: &id, VpcId: &i.VPC, SubnetId: &i.Subnet, OwnerId: &p.account, Description: &i.Description, MacAddress: &i.MAC,
		InterfaceType: ptr(i.kind()), Status: ptr(i.status()), RequesterId: &i.Requester, RequesterManaged: ptr(false), SourceDestCheck: ptr(true),
		TagSet: showTags(i.Tags),
	}
	if n := s.subnets.Get(p.key(i.Subnet)); n != nil {
		out.AvailabilityZone, out.AvailabilityZoneId = &n.Zone, ptr(n.zoneID(p.region))
	}
	named := false
	if v := s.vpcs.Get(p.key(i.VPC)); v != nil {
		named = v.Hostnames && !v.NoDNS
	}
	for nth, a := range i.Addresses {
		shown := ec2api.NetworkInterfacePrivateIpAddress{PrivateIpAddress: &a, Primary: ptr(nth == 0)}
		if named {
			shown.PrivateDnsName = ptr(hostname(p.region, a))
		}
		if nth == 0 {
			out.PrivateIpAddress, out.PrivateDnsName = &a, shown.PrivateDnsName
		}
		out.PrivateIpAddresses = append(out.PrivateIpAddresses, shown)
	}
	for _, own := range i.Groups {
		identifier := ec2api.GroupIdentifier{GroupId: &own}
		if g := s.groups.Get(p.key(own)); g != nil {
			identifier.GroupName = &g.Name
		}
		out.Groups = append(out.Groups, identifier)
	}
	if i.Attachment != "" {
		out.Attachment = &ec2api.NetworkInterfaceAttachment{
			AttachmentId: &i.Attachment, InstanceOwnerId: ptr("amazon-aws"), DeviceIndex: ptr(int32(1)), DeleteOnTermination: ptr(false),
			Status: ptr("attached"), AttachTime: &i.Created,
		}
	}
	return out
}

// hostname is the name of a private address (VPC user guide, "DNS attributes").
func hostname(region, address string) string {
	domain := "." + region + ".compute.internal"
	if region == "us-east-1" {
		domain = ".ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(address, ".", "-") + domain
}

// values are what the filters of DescribeNetworkInterfaces compare with.
func (s *Service) interfaceValues(p place, id string, i *networkInterface) values {
	is := values{
		"network-interface-id": {id}, "vpc-id": {i.VPC}, "subnet-id": {i.Subnet}, "owner-id": {p.account}, "description": {i.Description},
		"mac-address": {i.MAC}, "interface-type": {i.kind()}, "status": {i.status()}, "requester-id": {i.Requester}, "requester-managed": {"false"},
		"source-dest-check": {"true"}, "group-id": i.Groups, "group-name": nil, "private-ip-address": nil, "addresses.private-ip-address": i.Addresses,
		"addresses.primary": {"true", "false"}, "availability-zone": nil, "attachment.status": nil, "attachment.attachment-id": nil,
		"attachment.instance-owner-id": nil, "attachment.instance-id": nil, "attachment.device-index": nil, "attachment.delete-on-termination": nil,
		"private-dns-name": nil, "association.public-ip": nil, "ipv6-addresses.ipv6-address": nil,
	}.tagged(i.Tags)
	if len(i.Addresses) > 0 {
		is["private-ip-address"] = i.Addresses[:1]
	}
	for _, own := range i.Groups {
		if g := s.groups.Get(p.key(own)); g != nil {
			is["group-name"] = append(is["group-name"], g.Name)
		}
	}
	if n := s.subnets.Get(p.key(i.Subnet)); n != nil {
		is["availability-zone"] = []string{n.Zone}
	}
	if i.Attachment != "" {
		is["attachment.status"], is["attachment.attachment-id"] = []string{"attached"}, []string{i.Attachment}
		is["attachment.instance-owner-id"], is["attachment.device-index"] = []string{"amazon-aws"}, []string{"1"}
		is["attachment.delete-on-termination"] = []string{"false"}
	}
	return is
}

func (s *Service) describeNetworkInterfaces(ctx context.Context, c *op.Call, in *ec2api.DescribeNetworkInterfacesRequest) (*ec2api.DescribeNetworkInterfacesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.NetworkInterface]
	for id, i := range each(s.interfaces, p) {
		all = append(all, entry[ec2api.NetworkInterface]{id, s.interfaceValues(p, id, i), func() ec2api.NetworkInterface { return s.showInterface(p, id, i) }})
	}
	known := s.interfaceValues(p, "", &networkInterface{})
	found, next, err := among(search{in.NetworkInterfaceIds, in.Filters, known, in.MaxResults, in.NextToken}, all, interfaces.refuse)
	return &ec2api.DescribeNetworkInterfacesResult{NetworkInterfaces: found, NextToken: next}, err
}

// deleteNetworkInterface removes an interface that nothing uses. Those of Lambda
// it alone removes.
func (s *Service) deleteNetworkInterface(ctx context.Context, c *op.Call, in *ec2api.DeleteNetworkInterfaceRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p, id := placeOf(c), in.GetNetworkInterfaceId()
	return &api.Empty{}, s.store.Update(ctx, func(tx *store.Tx) error {
		switch i := s.interfaces.GetIn(tx, p.key(id)); {
		case i == nil:
			return interfaces.absent(id)
		case i.Attachment != "" && !c.Inside():
			return invalid("Network interface '%s' is currently in use.", id)
		}
		return s.interfaces.Delete(tx, p.key(id))
	})
}

// addressesOf are the addresses that a request names, the primary first.
func addressesOf(in *ec2api.CreateNetworkInterfaceRequest) []string {
	var named []string
	for _, a := range in.PrivateIpAddresses {
		if a.GetPrimary() {
			named = slices.Insert(named, 0, a.GetPrivateIpAddress())
		} else {
			named = append(named, a.GetPrivateIpAddress())
		}
	}
	if one := in.GetPrivateIpAddress(); one != "" {
		named = slices.Insert(named, 0, one)
	}
	return named
}
