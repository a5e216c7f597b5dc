package ec2

import (
	"context"
	"slices"
	"strings"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/op"
)

// zone is an availability zone.
type zone struct{ name, id string }

// zonesOf are the zones of a region: as many as AWS has where that is more than
// three. Their ids are those of the account that has zone 1 first.
func zonesOf(region string) []zone {
	letters := map[string]string{"us-east-1": "abcdef", "us-west-2": "abcd", "ap-northeast-2": "abcd"}[region]
	if letters == "" {
		letters = "abc"
	}
	var all []zone
	for i, l := range letters {
		all = append(all, zone{region + string(l), shortRegion(region) + "-az" + string(rune('1'+i))})
	}
	return all
}

// shortRegion is how ids of zones write a region: use1 for us-east-1.
func shortRegion(region string) string {
	return strings.NewReplacer(
		"northeast", "ne", "northwest", "nw", "southeast", "se", "southwest", "sw",
		"north", "n", "south", "s", "east", "e", "west", "w", "central", "c", "-", "",
	).Replace(region)
}

// regions are those that every account has without asking for them.
var regions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
	"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

const notNeeded = "opt-in-not-required"

func (s *Service) describeRegions(ctx context.Context, c *op.Call, in *ec2api.DescribeRegionsRequest) (*ec2api.DescribeRegionsResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	var all []entry[ec2api.Region]
	for _, name := range regions {
		endpoint := "ec2." + name + ".amazonaws.com"
		all = append(all, entry[ec2api.Region]{name, values{"region-name": {name}, "endpoint": {endpoint}, "opt-in-status": {notNeeded}}, func() ec2api.Region {
			return ec2api.Region{RegionName: &name, Endpoint: &endpoint, OptInStatus: ptr(notNeeded)}
		}})
	}
	found, _, err := among(search{ids: in.RegionNames, filters: in.Filters, known: all[0].is}, all, func(names ...string) error {
		return invalid("Invalid region provided: [%s]", strings.Join(names, ", "))
	})
	return &ec2api.DescribeRegionsResult{Regions: found}, err
}

func (s *Service) describeAvailabilityZones(ctx context.Context, c *op.Call, in *ec2api.DescribeAvailabilityZonesRequest) (*ec2api.DescribeAvailabilityZonesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	names := slices.Clone(in.ZoneNames)
	var all []entry[ec2api.AvailabilityZone]
	for _, z := range zonesOf(c.Region) {
		if slices.Contains(in.ZoneIds, z.id) {
			names = append(names, z.name)
		}
		is := values{
			"zone-name": {z.name}, "zone-id": {z.id}, "region-name": {c.Region}, "state": {available}, "zone-type": {"availability-zone"},
			"group-name": {c.Region + "-zg-1"}, "opt-in-status": {notNeeded}, "network-border-group": {c.Region},
		}
		all = append(all, entry[ec2api.AvailabilityZone]{z.name, is, func() ec2api.AvailabilityZone {
			return ec2api.AvailabilityZone{
				ZoneName: &z.name, ZoneId: &z.id, RegionName: &c.Region, State: ptr(available), ZoneType: ptr("availability-zone"),
				GroupName: ptr(c.Region + "-zg-1"), OptInStatus: ptr(notNeeded), NetworkBorderGroup: &c.Region,
			}
		}})
	}
	if len(names) == 0 && len(in.ZoneIds) > 0 {
		return nil, invalid("Invalid availability zone-id: [%s]", strings.Join(in.ZoneIds, ", "))
	}
	found, _, err := among(search{ids: names, filters: in.Filters, known: all[0].is}, all, func(names ...string) error {
		return invalid("Invalid availability zone: [%s]", strings.Join(names, ", "))
	})
	return &ec2api.DescribeAvailabilityZonesResult{AvailabilityZones: found}, err
}

// describeAccountAttributes answers for an account that has no EC2-Classic.
func (s *Service) describeAccountAttributes(ctx context.Context, c *op.Call, in *ec2api.DescribeAccountAttributesRequest) (*ec2api.DescribeAccountAttributesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	home := "none"
	if s.vpcs.Get(placeOf(c).key(placeOf(c).defaultVPC())) != nil {
		home = placeOf(c).defaultVPC()
	}
	out := &ec2api.DescribeAccountAttributesResult{}
	for _, a := range [][2]string{{"supported-platforms", "VPC"}, {"default-vpc", home}} {
		if len(in.AttributeNames) == 0 || slices.Contains(in.AttributeNames, a[0]) {
			out.AccountAttributes = append(out.AccountAttributes, ec2api.AccountAttribute{
				AttributeName: ptr(a[0]), AttributeValues: []ec2api.AccountAttributeValue{{AttributeValue: ptr(a[1])}},
			})
		}
	}
	return out, nil
}
