package main

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// directory plays IAM: everybody who has policies exists.
type directory struct{ *offline }

// nameOf is "user/NAME" or "role/NAME" of an ARN, without its path.
func nameOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	return kind + "/" + rest[strings.LastIndexByte(rest, '/')+1:]
}

func (d directory) Grants(c caller.Caller) (op.Grants, bool) {
	if c.IsRoot() {
		return op.Grants{}, true
	}
	h, known := d.holds(nameOf(c.PrincipalARN()))
	return op.Grants{Identity: h.identity, Boundary: h.boundary}, known
}

func (d directory) ManagedPolicy(string, string) (policy.Attached, bool) {
	return policy.Attached{}, false
}

func (d directory) Role(arn string) (op.Role, bool) {
	_, known := d.holds(nameOf(arn))
	return op.Role{Account: accountOf(arn), ARN: arn, Name: arn[strings.LastIndexByte(arn, '/')+1:], ID: "AROAEXAMPLEEXAMPLE000"}, known
}

func (d directory) PrincipalID(arn string) (string, bool) {
	_, known := d.holds(nameOf(arn))
	return "AIDAEXAMPLEEXAMPLE000", known
}

func (d directory) PrincipalARN(string) (string, bool) { return "", false }
func (d directory) HasAccount(string) bool             { return true }

// owner plays the service that owns a resource, and AWS Organizations.
type owner struct {
	*offline
	id string
}

func (o owner) API() *api.Service                  { return &api.Service{ID: o.id} }
func (owner) Rows() []op.Row                       { return nil }
func (owner) Start(context.Context, *op.Bus) error { return nil }
func (owner) Close() error                         { return nil }

func (o owner) Resource(action, arn string) op.Facts {
	service, _, _ := strings.Cut(action, ":")
	if o.id != "iam" || !strings.EqualFold(service, "sts") {
		f := op.Facts{Policy: o.resource}
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[4] == "" {
			f.Account = o.owner
		}
		return f
	}
	h, _ := o.holds(nameOf(arn))
	return op.Facts{Policy: h.trust, MustAllow: strings.HasPrefix(nameOf(arn), "role/")}
}

func (o owner) Membership(string) *op.Membership {
	if o.scp == nil && o.rcp == nil {
		return nil
	}
	return &op.Membership{ServiceControl: o.scp, ResourceControl: o.rcp}
}
