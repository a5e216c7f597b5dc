package ec2

import (
	"context"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Finders. A request names what it is about by id: of the caller's own account,
// as there is no way to share. What is not there is judged too, and not found
// afterwards.

// one finds the resource of an id; parameter is what is missing without.
func one(c *op.Call, n noun, id, parameter string) ([]op.Resource, error) {
	if id == "" {
		return nil, missing(parameter)
	}
	return []op.Resource{{ARN: placeOf(c).arn(n, id), Account: c.Account}}, nil
}

// aVPC finds the VPC that a request names.
func (s *Service) aVPC(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(interface{ GetVpcId() string })
	return one(c, vpcs, in.GetVpcId(), "vpcId")
}

// groupsVPC finds the VPC of a new security group: the default one if none is named.
func (s *Service) groupsVPC(_ context.Context, c *op.Call) ([]op.Resource, error) {
	id := c.Input.(interface{ GetVpcId() string }).GetVpcId()
	if id == "" {
		id = placeOf(c).defaultVPC()
	}
	return one(c, vpcs, id, "vpcId")
}

// aSubnet finds the subnet that a request names.
func (s *Service) aSubnet(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(interface{ GetSubnetId() string })
	return one(c, subnets, in.GetSubnetId(), "subnetId")
}

// anInterface finds the network interface that a request names.
func (s *Service) anInterface(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(interface{ GetNetworkInterfaceId() string })
	return one(c, interfaces, in.GetNetworkInterfaceId(), "networkInterfaceId")
}

// aGroup finds the security group that a request names, by its id, or by a name
// in the default VPC.
func (s *Service) aGroup(_ context.Context, c *op.Call) ([]op.Resource, error) {
	id := c.Input.(interface{ GetGroupId() string }).GetGroupId()
	if named, ok := c.Input.(interface{ GetGroupName() string }); ok && id == "" && named.GetGroupName() != "" {
		if id = s.groupNamed(placeOf(c), named.GetGroupName()); id == "" {
			// Judged on the name, so that who may do nothing learns nothing.
			id = named.GetGroupName()
		}
	}
	c.Remember(groupKey{}, id)
	return one(c, groups, id, "groupId")
}

type groupKey struct{}

// groupOf is the group that was authorized.
func groupOf(c *op.Call) string {
	known, _ := c.Recall(groupKey{})
	id, _ := known.(string)
	return id
}

// interfaceGroups finds the groups that a new interface names. Without any it is
// in the default one of the subnet's VPC.
func (s *Service) interfaceGroups(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in := c.Input.(*ec2api.CreateNetworkInterfaceRequest)
	p, ids := placeOf(c), in.Groups
	if len(ids) == 0 {
		if n := s.subnets.Get(p.key(in.GetSubnetId())); n != nil {
			ids = []string{s.defaultGroupOf(p, n.VPC)}
		}
	}
	var found []op.Resource
	for _, id := range ids {
		found = append(found, op.Resource{ARN: p.arn(groups, id), Account: c.Account})
	}
	return found, nil
}

// Finders of what is about to be made.

func (s *Service) newVPC(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(c, vpcs, "*", "")
}

func (s *Service) newSubnet(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(c, subnets, "*", "")
}

func (s *Service) newGroup(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(c, groups, "*", "")
}

func (s *Service) newInterface(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return one(c, interfaces, "*", "")
}

// Adders.

// here adds the region, which every action of EC2 has.
func here(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) { keys.Set(key, c.Region) }
}

// inVPC says in which VPC something is about to be made.
func (s *Service) inVPC(_ context.Context, c *op.Call, keys *policy.Context) {
	id := c.Input.(interface{ GetVpcId() string }).GetVpcId()
	if _, group := c.Input.(*ec2api.CreateSecurityGroupRequest); group && id == "" {
		id = placeOf(c).defaultVPC()
	}
	keys.Set(keyVPC, placeOf(c).arn(vpcs, id))
}

// inSubnet says where an interface is about to be made: its subnet, and the VPC
// and zone of that if it is there.
func (s *Service) inSubnet(_ context.Context, c *op.Call, keys *policy.Context) {
	p, id := placeOf(c), c.Input.(*ec2api.CreateNetworkInterfaceRequest).GetSubnetId()
	keys.Set(keySubnet, p.arn(subnets, id))
	if n := s.subnets.Get(p.key(id)); n != nil {
		keys.Set(keyVPC, p.arn(vpcs, n.VPC))
		keys.Set(keyZone, n.Zone)
	}
}

// createAction says which operation makes what is tagged.
func createAction(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) { keys.Set(key, c.Operation.Name) }
}
