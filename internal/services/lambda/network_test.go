package lambda

import (
	"context"
	"strings"
	"sync"
	"testing"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// vpcActions are what AWSLambdaVPCAccessExecutionRole allows beside logs.
var vpcActions = []string{
	"CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses",
}

// mayNetwork lets a role do all of it but for one action.
func mayNetwork(without string) []string {
	var all []string
	for _, a := range vpcActions {
		if a != without {
			all = append(all, may("ec2:"+a, "*"))
		}
	}
	return all
}

// lan is a VPC of a test, with two subnets and two security groups.
type lan struct {
	vpc             string
	subnets, groups []string
}

func (w *world) lan(block string) lan {
	w.Helper()
	vpc := must(w, ec2api.CreateVpc, &ec2api.CreateVpcRequest{CidrBlock: ptr(block + ".0.0/16")}).Vpc.GetVpcId()
	l := lan{vpc: vpc}
	for _, n := range []string{".1.0/24", ".2.0/28"} {
		l.subnets = append(l.subnets, must(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &vpc, CidrBlock: ptr(block + n)}).Subnet.GetSubnetId())
	}
	for _, name := range []string{"one", "two"} {
		l.groups = append(l.groups, must(w, ec2api.CreateSecurityGroup, &ec2api.CreateSecurityGroupRequest{VpcId: &vpc, GroupName: &name, Description: ptr("of a test")}).GetGroupId())
	}
	return l
}

func (l lan) config() *lambdaapi.VpcConfig {
	return &lambdaapi.VpcConfig{SubnetIds: l.subnets[:1], SecurityGroupIds: l.groups[:1]}
}

// interfaces are those that there are.
func (w *world) interfaces() []ec2api.NetworkInterface {
	w.Helper()
	return must(w, ec2api.DescribeNetworkInterfaces, &ec2api.DescribeNetworkInterfacesRequest{}).NetworkInterfaces
}

func (w *world) inVPC(name string, vpc *lambdaapi.VpcConfig) *lambdaapi.CreateFunctionRequest {
	in := newRequest(w, name, w.role(name+"-role", trustLambda, mayNetwork("")...), echo)
	in.VpcConfig = vpc
	return in
}

// settledAs waits until a function's change is over, however it ended.
func (w *world) settledAs(name string) *lambdaapi.FunctionConfiguration {
	w.Helper()
	var c *lambdaapi.FunctionConfiguration
	w.eventually("the change is over", func() bool {
		c = must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name})
		return c.GetState() != pending && c.GetLastUpdateStatus() != inProgress
	})
	return c
}

func TestAFunctionInAVPC(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	made := must(w, lambdaapi.CreateFunction, w.inVPC("f", l.config()))
	if made.GetState() != pending || made.GetStateReasonCode() != creatingCode {
		t.Errorf("made in the state %s, %s", made.GetState(), made.GetStateReasonCode())
	}
	w.settled("f")
	shown := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")}).VpcConfig
	if shown.GetVpcId() != l.vpc || len(shown.SubnetIds) != 1 || shown.SubnetIds[0] != l.subnets[0] || shown.SecurityGroupIds[0] != l.groups[0] || shown.GetIpv6AllowedForDualStack() {
		t.Errorf("shown as %+v", shown)
	}
	all := w.interfaces()
	if len(all) != 1 {
		t.Fatalf("%d interfaces", len(all))
	}
	i := all[0]
	if !strings.HasPrefix(i.GetDescription(), "AWS Lambda VPC ENI-f-") || i.GetInterfaceType() != "lambda" || i.GetStatus() != "in-use" || i.GetSubnetId() != l.subnets[0] ||
		i.Groups[0].GetGroupId() != l.groups[0] || i.GetRequesterManaged() || i.Attachment.GetInstanceOwnerId() != "amazon-aws" || !strings.HasPrefix(i.Attachment.GetAttachmentId(), "ela-attach-") ||
		!strings.HasPrefix(i.GetRequesterId(), uniqueID("AROA", "f-role")) || i.GetPrivateIpAddress() != "10.0.1.4" {
		t.Errorf("the interface is %+v", i)
	}
	if out, err := w.invoke(root, "f", `"hello"`); err != nil || string(out.Payload) != `"hello"` {
		t.Errorf("invoked: %v, %v", out, err)
	}
}

// TestInterfacesAreShared: one for each subnet and set of groups, for as long as
// any version of any function needs it.
func TestInterfacesAreShared(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	both := &lambdaapi.VpcConfig{SubnetIds: l.subnets, SecurityGroupIds: l.groups}
	turned := &lambdaapi.VpcConfig{SubnetIds: l.subnets[1:], SecurityGroupIds: []string{l.groups[1], l.groups[0]}}
	for name, vpc := range map[string]*lambdaapi.VpcConfig{"f": both, "g": turned, "h": l.config()} {
		must(w, lambdaapi.CreateFunction, w.inVPC(name, vpc))
		w.settled(name)
	}
	count := func(what string, want int) {
		t.Helper()
		if got := len(w.interfaces()); got != want {
			t.Errorf("%s: %d interfaces, want %d", what, got, want)
		}
	}
	count("f in two subnets, g in one of them, h there with fewer groups", 3)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("h")})
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("h"), VpcConfig: &lambdaapi.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}}})
	w.settled("h")
	if left := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("h")}).VpcConfig; left == nil || len(left.SubnetIds)+len(left.SecurityGroupIds) != 0 || left.GetVpcId() != "" {
		t.Errorf("taken out of its VPC, h shows %+v", left)
	}
	count("h left, its version stayed", 3)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("h"), Qualifier: ptr("1")})
	count("the version is gone", 2)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	count("f is gone", 1)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("g")})
	count("all are gone", 0)
}

// TestTheRoleOfAFunctionInAVPC: each action of the managed policy is tried.
func TestTheRoleOfAFunctionInAVPC(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	for _, action := range vpcActions {
		t.Run(action, func(t *testing.T) {
			in := newRequest(w, "f"+action, w.role("short-"+action, trustLambda, mayNetwork(action)...), echo)
			in.VpcConfig = l.config()
			_, err := call(w, root, lambdaapi.CreateFunction, in)
			refused(t, err, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call "+action+" on EC2")
			w.iam.grant(*in.Role, mayNetwork("")...)
			if _, err := call(w, root, lambdaapi.CreateFunction, in); err != nil {
				t.Errorf("with the right: %v", err)
			}
		})
	}
	if n := len(w.interfaces()); n > 1 {
		t.Errorf("%d interfaces of functions that were not made", n)
	}
}

// TestANewRoleInAVPC: a role that a function is given later is tried as well; a
// change of something else is not.
func TestANewRoleInAVPC(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	must(w, lambdaapi.CreateFunction, w.inVPC("f", l.config()))
	w.settled("f")
	poor := w.role("poor", trustLambda)
	_, err := call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Role: &poor})
	refused(t, err, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2")
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", mayNetwork("CreateNetworkInterface")...)
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(9))})
	w.settled("f")
}

// TestInterfaceConditionsOfTheRole: what a policy says of where an interface may
// be is judged for each resource that it touches.
func TestInterfaceConditionsOfTheRole(t *testing.T) {
	w := newWorld(t)
	l, other := w.lan("10.0"), w.lan("10.1")
	only := statementOf("Allow", "ec2:CreateNetworkInterface", "*", `{"ArnEquals":{"ec2:Vpc":"arn:aws:ec2:us-east-1:`+here+`:vpc/`+l.vpc+`"}}`)
	role := w.role("fenced", trustLambda, append(mayNetwork("CreateNetworkInterface"), only)...)
	in := newRequest(w, "f", role, echo)
	in.VpcConfig = other.config()
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	refused(t, err, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2")
	in.VpcConfig = l.config()
	must(w, lambdaapi.CreateFunction, in)
	w.settled("f")
}

// TestTheServicesOwnCallsLackTheFunction: a policy that keeps a function's code
// from EC2 by lambda:SourceFunctionArn leaves Lambda's own work alone.
func TestTheServicesOwnCallsLackTheFunction(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	keep := statementOf("Deny", "ec2:*", "*", `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, "f")+`"}}`)
	in := newRequest(w, "f", w.role("f-role", trustLambda, append(mayNetwork(""), keep)...), echo)
	in.VpcConfig = l.config()
	must(w, lambdaapi.CreateFunction, in)
	w.settled("f")
}

// TestTheCallerLooksAtTheVPC: what the request names is looked at with the rights
// of whoever makes it.
func TestTheCallerLooksAtTheVPC(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	all := []string{may("lambda:*", "*"), may("iam:PassRole", "*"), may("ec2:DescribeSubnets", "*"), may("ec2:DescribeSecurityGroups", "*"), may("ec2:DescribeVpcs", "*")}
	for i, c := range []struct{ verb, of string }{{"DescribeSubnets", l.subnets[0]}, {"DescribeSecurityGroups", l.groups[0]}, {"DescribeVpcs", l.vpc}} {
		var less []string
		for j, s := range all {
			if j != i+2 {
				less = append(less, s)
			}
		}
		dev := w.user(here, "dev", less...)
		_, err := call(w, dev, lambdaapi.CreateFunction, w.inVPC("f"+c.verb, l.config()))
		refused(t, err, 403, "AccessDeniedException", "Your access has been denied by EC2, please make sure your request credentials have permission to "+c.verb+" for "+c.of+
			". EC2 Error Code: UnauthorizedOperation. EC2 Error Message: You are not authorized to perform this operation.")
		w.user(here, "dev", all...)
		if _, err := call(w, dev, lambdaapi.CreateFunction, w.inVPC("f"+c.verb, l.config())); err != nil {
			t.Errorf("%s allowed: %v", c.verb, err)
		}
	}
}

func TestWhatIsNoVPC(t *testing.T) {
	w := newWorld(t)
	l, other := w.lan("10.0"), w.lan("10.1")
	dedicated := must(w, ec2api.CreateVpc, &ec2api.CreateVpcRequest{CidrBlock: ptr("10.2.0.0/16"), InstanceTenancy: ptr("dedicated")}).Vpc.GetVpcId()
	lone := lan{
		subnets: []string{must(w, ec2api.CreateSubnet, &ec2api.CreateSubnetRequest{VpcId: &dedicated, CidrBlock: ptr("10.2.0.0/24")}).Subnet.GetSubnetId()},
		groups:  []string{must(w, ec2api.CreateSecurityGroup, &ec2api.CreateSecurityGroupRequest{VpcId: &dedicated, GroupName: ptr("g"), Description: ptr("d")}).GetGroupId()},
	}
	pattern := func(value, member, pattern string) string {
		return "1 validation error detected: Value '" + value + "' at '" + member + "' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 1024, " +
			"Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: " + pattern + "]"
	}
	wrong := "InvalidParameterValueException"
	for name, c := range map[string]struct {
		vpc        *lambdaapi.VpcConfig
		code, text string
	}{
		"no such subnet": {&lambdaapi.VpcConfig{SubnetIds: []string{"subnet-0"}, SecurityGroupIds: l.groups}, wrong,
			"Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-0' does not exist"},
		"no such group": {&lambdaapi.VpcConfig{SubnetIds: l.subnets, SecurityGroupIds: []string{"sg-0"}}, wrong,
			"Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security group 'sg-0' does not exist"},
		"no subnet at all":         {&lambdaapi.VpcConfig{SubnetIds: []string{"bad"}, SecurityGroupIds: l.groups}, "ValidationException", pattern("[bad]", "vpcConfig.subnetIds", "subnet-[0-9a-z]*")},
		"no group at all":          {&lambdaapi.VpcConfig{SubnetIds: l.subnets, SecurityGroupIds: []string{"sg-0", "bad"}}, "ValidationException", pattern("[sg-0, bad]", "vpcConfig.securityGroupIds", "sg-[0-9a-zA-Z]*")},
		"subnets only":             {&lambdaapi.VpcConfig{SubnetIds: l.subnets}, wrong, "SubnetIds and SecurityIds must coexist or be both empty list."},
		"groups only":              {&lambdaapi.VpcConfig{SecurityGroupIds: l.groups}, wrong, "SubnetIds and SecurityIds must coexist or be both empty list."},
		"subnets of two VPCs":      {&lambdaapi.VpcConfig{SubnetIds: []string{l.subnets[0], other.subnets[0]}, SecurityGroupIds: l.groups}, wrong, "Subnets are required to be in the same VPC."},
		"a group of another VPC":   {&lambdaapi.VpcConfig{SubnetIds: l.subnets, SecurityGroupIds: other.groups[:1]}, wrong, "Security Groups are required to be in the same VPC."},
		"a VPC on its own machine": {&lambdaapi.VpcConfig{SubnetIds: lone.subnets, SecurityGroupIds: lone.groups}, wrong, "The VPC " + dedicated + " has dedicated instance tenancy: a function cannot be attached to it."},
		"IPv6": {&lambdaapi.VpcConfig{SubnetIds: l.subnets, SecurityGroupIds: l.groups, Ipv6AllowedForDualStack: ptr(true)}, wrong,
			"Ipv6AllowedForDualStack is not available: Sallyport refuses it rather than ignore it."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(w, root, lambdaapi.CreateFunction, w.inVPC("f", c.vpc))
			refused(t, err, 400, c.code, c.text)
		})
	}
	_, err := call(w, root, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
	refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f"))
}

// TestASubnetWithoutAddresses: what EC2 refuses after the function was accepted
// shows in its state, and the function is not lost.
func TestASubnetWithoutAddresses(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	for range 11 { // a /28 has eleven to give
		must(w, ec2api.CreateNetworkInterface, &ec2api.CreateNetworkInterfaceRequest{SubnetId: &l.subnets[1]})
	}
	must(w, lambdaapi.CreateFunction, w.inVPC("f", &lambdaapi.VpcConfig{SubnetIds: l.subnets[1:], SecurityGroupIds: l.groups[:1]}))
	c := w.settledAs("f")
	if c.GetState() != "Failed" || c.GetStateReasonCode() != "SubnetOutOfIPAddresses" || c.GetStateReason() == "" || c.GetLastUpdateStatus() != "Failed" {
		t.Errorf("in the state %s, %s, %s", c.GetState(), c.GetStateReasonCode(), c.GetLastUpdateStatus())
	}
	_, err := w.invoke(root, "f", `1`)
	refused(t, err, 409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Failed")
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), VpcConfig: l.config()})
	w.settled("f")
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), VpcConfig: &lambdaapi.VpcConfig{SubnetIds: l.subnets[1:], SecurityGroupIds: l.groups[:1]}})
	if c = w.settledAs("f"); c.GetState() != active || c.GetLastUpdateStatus() != "Failed" || c.GetLastUpdateStatusReasonCode() != "SubnetOutOfIPAddresses" {
		t.Errorf("after an update in the state %s, %s, %s", c.GetState(), c.GetLastUpdateStatus(), c.GetLastUpdateStatusReasonCode())
	}
}

// TestARoleThatMayNotCleanUp leaves the interface, until it may.
func TestARoleThatMayNotCleanUp(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	must(w, lambdaapi.CreateFunction, w.inVPC("f", l.config()))
	w.settled("f")
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", mayNetwork("DeleteNetworkInterface")...)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	left := w.interfaces()
	if len(left) != 1 {
		t.Fatalf("%d interfaces are left", len(left))
	}
	_, err := call(w, root, ec2api.DeleteSecurityGroup, &ec2api.DeleteSecurityGroupRequest{GroupId: &l.groups[0]})
	refused(t, err, 400, "DependencyViolation", "resource "+l.groups[0]+" has a dependent object")
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", mayNetwork("")...)
	w = w.reopen()
	if n := len(w.interfaces()); n != 0 {
		t.Errorf("%d interfaces are left at the next start", n)
	}
}

// TestTheKeysOfAVPC: lambda:VpcIds and the ids of the request can force, or
// forbid, a VPC (facts/lambda-actions.md section 2).
func TestTheKeysOfAVPC(t *testing.T) {
	w := newWorld(t)
	l, other := w.lan("10.0"), w.lan("10.1")
	force := statementOf("Deny", "lambda:*", "*", `{"Null":{"lambda:VpcIds":"true"}}`)
	only := statementOf("Deny", "lambda:*", "*", `{"StringNotEqualsIfExists":{"lambda:VpcIds":"`+l.vpc+`"}}`)
	dev := w.user(here, "dev", may("*", "*"), strings.Replace(force, `"lambda:*"`, `["lambda:CreateFunction","lambda:UpdateFunctionConfiguration"]`, 1), only)
	_, err := call(w, dev, lambdaapi.CreateFunction, w.inVPC("f", nil))
	refusedLike(t, err, 403, "AccessDeniedException", "with an explicit deny")
	_, err = call(w, dev, lambdaapi.CreateFunction, w.inVPC("f", other.config()))
	refusedLike(t, err, 403, "AccessDeniedException", "with an explicit deny")
	_, err = call(w, dev, lambdaapi.CreateFunction, w.inVPC("f", &lambdaapi.VpcConfig{SubnetIds: []string{"subnet-0"}, SecurityGroupIds: l.groups}))
	refusedLike(t, err, 403, "AccessDeniedException", "with an explicit deny") // no VPC can be told
	if _, err := call(w, dev, lambdaapi.CreateFunction, w.inVPC("f", l.config())); err != nil {
		t.Fatal(err)
	}
	w.settled("f")
	mark := w.trail.Last()
	if _, err := call(w, dev, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(5))}); err != nil {
		t.Errorf("an update that says nothing of the VPC: %v", err)
	}
	w.settled("f")
	r := w.trail.After(mark, trail.Filter{Action: "lambda:UpdateFunctionConfiguration"}, 1)[0]
	if r.Context["lambda:VpcIds"][0] != l.vpc || r.Context["lambda:SubnetIds"][0] != l.subnets[0] || r.Context["lambda:SecurityGroupIds"][0] != l.groups[0] {
		t.Errorf("judged on %v", r.Context)
	}
	_, err = call(w, dev, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), VpcConfig: &lambdaapi.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}}})
	refusedLike(t, err, 403, "AccessDeniedException", "with an explicit deny")
}

// TestManyAtOnceShareOneInterface: functions that come into a subnet together, and
// leave it together.
func TestManyAtOnceShareOneInterface(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	names := []string{"a", "b", "c", "d", "e", "f"}
	var all sync.WaitGroup
	for _, name := range names {
		in := w.inVPC(name, l.config())
		all.Go(func() {
			if _, err := call(w, root, lambdaapi.CreateFunction, in); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, name := range names {
		w.settled(name)
	}
	if n := len(w.interfaces()); n != 1 {
		t.Errorf("%d interfaces", n)
	}
	for _, name := range names {
		all.Go(func() {
			if _, err := call(w, root, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: &name}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(w.interfaces()); n != 0 {
		t.Errorf("%d interfaces are left", n)
	}
}

// TestAnInterfaceThatWasNotWrittenDown: a server that ended right after EC2 made it
// does not leave it behind.
func TestAnInterfaceThatWasNotWrittenDown(t *testing.T) {
	w := newWorld(t)
	l := w.lan("10.0")
	must(w, lambdaapi.CreateFunction, w.inVPC("f", l.config()))
	w.settled("f")
	was := *w.interfaces()[0].NetworkInterfaceId
	if err := w.store.Update(context.Background(), func(tx *store.Tx) error { return empty(tx, w.lambda.attachments) }); err != nil {
		t.Fatal(err)
	}
	must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, echo)})
	w.settled("f")
	if all := w.interfaces(); len(all) != 1 || *all[0].NetworkInterfaceId != was {
		t.Errorf("there are %+v", all)
	}
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	if n := len(w.interfaces()); n != 0 {
		t.Errorf("%d interfaces are left", n)
	}
}
