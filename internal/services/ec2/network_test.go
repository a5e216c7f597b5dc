package ec2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/servicetest"
	"pgregory.net/rapid"
)

// TestEveryDryRun: who is let in is told so and nothing happens; who is not is
// denied, as without a dry run.
func TestEveryDryRun(t *testing.T) {
	w := newWorld(t)
	n := 0
	for _, row := range w.ec2.Rows() {
		o := row.Operation()
		in := o.NewInput()
		servicetest.Fill(in, nil)
		run, ok := in.(interface{ GetDryRun() bool })
		if !ok {
			continue
		}
		n++
		setDryRun(in)
		if !run.GetDryRun() {
			t.Fatalf("%s: no dry run", o.Name)
		}
		for _, x := range []struct {
			as     caller.Caller
			status int
			code   string
		}{{root, 412, "DryRunOperation"}, {nobody, 403, "UnauthorizedOperation"}} {
			_, err := w.bus.Serve(context.Background(), &op.Call{Caller: x.as, Operation: o, Input: in, Region: region})
			var e *api.Error
			if !errors.As(err, &e) || e.Status != x.status || e.Code != x.code {
				t.Errorf("%s: got %v, want %s", o.Name, err, x.code)
			}
		}
	}
	if n < 25 || w.ec2.vpcs.Len() > 0 || w.ec2.places.Len() > 0 {
		t.Errorf("%d operations have a dry run; %d VPCs were made", n, w.ec2.vpcs.Len())
	}
}

func TestBlocks(t *testing.T) {
	w := newWorld(t)
	vpc := w.vpc("10.0.1.7/16")
	if got := must(w, ec2api.DescribeVpcs, &ec2api.DescribeVpcsRequest{VpcIds: []string{vpc}}).Vpcs[0]; got.GetCidrBlock() != "10.0.0.0/16" || got.GetIsDefault() || got.GetState() != "available" {
		t.Errorf("shown as %+v", got)
	}
	for block, want := range map[string][2]string{
		"10.0.0.0/15": {"InvalidVpc.Range", "The CIDR '10.0.0.0/15' is invalid."},
		"10.0.0.0/29": {"InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid."},
		"10.0.0.0":    {"InvalidParameterValue", "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."},
		"fc00::/24":   {"InvalidParameterValue", "Value (fc00::/24) for parameter cidrBlock is invalid. This is not a valid CIDR block."},
		"":            {"MissingParameter", "The request must contain the parameter cidrBlock"},
	} {
		refused(w, ec2api.CreateVpc, &ec2api.CreateVpcRequest{CidrBlock: &block}, want[0], want[1])
	}
	w.subnet(vpc, "10.0.1.0/24")
	for block, want := range map[string][2]string{
		"10.1.0.0/24":   {"InvalidSubnet.Range", "The CIDR '10.1.0.0/24' is invalid."},
		"10.0.1.128/28": {"InvalidSubnet.Conflict", "The CIDR '10.0.1.128/28' conflicts with another subnet"},
		"10.0.0.0/16":   {"InvalidSubnet.Conflict", "The CIDR '10.0.0.0/16' conflicts with another subnet"},
	} {
		refused(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &vpc, CidrBlock: &block}, want[0], want[1])
	}
	refused(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &vpc, CidrBlock: ptr("10.0.2.0/24"), AvailabilityZone: ptr("us-east-1z")}, "InvalidParameterValue",
		"Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f.")
	made := must(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &vpc, CidrBlock: ptr("10.0.2.0/24"), AvailabilityZoneId: ptr("use1-az2")}).Subnet
	if made.GetAvailabilityZone() != "us-east-1b" || made.GetAvailableIpAddressCount() != 251 {
		t.Errorf("made %+v", made)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	vpc := w.vpc("10.0.0.0/16")
	subnet, group := w.subnet(vpc, "10.0.0.0/24"), w.group(vpc, "g")
	refused(w, ec2api.DescribeVpcs, &ec2api.DescribeVpcsRequest{VpcIds: []string{"vpc-0", vpc}}, "InvalidVpcID.NotFound", "The vpc ID 'vpc-0' does not exist")
	refused(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: []string{"subnet-0"}}, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-0' does not exist")
	refused(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: []string{"subnet-0", "subnet-1"}}, "InvalidSubnetID.NotFound", "The subnet IDs 'subnet-0, subnet-1' do not exist")
	refused(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: []string{"nope"}}, "InvalidSubnetID.Malformed", `Invalid id: "nope" (expecting "subnet-...")`)
	refused(w, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{GroupIds: []string{"sg-0"}}, "InvalidGroup.NotFound", "The security group 'sg-0' does not exist")
	refused(w, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{GroupNames: []string{"g"}}, "InvalidGroup.NotFound", "The security group 'g' does not exist in default VPC")
	refused(w, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: ptr("eni-0")}, "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist")
	refused(w, ec2api.CreateTags, &ec2api.CreateTagsRequest{Resources: []string{"i-0"}, Tags: []ec2api.Tag{{Key: ptr("k")}}}, "InvalidID", "The ID 'i-0' is not valid")
	refused(w, ec2api.DescribeVpcs, &ec2api.DescribeVpcsRequest{Filters: []ec2api.Filter{filter("nope", "x")}}, "InvalidParameterValue", "The filter 'nope' is invalid")
	refused(w, ec2api.DeleteVpc, &ec2api.DeleteVpcRequest{}, "MissingParameter", "The request must contain the parameter vpcId")

	i := must(w, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{SubnetId: &subnet, Groups: []string{group}}).NetworkInterface.NetworkInterfaceId
	refused(w, ec2api.DeleteVpc, &ec2api.DeleteVpcRequest{VpcId: &vpc}, "DependencyViolation", "The vpc '"+vpc+"' has dependencies and cannot be deleted.")
	refused(w, ec2api.DeleteSubnet, &ec2api.DeleteSubnetRequest{SubnetId: &subnet}, "DependencyViolation", "The subnet '"+subnet+"' has dependencies and cannot be deleted.")
	refused(w, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &group}, "DependencyViolation", "resource "+group+" has a dependent object")
	must(w, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: i})
	own := must(w, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{Filters: []ec2api.Filter{filter("vpc-id", vpc), filter("group-name", "default")}}).SecurityGroups[0].GetGroupId()
	refused(w, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &own}, "CannotDelete", `the specified group: "`+own+`" name: "default" cannot be deleted by a user`)
	must(w, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &group})
	must(w, ec2api.DeleteSubnet, &ec2api.DeleteSubnetRequest{SubnetId: &subnet})
	must(w, ec2api.DeleteVpc, &ec2api.DeleteVpcRequest{VpcId: &vpc})
	refused(w, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{GroupIds: []string{own}}, "InvalidGroup.NotFound", "The security group '"+own+"' does not exist")
}

func TestRules(t *testing.T) {
	w := newWorld(t)
	vpc, other := w.vpc("10.0.0.0/16"), w.vpc("10.1.0.0/16")
	group, peer, far := w.group(vpc, "g"), w.group(vpc, "peer"), w.group(other, "far")
	ssh := ec2api.IpPermission{IpProtocol: ptr("6"), FromPort: ptr(int32(22)), ToPort: ptr(int32(22)), IpRanges: []ec2api.IpRange{{CidrIp: ptr("10.1.2.3/8"), Description: ptr("inside")}}}
	authorize := func(p ...ec2api.IpPermission) *ec2api.AuthorizeSecurityGroupIngressRequest {
		return &ec2api.AuthorizeSecurityGroupIngressRequest{GroupId: &group, IpPermissions: p}
	}
	made := must(w, ec2api.AuthorizeSecurityGroupIngress, authorize(ssh,
		ec2api.IpPermission{IpProtocol: ptr("-1"), UserIdGroupPairs: []ec2api.UserIdGroupPair{{GroupId: &peer}, {GroupId: &group}}},
		ec2api.IpPermission{IpProtocol: ptr("icmp"), Ipv6Ranges: []ec2api.Ipv6Range{{CidrIpv6: ptr("fc00::/7")}}}))
	if len(made.SecurityGroupRules) != 4 || made.SecurityGroupRules[0].GetCidrIpv4() != "10.0.0.0/8" || made.SecurityGroupRules[0].GetIpProtocol() != "tcp" || made.SecurityGroupRules[1].GetFromPort() != -1 {
		t.Errorf("made %+v", made.SecurityGroupRules)
	}
	shown := must(w, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{GroupIds: []string{group}}).SecurityGroups[0]
	if len(shown.IpPermissions) != 3 || len(shown.IpPermissions[1].UserIdGroupPairs) != 2 || shown.IpPermissions[1].FromPort != nil || len(shown.IpPermissionsEgress) != 1 || shown.IpPermissions[0].IpRanges[0].GetDescription() != "inside" {
		t.Errorf("shown as %+v", shown)
	}
	refused(w, ec2api.AuthorizeSecurityGroupIngress, authorize(ssh), "InvalidPermission.Duplicate", `the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists`)
	tcp := func(change func(*ec2api.IpPermission)) *ec2api.AuthorizeSecurityGroupIngressRequest {
		p := ec2api.IpPermission{IpProtocol: ptr("tcp"), FromPort: ptr(int32(1)), ToPort: ptr(int32(2)), IpRanges: []ec2api.IpRange{{CidrIp: ptr("0.0.0.0/0")}}}
		change(&p)
		return authorize(p)
	}
	refused(w, ec2api.AuthorizeSecurityGroupIngress, tcp(func(p *ec2api.IpPermission) { p.ToPort = nil }), "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	refused(w, ec2api.AuthorizeSecurityGroupIngress, tcp(func(p *ec2api.IpPermission) { p.FromPort = ptr(int32(3)) }), "InvalidParameterValue", "Invalid TCP/UDP port range (3:2)")
	refused(w, ec2api.AuthorizeSecurityGroupIngress, tcp(func(p *ec2api.IpPermission) { p.IpProtocol = ptr("carrier pigeon") }), "InvalidParameterValue", "Invalid value 'carrier pigeon' for IP protocol. Unknown protocol.")
	refused(w, ec2api.AuthorizeSecurityGroupIngress, tcp(func(p *ec2api.IpPermission) { p.IpRanges[0].CidrIp = ptr("0.0.0.0") }), "InvalidParameterValue", "CIDR block 0.0.0.0 is malformed")
	refused(w, ec2api.AuthorizeSecurityGroupIngress, tcp(func(p *ec2api.IpPermission) {
		p.IpRanges, p.UserIdGroupPairs = nil, []ec2api.UserIdGroupPair{{GroupId: &far}}
	}), "InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	refused(w, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &peer}, "DependencyViolation", "resource "+peer+" has a dependent object")

	refused(w, ec2api.RevokeSecurityGroupEgress, &ec2api.RevokeSecurityGroupEgressRequest{GroupId: &group, IpPermissions: []ec2api.IpPermission{ssh}}, "InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
	gone := must(w, ec2api.RevokeSecurityGroupIngress, &ec2api.RevokeSecurityGroupIngressRequest{GroupId: &group, IpPermissions: []ec2api.IpPermission{ssh}, SecurityGroupRuleIds: []string{*made.SecurityGroupRules[1].SecurityGroupRuleId}})
	if len(gone.RevokedSecurityGroupRules) != 2 {
		t.Errorf("revoked %+v", gone)
	}
	must(w, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &peer})
	left := must(w, ec2api.DescribeSecurityGroupRules, &ec2api.DescribeSecurityGroupRulesRequest{Filters: []ec2api.Filter{filter("group-id", group)}}).SecurityGroupRules
	if len(left) != 3 {
		t.Errorf("left are %+v", left)
	}
	refused(w, ec2api.CreateSecurityGroup, &ec2api.CreateSecurityGroupRequest{VpcId: &vpc, GroupName: ptr("g"), Description: ptr("d")}, "InvalidGroup.Duplicate", "The security group 'g' already exists for VPC '"+vpc+"'")
}

func TestAddresses(t *testing.T) {
	w := newWorld(t)
	vpc := w.vpc("10.0.0.0/16")
	subnet := w.subnet(vpc, "10.0.0.0/28")
	create := func(in *ec2api.CreateNetworkInterfaceRequest) *ec2api.CreateNetworkInterfaceRequest {
		in.SubnetId = &subnet
		return in
	}
	i := must(w, ec2api.CreateNetworkInterface, create(&ec2api.CreateNetworkInterfaceRequest{PrivateIpAddress: ptr("10.0.0.5"), SecondaryPrivateIpAddressCount: ptr(int32(2))})).NetworkInterface
	if i.GetPrivateIpAddress() != "10.0.0.5" || len(i.PrivateIpAddresses) != 3 || i.PrivateIpAddresses[1].GetPrivateIpAddress() != "10.0.0.4" || i.Groups[0].GetGroupName() != "default" || i.GetStatus() != "available" {
		t.Errorf("made %+v", i)
	}
	for address, want := range map[string][2]string{
		"10.0.0.4":  {"InvalidIPAddress.InUse", "Address 10.0.0.4 is in use."},
		"10.0.0.3":  {"InvalidParameterValue", "Address is in subnet's reserved address range"},
		"10.0.0.15": {"InvalidParameterValue", "Address is in subnet's reserved address range"},
		"10.0.0.16": {"InvalidParameterValue", "Address does not fall within the subnet's address range"},
	} {
		refused(w, ec2api.CreateNetworkInterface, create(&ec2api.CreateNetworkInterfaceRequest{PrivateIpAddress: &address}), want[0], want[1])
	}
	got := must(w, ec2api.AssignPrivateIpAddresses, &ec2api.AssignPrivateIpAddressesRequest{NetworkInterfaceId: i.NetworkInterfaceId, SecondaryPrivateIpAddressCount: ptr(int32(8))})
	if len(got.AssignedPrivateIpAddresses) != 8 {
		t.Errorf("assigned %+v", got)
	}
	refused(w, ec2api.CreateNetworkInterface, create(&ec2api.CreateNetworkInterfaceRequest{}), "InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '"+subnet+"' to satisfy the requested number.")
	if n := must(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: []string{subnet}}).Subnets[0].GetAvailableIpAddressCount(); n != 0 {
		t.Errorf("%d addresses are free", n)
	}
	refused(w, ec2api.UnassignPrivateIpAddresses, &ec2api.UnassignPrivateIpAddressesRequest{NetworkInterfaceId: i.NetworkInterfaceId, PrivateIpAddresses: []string{"10.0.0.5"}}, "InvalidParameterValue",
		"Some of the specified addresses are not assigned to interface "+*i.NetworkInterfaceId)
	must(w, ec2api.UnassignPrivateIpAddresses, &ec2api.UnassignPrivateIpAddressesRequest{NetworkInterfaceId: i.NetworkInterfaceId, PrivateIpAddresses: []string{"10.0.0.4", "10.0.0.7"}})
	if next := must(w, ec2api.CreateNetworkInterface, create(&ec2api.CreateNetworkInterfaceRequest{})).NetworkInterface; next.GetPrivateIpAddress() != "10.0.0.4" {
		t.Errorf("given %s", next.GetPrivateIpAddress())
	}
}

// TestLambdasInterfaces: only a service here can make one, and it alone removes it.
func TestLambdasInterfaces(t *testing.T) {
	w := newWorld(t)
	subnet := w.subnet(w.vpc("10.0.0.0/16"), "10.0.0.0/24")
	in := &ec2api.CreateNetworkInterfaceRequest{SubnetId: &subnet, InterfaceType: ptr("lambda")}
	refused(w, ec2api.CreateNetworkInterface, in, "InvalidParameterValue", "Value (lambda) for parameter interfaceType is invalid.")
	as := op.As{Caller: root, Region: region}
	made, err := op.Do(context.Background(), w.bus, as, ec2api.CreateNetworkInterface, in)
	if err != nil {
		t.Fatal(err)
	}
	id := made.NetworkInterface.NetworkInterfaceId
	refused(w, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: id}, "InvalidParameterValue", "Network interface '"+*id+"' is currently in use.")
	refused(w, ec2api.AssignPrivateIpAddresses, &ec2api.AssignPrivateIpAddressesRequest{NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: ptr(int32(1))}, "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
	if _, err := op.Do(context.Background(), w.bus, as, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: id}); err != nil {
		t.Error(err)
	}
}

func TestPagesAndFilters(t *testing.T) {
	w := newWorld(t)
	vpc := w.vpc("10.0.0.0/16")
	var made []string
	for n := range 12 {
		made = append(made, w.subnet(vpc, fmt.Sprintf("10.0.%d.0/24", n)))
	}
	slices.Sort(made)
	var seen []string
	in := &ec2api.DescribeSubnetsRequest{Filters: []ec2api.Filter{filter("vpc-id", vpc)}, MaxResults: ptr(int32(5))}
	for pages := 1; ; pages++ {
		out := must(w, ec2api.DescribeSubnets, in)
		for _, n := range out.Subnets {
			seen = append(seen, *n.SubnetId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.Equal(seen, made) {
		t.Errorf("seen %v\nmade %v", seen, made)
	}
	must(w, ec2api.CreateTags, &ec2api.CreateTagsRequest{Resources: made[:2], Tags: []ec2api.Tag{{Key: ptr("stage"), Value: ptr("prod-1")}}})
	for _, c := range []struct {
		filters []ec2api.Filter
		want    int
	}{
		{[]ec2api.Filter{filter("tag:stage", "prod-?")}, 2},
		{[]ec2api.Filter{filter("tag:stage", "prod")}, 0},
		{[]ec2api.Filter{filter("tag:stage", `prod\*`)}, 0},
		{[]ec2api.Filter{filter("tag-key", "sta*")}, 2},
		{[]ec2api.Filter{filter("cidr-block", "10.0.3.0/24", "10.0.4.*")}, 2},
		{[]ec2api.Filter{filter("vpc-id", vpc), filter("default-for-az", "true")}, 0},
		{[]ec2api.Filter{filter("default-for-az", "true")}, 6},
	} {
		if got := must(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{Filters: c.filters}).Subnets; len(got) != c.want {
			t.Errorf("%s %v: %d found, want %d", *c.filters[0].Name, c.filters[0].Values, len(got), c.want)
		}
	}
	tags := must(w, ec2api.DescribeTags, &ec2api.DescribeTagsRequest{Filters: []ec2api.Filter{filter("resource-type", "subnet")}}).Tags
	if len(tags) != 2 || tags[0].GetValue() != "prod-1" {
		t.Errorf("tags %+v", tags)
	}
	must(w, ec2api.DeleteTags, &ec2api.DeleteTagsRequest{Resources: made[:1], Tags: []ec2api.Tag{{Key: ptr("stage"), Value: ptr("other")}}})
	must(w, ec2api.DeleteTags, &ec2api.DeleteTagsRequest{Resources: made[1:2], Tags: []ec2api.Tag{{Key: ptr("stage")}}})
	if tags = must(w, ec2api.DescribeTags, &ec2api.DescribeTagsRequest{}).Tags; len(tags) != 1 || *tags[0].ResourceId != made[0] {
		t.Errorf("tags left %+v", tags)
	}
	refused(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{MaxResults: ptr(int32(4))}, "InvalidParameterValue", "Value ( 4 ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.")
	refused(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{NextToken: ptr("?")}, "InvalidNextToken", "The value of the parameter nextToken is not valid.")
}

func TestAttributes(t *testing.T) {
	w := newWorld(t)
	vpc := w.vpc("10.0.0.0/16")
	subnet := w.subnet(vpc, "10.0.0.0/24")
	must(w, ec2api.ModifyVpcAttribute, &ec2api.ModifyVpcAttributeRequest{VpcId: &vpc, EnableDnsHostnames: &ec2api.AttributeBooleanValue{Value: ptr(true)}})
	if got := must(w, ec2api.DescribeVpcAttribute, &ec2api.DescribeVpcAttributeRequest{VpcId: &vpc, Attribute: ptr("enableDnsHostnames")}); !got.EnableDnsHostnames.GetValue() {
		t.Errorf("hostnames %+v", got)
	}
	i := must(w, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{SubnetId: &subnet}).NetworkInterface
	if i.GetPrivateDnsName() != "ip-10-0-0-4.ec2.internal" {
		t.Errorf("named %q", i.GetPrivateDnsName())
	}
	must(w, ec2api.ModifySubnetAttribute, &ec2api.ModifySubnetAttributeRequest{SubnetId: &subnet, MapPublicIpOnLaunch: &ec2api.AttributeBooleanValue{Value: ptr(true)}})
	if !must(w, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: []string{subnet}}).Subnets[0].GetMapPublicIpOnLaunch() {
		t.Error("the subnet's attribute did not change")
	}
	refused(w, ec2api.ModifySubnetAttribute, &ec2api.ModifySubnetAttributeRequest{SubnetId: &subnet, EnableDns64: &ec2api.AttributeBooleanValue{Value: ptr(true)}}, "UnsupportedOperation",
		"IPv6 is not available: Sallyport refuses it rather than ignore it.")
}

// TestLike compares with the plainest matcher there is.
func TestLike(t *testing.T) {
	letter := rapid.SampledFrom([]rune{'a', 'b', '*', '?', '\\'})
	rapid.Check(t, func(t *rapid.T) {
		pattern, s := rapid.StringOfN(letter, 0, 10, -1).Draw(t, "pattern"), rapid.StringOfN(letter, 0, 10, -1).Draw(t, "s")
		if got, want := like(pattern, s), plainly(glob(pattern), s); got != want {
			t.Errorf("%q is like %q: %v", s, pattern, got)
		}
	})
}

func plainly(pattern []int, s string) bool {
	switch {
	case len(pattern) == 0:
		return s == ""
	case pattern[0] == anyText:
		return plainly(pattern[1:], s) || s != "" && plainly(pattern, s[1:])
	}
	return s != "" && (pattern[0] == anyByte || pattern[0] == int(s[0])) && plainly(pattern[1:], s[1:])
}
