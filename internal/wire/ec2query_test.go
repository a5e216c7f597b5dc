package wire

import (
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
)

// TestEC2Requests has requests as the CLI and old clients write them: lists have
// no element round them, and members a capital.
func TestEC2Requests(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		body string
		want any
	}{
		"a capital for a small letter": {"Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&InstanceTenancy=default&DryRun=true",
			&ec2api.CreateVpcRequest{CidrBlock: ptr("10.0.0.0/16"), InstanceTenancy: ptr("default"), DryRun: ptr(true)}},
		"lists in lists": {"Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-a&Filter.1.Value.2=vpc-b&SubnetId.1=subnet-a",
			&ec2api.DescribeSubnetsRequest{Filters: []ec2api.Filter{{Name: ptr("vpc-id"), Values: []string{"vpc-a", "vpc-b"}}}, SubnetIds: []string{"subnet-a"}}},
		"tags of a new resource": {"Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
			&ec2api.CreateVpcRequest{CidrBlock: ptr("10.0.0.0/16"), TagSpecifications: []ec2api.TagSpecification{{ResourceType: ptr("vpc"), Tags: []ec2api.Tag{{Key: ptr("k"), Value: ptr("v")}}}}}},
		"permissions": {"Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-a&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.1.Groups.1.GroupId=sg-b",
			&ec2api.AuthorizeSecurityGroupIngressRequest{GroupId: ptr("sg-a"), IpPermissions: []ec2api.IpPermission{{IpProtocol: ptr("tcp"), FromPort: ptr(int32(443)), ToPort: ptr(int32(443)),
				IpRanges: []ec2api.IpRange{{CidrIp: ptr("0.0.0.0/0")}}, UserIdGroupPairs: []ec2api.UserIdGroupPair{{GroupId: ptr("sg-b")}}}}}},
		"groups of an interface": {"Action=CreateNetworkInterface&Version=2016-11-15&SubnetId=subnet-a&SecurityGroupId.1=sg-a&SecurityGroupId.2=sg-b",
			&ec2api.CreateNetworkInterfaceRequest{SubnetId: ptr("subnet-a"), Groups: []string{"sg-a", "sg-b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := request{body: c.body, header: map[string]string{"Content-Type": formType}}.http()
			route, failure := router.Route(r, []byte(c.body))
			if failure != nil || route.Protocol != api.EC2Query {
				t.Fatalf("in %s: %v", route.Protocol, failure)
			}
			in, failure := router.For(route.Protocol).Decode(r, route, []byte(c.body))
			if failure != nil || !reflect.DeepEqual(in, c.want) {
				t.Errorf("got %+v, %v", in, failure)
			}
		})
	}
}

// TestEC2Answers compares with the examples of the API reference.
func TestEC2Answers(t *testing.T) {
	codec := NewRouter(generated()).For(api.EC2Query)
	head := `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	for name, c := range map[string]struct {
		operation *api.Operation
		out       any
		want      string
	}{
		"a VPC": {ec2api.DescribeVpcs.Operation, &ec2api.DescribeVpcsResult{Vpcs: []ec2api.Vpc{{VpcId: ptr("vpc-a"), IsDefault: ptr(false), Tags: []ec2api.Tag{{Key: ptr("k"), Value: ptr("<v>")}}}}},
			`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>` + testRequestID + `</requestId><vpcSet><item><isDefault>false</isDefault>` +
				`<tagSet><item><key>k</key><value>&lt;v&gt;</value></item></tagSet><vpcId>vpc-a</vpcId></item></vpcSet></DescribeVpcsResponse>`},
		"a time": {ec2api.CreateNetworkInterface.Operation, &ec2api.CreateNetworkInterfaceResult{NetworkInterface: &ec2api.NetworkInterface{Attachment: &ec2api.NetworkInterfaceAttachment{AttachTime: ptr(time.Unix(1700000000, 0))}}},
			`<CreateNetworkInterfaceResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>` + testRequestID + `</requestId><networkInterface><attachment>` +
				`<attachTime>2023-11-14T22:13:20.000Z</attachTime></attachment></networkInterface></CreateNetworkInterfaceResponse>`},
		"nothing": {ec2api.DeleteVpc.Operation, &api.Empty{}, `<DeleteVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>` + testRequestID + `</requestId></DeleteVpcResponse>`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := codec.Encode(w, c.operation, testRequestID, c.out); err != nil {
				t.Fatal(err)
			}
			if w.Body.String() != head+c.want {
				t.Errorf("got  %s\nwant %s", w.Body, head+c.want)
			}
		})
	}
	w := httptest.NewRecorder()
	codec.EncodeError(w, ec2api.Service, nil, testRequestID, api.Newf(412, "DryRunOperation", "a < b"))
	want := head + `<Response><Errors><Error><Code>DryRunOperation</Code><Message>a &lt; b</Message></Error></Errors><RequestID>` + testRequestID + `</RequestID></Response>`
	if w.Code != 412 || w.Body.String() != want {
		t.Errorf("got  %d %s\nwant %s", w.Code, w.Body, want)
	}
}
