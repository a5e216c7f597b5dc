package ec2

import (
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// refuse makes an error of EC2 ("Error codes for the Amazon EC2 API"): nearly all
// have the status 400.
func refuse(code, format string, args ...any) *api.Error { return api.Newf(400, code, format, args...) }

func invalid(format string, args ...any) *api.Error {
	return refuse("InvalidParameterValue", format, args...)
}

func missing(parameter string) *api.Error {
	return refuse("MissingParameter", "The request must contain the parameter %s", parameter)
}

// unavailable refuses a feature that is not here, so that nobody takes its
// silence for support.
func unavailable(what string) *api.Error {
	return refuse("UnsupportedOperation", "%s is not available: Sallyport refuses it rather than ignore it.", what)
}

// dryRun is the answer to a request with DryRun whose caller is let in.
func dryRun() *api.Error {
	return api.Newf(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
}

func dependency(format string, args ...any) *api.Error {
	return refuse("DependencyViolation", format, args...)
}

// noun is how EC2 names one kind of resource in its errors.
type noun struct {
	kind string
	// prefix begins its ids; malformed and notFound are codes.
	prefix, malformed, notFound string
	// one and many stand in the text of notFound.
	one, many string
}

// The nouns, by the words of EC2's own answers.
var (
	vpcs       = noun{"vpc", "vpc-", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID", "vpc IDs"}
	subnets    = noun{"subnet", "subnet-", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound", "subnet ID", "subnet IDs"}
	groups     = noun{"security-group", "sg-", "InvalidGroupId.Malformed", "InvalidGroup.NotFound", "security group", "security groups"}
	rules      = noun{"security-group-rule", "sgr-", "InvalidSecurityGroupRuleId.Malformed", "InvalidSecurityGroupRuleId.NotFound", "security group rule ID", "security group rule IDs"}
	interfaces = noun{"network-interface", "eni-", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound", "networkInterface ID", "networkInterface IDs"}
	tables     = noun{"route-table", "rtb-", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound", "routeTable ID", "routeTable IDs"}
	acls       = noun{"network-acl", "acl-", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound", "networkAcl ID", "networkAcl IDs"}
)

// nouns are those that have tags of their own.
func nouns() []noun { return []noun{vpcs, subnets, groups, rules, interfaces} }

// absent refuses ids that name nothing.
func (n noun) absent(ids ...string) *api.Error {
	for _, id := range ids {
		if !strings.HasPrefix(id, n.prefix) {
			return refuse(n.malformed, `Invalid id: "%s" (expecting "%s...")`, id, n.prefix)
		}
	}
	if len(ids) == 1 {
		return refuse(n.notFound, "The %s '%s' does not exist", n.one, ids[0])
	}
	return refuse(n.notFound, "The %s '%s' do not exist", n.many, strings.Join(ids, ", "))
}

func (n noun) refuse(ids ...string) error { return n.absent(ids...) }

func ptr[T any](v T) *T { return &v }

// optional is nil for the zero value: an absent member.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
