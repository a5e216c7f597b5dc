package iam

import (
	"slices"
	"testing"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestPrincipalsOfAnAccount(t *testing.T) {
	w := newWorld(t)
	w.user(here, "zoe", "")
	w.user(there, "bob", "")
	must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), Path: ptr("/p/"), AssumeRolePolicyDocument: ptr(trusts(forLambda))})
	want := []string{"arn:aws:iam::111111111111:role/p/r", "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/zoe"}
	if got := w.iam.PrincipalARNs(here); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := w.iam.PrincipalARNs(elsewhere); got != nil {
		t.Errorf("an account that is not here has %q", got)
	}
	if err := w.iam.CloseAccount(t.Context(), here); err != nil {
		t.Fatal(err)
	}
	if got := w.iam.PrincipalARNs(here); got != nil {
		t.Errorf("a closed account has %q", got)
	}
}
