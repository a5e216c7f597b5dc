package organizations

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/servicetest"
)

func TestOrganizationBeginsAndEnds(t *testing.T) {
	w := newWorld(t)
	empty := &api.Empty{}
	refuses(w, orgapi.DescribeOrganization, empty, "AWSOrganizationsNotInUseException", "", "Your account is not a member of an organization.")
	refuses(w, orgapi.ListRoots, &orgapi.ListRootsRequest{}, "AWSOrganizationsNotInUseException", "", "Your account is not a member of an organization.")
	made := must(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{}).Organization
	if made.GetFeatureSet() != "ALL" || made.GetMasterAccountId() != here || !regexp.MustCompile(`^o-[a-z0-9]{10}$`).MatchString(made.GetId()) ||
		made.GetArn() != "arn:aws:organizations::"+here+":organization/"+made.GetId() ||
		made.GetMasterAccountArn() != "arn:aws:organizations::"+here+":account/"+made.GetId()+"/"+here ||
		len(made.AvailablePolicyTypes) != 1 || made.AvailablePolicyTypes[0].GetType() != serviceControl {
		t.Errorf("made %+v", made)
	}
	if got := must(w, orgapi.DescribeOrganization, empty).Organization; got.GetId() != made.GetId() {
		t.Errorf("described %+v", got)
	}
	refuses(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{}, "AlreadyInOrganizationException", "", "The AWS account is already a member of an organization.")
	roots := must(w, orgapi.ListRoots, &orgapi.ListRootsRequest{}).Roots
	if len(roots) != 1 || !regexp.MustCompile(`^r-[a-z0-9]{4}$`).MatchString(roots[0].GetId()) || roots[0].GetName() != "Root" || len(roots[0].PolicyTypes) != 0 ||
		roots[0].GetArn() != "arn:aws:organizations::"+here+":root/"+made.GetId()+"/"+roots[0].GetId() {
		t.Errorf("roots %+v", roots)
	}
	accounts := must(w, orgapi.ListAccounts, &orgapi.ListAccountsRequest{}).Accounts
	if len(accounts) != 1 || accounts[0].GetId() != here || accounts[0].GetJoinedMethod() != "INVITED" || accounts[0].GetStatus() != "ACTIVE" {
		t.Errorf("accounts %+v", accounts)
	}

	unit, account := w.unit(roots[0].GetId(), "u"), w.account("a")
	const notEmpty = "To delete an organization you must first remove all member accounts (except the master)."
	refuses(w, orgapi.DeleteOrganization, empty, "OrganizationNotEmptyException", "", notEmpty)
	must(w, orgapi.RemoveAccountFromOrganization, &orgapi.RemoveAccountFromOrganizationRequest{AccountId: &account})
	refuses(w, orgapi.DeleteOrganization, empty, "OrganizationNotEmptyException", "", notEmpty)
	must(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &unit})
	w.policy(serviceControl, "goes along", deny("s3:*"))
	must(w, orgapi.DeleteOrganization, empty)
	refuses(w, orgapi.DescribeOrganization, empty, "AWSOrganizationsNotInUseException", "", "")
	for _, n := range []int{w.org.organizations.Len(), w.org.members.Len(), w.org.units.Len(), w.org.policies.Len(), w.org.requests.Len()} {
		if n != 0 {
			t.Errorf("%d records are left", n)
		}
	}
	must(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{})
}

func TestBillingOrganizationsHaveNoPolicies(t *testing.T) {
	w := newWorld(t)
	out := must(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{FeatureSet: ptr("CONSOLIDATED_BILLING")})
	if len(out.Organization.AvailablePolicyTypes) != 0 {
		t.Errorf("%+v", out.Organization)
	}
	const code, text = "PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type with the feature set currently enabled for this organization."
	refuses(w, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: ptr(w.root()), PolicyType: ptr(serviceControl)}, code, "", text)
	refuses(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{Type: ptr(serviceControl), Name: ptr("n"), Description: ptr(""), Content: ptr(deny("s3:*"))}, code, "", text)
	refuses(w, orgapi.EnableAWSServiceAccess, &orgapi.EnableAWSServiceAccessRequest{ServicePrincipal: ptr("config.amazonaws.com")}, "ConstraintViolationException", "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "")
	if got := must(w, orgapi.ListPolicies, &orgapi.ListPoliciesRequest{Filter: ptr(serviceControl)}).Policies; len(got) != 0 {
		t.Errorf("policies %+v", got)
	}
}

// TestOnlyTheManagementAccountRunsIt asks every operation as root of a member
// and of an account outside.
func TestOnlyTheManagementAccountRunsIt(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	unit, account, policy := w.unit(r, "u"), w.account("a"), w.policy(serviceControl, "p", deny("s3:*"))
	members := map[string]string{
		"PolicyId": policy, "TargetId": account, "AccountId": account, "ParentId": r, "OrganizationalUnitId": unit, "RootId": r, "ChildId": account,
		"ResourceId": account, "SourceParentId": r, "DestinationParentId": unit, "Content": deny("s3:*"), "ServicePrincipal": "config.amazonaws.com",
		"CreateAccountRequestId": "car-11111111", "NextToken": "", "Email": "x@example.com",
	}
	for _, row := range w.org.Rows() {
		o := row.Operation()
		for account, want := range map[string]string{account: notManagement().Error(), there: notInUse().Error()} {
			switch {
			case o == orgapi.CreateOrganization.Operation && account == there:
				continue
			case o == orgapi.CreateOrganization.Operation:
				want = "AlreadyInOrganizationException: The AWS account is already a member of an organization."
			case o == orgapi.DescribeOrganization.Operation && account != there:
				want = ""
			}
			in := o.NewInput()
			servicetest.Fill(in, members)
			_, err := w.bus.Serve(context.Background(), &op.Call{Caller: root(account), Operation: o, Input: in, Region: "us-east-1"})
			if got := ""; err != nil {
				if got = err.Error(); got != want {
					t.Errorf("%s as %s: %s, want %s", o.Name, account, got, want)
				}
			} else if want != "" {
				t.Errorf("%s as %s was answered, want %s", o.Name, account, want)
			}
		}
	}
	if w.org.members.Len() != 2 || w.org.units.Len() != 1 || w.org.policies.Len() != 1 {
		t.Error("somebody else changed the organization")
	}
}

// TestOperationsAreJudgedOnTheirResources: a policy for exactly the resource is
// enough, one for anything beside it is not, and which exist does not show.
func TestOperationsAreJudgedOnTheirResources(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	o := *must(w, orgapi.DescribeOrganization, &api.Empty{}).Organization.Id
	unit, account, policy := w.unit(r, "u"), w.account("a"), w.policy(serviceControl, "p", deny("s3:*"))
	arn := func(rest string) string { return "arn:aws:organizations::" + here + ":" + rest }
	for _, c := range []struct {
		action, resource string
		run              func(as caller.Caller) error
	}{
		{"DescribePolicy", arn("policy/" + o + "/service_control_policy/" + policy), func(as caller.Caller) error {
			_, err := call(w, as, orgapi.DescribePolicy, &orgapi.DescribePolicyRequest{PolicyId: &policy})
			return err
		}},
		{"DescribePolicy", "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess", func(as caller.Caller) error {
			_, err := call(w, as, orgapi.DescribePolicy, &orgapi.DescribePolicyRequest{PolicyId: ptr("p-RCPFullAWSAccess")})
			return err
		}},
		{"DescribeAccount", arn("account/" + o + "/" + account), func(as caller.Caller) error {
			_, err := call(w, as, orgapi.DescribeAccount, &orgapi.DescribeAccountRequest{AccountId: &account})
			return err
		}},
		{"DescribeOrganizationalUnit", arn("ou/" + o + "/" + unit), func(as caller.Caller) error {
			_, err := call(w, as, orgapi.DescribeOrganizationalUnit, &orgapi.DescribeOrganizationalUnitRequest{OrganizationalUnitId: &unit})
			return err
		}},
		{"ListChildren", arn("root/" + o + "/" + r), func(as caller.Caller) error {
			_, err := call(w, as, orgapi.ListChildren, &orgapi.ListChildrenRequest{ParentId: &r, ChildType: ptr("ACCOUNT")})
			return err
		}},
		{"ListTagsForResource", arn("ou/" + o + "/" + unit), func(as caller.Caller) error {
			_, err := call(w, as, orgapi.ListTagsForResource, &orgapi.ListTagsForResourceRequest{ResourceId: &unit})
			return err
		}},
	} {
		action := "organizations:" + c.action
		if err := c.run(w.user(here, "enough-"+c.action+c.resource[len(c.resource)-8:], action, c.resource)); err != nil {
			t.Errorf("%s on %s: %v", action, c.resource, err)
		}
		var denied *api.Error
		if err := c.run(w.user(here, "short-"+c.action+c.resource[len(c.resource)-8:], action, c.resource+"x")); !errors.As(err, &denied) ||
			denied.Code != "AccessDeniedException" || !strings.Contains(denied.Message, " on resource: "+c.resource+" because no identity-based policy allows") {
			t.Errorf("%s beside %s: %v", action, c.resource, err)
		}
	}
	half := w.user(here, "half", "organizations:AttachPolicy", arn("policy/*"))
	if _, err := call(w, half, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &policy, TargetId: &account}); err == nil {
		t.Error("AttachPolicy asked about the policy only, not about the target")
	}
	attach := w.user(here, "attach", "organizations:AttachPolicy", arn("*"))
	mustAs(w, attach, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &policy, TargetId: &account})
	stranger := w.user(here, "stranger", "s3:*", "*")
	for _, id := range []string{policy, "p-nothing0"} {
		if _, err := call(w, stranger, orgapi.DescribePolicy, &orgapi.DescribePolicyRequest{PolicyId: &id}); err == nil || err.(*api.Error).Code != "AccessDeniedException" {
			t.Errorf("%s: %v", id, err)
		}
	}
}
