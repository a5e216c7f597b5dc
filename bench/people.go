package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// person is a user or a role.
type person struct {
	account, name, arn string
	role               bool
	// id is the unique id, known once it was made.
	id string
}

// perAccount is how many principals an account gets.
const perAccount = 1000

// crowdOf describes principals. What it takes is not weighed: it is there
// before, and a server has it with each request.
func crowdOf(n int) []person {
	all := make([]person, n)
	for i := range all {
		p := person{account: fmt.Sprintf("%012d", 100_000_000_000+i/perAccount), name: fmt.Sprintf("order-worker-%06d", i), role: i%2 == 1}
		kind := "user/"
		if p.role {
			kind = "role/"
		}
		p.arn = "arn:aws:iam::" + p.account + ":" + kind + p.name
		all[i] = p
	}
	return all
}

// caller is who the credentials of the principal stand for.
func (p *person) caller() caller.Caller {
	if p.role {
		return caller.ForRoleSession(caller.RoleSession{Account: p.account, RoleARN: p.arn, RoleName: p.name, RoleID: p.id, Name: "s"}, caller.Key{})
	}
	return caller.ForUser(caller.User{Account: p.account, ARN: p.arn, Name: p.name, ID: p.id}, caller.Key{})
}

// populate makes the principals through IAM's own operations. Each has a
// managed policy, the same one as its boundary, and an inline policy; the
// texts are the same for all.
func populate(ctx context.Context, st *store.Store, all []person) (*iam.Service, error) {
	var accounts []string
	for i := 0; i < len(all); i += perAccount {
		accounts = append(accounts, all[i].account)
	}
	bugs := &bug.Reporter{Panic: true}
	service, err := iam.New(ctx, iam.Deps{Store: st, Clock: clock.System{}, Bug: bugs, Accounts: accounts})
	if err != nil {
		return nil, err
	}
	records, err := trail.Open(ctx, st, nil)
	if err != nil {
		return nil, err
	}
	services := []op.Service{service}
	bus, err := op.NewBus(op.Config{Gate: gate.New(service, services, records, bugs), Services: services, Clock: clock.System{}, Bug: bugs})
	if err != nil {
		return nil, err
	}
	var managed string
	for i := range all {
		p := &all[i]
		r := root{ctx, bus, op.As{Caller: caller.Root(p.account, caller.Key{}), Region: "us-east-1"}, nil}
		if i%perAccount == 0 {
			managed = r.policy("app-data", appData)
		}
		if r.person(p, managed); r.err != nil {
			return nil, r.err
		}
	}
	return service, records.Close()
}

// root makes calls as the root user of an account until one fails.
type root struct {
	ctx context.Context
	bus *op.Bus
	as  op.As
	err error
}

func do[In, Out any](r *root, o api.Op[In, Out], in *In) *Out {
	out := new(Out)
	if r.err == nil {
		if out, r.err = op.Do(r.ctx, r.bus, r.as, o, in); r.err != nil {
			return new(Out)
		}
	}
	return out
}

// policy makes a managed policy and gives its ARN.
func (r *root) policy(name, document string) string {
	return do(r, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: &name, PolicyDocument: &document}).Policy.GetArn()
}

// person makes a user or a role. Every string is a copy, as if read from a request.
func (r *root) person(p *person, managed string) {
	name, inline, document, arn := copied(p.name), copied("app-ops"), copied(appOps), copied(managed)
	if p.role {
		made := do(r, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: name, AssumeRolePolicyDocument: copied(trustPolicy), PermissionsBoundary: arn})
		do(r, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: name, PolicyArn: arn})
		do(r, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: name, PolicyName: inline, PolicyDocument: document})
		p.id = made.Role.GetRoleId()
		return
	}
	made := do(r, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: name, PermissionsBoundary: arn})
	do(r, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: name, PolicyArn: arn})
	do(r, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: name, PolicyName: inline, PolicyDocument: document})
	p.id = made.User.GetUserId()
}

const trustPolicy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`

func copied(s string) *string {
	c := strings.Clone(s)
	return &c
}
