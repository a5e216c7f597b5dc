package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// attachment is a network interface that Lambda has in a subnet for a set of
// security groups. All functions of the account share it (facts/vpc.md section 1).
type attachment struct {
	// Interface is its id. Function and Role are of the last version attached to it:
	// the role removes it when nobody needs it any more.
	Interface, Function, Role string
}

// trouble is why a change of a function failed after it was accepted.
type trouble struct{ Code, Reason string }

// outcome is what came of the changes of a function's versions that were under
// way, by generation: nil for those that can be used.
type outcome map[string]*trouble

func (o outcome) settles(v *config) bool {
	_, known := o[v.Generation]
	return known && v.unsettled()
}

// attachmentKey names what is shared.
func attachmentKey(r ref, subnet string, groups []string) string {
	set := slices.Compact(slices.Sorted(slices.Values(groups)))
	return store.Key(r.account, r.region, subnet, strings.Join(set, ","))
}

// attach makes the network interfaces that the changed versions of a function
// need, as the execution role. An error is one of ours: nothing is known then.
func (s *Service) attach(ctx context.Context, r ref, parent string) (outcome, error) {
	came := outcome{}
	f := s.functions.Get(r.key())
	if f == nil {
		return came, nil
	}
	changed := []*config{&f.Latest}
	for _, v := range s.versions.All(r.prefix(), "") {
		changed = append(changed, v)
	}
	for _, v := range changed {
		if _, done := came[v.Generation]; done || !v.unsettled() {
			continue
		}
		err := s.connect(ctx, r, v, parent)
		t := troubleOf(err)
		if err != nil && t == nil {
			return nil, err
		}
		came[v.Generation] = t
	}
	return came, nil
}

func (s *Service) connect(ctx context.Context, r ref, v *config, parent string) error {
	if !v.Network.inside() {
		return nil
	}
	s.wiring.Lock()
	defer s.wiring.Unlock()
	as, err := s.asRole(ctx, r, v.Role, parent)
	if err != nil {
		return err
	}
	for _, subnet := range v.Network.Subnets {
		key := attachmentKey(r, subnet, v.Network.Groups)
		a := attachment{Function: r.name, Role: v.Role}
		if known := s.attachments.Get(key); known != nil {
			a.Interface = known.Interface
		} else if a.Interface, err = s.interfaceIn(ctx, as, r, subnet, v.Network.Groups); err != nil {
			return err
		}
		if err := s.store.Update(ctx, func(tx *store.Tx) error { return s.attachments.Put(tx, key, &a) }); err != nil {
			return err
		}
	}
	return nil
}

// describedAs begins the description of Lambda's network interfaces.
const describedAs = "AWS Lambda VPC ENI-"

// interfaceIn makes a network interface, or takes one that a server made that
// ended before it could write it down.
func (s *Service) interfaceIn(ctx context.Context, as op.As, r ref, subnet string, groups []string) (string, error) {
	filter := func(name string, values ...string) ec2api.Filter { return ec2api.Filter{Name: &name, Values: values} }
	left, err := op.Do(ctx, s.bus, as, ec2api.DescribeNetworkInterfaces, &ec2api.DescribeNetworkInterfacesRequest{
		Filters: []ec2api.Filter{filter("subnet-id", subnet), filter("interface-type", "lambda")},
	})
	if err != nil {
		return "", err
	}
	for _, i := range left.NetworkInterfaces {
		var in []string
		for _, g := range i.Groups {
			in = append(in, g.GetGroupId())
		}
		if attachmentKey(r, subnet, in) == attachmentKey(r, subnet, groups) {
			return i.GetNetworkInterfaceId(), nil
		}
	}
	made, err := op.Do(ctx, s.bus, as, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{
		SubnetId: &subnet, Groups: groups, Description: ptr(describedAs + r.name + "-" + id.UUID()), InterfaceType: ptr("lambda"),
	})
	if err != nil {
		return "", err
	}
	return made.NetworkInterface.GetNetworkInterfaceId(), nil
}

// troubleOf is what a function shows of a refusal (the reasons are the texts of
// the exceptions of the same name in the API's model, where it has one); nil for
// an error of ours.
func troubleOf(err error) *trouble {
	var refused *api.Error
	if !errors.As(err, &refused) || refused.Fault == api.Server {
		return nil
	}
	switch {
	case refused.Code == "UnauthorizedOperation":
		return &trouble{"InsufficientRolePermissions", lacksOnEC2("CreateNetworkInterface")}
	case isDenial(refused):
		return &trouble{"InsufficientRolePermissions", notAssumable}
	case refused.Code == "InsufficientFreeAddressesInSubnet":
		return &trouble{"SubnetOutOfIPAddresses", "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets has no available IP addresses."}
	case refused.Code == "NetworkInterfaceLimitExceeded":
		return &trouble{"EniLimitExceeded", "The elastic network interface limit was reached for the function's VPC."}
	case strings.HasPrefix(refused.Code, "InvalidSubnetID"):
		return &trouble{"InvalidSubnet", "The Subnet ID provided in the Lambda function VPC configuration is invalid."}
	case strings.HasPrefix(refused.Code, "InvalidGroup"):
		return &trouble{"InvalidSecurityGroup", "The Security Group ID provided in the Lambda function VPC configuration is invalid."}
	}
	return &trouble{"InternalError", refused.Message}
}

// detach removes the network interfaces that no version of any function in the
// place of r needs any more, each as the role that was last attached to it. What
// that role may not do is left: it is tried again when the next one is removed, and
// at the start of the server.
func (s *Service) detach(ctx context.Context, r ref, parent string) {
	s.wiring.Lock()
	defer s.wiring.Unlock()
	var used map[string]bool
	for key, a := range s.attachments.All(r.place(), "") {
		if used == nil {
			used = s.attached(r)
		}
		if used[key] {
			continue
		}
		if err := s.disconnect(ctx, key, a, ref{account: r.account, region: r.region, name: a.Function}, parent); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "a network interface could not be removed", "interface", a.Interface, "role", a.Role, "error", plain(err))
		}
	}
}

// plain is an error's text without what EC2 seals into its denials, which nobody
// reads in a log.
func plain(err error) string {
	text, _, _ := strings.Cut(err.Error(), ". Encoded authorization failure message:")
	return text
}

// attached are the keys of the attachments that some version needs.
func (s *Service) attached(r ref) map[string]bool {
	used := map[string]bool{}
	add := func(n *network) {
		if n.inside() {
			for _, subnet := range n.Subnets {
				used[attachmentKey(r, subnet, n.Groups)] = true
			}
		}
	}
	for _, f := range s.functions.All(r.place(), "") {
		add(f.Latest.Network)
	}
	for _, v := range s.versions.All(r.place(), "") {
		add(v.Network)
	}
	return used
}

func (s *Service) disconnect(ctx context.Context, key string, a *attachment, r ref, parent string) error {
	as, err := s.asRole(ctx, r, a.Role, parent)
	if err != nil {
		return err
	}
	_, err = op.Do(ctx, s.bus, as, ec2api.DeleteNetworkInterface, &ec2api.DeleteNetworkInterfaceRequest{NetworkInterfaceId: &a.Interface})
	var refused *api.Error
	if errors.As(err, &refused) && strings.HasSuffix(refused.Code, ".NotFound") {
		err = nil // it is gone already
	}
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error { return s.attachments.Delete(tx, key) })
}

// detachAll is for what a server left behind.
func (s *Service) detachAll(ctx context.Context) {
	seen := map[ref]bool{}
	for key := range s.attachments.All("", "") {
		r := keyRef(key)
		if r = (ref{account: r.account, region: r.region}); !seen[r] {
			seen[r] = true
			s.detach(ctx, r, "")
		}
	}
}
