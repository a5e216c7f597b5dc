package ec2

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// group is a stored security group.
type group struct {
	VPC, Name, Description string
	Rules                  []rule            `json:",omitempty"`
	Tags                   map[string]string `json:",omitempty"`
}

// defaultGroup is the name of the group that every VPC has, and no other group.
const defaultGroup = "default"

func (s *Service) createSecurityGroup(ctx context.Context, c *op.Call, in *ec2api.CreateSecurityGroupRequest) (*ec2api.CreateSecurityGroupResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p, id := placeOf(c), newID(groups.prefix)
	g := &group{VPC: in.GetVpcId(), Name: in.GetGroupName(), Description: in.GetDescription()}
	if g.VPC == "" {
		g.VPC = p.defaultVPC()
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	var err error
	if g.Tags, err = newTags(in.TagSpecifications, groups); err != nil {
		return nil, err
	}
	g.Rules = []rule{{ID: newID(rules.prefix), Protocol: anyProtocol, IPv4: anywhere, Egress: true}}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.vpcs.GetIn(tx, p.key(g.VPC)) == nil {
			if in.GetVpcId() == "" {
				return refuse("VPCIdNotSpecified", "No default VPC for this user")
			}
			return vpcs.absent(g.VPC)
		}
		for _, other := range each(s.groups, p) {
			if other.VPC == g.VPC && other.Name == g.Name {
				return refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", g.Name, g.VPC)
			}
		}
		if count(s.groups, p) >= limits.GroupsPerRegion {
			return refuse("SecurityGroupLimitExceeded", "The maximum number of security groups for this account has been reached.")
		}
		return s.groups.Put(tx, p.key(id), g)
	})
	if err != nil {
		return nil, err
	}
	return &ec2api.CreateSecurityGroupResult{GroupId: &id, SecurityGroupArn: ptr(p.arn(groups, id)), Tags: showTags(g.Tags)}, nil
}

// groupSigns may stand in names and descriptions beside letters and digits (API
// reference, CreateSecurityGroup).
const groupSigns = " ._-:/()#,@[]+=&;{}!$*"

func (g *group) check() error {
	switch {
	case g.Name == "":
		return missing("groupName")
	case g.Description == "":
		return missing("groupDescription")
	case g.Name == defaultGroup:
		return refuse("InvalidParameterValue", "Cannot use reserved security group name: %s", g.Name)
	case len(g.Name) >= 3 && g.Name[:3] == "sg-":
		return invalid("Invalid value '%s' for groupName. Group names may not be in the format sg-*.", g.Name)
	case len(g.Name) > limits.GroupText || !isText(g.Name):
		return invalid("Invalid value '%s' for groupName. Character sets beyond a-zA-Z0-9%s are not allowed, nor are more than %d characters.", g.Name, groupSigns, limits.GroupText)
	case len(g.Description) > limits.GroupText || !isText(g.Description):
		return invalid("Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
	}
	return nil
}

func isText(s string) bool {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || slices.Contains([]rune(groupSigns), c)) {
			return false
		}
	}
	return true
}

func (g *group) show(p place, id string) ec2api.SecurityGroup {
	return ec2api.SecurityGroup{
		GroupId: &id, SecurityGroupArn: ptr(p.arn(groups, id)), GroupName: &g.Name, Description: &g.Description, VpcId: &g.VPC, OwnerId: &p.account,
		IpPermissions: permissionsOf(g.Rules, false), IpPermissionsEgress: permissionsOf(g.Rules, true), Tags: showTags(g.Tags),
	}
}

// values are what the filters of DescribeSecurityGroups compare with.
func (g *group) values(p place, id string) values {
	v := values{"group-id": {id}, "group-name": {g.Name}, "description": {g.Description}, "vpc-id": {g.VPC}, "owner-id": {p.account}}
	for _, way := range []string{"", "egress."} {
		for _, name := range []string{"cidr", "ipv6-cidr", "from-port", "to-port", "protocol", "group-id", "group-name", "user-id", "prefix-list-id"} {
			v[way+"ip-permission."+name] = nil
		}
	}
	for _, r := range g.Rules {
		way := map[bool]string{true: "egress.", false: ""}[r.Egress]
		for name, value := range map[string]string{
			"cidr": r.IPv4, "ipv6-cidr": r.IPv6, "from-port": r.From.text(), "to-port": r.To.text(), "protocol": r.Protocol, "group-id": r.Group, "user-id": r.Owner,
		} {
			if value != "" {
				v[way+"ip-permission."+name] = append(v[way+"ip-permission."+name], value)
			}
		}
	}
	return v.tagged(g.Tags)
}

func (s *Service) describeSecurityGroups(ctx context.Context, c *op.Call, in *ec2api.DescribeSecurityGroupsRequest) (*ec2api.DescribeSecurityGroupsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	wanted := slices.Clone(in.GroupIds)
	for _, name := range in.GroupNames {
		id := s.groupNamed(p, name)
		if id == "" {
			return nil, noGroupNamed(name)
		}
		wanted = append(wanted, id)
	}
	var all []entry[ec2api.SecurityGroup]
	for id, g := range each(s.groups, p) {
		all = append(all, entry[ec2api.SecurityGroup]{id, g.values(p, id), func() ec2api.SecurityGroup { return g.show(p, id) }})
	}
	found, next, err := among(search{wanted, in.Filters, new(group).values(p, ""), in.MaxResults, in.NextToken}, all, groups.refuse)
	return &ec2api.DescribeSecurityGroupsResult{SecurityGroups: found, NextToken: next}, err
}

// groupNamed is the group of a name in the default VPC; only there are groups
// addressed so.
func (s *Service) groupNamed(p place, name string) string {
	for id, g := range each(s.groups, p) {
		if g.VPC == p.defaultVPC() && g.Name == name {
			return id
		}
	}
	return ""
}

func noGroupNamed(name string) *api.Error {
	return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC", name)
}

func (s *Service) deleteSecurityGroup(ctx context.Context, c *op.Call, _ *ec2api.DeleteSecurityGroupRequest) (*ec2api.DeleteSecurityGroupResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p, id := placeOf(c), groupOf(c)
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		g := s.groups.GetIn(tx, p.key(id))
		switch {
		case g == nil:
			return groups.absent(id)
		case g.Name == defaultGroup:
			return refuse("CannotDelete", `the specified group: "%s" name: "%s" cannot be deleted by a user`, id, defaultGroup)
		case s.groupUsed(p, id):
			return dependency("resource %s has a dependent object", id)
		}
		return s.groups.Delete(tx, p.key(id))
	})
	return &ec2api.DeleteSecurityGroupResult{Return: ptr(true), GroupId: &id}, err
}

// groupUsed says whether an interface is in the group, or a rule of another one
// refers to it.
func (s *Service) groupUsed(p place, id string) bool {
	for _, i := range each(s.interfaces, p) {
		if slices.Contains(i.Groups, id) {
			return true
		}
	}
	for own, g := range each(s.groups, p) {
		if own != id && slices.ContainsFunc(g.Rules, func(r rule) bool { return r.Group == id }) {
			return true
		}
	}
	return false
}
