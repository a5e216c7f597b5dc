package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Networks is what EC2 tells Lambda before anybody was asked for permission: for
// condition keys, and for nothing that a caller sees.
type Networks interface {
	// VPCOf is the VPC of a subnet, empty if the account has no such subnet.
	VPCOf(account, region, subnet string) string
}

// network is where in a VPC a version is. One that was taken out of it has no
// subnets, and is shown so (recorded from AWS).
type network struct {
	VPC             string
	Subnets, Groups []string
}

func networkOf(in *lambdaapi.VpcConfig) *network {
	return &network{Subnets: in.SubnetIds, Groups: in.SecurityGroupIds}
}

// inside says whether the version is in a VPC.
func (n *network) inside() bool { return n != nil && len(n.Subnets) > 0 }

func (n *network) show() *lambdaapi.VpcConfigResponse {
	if n == nil {
		return nil
	}
	out := &lambdaapi.VpcConfigResponse{VpcId: &n.VPC, SubnetIds: []string{}, SecurityGroupIds: []string{}, Ipv6AllowedForDualStack: ptr(false)}
	out.SubnetIds = append(out.SubnetIds, n.Subnets...)
	out.SecurityGroupIds = append(out.SecurityGroupIds, n.Groups...)
	return out
}

// given says whether a request says where the function is to be: empty lists take
// it out of its VPC, and no lists leave it where it is.
func given(vpc *lambdaapi.VpcConfig) bool {
	return vpc != nil && (vpc.SubnetIds != nil || vpc.SecurityGroupIds != nil)
}

// checkPlace refuses a VPC by what the request says alone (facts/vpc.md section 5).
func checkPlace(vpc *lambdaapi.VpcConfig) error {
	if vpc == nil {
		return nil
	}
	if err := checkIDs(vpc.SubnetIds, "vpcConfig.subnetIds", "subnet-", isLowerWord, "[0-9a-z]*"); err != nil {
		return err
	}
	if err := checkIDs(vpc.SecurityGroupIds, "vpcConfig.securityGroupIds", "sg-", isPlainWord, "[0-9a-zA-Z]*"); err != nil {
		return err
	}
	switch {
	case (len(vpc.SubnetIds) == 0) != (len(vpc.SecurityGroupIds) == 0):
		return invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
	case vpc.GetIpv6AllowedForDualStack():
		return unavailable("Ipv6AllowedForDualStack")
	}
	return nil
}

func checkIDs(ids []string, member, prefix string, rest func(string) bool, pattern string) error {
	for _, id := range ids {
		if tail, ok := strings.CutPrefix(id, prefix); !ok || len(id) > 1024 || !rest(tail) {
			return validation("["+strings.Join(ids, ", ")+"]", member, "Member must satisfy constraint: [Member must have length less than or equal to 1024, "+
				"Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: "+prefix+pattern+"]")
		}
	}
	return nil
}

func isPlainWord(s string) bool { return s == "" || isWord(s, "") }

func isLowerWord(s string) bool { return isPlainWord(s) && strings.ToLower(s) == s }

// networkKeys adds where in a VPC the function will be: as the request says, or
// where it says nothing, as the function is (facts/lambda-actions.md section 2).
// The VPC is not in the request: it is that of the subnets, and absent unless all
// of them are there and in one.
func (s *Service) networkKeys(vpc, subnets, groups string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		n := s.networkAsked(c)
		if n == nil {
			return
		}
		setList(keys, subnets, n.Subnets)
		setList(keys, groups, n.Groups)
		setKey(keys, vpc, s.vpcOf(c, n.Subnets))
	}
}

// networkAsked is the network that a version would have after the request.
func (s *Service) networkAsked(c *op.Call) *network {
	switch in := c.Input.(type) {
	case *lambdaapi.CreateFunctionRequest:
		if in.VpcConfig != nil {
			return networkOf(in.VpcConfig)
		}
	case *lambdaapi.UpdateFunctionConfigurationRequest:
		if given(in.VpcConfig) {
			return networkOf(in.VpcConfig)
		}
		r, err := target(c)
		if err != nil {
			return nil
		}
		if f := s.functions.Get(r.key()); f != nil {
			return f.Latest.Network
		}
	}
	return nil
}

func (s *Service) vpcOf(c *op.Call, subnets []string) string {
	found := ""
	for i, id := range subnets {
		vpc := s.networks.VPCOf(c.Account, c.Region, id)
		if vpc == "" || i > 0 && vpc != found {
			return ""
		}
		found = vpc
	}
	return found
}

// checkNetwork refuses a VPC that is not there, that the caller may not look at,
// or that the role may not make network interfaces in.
func (s *Service) checkNetwork(ctx context.Context, w *change) error {
	n := w.after.Network
	if !n.inside() || !w.newRole() && !given(w.asked.vpc) {
		return nil
	}
	if given(w.asked.vpc) {
		vpc, err := s.lookAt(ctx, w.call, n)
		if err != nil {
			return err
		}
		w.complete(func(c *config) {
			found := *c.Network
			found.VPC = vpc
			c.Network = &found
		})
	}
	as, err := s.asRole(ctx, w.ref, w.after.Role, w.call.RequestID)
	if isRefusal(err) {
		return invalid(notAssumable)
	}
	if err != nil {
		return err
	}
	return s.tryNetwork(ctx, as, n)
}

// lookAt reads subnets, groups and their VPC with the rights of the caller
// (facts/execution-role.md section 3), and gives the VPC.
func (s *Service) lookAt(ctx context.Context, c *op.Call, n *network) (string, error) {
	as := op.As{Caller: c.Caller.OnBehalf(servicePrincipal), Region: c.Region, Parent: c.RequestID}
	subnets, err := op.Do(ctx, s.bus, as, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: n.Subnets})
	if err != nil {
		return "", unseen("DescribeSubnets", n.Subnets, err)
	}
	groups, err := op.Do(ctx, s.bus, as, ec2api.DescribeSecurityGroups, &ec2api.DescribeSecurityGroupsRequest{GroupIds: n.Groups})
	if err != nil {
		return "", unseen("DescribeSecurityGroups", n.Groups, err)
	}
	vpc := subnets.Subnets[0].GetVpcId()
	// What AWS says of subnets is not known; of groups it was seen.
	if slices.ContainsFunc(subnets.Subnets, func(x ec2api.Subnet) bool { return x.GetVpcId() != vpc }) {
		return "", invalid("Subnets are required to be in the same VPC.")
	}
	if slices.ContainsFunc(groups.SecurityGroups, func(x ec2api.SecurityGroup) bool { return x.GetVpcId() != vpc }) {
		return "", invalid("Security Groups are required to be in the same VPC.")
	}
	vpcs, err := op.Do(ctx, s.bus, as, ec2api.DescribeVpcs, &ec2api.DescribeVpcsRequest{VpcIds: []string{vpc}})
	if err != nil {
		return "", unseen("DescribeVpcs", []string{vpc}, err)
	}
	if vpcs.Vpcs[0].GetInstanceTenancy() == "dedicated" { // Lambda guide; the words are ours
		return "", invalid("The VPC %s has dedicated instance tenancy: a function cannot be attached to it.", vpc)
	}
	return vpc, nil
}

// unseen words EC2's refusal of what the caller asked for (facts/vpc.md section 5).
func unseen(verb string, ids []string, err error) error {
	var refused *api.Error
	switch {
	case !errors.As(err, &refused) || refused.Fault == api.Server:
		return err
	case isDenial(refused):
		return accessDenied("Your access has been denied by EC2, please make sure your request credentials have permission to " + verb + " for " + strings.Join(ids, ", ") +
			". EC2 Error Code: UnauthorizedOperation. EC2 Error Message: You are not authorized to perform this operation.")
	}
	return invalid("Error occurred while %s. EC2 Error Code: %s. EC2 Error Message: %s", verb, refused.Code, refused.Message)
}

// tryNetwork tries as the execution role what will be done with network interfaces:
// each of the actions that the Lambda guide wants ("Required IAM permissions"). AWS
// was seen to refuse for the first three; that it asks for the others too when a
// function is made is UNCONFIRMED.
func (s *Service) tryNetwork(ctx context.Context, as op.As, n *network) error {
	for _, subnet := range n.Subnets {
		if err := op.Try(ctx, s.bus, as, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{SubnetId: &subnet, Groups: n.Groups}); err != nil {
			return notByRole("CreateNetworkInterface", err)
		}
	}
	any := ptr("*") // none exists yet
	for _, x := range []struct {
		verb string
		err  error
	}{
		{"DescribeNetworkInterfaces", op.Try(ctx, s.bus, as, ec2api.DescribeNetworkInterfaces, &ec2api.DescribeNetworkInterfacesRequest{})},
		{"DeleteNetworkInterface", op.Try(ctx, s.bus, as, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: any})},
		{"DescribeSubnets", op.Try(ctx, s.bus, as, ec2api.DescribeSubnets, &ec2api.DescribeSubnetsRequest{SubnetIds: n.Subnets})},
		{"AssignPrivateIpAddresses", op.Try(ctx, s.bus, as, ec2api.AssignPrivateIpAddresses, &ec2api.AssignPrivateIpAddressesRequest{NetworkInterfaceId: any})},
		{"UnassignPrivateIpAddresses", op.Try(ctx, s.bus, as, ec2api.UnassignPrivateIpAddresses, &ec2api.UnassignPrivateIpAddressesRequest{NetworkInterfaceId: any})},
	} {
		if x.err != nil {
			return notByRole(x.verb, x.err)
		}
	}
	return nil
}

// notByRole words what the execution role may not do.
func notByRole(verb string, err error) error {
	var refused *api.Error
	if !errors.As(err, &refused) || !isDenial(refused) {
		return err
	}
	return invalid("%s", lacksOnEC2(verb))
}

func lacksOnEC2(verb string) string {
	return "The provided execution role does not have permissions to call " + verb + " on EC2"
}
