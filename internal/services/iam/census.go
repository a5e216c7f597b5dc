package iam

import (
	"slices"

	"github.com/sallyport/sallyport/internal/op"
)

var _ op.Census = (*Service)(nil)

// PrincipalARNs implements op.Census.
func (s *Service) PrincipalARNs(account string) []string {
	if !s.index.open(account) {
		return nil
	}
	arns := []string{rootARN(account)}
	for _, u := range list(s.users, account, nil) {
		arns = append(arns, u.arn())
	}
	for _, r := range list(s.roles, account, nil) {
		arns = append(arns, r.arn())
	}
	slices.Sort(arns)
	return arns
}

var _ op.Guardian = (*Service)(nil)

// Guarded implements op.Guardian: roles have trust policies.
func (s *Service) Guarded() []string {
	var arns []string
	for _, r := range s.roles.All("", "") {
		arns = append(arns, r.arn())
	}
	slices.Sort(arns)
	return arns
}
