package organizations

import (
	"fmt"
	"strings"
	"testing"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
)

func TestUnitsNestFiveDeep(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	parent, path := r, ""
	for i := range 5 {
		u := must(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &parent, Name: ptr(fmt.Sprint("level ", i))}).OrganizationalUnit
		parent = u.GetId()
		path += parent + "/"
		if !strings.HasPrefix(parent, "ou-"+r[2:]+"-") || !strings.HasSuffix(u.GetPath(), "/"+r+"/"+path) {
			t.Errorf("unit %s is at %s", parent, u.GetPath())
		}
	}
	refuses(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &parent, Name: ptr("too deep")},
		"ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED", "")
	account := w.account("deep")
	w.move(account, r, parent)
	if got := w.org.Membership(account); !strings.HasSuffix(got.Paths[0], "/"+r+"/"+path) || len(got.ServiceControl) != 7 || len(got.ResourceControl) != 7 {
		t.Errorf("the account below has the path %s and %d and %d levels", got.Paths, len(got.ServiceControl), len(got.ResourceControl))
	}
}

func TestUnits(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	a := w.unit(r, "a")
	b := w.unit(a, "a") // the same name is free below another parent
	refuses(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &r, Name: ptr("a")},
		"DuplicateOrganizationalUnitException", "", "An OU with the same name already exists.")
	refuses(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: ptr("ou-0000-00000000"), Name: ptr("x")},
		"ParentNotFoundException", "", "You specified parent that doesn't exist.")
	w.unit(r, "c")
	refuses(w, orgapi.UpdateOrganizationalUnit, &orgapi.UpdateOrganizationalUnitRequest{OrganizationalUnitId: &a, Name: ptr("c")}, "DuplicateOrganizationalUnitException", "", "")
	must(w, orgapi.UpdateOrganizationalUnit, &orgapi.UpdateOrganizationalUnitRequest{OrganizationalUnitId: &a, Name: ptr("a")})
	must(w, orgapi.UpdateOrganizationalUnit, &orgapi.UpdateOrganizationalUnitRequest{OrganizationalUnitId: &a, Name: ptr("renamed")})
	if got := must(w, orgapi.DescribeOrganizationalUnit, &orgapi.DescribeOrganizationalUnitRequest{OrganizationalUnitId: &a}).OrganizationalUnit; got.GetName() != "renamed" {
		t.Errorf("described %+v", got)
	}
	if got := must(w, orgapi.ListParents, &orgapi.ListParentsRequest{ChildId: &b}).Parents; len(got) != 1 || got[0].GetId() != a || got[0].GetType() != "ORGANIZATIONAL_UNIT" {
		t.Errorf("parents of b: %+v", got)
	}
	if got := must(w, orgapi.ListParents, &orgapi.ListParentsRequest{ChildId: &a}).Parents; len(got) != 1 || got[0].GetId() != r || got[0].GetType() != "ROOT" {
		t.Errorf("parents of a: %+v", got)
	}
	var children []string
	for _, c := range must(w, orgapi.ListChildren, &orgapi.ListChildrenRequest{ParentId: &a, ChildType: ptr("ORGANIZATIONAL_UNIT")}).Children {
		children = append(children, c.GetId())
	}
	same(t, "children of a", children, []string{b})
	refuses(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &a}, "OrganizationalUnitNotEmptyException", "", "")
	account := w.account("in-b")
	w.move(account, r, b)
	refuses(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &b}, "OrganizationalUnitNotEmptyException", "", "")
	w.move(account, b, r)
	for _, id := range []string{b, a} {
		must(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &id})
	}
	const gone = "You specified an organizational unit that doesn't exist."
	refuses(w, orgapi.DescribeOrganizationalUnit, &orgapi.DescribeOrganizationalUnitRequest{OrganizationalUnitId: &a}, "OrganizationalUnitNotFoundException", "", gone)
	refuses(w, orgapi.UpdateOrganizationalUnit, &orgapi.UpdateOrganizationalUnitRequest{OrganizationalUnitId: &a}, "OrganizationalUnitNotFoundException", "", gone)
	refuses(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &a}, "OrganizationalUnitNotFoundException", "", gone)
	refuses(w, orgapi.ListParents, &orgapi.ListParentsRequest{ChildId: &a}, "ChildNotFoundException", "", "")
	refuses(w, orgapi.ListChildren, &orgapi.ListChildrenRequest{ParentId: &a, ChildType: ptr("ACCOUNT")}, "ParentNotFoundException", "", "")
	refuses(w, orgapi.ListOrganizationalUnitsForParent, &orgapi.ListOrganizationalUnitsForParentRequest{ParentId: &a}, "ParentNotFoundException", "", "")
}

// TestListsGoOnWhereTheyStopped, whatever came or went in between.
func TestListsGoOnWhereTheyStopped(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	var made []string
	for i := range 45 {
		made = append(made, w.unit(r, fmt.Sprint(i)))
	}
	list := func(size *int32, between func(page int)) (all []string, pages int) {
		in := &orgapi.ListOrganizationalUnitsForParentRequest{ParentId: &r, MaxResults: size}
		for {
			out := must(w, orgapi.ListOrganizationalUnitsForParent, in)
			for _, u := range out.OrganizationalUnits {
				all = append(all, u.GetId())
			}
			pages++
			if out.NextToken == nil {
				return all, pages
			}
			in.NextToken = out.NextToken
			between(pages)
		}
	}
	all, pages := list(nil, func(int) {})
	same(t, "all", all, made)
	if pages != 3 {
		t.Errorf("%d pages of 20", pages)
	}
	if all, _ = list(ptr(int32(7)), func(int) {}); len(all) != 45 {
		t.Errorf("%d in pages of 7", len(all))
	}
	all, _ = list(nil, func(page int) {
		if page == 1 {
			must(w, orgapi.DeleteOrganizationalUnit, &orgapi.DeleteOrganizationalUnitRequest{OrganizationalUnitId: &all[19]})
		}
	})
	if len(all) != 45 {
		t.Errorf("%d while the last one of a page was deleted", len(all))
	}
	for _, token := range []string{"x", "eA==", "b3JnYW5pemF0aW9uczo"} {
		refuses(w, orgapi.ListAccounts, &orgapi.ListAccountsRequest{NextToken: &token}, "InvalidInputException", "INVALID_PAGINATION_TOKEN", "")
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	tagged := func(tags ...string) []orgapi.Tag {
		var all []orgapi.Tag
		for i := 0; i < len(tags); i += 2 {
			all = append(all, orgapi.Tag{Key: &tags[i], Value: &tags[i+1]})
		}
		return all
	}
	list := func(id string) string {
		text := ""
		for _, tag := range must(w, orgapi.ListTagsForResource, &orgapi.ListTagsForResourceRequest{ResourceId: &id}).Tags {
			text += tag.GetKey() + "=" + tag.GetValue() + " "
		}
		return text
	}
	unit := must(w, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &r, Name: ptr("u"), Tags: tagged("b", "1", "a", "2")}).OrganizationalUnit.GetId()
	policy := must(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{
		Type: ptr(serviceControl), Name: ptr("p"), Description: ptr(""), Content: ptr(deny("s3:*")), Tags: tagged("b", "1", "a", "2"),
	}).Policy.PolicySummary.GetId()
	made := must(w, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: ptr("n"), Email: ptr("n@example.com"), Tags: tagged("b", "1", "a", "2")})
	account := w.ended(*made.CreateAccountStatus.Id).GetAccountId()
	must(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &r, Tags: tagged("b", "1", "a", "2")})
	for _, id := range []string{unit, policy, account, r} {
		if got := list(id); got != "a=2 b=1 " {
			t.Errorf("%s: %s", id, got)
		}
		must(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &id, Tags: tagged("a", "3", "A", "4")})
		must(w, orgapi.UntagResource, &orgapi.UntagResourceRequest{ResourceId: &id, TagKeys: []string{"b", "none"}})
		if got := list(id); got != "A=4 a=3 " {
			t.Errorf("%s: %s", id, got)
		}
		refuses(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &id, Tags: tagged("aws:x", "1")}, "InvalidInputException", "INVALID_SYSTEM_TAGS_PARAMETER", "")
		refuses(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &id, Tags: tagged("x", "1", "x", "2")}, "InvalidInputException", "DUPLICATE_TAG_KEY", "")
		var many []orgapi.Tag
		for i := range 49 {
			many = append(many, tagged(fmt.Sprint("k", i), "")...)
		}
		refuses(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &id, Tags: many}, "ConstraintViolationException", "MAX_TAG_LIMIT_EXCEEDED", "")
	}
	for _, id := range []string{"ou-0000-00000000", "r-0000", there, "p-00000000"} {
		refuses(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: &id, Tags: tagged("a", "b")}, "TargetNotFoundException", "", "")
		refuses(w, orgapi.ListTagsForResource, &orgapi.ListTagsForResourceRequest{ResourceId: &id}, "TargetNotFoundException", "", "")
	}
	refuses(w, orgapi.TagResource, &orgapi.TagResourceRequest{ResourceId: ptr(fullAWSAccess), Tags: tagged("a", "b")}, "InvalidInputException", "IMMUTABLE_POLICY", "")

	// They are in the context of decisions.
	if got := w.org.Resource("", "arn:aws:organizations::"+here+":ou/"+w.org.Membership(here).Organization+"/"+unit).Tags; got["a"] != "3" {
		t.Errorf("tags of the unit in a decision: %v", got)
	}
	if got := w.org.Resource("", "arn:aws:organizations::"+there+":ou/"+w.org.Membership(here).Organization+"/"+unit).Tags; got != nil {
		t.Errorf("a wrong ARN has tags: %v", got)
	}
	untagged := w.user(here, "u", "organizations:CreateOrganizationalUnit", "*")
	if _, err := call(w, untagged, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &r, Name: ptr("x"), Tags: tagged("a", "b")}); err == nil {
		t.Error("a unit was made with tags without organizations:TagResource")
	}
	mustAs(w, untagged, orgapi.CreateOrganizationalUnit, &orgapi.CreateOrganizationalUnitRequest{ParentId: &r, Name: ptr("x")})
}

func TestTrustedServices(t *testing.T) {
	w := newWorld(t)
	w.organize()
	list := func() (all []string) {
		for _, s := range must(w, orgapi.ListAWSServiceAccessForOrganization, &orgapi.ListAWSServiceAccessForOrganizationRequest{}).EnabledServicePrincipals {
			all = append(all, s.GetServicePrincipal())
		}
		return all
	}
	for _, name := range []string{"config.amazonaws.com", "account.amazonaws.com", "config.amazonaws.com"} {
		must(w, orgapi.EnableAWSServiceAccess, &orgapi.EnableAWSServiceAccessRequest{ServicePrincipal: &name})
	}
	same(t, "trusted", list(), []string{"account.amazonaws.com", "config.amazonaws.com"})
	for range 2 {
		must(w, orgapi.DisableAWSServiceAccess, &orgapi.DisableAWSServiceAccessRequest{ServicePrincipal: ptr("config.amazonaws.com")})
	}
	same(t, "trusted", list(), []string{"account.amazonaws.com"})
	refuses(w, orgapi.EnableAWSServiceAccess, &orgapi.EnableAWSServiceAccessRequest{ServicePrincipal: ptr("config")}, "InvalidInputException", "UNRECOGNIZED_SERVICE_PRINCIPAL", "")
	if got := must(w, orgapi.ListDelegatedAdministrators, &orgapi.ListDelegatedAdministratorsRequest{}).DelegatedAdministrators; len(got) != 0 {
		t.Errorf("delegated %+v", got)
	}
}
