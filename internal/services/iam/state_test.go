package iam

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/store"
)

func TestEverythingIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, Deps{}, dir)
	rootKey, rootSecret := w.iam.RootKey(here)
	w.user(here, "alice", allows("iam:ListUsers", "*"))
	key := must(w, iamapi.ListAccessKeys, &iamapi.ListAccessKeysRequest{UserName: ptr("alice")}).AccessKeyMetadata[0].AccessKeyId
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("alice")})
	arn := w.managed("p", allows("iam:ListRoles", "*"))
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: &arn})
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr("arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess")})
	must(w, iamapi.PutUserPermissionsBoundary, &iamapi.PutUserPermissionsBoundaryRequest{UserName: ptr("alice"), PermissionsBoundary: ptr("arn:aws:iam::aws:policy/IAMReadOnlyAccess")})
	role := w.role(here, "r", `{"AWS":"arn:aws:iam::111111111111:user/alice"}`)
	must(w, iamapi.CreateAccountAlias, &iamapi.CreateAccountAliasRequest{AccountAlias: ptr("alias")})
	used, _ := w.bus.Credential(*key, "")
	used.Used("iam", "us-east-1")
	before := must(w, iamapi.GetAccountAuthorizationDetails, &iamapi.GetAccountAuthorizationDetailsRequest{})
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}

	w = openWorld(t, Deps{}, dir)
	if id, secret := w.iam.RootKey(here); id != rootKey || secret != rootSecret {
		t.Error("the root key is another one")
	}
	equal(t, "details", must(w, iamapi.GetAccountAuthorizationDetails, &iamapi.GetAccountAuthorizationDetailsRequest{}), before)
	alice := w.caller(*key, "")
	mustAs(w, alice, iamapi.ListUsers, &iamapi.ListUsersRequest{})
	mustAs(w, alice, iamapi.ListRoles, &iamapi.ListRolesRequest{})
	denied(w, alice, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("n")},
		"iam:CreateUser on resource: arn:aws:iam::111111111111:user/n because no identity-based policy allows the iam:CreateUser action")
	if _, err := w.assume(alice, role); err != nil {
		t.Errorf("the trust policy names her: %v", err)
	}
	equal(t, "last use", *must(w, iamapi.GetAccessKeyLastUsed, &iamapi.GetAccessKeyLastUsedRequest{AccessKeyId: key}).AccessKeyLastUsed.ServiceName, "iam")
	equal(t, "alias", must(w, iamapi.ListAccountAliases, &iamapi.ListAccountAliasesRequest{}).AccountAliases, []string{"alias"})
	equal(t, "uses", w.iam.index.usesOf(here, arn), uses{attached: 1})
}

func TestRootKeyThatWasDeletedIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, Deps{}, dir)
	old, _ := w.iam.RootKey(here)
	must(w, iamapi.DeleteAccessKey, &iamapi.DeleteAccessKeyRequest{AccessKeyId: &old})
	if id, _ := w.iam.RootKey(here); id != "" {
		t.Error("a deleted root key is still told")
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w = openWorld(t, Deps{}, dir)
	if id, _ := w.iam.RootKey(here); id == "" || id == old {
		t.Errorf("after a restart the root key is %q, it was %q", id, old)
	}
}

// TestListsPageByPage cuts every list into pages of one and wants it whole, in
// order, and without repetition.
func TestListsPageByPage(t *testing.T) {
	w := newWorld(t)
	names := []string{"A", "b", "C", "d-1", "d-2"}
	tags := each(names, func(n string) iamapi.Tag { return iamapi.Tag{Key: ptr(n), Value: ptr("v")} })
	for _, n := range names {
		must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &n, Tags: tags})
		must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: &n})
		must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: &n, UserName: ptr("A")})
		must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("A"), UserName: &n})
		must(w, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: &n, AssumeRolePolicyDocument: ptr(trusts(forLambda)), Tags: tags})
		must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: &n, PolicyDocument: ptr(allows("s3:*", "*")), Tags: tags})
		must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: &n, Tags: tags})
		must(w, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: &n, RoleName: ptr("A")})
		arn := "arn:aws:iam::111111111111:policy/" + n
		must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("A"), PolicyArn: &arn})
		must(w, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: ptr("A"), PolicyArn: &arn})
		must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("A"), PolicyArn: &arn})
		text := ptr(allows("s3:*", "*"))
		must(w, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("A"), PolicyName: &n, PolicyDocument: text})
		must(w, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: ptr("A"), PolicyName: &n, PolicyDocument: text})
		must(w, iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("A"), PolicyName: &n, PolicyDocument: text})
	}
	a, one := ptr("A"), ptr(int32(1))
	p := ptr("arn:aws:iam::111111111111:policy/A")
	tagKeys := func(tags []iamapi.Tag) []string {
		return each(tags, func(t iamapi.Tag) string { return *t.Key })
	}
	attached := func(all []iamapi.AttachedPolicy) []string {
		return each(all, func(p iamapi.AttachedPolicy) string { return *p.PolicyName })
	}
	byName, byByte := names, []string{"A", "C", "b", "d-1", "d-2"}
	for name, list := range map[string]struct {
		want []string
		page func(marker *string) ([]string, *string)
	}{
		"users": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListUsers, &iamapi.ListUsersRequest{Marker: m, MaxItems: one})
			return each(o.Users, func(v iamapi.User) string { return *v.UserName }), o.Marker
		}},
		"groups": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListGroups, &iamapi.ListGroupsRequest{Marker: m, MaxItems: one})
			return each(o.Groups, func(v iamapi.Group) string { return *v.GroupName }), o.Marker
		}},
		"members": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.GetGroup, &iamapi.GetGroupRequest{GroupName: a, Marker: m, MaxItems: one})
			return each(o.Users, func(v iamapi.User) string { return *v.UserName }), o.Marker
		}},
		"groups of a user": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListGroupsForUser, &iamapi.ListGroupsForUserRequest{UserName: a, Marker: m, MaxItems: one})
			return each(o.Groups, func(v iamapi.Group) string { return *v.GroupName }), o.Marker
		}},
		"roles": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListRoles, &iamapi.ListRolesRequest{Marker: m, MaxItems: one})
			return each(o.Roles, func(v iamapi.Role) string { return *v.RoleName }), o.Marker
		}},
		"policies": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{Scope: ptr("Local"), Marker: m, MaxItems: one})
			return each(o.Policies, func(v iamapi.Policy) string { return *v.PolicyName }), o.Marker
		}},
		"instance profiles": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListInstanceProfiles, &iamapi.ListInstanceProfilesRequest{Marker: m, MaxItems: one})
			return each(o.InstanceProfiles, func(v iamapi.InstanceProfile) string { return *v.InstanceProfileName }), o.Marker
		}},
		"instance profiles of a role": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListInstanceProfilesForRole, &iamapi.ListInstanceProfilesForRoleRequest{RoleName: a, Marker: m, MaxItems: one})
			return each(o.InstanceProfiles, func(v iamapi.InstanceProfile) string { return *v.InstanceProfileName }), o.Marker
		}},
		"tags of a user": {byByte, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListUserTags, &iamapi.ListUserTagsRequest{UserName: a, Marker: m, MaxItems: one})
			return tagKeys(o.Tags), o.Marker
		}},
		"tags of a role": {byByte, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListRoleTags, &iamapi.ListRoleTagsRequest{RoleName: a, Marker: m, MaxItems: one})
			return tagKeys(o.Tags), o.Marker
		}},
		"tags of a policy": {byByte, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListPolicyTags, &iamapi.ListPolicyTagsRequest{PolicyArn: p, Marker: m, MaxItems: one})
			return tagKeys(o.Tags), o.Marker
		}},
		"tags of an instance profile": {byByte, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListInstanceProfileTags, &iamapi.ListInstanceProfileTagsRequest{InstanceProfileName: a, Marker: m, MaxItems: one})
			return tagKeys(o.Tags), o.Marker
		}},
		"attached to a user": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListAttachedUserPolicies, &iamapi.ListAttachedUserPoliciesRequest{UserName: a, Marker: m, MaxItems: one})
			return attached(o.AttachedPolicies), o.Marker
		}},
		"attached to a group": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListAttachedGroupPolicies, &iamapi.ListAttachedGroupPoliciesRequest{GroupName: a, Marker: m, MaxItems: one})
			return attached(o.AttachedPolicies), o.Marker
		}},
		"attached to a role": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListAttachedRolePolicies, &iamapi.ListAttachedRolePoliciesRequest{RoleName: a, Marker: m, MaxItems: one})
			return attached(o.AttachedPolicies), o.Marker
		}},
		"inline of a user": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListUserPolicies, &iamapi.ListUserPoliciesRequest{UserName: a, Marker: m, MaxItems: one})
			return o.PolicyNames, o.Marker
		}},
		"inline of a group": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListGroupPolicies, &iamapi.ListGroupPoliciesRequest{GroupName: a, Marker: m, MaxItems: one})
			return o.PolicyNames, o.Marker
		}},
		"inline of a role": {byName, func(m *string) ([]string, *string) {
			o := must(w, iamapi.ListRolePolicies, &iamapi.ListRolePoliciesRequest{RoleName: a, Marker: m, MaxItems: one})
			return o.PolicyNames, o.Marker
		}},
	} {
		equal(t, name, pages(t, list.page), list.want)
	}
	all := pages(t, func(m *string) ([]string, *string) {
		o := must(w, iamapi.ListPolicies, &iamapi.ListPoliciesRequest{Marker: m, MaxItems: ptr(int32(100))})
		return each(o.Policies, func(v iamapi.Policy) string { return *v.Arn }), o.Marker
	})
	if distinct := slices.Compact(slices.Sorted(slices.Values(all))); len(all) != 1485+5 || len(distinct) != len(all) {
		t.Errorf("all policies: %d, %d of them distinct", len(all), len(distinct))
	}
	refuses(w, root(here), iamapi.ListUsers, &iamapi.ListUsersRequest{Marker: ptr("nonsense")}, 400, "ValidationError", "Invalid Marker.")
}

// TestMarkersFit: AWS takes markers of 320 characters, and names can be long.
func TestMarkersFit(t *testing.T) {
	w := newWorld(t)
	w.user(here, "u", "")
	var keys []string
	for i := range 3 {
		keys = append(keys, strings.Repeat("ü", 127)+fmt.Sprint(i))
	}
	must(w, iamapi.TagUser, &iamapi.TagUserRequest{UserName: ptr("u"), Tags: each(keys, func(k string) iamapi.Tag { return iamapi.Tag{Key: ptr(k), Value: ptr("v")} })})
	path := "/" + strings.Repeat("p", 510) + "/"
	var names []string
	for i := range 3 {
		names = append(names, strings.Repeat("n", 127)+fmt.Sprint(i))
		arn := must(w, iamapi.CreatePolicy, &iamapi.CreatePolicyRequest{PolicyName: ptr(names[i]), Path: &path, PolicyDocument: ptr(allows("s3:*", "*"))}).Policy.Arn
		must(w, iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: ptr("u"), PolicyArn: arn})
	}
	fits := func(marker *string) *string {
		if marker != nil && len(*marker) > 320 {
			t.Errorf("a marker of %d characters", len(*marker))
		}
		return marker
	}
	equal(t, "tags", pages(t, func(m *string) ([]string, *string) {
		o := must(w, iamapi.ListUserTags, &iamapi.ListUserTagsRequest{UserName: ptr("u"), Marker: m, MaxItems: ptr(int32(1))})
		return each(o.Tags, func(t iamapi.Tag) string { return *t.Key }), fits(o.Marker)
	}), keys)
	equal(t, "attached policies", pages(t, func(m *string) ([]string, *string) {
		o := must(w, iamapi.ListAttachedUserPolicies, &iamapi.ListAttachedUserPoliciesRequest{UserName: ptr("u"), Marker: m, MaxItems: ptr(int32(1))})
		return each(o.AttachedPolicies, func(p iamapi.AttachedPolicy) string { return *p.PolicyName }), fits(o.Marker)
	}), names)
	for _, nonsense := range []string{"nonsense", "aWFtMTo=", "aWFtMjo=", "aWFtMjotMQ=="} {
		refuses(w, root(here), iamapi.ListUsers, &iamapi.ListUsersRequest{Marker: &nonsense}, 400, "ValidationError", "Invalid Marker.")
	}
}

func TestPagesGoOnWhenThingsComeAndGo(t *testing.T) {
	w := newWorld(t)
	for _, n := range []string{"a", "b", "d", "e"} {
		must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &n})
	}
	first := must(w, iamapi.ListUsers, &iamapi.ListUsersRequest{MaxItems: ptr(int32(2))})
	must(w, iamapi.DeleteUser, &iamapi.DeleteUserRequest{UserName: ptr("b")})
	must(w, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("c")})
	rest := must(w, iamapi.ListUsers, &iamapi.ListUsersRequest{Marker: first.Marker})
	equal(t, "rest", each(rest.Users, func(u iamapi.User) string { return *u.UserName }), []string{"c", "d", "e"})
}

// TestConcurrentWriters lets many callers change the same things. Nothing may
// be lost, and what a write allowed or denied holds for the next question.
func TestConcurrentWriters(t *testing.T) {
	w := newWorld(t)
	arn := w.managed("p", allows("iam:ListUsers", "*"))
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	var writers sync.WaitGroup
	fail := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for i := range 8 {
		writers.Go(func() {
			name := fmt.Sprint("u", i)
			user := w.user(here, name, "")
			for range 20 {
				_, err := call(w, root(here), iamapi.AttachUserPolicy, &iamapi.AttachUserPolicyRequest{UserName: &name, PolicyArn: &arn})
				fail(err)
				_, err = call(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{})
				fail(err)
				_, err = call(w, root(here), iamapi.DetachUserPolicy, &iamapi.DetachUserPolicyRequest{UserName: &name, PolicyArn: &arn})
				fail(err)
				if _, err := call(w, user, iamapi.ListUsers, &iamapi.ListUsersRequest{}); !wasDenied(err) {
					t.Errorf("after the policy was taken away: %v", err)
				}
			}
			_, err := call(w, root(here), iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: &name})
			fail(err)
		})
		writers.Go(func() {
			tag := iamapi.Tag{Key: ptr(fmt.Sprint("k", i)), Value: ptr("v")}
			_, err := call(w, root(here), iamapi.TagPolicy, &iamapi.TagPolicyRequest{PolicyArn: &arn, Tags: []iamapi.Tag{tag}})
			fail(err)
			_, err = call(w, root(here), iamapi.PutGroupPolicy, &iamapi.PutGroupPolicyRequest{GroupName: ptr("g"), PolicyName: ptr(fmt.Sprint("p", i)), PolicyDocument: ptr(allows("s3:Get*", "*"))})
			fail(err)
		})
	}
	writers.Wait()
	equal(t, "tags", len(must(w, iamapi.ListPolicyTags, &iamapi.ListPolicyTagsRequest{PolicyArn: &arn}).Tags), 8)
	equal(t, "group policies", len(must(w, iamapi.ListGroupPolicies, &iamapi.ListGroupPoliciesRequest{GroupName: ptr("g")}).PolicyNames), 8)
	equal(t, "members", len(must(w, iamapi.GetGroup, &iamapi.GetGroupRequest{GroupName: ptr("g")}).Users), 8)
	equal(t, "uses", w.iam.index.usesOf(here, arn), uses{})
}

// TestOneNameOneUser lets many callers make the same user: one succeeds.
func TestOneNameOneUser(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	made, taken := 0, 0
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			_, err := call(w, root(here), iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("u")})
			mu.Lock()
			defer mu.Unlock()
			var e *api.Error
			switch {
			case err == nil:
				made++
			case errors.As(err, &e) && e.Code == "EntityAlreadyExists":
				taken++
			default:
				t.Error(err)
			}
		})
	}
	callers.Wait()
	equal(t, "made and taken", [2]int{made, taken}, [2]int{1, 15})
}

// TestRenamingNeverLosesTheUser asks for the user's grants all through renames.
func TestRenamingNeverLosesTheUser(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "u0", allows("iam:*", "*"))
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if g, ok := w.iam.Grants(user); !ok || len(g.Identity) != 1 {
				t.Errorf("in between, the user is gone, or has %d policies", len(g.Identity))
				return
			}
		}
	})
	for i := range 200 {
		must(w, iamapi.UpdateUser, &iamapi.UpdateUserRequest{UserName: ptr(fmt.Sprint("u", i)), NewUserName: ptr(fmt.Sprint("u", i+1))})
	}
	close(stop)
	reader.Wait()
}

// TestManyPrincipalsStaySmall makes principals that share their policies, asks
// for everybody's grants, and weighs what one takes.
func TestManyPrincipalsStaySmall(t *testing.T) {
	const principals = 20_000
	w := newWorld(t)
	arn := w.managed("shared", allows("s3:*", "*"))
	text := allows("dynamodb:*", "*")
	before := heap()
	id := func(i int) string { return fmt.Sprintf("AIDA%017d", i) }
	who := func(i int) caller.Caller {
		return caller.ForUser(caller.User{Account: here, ID: id(i)}, caller.Key{})
	}
	err := w.iam.store.Update(context.Background(), func(tx *store.Tx) error {
		for i := range principals {
			// As read from the database: every record has its own strings.
			name := fmt.Sprintf("user-%06d", i)
			u := &user{Account: string([]byte(here)), Name: name, Path: "/", ID: id(i), Created: w.iam.now()}
			u.Attached = []string{string([]byte(arn))}
			u.Inline = []inline{{Name: string([]byte("inline")), Document: string([]byte(text))}}
			if err := w.iam.users.Put(tx, key(u.Account, u.Name), u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	idle := (heap() - before) / principals
	shared, ok := w.iam.Grants(who(0))
	for i := range principals {
		g, found := w.iam.Grants(who(i))
		if !found || !ok || len(g.Identity) != 2 || g.Identity[0].Policy != shared.Identity[0].Policy || g.Identity[1].Policy != shared.Identity[1].Policy {
			t.Fatalf("principal %d does not share its policies: %+v", i, g)
		}
	}
	busy := (heap() - before) / principals
	t.Logf("%d bytes for a principal at rest, %d for one that was asked for", idle, busy)
	if busy >= 1024 {
		t.Errorf("a principal takes %d bytes", busy)
	}
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestTextsGoWithTheLastRecord(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		w.user(here, fmt.Sprint("u", i), allows(fmt.Sprintf("s3:Get%d", i), "*"))
	}
	for i := range 50 {
		must(w, iamapi.DeleteUserPolicy, &iamapi.DeleteUserPolicyRequest{UserName: ptr(fmt.Sprint("u", i)), PolicyName: ptr("inline")})
	}
	left := func() int {
		w.iam.index.texts.mu.Lock()
		defer w.iam.index.texts.mu.Unlock()
		return len(w.iam.index.texts.all)
	}
	for range 100 {
		runtime.GC()
		if left() == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d texts are kept that nobody has", left())
}

func BenchmarkGrants(b *testing.B) {
	w := newWorld(b)
	user := w.user(here, "u", allows("s3:*", "*"))
	must(w, iamapi.CreateGroup, &iamapi.CreateGroupRequest{GroupName: ptr("g")})
	must(w, iamapi.AddUserToGroup, &iamapi.AddUserToGroupRequest{GroupName: ptr("g"), UserName: ptr("u")})
	must(w, iamapi.AttachGroupPolicy, &iamapi.AttachGroupPolicyRequest{GroupName: ptr("g"), PolicyArn: ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if g, ok := w.iam.Grants(user); !ok || len(g.Identity) != 2 {
				b.Error("no grants")
			}
		}
	})
}
