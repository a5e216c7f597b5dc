//go:build !race

// The SDK's client of EC2 takes minutes and gigabytes to build for the race
// detector: network_test.go and the packages that call EC2 are tested with it.

package ec2_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

const (
	here  = "111111111111"
	there = "222222222222"
)

var ctx = context.Background()

// door is a server with two accounts; EC2 is a client that signs as root of the
// first one.
type door struct {
	*testing.T
	server *sallyport.Server
	users  map[string]aws.Config
	*ec2.Client
}

func newDoor(t *testing.T) *door { return openDoor(t, t.TempDir()) }

func openDoor(t *testing.T, dir string) *door {
	t.Helper()
	server, err := sallyport.New(sallyport.Config{Accounts: []string{here, there}, DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &door{T: t, server: server, users: map[string]aws.Config{}}
	d.Client = ec2.NewFromConfig(d.root(here))
	return d
}

func (d *door) root(account string) aws.Config {
	c, ok := d.server.RootCredentials(account)
	if !ok {
		d.Fatalf("no root key of %s", account)
	}
	return d.config(c.AccessKeyID, c.SecretAccessKey)
}

func (d *door) config(key, secret string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(d.server.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""), RetryMaxAttempts: 1}
}

// user makes a user with a policy, or replaces the policy, and signs as the user.
func (d *door) user(name string, statements ...string) *ec2.Client {
	d.Helper()
	people := iam.NewFromConfig(d.root(here))
	_, _ = people.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	document := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	if _, err := people.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
		d.Fatal(err)
	}
	if _, known := d.users[name]; !known {
		key, err := people.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
		if err != nil {
			d.Fatal(err)
		}
		d.users[name] = d.config(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
	}
	return ec2.NewFromConfig(d.users[name])
}

func allow(action, resource, condition string) string {
	return state("Allow", action, resource, condition)
}

func state(effect, action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}`
}

func arn(kind, id string) string { return "arn:aws:ec2:us-east-1:" + here + ":" + kind + "/" + id }

// refused checks an error's code, and its text where one is given.
func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || text != "" && e.ErrorMessage() != text {
		t.Errorf("got %v\nwant %s: %s", err, code, text)
	}
}

func denied(t testing.TB, err error, action, resource string) {
	t.Helper()
	var e smithy.APIError
	want := "is not authorized to perform: " + action
	if resource != "*" {
		want += " on resource: " + resource
	}
	if !errors.As(err, &e) || e.ErrorCode() != "UnauthorizedOperation" || !strings.Contains(e.ErrorMessage(), want+" because") {
		t.Errorf("got %v\nwant a denial of %s on %s", err, action, resource)
	}
}

func (d *door) vpc(block string) string {
	d.Helper()
	out, err := d.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &block})
	if err != nil {
		d.Fatal(err)
	}
	return *out.Vpc.VpcId
}

func (d *door) subnet(vpc, block string) string {
	d.Helper()
	out, err := d.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &block})
	if err != nil {
		d.Fatal(err)
	}
	return *out.Subnet.SubnetId
}

func (d *door) group(vpc, name string) string {
	d.Helper()
	out, err := d.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &vpc, GroupName: &name, Description: aws.String("of a test")})
	if err != nil {
		d.Fatal(err)
	}
	return *out.GroupId
}

func (d *door) networkInterface(subnet string, groups ...string) string {
	d.Helper()
	out, err := d.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, Groups: groups})
	if err != nil {
		d.Fatal(err)
	}
	return *out.NetworkInterface.NetworkInterfaceId
}

// TestTheDefaultVPC is there from the first request on, in each account and
// region its own, and the same after a restart; once deleted it stays away.
func TestTheDefaultVPC(t *testing.T) {
	dir := t.TempDir()
	d := openDoor(t, dir)
	out, err := d.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	if err != nil || len(out.Vpcs) != 1 || !*out.Vpcs[0].IsDefault || *out.Vpcs[0].CidrBlock != "172.31.0.0/16" || *out.Vpcs[0].OwnerId != here {
		t.Fatalf("%+v, %v", out, err)
	}
	vpc := *out.Vpcs[0].VpcId
	subnets, err := d.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}}})
	if err != nil || len(subnets.Subnets) != 6 || *subnets.Subnets[0].AvailableIpAddressCount != 4091 {
		t.Errorf("%+v, %v", subnets, err)
	}
	groups, err := d.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupNames: []string{"default"}})
	if err != nil || len(groups.SecurityGroups) != 1 || *groups.SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[0].GroupId != *groups.SecurityGroups[0].GroupId {
		t.Errorf("%+v, %v", groups, err)
	}
	tables, err := d.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("association.main"), Values: []string{"true"}}, {Name: aws.String("vpc-id"), Values: []string{vpc}}}})
	if err != nil || len(tables.RouteTables) != 1 {
		t.Errorf("%+v, %v", tables, err)
	}
	acls, err := d.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{{Name: aws.String("default"), Values: []string{"true"}}, {Name: aws.String("vpc-id"), Values: []string{vpc}}}})
	if err != nil || len(acls.NetworkAcls) != 1 || len(acls.NetworkAcls[0].Associations) != 6 || len(acls.NetworkAcls[0].Entries) != 4 {
		t.Errorf("%+v, %v", acls, err)
	}
	elsewhere, err := d.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}, func(o *ec2.Options) { o.Region = "eu-central-1" })
	if err != nil || len(elsewhere.Vpcs) != 1 || *elsewhere.Vpcs[0].VpcId == vpc {
		t.Errorf("%+v, %v", elsewhere, err)
	}
	other, err := ec2.NewFromConfig(d.root(there)).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	if err != nil || len(other.Vpcs) != 1 || *other.Vpcs[0].VpcId == vpc || *other.Vpcs[0].OwnerId != there {
		t.Errorf("%+v, %v", other, err)
	}
	for _, n := range subnets.Subnets {
		if _, err := d.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: n.SubnetId}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &vpc}); err != nil {
		t.Fatal(err)
	}
	if err := d.server.Close(); err != nil {
		t.Fatal(err)
	}
	d = openDoor(t, dir)
	if out, err := d.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}); err != nil || len(out.Vpcs) != 0 {
		t.Errorf("after it was deleted, and a restart: %+v, %v", out, err)
	}
	_, err = d.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d")})
	refused(t, err, "VPCIdNotSpecified", "No default VPC for this user")
}

// TestADenialAndItsTwin, for each kind of resource that a request touches: without
// the right it is denied, on that resource, with a message that STS decodes.
func TestADenialAndItsTwin(t *testing.T) {
	d := newDoor(t)
	vpc := d.vpc("10.0.0.0/16")
	subnet, group := d.subnet(vpc, "10.0.0.0/24"), d.group(vpc, "g")
	tags := func(kind types.ResourceType) []types.TagSpecification {
		return []types.TagSpecification{{ResourceType: kind, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}}
	}
	made := ""
	for name, c := range map[string]struct {
		action, resource string
		rest             []string
		call             func(*ec2.Client) error
	}{
		"a VPC": {"ec2:CreateVpc", arn("vpc", "*"), nil, func(c *ec2.Client) error {
			_, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
			return err
		}},
		"a VPC with tags": {"ec2:CreateTags", arn("vpc", "*"), []string{allow("ec2:CreateVpc", "*", "")}, func(c *ec2.Client) error {
			_, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16"), TagSpecifications: tags("vpc")})
			return err
		}},
		"a subnet's VPC": {"ec2:CreateSubnet", arn("vpc", vpc), []string{allow("ec2:CreateSubnet", arn("subnet", "*"), "")}, func(c *ec2.Client) error {
			_, err := c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.0.7.0/24")})
			return err
		}},
		"a subnet": {"ec2:CreateSubnet", arn("subnet", "*"), []string{allow("ec2:CreateSubnet", arn("vpc", vpc), "")}, func(c *ec2.Client) error {
			_, err := c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.0.8.0/24")})
			return err
		}},
		"an interface's subnet": {"ec2:CreateNetworkInterface", arn("subnet", subnet), []string{allow("ec2:CreateNetworkInterface", arn("network-interface", "*"), ""), allow("ec2:CreateNetworkInterface", arn("security-group", "*"), "")},
			func(c *ec2.Client) error { return createInterface(c, subnet, group) }},
		"an interface": {"ec2:CreateNetworkInterface", arn("network-interface", "*"), []string{allow("ec2:CreateNetworkInterface", arn("subnet", "*"), ""), allow("ec2:CreateNetworkInterface", arn("security-group", "*"), "")},
			func(c *ec2.Client) error { return createInterface(c, subnet, group) }},
		"an interface's group": {"ec2:CreateNetworkInterface", arn("security-group", group), []string{allow("ec2:CreateNetworkInterface", arn("subnet", "*"), ""), allow("ec2:CreateNetworkInterface", arn("network-interface", "*"), "")},
			func(c *ec2.Client) error { return createInterface(c, subnet, group) }},
		"a group": {"ec2:CreateSecurityGroup", arn("security-group", "*"), []string{allow("ec2:CreateSecurityGroup", arn("vpc", vpc), "")}, func(c *ec2.Client) error {
			_, err := c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &vpc, GroupName: aws.String("new"), Description: aws.String("d")})
			return err
		}},
		"a rule": {"ec2:AuthorizeSecurityGroupIngress", arn("security-group", group), nil, func(c *ec2.Client) error {
			_, err := c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), CidrIp: aws.String("10.0.0.0/8")})
			return err
		}},
		"tags": {"ec2:CreateTags", arn("security-group", group), nil, func(c *ec2.Client) error {
			_, err := c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{group}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
			return err
		}},
		"an attribute": {"ec2:DescribeVpcAttribute", arn("vpc", vpc), nil, func(c *ec2.Client) error {
			_, err := c.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: "enableDnsSupport"})
			return err
		}},
		"a list": {"ec2:DescribeSubnets", "*", nil, func(c *ec2.Client) error {
			_, err := c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{subnet}})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call(d.user("dev", append(c.rest, allow("s3:*", "*", ""))...))
			denied(t, err, c.action, c.resource)
			if c.resource != "*" { // the denial of a list seals nothing
				made = err.Error()
			} else if strings.Contains(err.Error(), "ncoded") {
				t.Errorf("of a list: %v", err)
			}
			if err := c.call(d.user("dev", append(c.rest, allow(c.action, c.resource, ""))...)); err != nil {
				t.Errorf("allowed: %v", err)
			}
		})
	}
	_, sealed, ok := strings.Cut(made, "Encoded authorization failure message: ")
	out, err := sts.NewFromConfig(d.root(here)).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &sealed})
	if !ok || err != nil || !strings.Contains(*out.DecodedMessage, `"action":"ec2:`) {
		t.Errorf("decoded %+v, %v", out, err)
	}
}

func createInterface(c *ec2.Client, subnet, group string) error {
	_, err := c.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, Groups: []string{group}})
	return err
}

// TestTheKeysOfResources: where a resource is can be asked for in a policy.
func TestTheKeysOfResources(t *testing.T) {
	d := newDoor(t)
	in, out := d.vpc("10.0.0.0/16"), d.vpc("10.1.0.0/16")
	subnets := map[string]string{in: d.subnet(in, "10.0.0.0/24"), out: d.subnet(out, "10.1.0.0/24")}
	groups := map[string]string{in: d.group(in, "g"), out: d.group(out, "g")}
	if _, err := d.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{groups[in], subnets[in]}, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("dev")}}}); err != nil {
		t.Fatal(err)
	}
	for name, condition := range map[string]string{
		"the VPC":                 `{"ArnEquals":{"ec2:Vpc":"` + arn("vpc", in) + `"}}`,
		"tags of the resource":    `{"StringEqualsIfExists":{"aws:ResourceTag/stage":"dev"},"ArnEquals":{"ec2:Vpc":"` + arn("vpc", in) + `"}}`,
		"EC2's own name for tags": `{"StringEqualsIfExists":{"ec2:ResourceTag/stage":"dev"},"ArnEquals":{"ec2:Vpc":"` + arn("vpc", in) + `"}}`,
		"the zone and the region": `{"StringEqualsIfExists":{"ec2:AvailabilityZone":"us-east-1a","ec2:Region":"us-east-1"},"ArnEquals":{"ec2:Vpc":"` + arn("vpc", in) + `"}}`,
		"the ids":                 `{"StringEqualsIfExists":{"ec2:SubnetID":"` + subnets[in] + `","ec2:SecurityGroupID":"` + groups[in] + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			dev := d.user("dev", allow("ec2:CreateNetworkInterface", "*", condition))
			if err := createInterface(dev, subnets[in], groups[in]); err != nil {
				t.Errorf("inside: %v", err)
			}
			denied(t, createInterface(dev, subnets[out], groups[out]), "ec2:CreateNetworkInterface", arn("subnet", subnets[out]))
		})
	}
	// The subnet, of an interface that is made, and of one that is there.
	dev := d.user("dev", allow("ec2:CreateNetworkInterface", arn("subnet", "*"), ""), allow("ec2:CreateNetworkInterface", arn("security-group", "*"), ""),
		allow("ec2:*", arn("network-interface", "*"), `{"ArnEquals":{"ec2:Subnet":"`+arn("subnet", subnets[in])+`"}}`))
	mine, err := dev.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: aws.String(subnets[in])})
	if err != nil {
		t.Fatal(err)
	}
	denied(t, createInterface(dev, subnets[out], groups[out]), "ec2:CreateNetworkInterface", arn("network-interface", "*"))
	other := d.networkInterface(subnets[out], groups[out])
	_, err = dev.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &other})
	denied(t, err, "ec2:DeleteNetworkInterface", arn("network-interface", other))
	if _, err := dev.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: mine.NetworkInterface.NetworkInterfaceId}); err != nil {
		t.Error(err)
	}
}

// TestTaggingWhatIsMade: ec2:CreateAction and the request's tags are judged.
func TestTaggingWhatIsMade(t *testing.T) {
	d := newDoor(t)
	create := func(c *ec2.Client, team string) error {
		_, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), TagSpecifications: []types.TagSpecification{{ResourceType: "vpc", Tags: []types.Tag{{Key: aws.String("team"), Value: &team}}}}})
		return err
	}
	dev := d.user("dev", allow("ec2:CreateVpc", "*", ""), allow("ec2:CreateTags", "*", `{"StringEquals":{"ec2:CreateAction":"CreateVpc","aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`))
	if err := create(dev, "red"); err != nil {
		t.Error(err)
	}
	denied(t, create(dev, "blue"), "ec2:CreateTags", arn("vpc", "*"))
	vpc := d.vpc("10.0.0.0/16")
	_, err := dev.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{vpc}, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}})
	denied(t, err, "ec2:CreateTags", arn("vpc", vpc)) // it is not being made
}

func TestAnotherAccountSeesNothing(t *testing.T) {
	d := newDoor(t)
	vpc := d.vpc("10.0.0.0/16")
	_, err := ec2.NewFromConfig(d.root(there)).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
	refused(t, err, "InvalidVpcID.NotFound", "The vpc ID '"+vpc+"' does not exist")
	_, err = ec2.NewFromConfig(d.root(there)).DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &vpc})
	refused(t, err, "InvalidVpcID.NotFound", "The vpc ID '"+vpc+"' does not exist")
}
