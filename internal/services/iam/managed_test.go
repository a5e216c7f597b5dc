package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

func TestPolicyIsShownAsAWSShowsIt(t *testing.T) {
	w := newWorld(t)
	text := "{ \"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"} }"
	made := must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{
		PolicyName: ptr("p"), Path: ptr("/team/"), PolicyDocument: &text, Description: ptr("what it is for"),
		Tags: []iamapi.Tag{{Key: ptr("a"), Value: ptr("lower")}, {Key: ptr("A"), Value: ptr("upper")}},
	}).Policy
	arn := "arn:aws:iam::111111111111:policy/team/p"
	equal(t, "ARN", *made.Arn, arn)
	if made.Description != nil || len(made.Tags) != 2 || *made.DefaultVersionId != "v1" || *made.AttachmentCount != 0 || !*made.IsAttachable {
		t.Errorf("CreatePolicy: %+v", made)
	}
	got := must(w, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &arn}).Policy
	equal(t, "description", *got.Description, "what it is for")
	equal(t, "tags sorted", *got.Tags[0].Key, "A")
	v := must(w, iamapi.GetPolicyVersion, &iamapi.GetPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v1")}).PolicyVersion
	equal(t, "document", document(t, v.Document), text)
	equal(t, "default", *v.IsDefaultVersion, true)

	plain := w.managed("plain", allows("s3:*", "*"))
	got = must(w, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &plain}).Policy
	if got.Tags == nil || len(got.Tags) != 0 || got.Description != nil {
		t.Errorf("GetPolicy prints an empty list of tags and no description: %+v", got)
	}
	listed := must(w, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{Scope: ptr("Local"), PathPrefix: ptr("/team/")}).Policies
	if len(listed) != 1 || listed[0].Tags != nil || listed[0].Description != nil {
		t.Errorf("ListPolicies: %+v", listed)
	}
}

func TestPolicyErrors(t *testing.T) {
	w := newWorld(t)
	arn := w.managed("taken", allows("s3:*", "*"))
	none := "arn:aws:iam::111111111111:policy/none"
	r := root(here)
	refuses(w, r, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("Taken"), Path: ptr("/x/"), PolicyDocument: ptr(allows("s3:*", "*"))},
		409, "EntityAlreadyExists", "A policy called Taken already exists. Duplicate names are not allowed.")
	refuses(w, r, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &none}, 404, "NoSuchEntity", "Policy "+none+" was not found.")
	refuses(w, r, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: ptr(strings.Replace(arn, "taken", "x/taken", 1))}, 404, "NoSuchEntity", "Policy "+strings.Replace(arn, "taken", "x/taken", 1)+" was not found.")
	refuses(w, r, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: ptr("this-is-not-an-arn-at-all")}, 400, "ValidationError", "Invalid ARN:  Could not be parsed!")
	refuses(w, r, iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &none}, 404, "NoSuchEntity", "Policy "+none+" was not found.")
	refuses(w, r, iamapi.TagPolicy, &iamapi.TagPolicyRequest{PolicyArn: &none}, 404, "NoSuchEntity", "Policy "+none+" was not found.")
	refuses(w, r, iamapi.GetPolicyVersion, &iamapi.GetPolicyVersionRequest{PolicyArn: &none, VersionId: ptr("v1")}, 404, "NoSuchEntity", "Policy "+none+" version v1 does not exist or is not attachable.")
	refuses(w, r, iamapi.GetPolicyVersion, &iamapi.GetPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v9")}, 404, "NoSuchEntity", "Policy "+arn+" version v9 does not exist or is not attachable.")
	refuses(w, r, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("p"), PolicyDocument: ptr(allows("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("b", 6_100)))},
		409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
	refuses(w, r, iamapi.TagPolicy, &iamapi.TagPolicyRequest{PolicyArn: &arn, Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("1")}, {Key: ptr("k"), Value: ptr("2")}}},
		400, "InvalidInput", "Duplicate tag keys found.")
	for text, document := range map[string]string{
		"Syntax errors in policy.":                               `{"Version"`,
		"Policy document must be version 2012-10-17 or greater.": `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`,
		"Policy document should not specify a principal.":        `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`,
		"Policy statement must contain resources.":               `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*"}}`,
		`Resource 100% must be in ARN format or "*".`:            `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"100%"}}`,
		"Actions/Condition can contain only one colon.":          `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get:Object","Resource":"*"}}`,
		"Statement IDs (SID) in a single policy must be unique.": `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`,
	} {
		refuses(w, r, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr("p"), PolicyDocument: ptr(document)}, 400, "MalformedPolicyDocument", text)
		refuses(w, r, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(document)}, 400, "MalformedPolicyDocument", text)
	}
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	r := root(here)
	arn := w.managed("p", allows("s3:*", "*"))
	version := func(action string, isDefault bool) string {
		t.Helper()
		out := must(w, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(allows(action, "*")), SetAsDefault: &isDefault}).PolicyVersion
		if out.Document != nil || *out.IsDefaultVersion != isDefault {
			t.Errorf("CreatePolicyVersion: %+v", out)
		}
		return *out.VersionId
	}
	shown := func() string {
		t.Helper()
		var ids []string
		for _, v := range must(w, iamapi.ListPolicyVersions, &iamapi.ListPolicyVersionsRequest{PolicyArn: &arn}).Versions {
			id := *v.VersionId
			if *v.IsDefaultVersion {
				id += "*"
			}
			ids = append(ids, id)
		}
		return strings.Join(ids, " ")
	}
	w.clock.Advance(time.Hour)
	equal(t, "second", version("s3:Get*", true), "v2")
	equal(t, "updated", *must(w, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &arn}).Policy.UpdateDate, w.clock.Now())
	equal(t, "third", version("s3:List*", false), "v3")
	equal(t, "newest first", shown(), "v3 v2* v1")
	refuses(w, r, iamapi.DeletePolicyVersion, &iamapi.DeletePolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v2")}, 409, "DeleteConflict", "Cannot delete the default version of a policy.")
	refuses(w, r, iamapi.DeletePolicyVersion, &iamapi.DeletePolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v9")}, 404, "NoSuchEntity", "Policy "+arn+" version v9 does not exist or is not attachable.")
	refuses(w, r, iamapi.SetDefaultPolicyVersion, &iamapi.SetDefaultPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v9")}, 404, "NoSuchEntity", "Policy "+arn+" version v9 does not exist or is not attachable.")
	refuses(w, r, iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &arn}, 409, "DeleteConflict",
		"This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	version("s3:Put*", false)
	version("s3:Delete*", false)
	refuses(w, r, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(allows("s3:*", "*"))}, 409, "LimitExceeded",
		"A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	must(w, iamapi.DeletePolicyVersion, &iamapi.DeletePolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v5")})
	equal(t, "numbers are not used twice", version("s3:*", false), "v6")
	must(w, iamapi.SetDefaultPolicyVersion, &iamapi.SetDefaultPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v1")})
	equal(t, "after SetDefault", shown(), "v6 v4 v3 v2 v1*")
	// The ones past nine keep their place, also from page to page.
	for range 5 {
		must(w, iamapi.DeletePolicyVersion, &iamapi.DeletePolicyVersionRequest{PolicyArn: &arn, VersionId: ptr(strings.Split(shown(), " ")[0])})
		version("s3:*", false)
	}
	equal(t, "after many", shown(), "v11 v4 v3 v2 v1*")
	equal(t, "page by page", pages(t, func(marker *string) ([]string, *string) {
		out := must(w, iamapi.ListPolicyVersions, &iamapi.ListPolicyVersionsRequest{PolicyArn: &arn, Marker: marker, MaxItems: ptr(int32(1))})
		return each(out.Versions, func(v iamapi.PolicyVersion) string { return *v.VersionId }), out.Marker
	}), []string{"v11", "v4", "v3", "v2", "v1"})
}

func TestDefaultVersionDecidesAtOnce(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u", "")
	arn := w.managed("p", allows("iam:ListUsers", "*"))
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn})
	mustAs(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{})
	must(w, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(statement("Deny", "iam:*", "*", "")), SetAsDefault: ptr(true)})
	denied(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{}, "iam:ListUsers on resource: arn:aws:iam::111111111111:user/* with an explicit deny in an identity-based policy: "+arn)
	must(w, iamapi.SetDefaultPolicyVersion, &iamapi.SetDefaultPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v1")})
	mustAs(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{})
}

func TestAWSManagedPolicies(t *testing.T) {
	w := newWorld(t)
	arn := "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	got := must(w, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &arn}).Policy
	if *got.PolicyName != "AWSLambdaBasicExecutionRole" || *got.Path != "/service-role/" || *got.DefaultVersionId != "v1" || len(got.Tags) != 0 || !strings.HasPrefix(*got.PolicyId, "ANPA") {
		t.Errorf("GetPolicy: %+v", got)
	}
	v := must(w, iamapi.GetPolicyVersion, &iamapi.GetPolicyVersionRequest{PolicyArn: &arn, VersionId: ptr("v1")}).PolicyVersion
	var d struct {
		Statement []struct{ Action []string }
	}
	if err := json.Unmarshal([]byte(document(t, v.Document)), &d); err != nil || len(d.Statement) != 1 || d.Statement[0].Action[0] != "logs:CreateLogGroup" {
		t.Errorf("document: %s, %v", document(t, v.Document), err)
	}
	all := must(w, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{Scope: ptr("AWS"), MaxItems: ptr(int32(1000))})
	if len(all.Policies) != 1000 || !*all.IsTruncated {
		t.Errorf("the first page of AWS's policies has %d", len(all.Policies))
	}
	paths := must(w, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{Scope: ptr("AWS"), PathPrefix: ptr("/job-function/")}).Policies
	if len(paths) != 8 {
		t.Errorf("%d policies under /job-function/", len(paths))
	}
	// Nobody may change them, whatever their own policies say.
	r := root(here)
	refuses(w, r, iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &arn}, 403, "AccessDenied", "User: arn:aws:iam::111111111111:root is not authorized to perform: iam:DeletePolicy on resource: policy "+arn)
	refuses(w, r, iamapi.TagPolicy, &iamapi.TagPolicyRequest{PolicyArn: &arn}, 403, "AccessDenied", "User: arn:aws:iam::111111111111:root is not authorized to perform: iam:TagPolicy on resource: policy "+arn)
	refuses(w, r, iamapi.CreatePolicyVersion, &iamapi.CreatePolicyVersionRequest{PolicyArn: &arn, PolicyDocument: ptr(allows("*", "*"))}, 403, "AccessDenied",
		"User: arn:aws:iam::111111111111:root is not authorized to perform: iam:CreatePolicyVersion on resource: policy "+arn)
	refuses(w, r, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: ptr("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole")}, 404, "NoSuchEntity",
		"Policy arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole was not found.")
}

func TestEveryAWSManagedPolicyCompiles(t *testing.T) {
	w := newWorld(t)
	for _, p := range w.iam.aws.library.All() {
		if a, ok := w.iam.ManagedPolicy(here, p.ARN()); !ok || a.Policy == nil || a.Name != p.Name {
			t.Errorf("%s: %+v", p.ARN(), a)
		}
	}
	if n := len(w.iam.aws.kept); n > 64 {
		t.Errorf("%d compiled policies are kept", n)
	}
}

func TestListPoliciesByUse(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	attached, bounding := w.managed("attached", allows("s3:*", "*")), w.managed("bounding", allows("s3:*", "*"))
	w.managed("idle", allows("s3:*", "*"))
	readOnly := "arn:aws:iam::aws:policy/ReadOnlyAccess"
	for _, arn := range []string{attached, readOnly} {
		must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: ptr(arn)})
	}
	must(w, iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("u"), PermissionsBoundary: &bounding})
	for _, c := range []struct {
		in   iamapi.ListPoliciesRequest
		want string
	}{
		{iamapi.ListPoliciesRequest{Scope: ptr("Local")}, "attached bounding idle"},
		{iamapi.ListPoliciesRequest{Scope: ptr("Local"), OnlyAttached: ptr(true)}, "attached"},
		{iamapi.ListPoliciesRequest{OnlyAttached: ptr(true)}, "attached ReadOnlyAccess"},
		{iamapi.ListPoliciesRequest{Scope: ptr("AWS"), OnlyAttached: ptr(true)}, "ReadOnlyAccess"},
		{iamapi.ListPoliciesRequest{PolicyUsageFilter: ptr("PermissionsBoundary")}, "bounding"},
		{iamapi.ListPoliciesRequest{PolicyUsageFilter: ptr("PermissionsPolicy")}, "attached ReadOnlyAccess"},
	} {
		var names []string
		for _, p := range must(w, iamapi.ListPolicies, &c.in).Policies {
			names = append(names, *p.PolicyName)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
	for arn, want := range map[string][2]int32{attached: {1, 0}, bounding: {0, 1}, readOnly: {1, 0}} {
		p := must(w, iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &arn}).Policy
		equal(t, arn, [2]int32{*p.AttachmentCount, *p.PermissionsBoundaryUsageCount}, want)
	}
	// Other accounts count for themselves.
	p := mustAs(w, root(there), iamapi.GetPolicy, &iamapi.GetPolicyRequest{PolicyArn: &readOnly}).Policy
	equal(t, "in another account", *p.AttachmentCount, 0)
}

func TestPolicyInUseStays(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	w.role(here, "r", forLambda)
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	arn := w.managed("p", allows("s3:*", "*"))
	refused := func() {
		t.Helper()
		refuses(w, root(here), iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &arn}, 409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: &arn})
	refused()
	must(w, iamapi.DetachGroupPolicy, &iamapi.DetachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: &arn})
	must(w, iamapi.PutRolePermissionsBoundary, &iamapi.PutRolePermissionsBoundaryRequest{RoleName: ptr("r"), PermissionsBoundary: &arn})
	refused()
	must(w, iamapi.DeleteRolePermissionsBoundary, &iamapi.DeleteRolePermissionsBoundaryRequest{RoleName: ptr("r")})
	must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn})
	refused()
	w.iam.index.mu.RLock()
	equal(t, "uses", fmt.Sprint(w.iam.index.uses), fmt.Sprint(map[usage]uses{{here, arn}: {1, 0}}))
	w.iam.index.mu.RUnlock()
	must(w, iamapi.DetachUserPolicy, &iamapi.DetachUserPolicyRequest{UserName: ptr("u"), PolicyArn: &arn})
	must(w, iamapi.DeletePolicy, &iamapi.DeletePolicyRequest{PolicyArn: &arn})
}

// pages follows markers to the end and gives all items.
func pages(t *testing.T, page func(marker *string) ([]string, *string)) []string {
	t.Helper()
	var all []string
	var marker *string
	for range 10_000 {
		items, next := page(marker)
		all = append(all, items...)
		if next == nil {
			return all
		}
		marker = next
	}
	t.Fatal("the list has no end")
	return nil
}
