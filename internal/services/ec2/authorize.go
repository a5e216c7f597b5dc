package ec2

import (
	"context"
	"slices"
	"strings"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// asked is what the four operations on rules have in common.
type asked struct {
	egress      bool
	permissions []ec2api.IpPermission
	ids         []string
	tags        []ec2api.TagSpecification
}

// single is the older form of a request, for one rule.
type single struct {
	protocol, cidr, source *string
	from, to               *int32
}

// with adds the older form's rule, if there is one.
func (x single) with(all []ec2api.IpPermission) []ec2api.IpPermission {
	if x.protocol == nil && x.cidr == nil && x.source == nil {
		return all
	}
	p := ec2api.IpPermission{IpProtocol: x.protocol, FromPort: x.from, ToPort: x.to}
	if x.cidr != nil {
		p.IpRanges = []ec2api.IpRange{{CidrIp: x.cidr}}
	}
	if x.source != nil {
		p.UserIdGroupPairs = []ec2api.UserIdGroupPair{{GroupName: x.source}}
		if p.IpProtocol == nil {
			p.IpProtocol = ptr(anyProtocol)
		}
	}
	return append(slices.Clone(all), p)
}

func (s *Service) authorizeSecurityGroupIngress(ctx context.Context, c *op.Call, in *ec2api.AuthorizeSecurityGroupIngressRequest) (*ec2api.AuthorizeSecurityGroupIngressResult, error) {
	old := single{in.IpProtocol, in.CidrIp, in.SourceSecurityGroupName, in.FromPort, in.ToPort}
	made, err := s.authorize(ctx, c, asked{permissions: old.with(in.IpPermissions), tags: in.TagSpecifications})
	return &ec2api.AuthorizeSecurityGroupIngressResult{Return: ptr(true), SecurityGroupRules: made}, err
}

func (s *Service) authorizeSecurityGroupEgress(ctx context.Context, c *op.Call, in *ec2api.AuthorizeSecurityGroupEgressRequest) (*ec2api.AuthorizeSecurityGroupEgressResult, error) {
	old := single{in.IpProtocol, in.CidrIp, in.SourceSecurityGroupName, in.FromPort, in.ToPort}
	made, err := s.authorize(ctx, c, asked{egress: true, permissions: old.with(in.IpPermissions), tags: in.TagSpecifications})
	return &ec2api.AuthorizeSecurityGroupEgressResult{Return: ptr(true), SecurityGroupRules: made}, err
}

// authorize adds all rules of a request, or none.
func (s *Service) authorize(ctx context.Context, c *op.Call, a asked) ([]ec2api.SecurityGroupRule, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	if len(a.permissions) == 0 {
		return nil, missing("ipPermissions")
	}
	tags, err := newTags(a.tags, rules)
	if err != nil {
		return nil, err
	}
	p, id := placeOf(c), groupOf(c)
	var made []ec2api.SecurityGroupRule
	err = s.changeRules(ctx, p, id, func(tx *store.Tx, g *group) error {
		added, err := reader{s, tx, p, g.VPC, a.egress}.rules(a.permissions)
		if err != nil {
			return err
		}
		for _, r := range added {
			if slices.ContainsFunc(g.Rules, r.same) {
				return refuse("InvalidPermission.Duplicate", `the specified rule "%s" already exists`, r.text())
			}
			if len(r.Description) > limits.GroupText || !isText(r.Description) {
				return invalid("Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
			}
			r.ID, r.Tags = newID(rules.prefix), tags
			g.Rules = append(g.Rules, r)
			made = append(made, r.show(p, id))
		}
		return nil
	})
	return made, err
}

// changeRules puts a changed copy of a group's rules.
func (s *Service) changeRules(ctx context.Context, p place, id string, change func(tx *store.Tx, g *group) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return edit(tx, s.groups, p.key(id), groups.absent(id), func(g *group) error {
			g.Rules = slices.Clone(g.Rules)
			if err := change(tx, g); err != nil {
				return err
			}
			for _, egress := range []bool{false, true} {
				n := 0
				for _, r := range g.Rules {
					if r.Egress == egress {
						n++
					}
				}
				if n > limits.RulesPerGroup {
					return refuse("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
				}
			}
			return nil
		})
	})
}

func (s *Service) revokeSecurityGroupIngress(ctx context.Context, c *op.Call, in *ec2api.RevokeSecurityGroupIngressRequest) (*ec2api.RevokeSecurityGroupIngressResult, error) {
	old := single{in.IpProtocol, in.CidrIp, in.SourceSecurityGroupName, in.FromPort, in.ToPort}
	gone, err := s.revoke(ctx, c, asked{permissions: old.with(in.IpPermissions), ids: in.SecurityGroupRuleIds})
	return &ec2api.RevokeSecurityGroupIngressResult{Return: ptr(true), RevokedSecurityGroupRules: gone}, err
}

func (s *Service) revokeSecurityGroupEgress(ctx context.Context, c *op.Call, in *ec2api.RevokeSecurityGroupEgressRequest) (*ec2api.RevokeSecurityGroupEgressResult, error) {
	old := single{in.IpProtocol, in.CidrIp, in.SourceSecurityGroupName, in.FromPort, in.ToPort}
	gone, err := s.revoke(ctx, c, asked{egress: true, permissions: old.with(in.IpPermissions), ids: in.SecurityGroupRuleIds})
	return &ec2api.RevokeSecurityGroupEgressResult{Return: ptr(true), RevokedSecurityGroupRules: gone}, err
}

// revoke takes away all rules of a request, or none.
func (s *Service) revoke(ctx context.Context, c *op.Call, a asked) ([]ec2api.RevokedSecurityGroupRule, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	if len(a.permissions) == 0 && len(a.ids) == 0 {
		return nil, missing("ipPermissions")
	}
	p, id := placeOf(c), groupOf(c)
	var gone []ec2api.RevokedSecurityGroupRule
	err := s.changeRules(ctx, p, id, func(tx *store.Tx, g *group) error {
		wanted, err := reader{s, tx, p, g.VPC, a.egress}.rules(a.permissions)
		if err != nil {
			return err
		}
		take := func(match func(rule) bool) bool {
			i := slices.IndexFunc(g.Rules, match)
			if i < 0 {
				return false
			}
			gone = append(gone, g.Rules[i].revoked(id))
			g.Rules = slices.Delete(g.Rules, i, i+1)
			return true
		}
		for _, r := range wanted {
			if !take(r.same) {
				return refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
			}
		}
		for _, one := range a.ids {
			if !take(func(r rule) bool { return r.ID == one && r.Egress == a.egress }) {
				return rules.absent(one)
			}
		}
		return nil
	})
	return gone, err
}

func (r rule) revoked(group string) ec2api.RevokedSecurityGroupRule {
	return ec2api.RevokedSecurityGroupRule{
		SecurityGroupRuleId: &r.ID, GroupId: &group, IsEgress: &r.Egress, IpProtocol: &r.Protocol, FromPort: r.From.shown(), ToPort: r.To.shown(),
		CidrIpv4: optional(r.IPv4), CidrIpv6: optional(r.IPv6), ReferencedGroupId: optional(r.Group), Description: optional(r.Description),
	}
}

func (s *Service) describeSecurityGroupRules(ctx context.Context, c *op.Call, in *ec2api.DescribeSecurityGroupRulesRequest) (*ec2api.DescribeSecurityGroupRulesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	p := placeOf(c)
	var all []entry[ec2api.SecurityGroupRule]
	for id, g := range each(s.groups, p) {
		for _, r := range g.Rules {
			is := values{"group-id": {id}, "security-group-rule-id": {r.ID}}.tagged(r.Tags)
			all = append(all, entry[ec2api.SecurityGroupRule]{r.ID, is, func() ec2api.SecurityGroupRule { return r.show(p, id) }})
		}
	}
	slices.SortFunc(all, func(a, b entry[ec2api.SecurityGroupRule]) int { return strings.Compare(a.id, b.id) })
	known := values{"group-id": nil, "security-group-rule-id": nil, "tag-key": nil}
	found, next, err := among(search{in.SecurityGroupRuleIds, in.Filters, known, in.MaxResults, in.NextToken}, all, rules.refuse)
	return &ec2api.DescribeSecurityGroupRulesResult{SecurityGroupRules: found, NextToken: next}, err
}
