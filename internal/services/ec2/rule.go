package ec2

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/store"
)

// rule lets traffic in, or out: of one protocol, with one peer. It never changes
// but for its tags.
type rule struct {
	ID string
	// Protocol is tcp, udp, icmp, icmpv6, -1 for all, or a number.
	Protocol string
	Egress   bool `json:",omitempty"`
	// From and To are ports, or ICMP's type and code; nil where the protocol has
	// none.
	From, To *port `json:",omitempty"`
	// One of IPv4, IPv6 and Group is the peer; Owner is the group's account.
	IPv4  string `json:",omitempty"`
	IPv6  string `json:",omitempty"`
	Group string `json:",omitempty"`
	Owner string `json:",omitempty"`

	Description string            `json:",omitempty"`
	Tags        map[string]string `json:",omitempty"`
}

type port int32

func (p *port) text() string {
	if p == nil {
		return ""
	}
	return strconv.Itoa(int(*p))
}

// shown is the port of a rule; one without has -1.
func (p *port) shown() *int32 {
	if p == nil {
		return ptr(int32(-1))
	}
	return ptr(int32(*p))
}

const (
	anyProtocol = "-1"
	anywhere    = "0.0.0.0/0"
)

// same says whether two rules let the same traffic through: there is never more
// than one of those in a group.
func (r rule) same(other rule) bool {
	return r.Egress == other.Egress && r.Protocol == other.Protocol && r.From.text() == other.From.text() && r.To.text() == other.To.text() &&
		r.peer() == other.peer()
}

func (r rule) peer() string { return r.IPv4 + r.IPv6 + r.Group }

// text is a rule as EC2's errors write it.
func (r rule) text() string {
	protocol := strings.ToUpper(r.Protocol)
	if r.Protocol == anyProtocol {
		protocol = "ALL"
	}
	text := "peer: " + r.peer() + ", " + protocol
	if r.From != nil {
		text += ", from port: " + r.From.text() + ", to port: " + r.To.text()
	}
	return text + ", ALLOW"
}

// permissionsOf writes rules as EC2 showed them before rules had ids: those of
// one protocol and ports together.
func permissionsOf(all []rule, egress bool) []ec2api.IpPermission {
	var shown []ec2api.IpPermission
	at := map[string]int{}
	for _, r := range all {
		if r.Egress != egress {
			continue
		}
		key := r.Protocol + " " + r.From.text() + " " + r.To.text()
		i, known := at[key]
		if !known {
			i = len(shown)
			at[key] = i
			shown = append(shown, ec2api.IpPermission{IpProtocol: &r.Protocol})
			if r.From != nil {
				shown[i].FromPort, shown[i].ToPort = r.From.shown(), r.To.shown()
			}
		}
		r.addTo(&shown[i])
	}
	return shown
}

func (r rule) addTo(p *ec2api.IpPermission) {
	switch {
	case r.IPv4 != "":
		p.IpRanges = append(p.IpRanges, ec2api.IpRange{CidrIp: &r.IPv4, Description: optional(r.Description)})
	case r.IPv6 != "":
		p.Ipv6Ranges = append(p.Ipv6Ranges, ec2api.Ipv6Range{CidrIpv6: &r.IPv6, Description: optional(r.Description)})
	default:
		p.UserIdGroupPairs = append(p.UserIdGroupPairs, ec2api.UserIdGroupPair{GroupId: &r.Group, UserId: &r.Owner, Description: optional(r.Description)})
	}
}

func (r rule) show(p place, group string) ec2api.SecurityGroupRule {
	out := ec2api.SecurityGroupRule{
		SecurityGroupRuleId: &r.ID, SecurityGroupRuleArn: ptr(p.arn(rules, r.ID)), GroupId: &group, GroupOwnerId: &p.account, IsEgress: &r.Egress,
		IpProtocol: &r.Protocol, FromPort: r.From.shown(), ToPort: r.To.shown(), CidrIpv4: optional(r.IPv4), CidrIpv6: optional(r.IPv6),
		Description: optional(r.Description), Tags: showTags(r.Tags),
	}
	if r.Group != "" {
		out.ReferencedGroupInfo = &ec2api.ReferencedSecurityGroup{GroupId: &r.Group, UserId: &r.Owner}
	}
	return out
}

// reader turns permissions of a request into rules.
type reader struct {
	s      *Service
	tx     *store.Tx
	place  place
	vpc    string
	egress bool
}

func (d reader) rules(permissions []ec2api.IpPermission) ([]rule, error) {
	var all []rule
	for _, p := range permissions {
		base, err := d.ports(p)
		if err != nil {
			return nil, err
		}
		peers, err := d.peers(base, p)
		if err != nil {
			return nil, err
		}
		if len(peers) == 0 {
			return nil, missing("cidrIp")
		}
		all = append(all, peers...)
	}
	return all, nil
}

// protocols are the names of protocol numbers; those without keep their number.
var protocols = map[string]string{"all": anyProtocol, "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}

func (d reader) ports(p ec2api.IpPermission) (rule, error) {
	name := strings.ToLower(p.GetIpProtocol())
	if known, ok := protocols[name]; ok {
		name = known
	}
	r := rule{Protocol: name, Egress: d.egress}
	switch name {
	case "":
		return r, missing("ipProtocol")
	case anyProtocol:
		return r, nil
	case "tcp", "udp":
		switch {
		case p.FromPort == nil || p.ToPort == nil:
			return r, invalid("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		case *p.FromPort < 0 || *p.ToPort > 65535 || *p.FromPort > *p.ToPort:
			return r, invalid("Invalid TCP/UDP port range (%d:%d)", *p.FromPort, *p.ToPort)
		}
		r.From, r.To = ptr(port(*p.FromPort)), ptr(port(*p.ToPort))
		return r, nil
	case "icmp", "icmpv6":
		r.From, r.To = ptr(port(-1)), ptr(port(-1))
		if p.FromPort != nil {
			r.From = ptr(port(*p.FromPort))
		}
		if p.ToPort != nil {
			r.To = ptr(port(*p.ToPort))
		}
		if *r.From < -1 || *r.From > 255 || *r.To < -1 || *r.To > 255 {
			return r, invalid("ICMP code (%d) out of range", *r.To)
		}
		return r, nil
	}
	if n, err := strconv.Atoi(name); err != nil || n < 0 || n > 255 {
		return r, invalid("Invalid value '%s' for IP protocol. Unknown protocol.", p.GetIpProtocol())
	}
	return r, nil
}

func (d reader) peers(base rule, p ec2api.IpPermission) ([]rule, error) {
	var all []rule
	add := func(description string, set func(*rule)) {
		r := base
		r.Description = description
		set(&r)
		all = append(all, r)
	}
	if len(p.PrefixListIds) > 0 {
		return nil, unavailable("PrefixListIds")
	}
	for _, x := range p.IpRanges {
		block, ok := parseBlock(x.GetCidrIp())
		if !ok {
			return nil, invalid("CIDR block %s is malformed", x.GetCidrIp())
		}
		add(x.GetDescription(), func(r *rule) { r.IPv4 = block.String() })
	}
	for _, x := range p.Ipv6Ranges {
		block, err := netip.ParsePrefix(x.GetCidrIpv6())
		if err != nil || block.Addr().Is4() {
			return nil, invalid("CIDR block %s is malformed", x.GetCidrIpv6())
		}
		add(x.GetDescription(), func(r *rule) { r.IPv6 = block.Masked().String() })
	}
	for _, x := range p.UserIdGroupPairs {
		id, err := d.peerGroup(x)
		if err != nil {
			return nil, err
		}
		add(x.GetDescription(), func(r *rule) { r.Group, r.Owner = id, d.place.account })
	}
	return all, nil
}

// peerGroup is the group that a rule refers to: one of the same VPC.
func (d reader) peerGroup(x ec2api.UserIdGroupPair) (string, error) {
	if x.GetUserId() != "" && x.GetUserId() != d.place.account || x.GetVpcPeeringConnectionId() != "" {
		return "", unavailable("A group of another account or VPC")
	}
	id := x.GetGroupId()
	if id == "" {
		if id = d.s.groupNamed(d.place, x.GetGroupName()); id == "" {
			return "", noGroupNamed(x.GetGroupName())
		}
	}
	g := d.s.groups.GetIn(d.tx, d.place.key(id))
	switch {
	case g == nil:
		return "", groups.absent(id)
	case g.VPC != d.vpc:
		return "", refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
	}
	return id, nil
}

// ruleNamed is the rule of an id, and its group.
func (s *Service) ruleNamed(p place, id string) (group string, found bool) {
	for own, g := range each(s.groups, p) {
		if slices.ContainsFunc(g.Rules, func(r rule) bool { return r.ID == id }) {
			return own, true
		}
	}
	return "", false
}
