//go:build !race

package ec2_test

import (
	"archive/zip"
	"bytes"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte("def handler(event, context):\n    return event\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// role makes a role for functions, with the managed policies of these names.
func (d *door) role(name string, managed ...string) string {
	d.Helper()
	people := iam.NewFromConfig(d.root(here))
	out, err := people.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		d.Fatal(err)
	}
	for _, policy := range managed {
		if _, err := people.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/" + policy)}); err != nil {
			d.Fatal(err)
		}
	}
	return *out.Role.Arn
}

// TestAFunctionInAVPC through the real SDK: who must be able to do what.
func TestAFunctionInAVPC(t *testing.T) {
	d := newDoor(t)
	vpc := d.vpc("10.0.0.0/16")
	subnet, group := d.subnet(vpc, "10.0.0.0/24"), d.group(vpc, "g")
	poor, rich := d.role("poor", "AWSLambdaBasicExecutionRole"), d.role("rich", "AWSLambdaVPCAccessExecutionRole")
	base := []string{allow("lambda:*", "*", ""), allow("iam:PassRole", "*", "")}
	create := func(role string, vpc *types.VpcConfig, statements ...string) error {
		d.user("dev", append(base, statements...)...)
		_, err := lambda.NewFromConfig(d.users["dev"]).CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: aws.String("f"), Role: &role, Runtime: types.RuntimePython311, Handler: aws.String("main.handler"),
			Code: &types.FunctionCode{ZipFile: zipped(t)}, VpcConfig: vpc,
		})
		return err
	}
	in := &types.VpcConfig{SubnetIds: []string{subnet}, SecurityGroupIds: []string{group}}
	look := []string{allow("ec2:DescribeSubnets", "*", ""), allow("ec2:DescribeSecurityGroups", "*", ""), allow("ec2:DescribeVpcs", "*", "")}
	const byEC2 = ". EC2 Error Code: UnauthorizedOperation. EC2 Error Message: You are not authorized to perform this operation."
	const please = "Your access has been denied by EC2, please make sure your request credentials have permission to "

	refused(t, create(rich, in, look[1], look[2]), "AccessDeniedException", please+"DescribeSubnets for "+subnet+byEC2)
	refused(t, create(rich, in, look[0], look[2]), "AccessDeniedException", please+"DescribeSecurityGroups for "+group+byEC2)
	refused(t, create(rich, in, look[0], look[1]), "AccessDeniedException", please+"DescribeVpcs for "+vpc+byEC2)
	refused(t, create(poor, in, look...), "InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2")
	refused(t, create(rich, &types.VpcConfig{SubnetIds: []string{"subnet-0"}, SecurityGroupIds: []string{group}}, look...), "InvalidParameterValueException",
		"Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-0' does not exist")
	forced := append(look, state("Deny", "lambda:CreateFunction", "*", `{"Null":{"lambda:VpcIds":"true"}}`))
	refused(t, create(rich, nil, forced...), "AccessDeniedException",
		"User: arn:aws:iam::"+here+":user/dev is not authorized to perform: lambda:CreateFunction on resource: arn:aws:lambda:us-east-1:"+here+":function:f with an explicit deny in an identity-based policy")
	fenced := append(look, state("Deny", "lambda:CreateFunction", "*", `{"ForAnyValue:StringNotEquals":{"lambda:SubnetIds":["`+subnet+`"]}}`), forced[3])
	if err := create(rich, in, fenced...); err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(d.root(here))
	if err := lambda.NewFunctionActiveV2Waiter(functions).Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	got, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
	if err != nil || *got.VpcConfig.VpcId != vpc || got.VpcConfig.SubnetIds[0] != subnet || got.VpcConfig.SecurityGroupIds[0] != group || *got.VpcConfig.Ipv6AllowedForDualStack {
		t.Errorf("%+v, %v", got, err)
	}
}
