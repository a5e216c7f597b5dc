// Package ec2 is the part of Amazon EC2 that a function in a VPC needs: VPCs,
// subnets, security groups and their rules, network interfaces, and tags.
//
// # Who it is when it calls
//
// EC2 calls nobody.
//
// # How it differs from AWS
//
//   - Nothing is routed: a VPC, its subnets and the rules of its security groups
//     are kept and shown, and no packet is kept from going anywhere. A function
//     with a VpcConfig reaches what a function without one reaches.
//   - There are no instances, gateways, VPC endpoints, route tables or network
//     ACLs but those that a VPC is made with, and no IPv6, IPAM, prefix lists or
//     peering. A request that asks for one of them is refused and says so.
//   - An account has a default VPC in each region from the first time that
//     anybody asks there for anything; its ids are the same each time. Once it was
//     deleted it does not come back.
//   - Addresses are given out from the lowest on, where AWS draws them.
//   - Everything is available at once.
//   - Interfaces that AWS Lambda made belong to it: nobody else can delete them
//     or change their addresses.
package ec2
