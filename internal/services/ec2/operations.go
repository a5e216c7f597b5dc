package ec2

import (
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, Amazon EC2).
// What tells where a resource is (its VPC, subnet, zone) comes with the resource
// (Resource); of a resource that is about to be made, with the need. The
// Describe operations know no resource, but that of a VPC's attribute.
func (s *Service) Rows() []op.Row {
	region, tagging := here("ec2:Region"), createAction("ec2:CreateAction")
	return []op.Row{
		op.Bind(ec2api.AssignPrivateIpAddresses, s.assignPrivateIpAddresses, op.On("ec2:AssignPrivateIpAddresses", s.anInterface).With(region)),
		op.Bind(ec2api.AuthorizeSecurityGroupEgress, s.authorizeSecurityGroupEgress, op.On("ec2:AuthorizeSecurityGroupEgress", s.aGroup).With(region, requestTags),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.AuthorizeSecurityGroupIngress, s.authorizeSecurityGroupIngress, op.On("ec2:AuthorizeSecurityGroupIngress", s.aGroup).With(region, requestTags),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.CreateNetworkInterface, s.createNetworkInterface,
			op.On("ec2:CreateNetworkInterface", s.aSubnet).With(region, requestTags),
			op.On("ec2:CreateNetworkInterface", s.newInterface).With(region, requestTags, s.inSubnet),
			op.Maybe(op.On("ec2:CreateNetworkInterface", s.interfaceGroups).With(region, requestTags)),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.CreateSecurityGroup, s.createSecurityGroup,
			op.On("ec2:CreateSecurityGroup", s.newGroup).With(region, requestTags, s.inVPC), op.On("ec2:CreateSecurityGroup", s.groupsVPC).With(region, requestTags),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.CreateSubnet, s.createSubnet,
			op.On("ec2:CreateSubnet", s.aVPC).With(region, requestTags), op.On("ec2:CreateSubnet", s.newSubnet).With(region, requestTags, s.inVPC),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.CreateTags, s.createTags, op.On("ec2:CreateTags", s.taggedNow).With(region, requestTags)),
		op.Bind(ec2api.CreateVpc, s.createVpc, op.On("ec2:CreateVpc", s.newVPC).With(region, requestTags),
			op.Maybe(op.On("ec2:CreateTags", s.madeWithTags).With(region, requestTags, tagging))),
		op.Bind(ec2api.DeleteNetworkInterface, s.deleteNetworkInterface, op.On("ec2:DeleteNetworkInterface", s.anInterface).With(region)),
		op.Bind(ec2api.DeleteSecurityGroup, s.deleteSecurityGroup, op.On("ec2:DeleteSecurityGroup", s.aGroup).With(region)),
		op.Bind(ec2api.DeleteSubnet, s.deleteSubnet, op.On("ec2:DeleteSubnet", s.aSubnet).With(region)),
		op.Bind(ec2api.DeleteTags, s.deleteTags, op.On("ec2:DeleteTags", s.taggedNow).With(region, requestTags)),
		op.Bind(ec2api.DeleteVpc, s.deleteVpc, op.On("ec2:DeleteVpc", s.aVPC).With(region)),
		op.Bind(ec2api.DescribeAccountAttributes, s.describeAccountAttributes, op.On("ec2:DescribeAccountAttributes", op.Any).With(region)),
		op.Bind(ec2api.DescribeAvailabilityZones, s.describeAvailabilityZones, op.On("ec2:DescribeAvailabilityZones", op.Any).With(region)),
		op.Bind(ec2api.DescribeNetworkAcls, s.describeNetworkAcls, op.On("ec2:DescribeNetworkAcls", op.Any).With(region)),
		op.Bind(ec2api.DescribeNetworkInterfaces, s.describeNetworkInterfaces, op.On("ec2:DescribeNetworkInterfaces", op.Any).With(region)),
		op.Bind(ec2api.DescribeRegions, s.describeRegions, op.On("ec2:DescribeRegions", op.Any).With(region)),
		op.Bind(ec2api.DescribeRouteTables, s.describeRouteTables, op.On("ec2:DescribeRouteTables", op.Any).With(region)),
		op.Bind(ec2api.DescribeSecurityGroupRules, s.describeSecurityGroupRules, op.On("ec2:DescribeSecurityGroupRules", op.Any).With(region)),
		op.Bind(ec2api.DescribeSecurityGroups, s.describeSecurityGroups, op.On("ec2:DescribeSecurityGroups", op.Any).With(region)),
		op.Bind(ec2api.DescribeSubnets, s.describeSubnets, op.On("ec2:DescribeSubnets", op.Any).With(region)),
		op.Bind(ec2api.DescribeTags, s.describeTags, op.On("ec2:DescribeTags", op.Any).With(region)),
		op.Bind(ec2api.DescribeVpcAttribute, s.describeVpcAttribute, op.On("ec2:DescribeVpcAttribute", s.aVPC).With(region)),
		op.Bind(ec2api.DescribeVpcs, s.describeVpcs, op.On("ec2:DescribeVpcs", op.Any).With(region)),
		op.Bind(ec2api.ModifySubnetAttribute, s.modifySubnetAttribute, op.On("ec2:ModifySubnetAttribute", s.aSubnet).With(region)),
		op.Bind(ec2api.ModifyVpcAttribute, s.modifyVpcAttribute, op.On("ec2:ModifyVpcAttribute", s.aVPC).With(region)),
		op.Bind(ec2api.RevokeSecurityGroupEgress, s.revokeSecurityGroupEgress, op.On("ec2:RevokeSecurityGroupEgress", s.aGroup).With(region)),
		op.Bind(ec2api.RevokeSecurityGroupIngress, s.revokeSecurityGroupIngress, op.On("ec2:RevokeSecurityGroupIngress", s.aGroup).With(region)),
		op.Bind(ec2api.UnassignPrivateIpAddresses, s.unassignPrivateIpAddresses, op.On("ec2:UnassignPrivateIpAddresses", s.anInterface).With(region)),
	}
}

// Condition keys that come with a resource.
const (
	keyVPC         = "ec2:Vpc"
	keySubnet      = "ec2:Subnet"
	keyZone        = "ec2:AvailabilityZone"
	keyVPCID       = "ec2:VpcID"
	keyTenancy     = "ec2:Tenancy"
	keySubnetID    = "ec2:SubnetID"
	keyGroupID     = "ec2:SecurityGroupID"
	keyInterfaceID = "ec2:NetworkInterfaceID"
	tagPrefix      = "ec2:ResourceTag/"
)
