package sts

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func tag(key, value string) stsapi.Tag { return stsapi.Tag{Key: &key, Value: &value} }

func TestSessionTagsNeedTagSession(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", "")
	role := w.role(here, "my-role", statement("Allow", `{"AWS":"arn:aws:iam::111111111111:user/my-user"}`, `"sts:AssumeRole"`, "", ""))
	in := request(role)
	in.Tags = []stsapi.Tag{tag("team", "blue")}
	_, err := w.assume(user, in)
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:TagSession on resource: "+role)

	w.role(here, "my-role", trusts("arn:aws:iam::111111111111:user/my-user"))
	out, err := w.assume(user, in)
	if err != nil {
		t.Fatal(err)
	}
	if out.PackedPolicySize == nil || *out.PackedPolicySize == 0 {
		t.Error("PackedPolicySize says nothing about tags")
	}
	session, _ := w.session(out.Credentials, nil).RoleSession()
	if !maps.Equal(session.Tags, map[string]string{"team": "blue"}) {
		t.Errorf("the session carries %v", session.Tags)
	}
}

func TestTrustPolicySeesRequestedTags(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	in := request(w.role(here, "my-role", statement("Allow", `{"AWS":"111111111111"}`, `["sts:AssumeRole","sts:TagSession"]`, "",
		`{"StringEquals":{"aws:RequestTag/team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]},"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"team"}}`)))
	in.Tags, in.TransitiveTagKeys = []stsapi.Tag{tag("team", "red")}, []string{"team"}
	if _, err := w.assume(user, in); err == nil {
		t.Error("a tag value the trust policy does not know was accepted")
	}
	in.Tags = []stsapi.Tag{tag("team", "blue"), tag("extra", "x")}
	if _, err := w.assume(user, in); err == nil {
		t.Error("a tag key the trust policy does not know was accepted")
	}
	in.Tags = in.Tags[:1]
	w.assumed(user, in)
	in.TransitiveTagKeys = nil
	if _, err := w.assume(user, in); err == nil {
		t.Error("the trust policy asks for a transitive tag, and none was passed")
	}
}

func TestTagRules(t *testing.T) {
	for _, c := range []struct {
		name       string
		tags       []stsapi.Tag
		transitive []string
		text       string
	}{
		{"two spellings of one key", []stsapi.Tag{tag("Team", "a"), tag("team", "b")}, nil, "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"transitive key that was not passed", []stsapi.Tag{tag("team", "a")}, []string{"other"}, "The specified transitive tag key must be included in the requested tags."},
		{"reserved prefix", []stsapi.Tag{tag("AWS:team", "a")}, nil, "aws: prefixed tag key names are not allowed for external use."},
		{"transitive key in another spelling", []stsapi.Tag{tag("Team", "a")}, []string{"team"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			user := w.user(here, "my-user", mayAssume)
			in := request(w.role(here, "my-role", trusts(here)))
			in.Tags, in.TransitiveTagKeys = c.tags, c.transitive
			_, err := w.assume(user, in)
			if c.text != "" {
				refused(t, err, 400, "InvalidParameterValue", c.text)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestChain follows tags and source identity through three roles.
func TestChain(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	for _, name := range []string{"one", "two", "three"} {
		w.iam.grants[w.role(here, name, trusts(here))] = mayAssume
	}
	in := request("arn:aws:iam::111111111111:role/one")
	in.Tags = []stsapi.Tag{tag("star", "1"), tag("heart", "1")}
	in.TransitiveTagKeys = []string{"star"}
	in.SourceIdentity = ptr("alice")
	one := w.assumed(user, in)

	conflict := request("arn:aws:iam::111111111111:role/two")
	conflict.Tags = []stsapi.Tag{tag("Star", "2")}
	_, err := w.assume(one, conflict)
	refused(t, err, 400, "InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")

	other := request("arn:aws:iam::111111111111:role/two")
	other.SourceIdentity = ptr("bob")
	_, err = w.assume(one, other)
	refused(t, err, 400, "ValidationError", "The source identity is already set for this assume role session")

	in = request("arn:aws:iam::111111111111:role/two")
	in.Tags = []stsapi.Tag{tag("heart", "2")}
	two := w.assumed(one, in)
	three := w.assumed(two, request("arn:aws:iam::111111111111:role/three"))

	s, _ := two.RoleSession()
	if !maps.Equal(s.Tags, map[string]string{"star": "1", "heart": "2"}) || !slices.Equal(s.Transitive, []string{"star"}) {
		t.Errorf("second session: tags %v, transitive %v", s.Tags, s.Transitive)
	}
	s, _ = three.RoleSession()
	if !maps.Equal(s.Tags, map[string]string{"star": "1"}) || s.SourceIdentity != "alice" {
		t.Errorf("third session: tags %v, source identity %q", s.Tags, s.SourceIdentity)
	}
}

func TestInheritedTagsAndIdentityMustBeLetIn(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	first, second := w.role(here, "first", trusts(here)), "arn:aws:iam::111111111111:role/second"
	w.iam.grants[first] = mayAssume
	denied := "User: arn:aws:sts::111111111111:assumed-role/first/my-session is not authorized to perform: %s on resource: " + second
	tagged, identified := request(first), request(first)
	tagged.Tags, tagged.TransitiveTagKeys = []stsapi.Tag{tag("star", "1")}, []string{"star"}
	identified.SourceIdentity = ptr("alice")
	for _, c := range []struct {
		action string
		in     *stsapi.AssumeRoleRequest
	}{{"sts:TagSession", tagged}, {"sts:SetSourceIdentity", identified}} {
		session := w.assumed(user, c.in)
		w.role(here, "second", statement("Allow", `{"AWS":"111111111111"}`, `"sts:AssumeRole"`, "", ""))
		_, err := w.assume(session, request(second))
		refused(t, err, 403, "AccessDenied", strings.Replace(denied, "%s", c.action, 1))
		w.role(here, "second", statement("Allow", `{"AWS":"111111111111"}`, `["sts:AssumeRole","`+c.action+`"]`, "", ""))
		w.assumed(session, request(second))
	}
}

func TestSourceIdentityIsJudged(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	in := request(w.role(here, "my-role", statement("Allow", `{"AWS":"111111111111"}`, `["sts:AssumeRole","sts:SetSourceIdentity"]`, "", `{"StringLike":{"sts:SourceIdentity":"a*"}}`)))
	in.SourceIdentity = ptr("bob")
	if _, err := w.assume(user, in); err == nil {
		t.Error("a source identity the trust policy does not know was accepted")
	}
	in.SourceIdentity = ptr("alice")
	out, err := w.assume(user, in)
	if err != nil {
		t.Fatal(err)
	}
	if out.GetSourceIdentity() != "alice" {
		t.Errorf("SourceIdentity is %q", out.GetSourceIdentity())
	}
}

func TestSessionPolicies(t *testing.T) {
	const managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	const inline = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
	for _, c := range []struct {
		name, policy string
		arns         []string
		code, text   string
	}{
		{"inline and managed", inline, []string{managed}, "", ""},
		{"no JSON", "{", nil, "MalformedPolicyDocument", ""},
		{"with a principal", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*","Resource":"*"}}`, nil, "MalformedPolicyDocument", ""},
		{"managed policy that does not exist", "", []string{"arn:aws:iam::aws:policy/Nothing"}, "ValidationError", "Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable."},
		{"too many", "", slices.Repeat([]string{managed}, 11), "ValidationError", "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{"too long", strings.Replace(inline, "*", "arn:aws:iam::111111111111:role/"+strings.Repeat("a", 2000), 1), nil, "PackedPolicyTooLarge", "Packed policy consumes 104% of allotted space, please use smaller policy."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.iam.managed[managed] = inline
			user := w.user(here, "my-user", mayAssume)
			in := request(w.role(here, "my-role", trusts(here)))
			if c.policy != "" {
				in.Policy = &c.policy
			}
			for _, a := range c.arns {
				in.PolicyArns = append(in.PolicyArns, stsapi.PolicyDescriptorType{Arn: &a})
			}
			out, err := w.assume(user, in)
			switch {
			case c.code == "" && err != nil:
				t.Fatal(err)
			case c.code == "":
				if p := w.session(out.Credentials, nil).SessionPolicies(); p.Inline == nil || !slices.Equal(p.ARNs, c.arns) {
					t.Errorf("the session lost its policies: %+v", p)
				}
			case c.text != "":
				refused(t, err, 400, c.code, c.text)
			case err == nil || !strings.HasPrefix(err.Error(), c.code+": "):
				t.Errorf("want %s, got %v", c.code, err)
			}
		})
	}
}

func TestSessionPolicyNarrowsWhatTheSessionMayDo(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	first, second := w.role(here, "first", trusts(here)), w.role(here, "second", trusts(here))
	w.iam.grants[first] = mayAssume
	in := request(first)
	in.Policy = ptr(statement("Allow", "", `"sts:AssumeRole"`, "arn:aws:iam::111111111111:role/third", ""))
	if _, err := w.assume(w.assumed(user, in), request(second)); err == nil {
		t.Error("the session did what its session policy does not allow")
	}
	w.assumed(w.assumed(user, request(first)), request(second))
}

func TestTooManyTagsForTheirSpace(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	in := request(w.role(here, "my-role", trusts(here)))
	for i := range 50 {
		// Digests do not compress.
		in.Tags = append(in.Tags, tag(strings.Repeat("k", i+1), strings.Repeat(base64.StdEncoding.EncodeToString([]byte{byte(i), byte(i * 7), byte(i * 31)})+string(rune('a'+i%26)), 4)))
	}
	if _, err := w.assume(user, in); err != nil {
		t.Fatalf("tags that fit were refused: %v", err)
	}
	for i := range in.Tags {
		in.Tags[i].Value = ptr(noise(i, 250))
	}
	_, err := w.assume(user, in)
	if err == nil || !strings.HasPrefix(err.Error(), "PackedPolicyTooLarge: Packed size of session tags consumes ") {
		t.Errorf("want PackedPolicyTooLarge, got %v", err)
	}
}

// noise is text that does not compress, the same in every run.
func noise(seed, n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	x := uint32(seed)*2654435761 + 1
	b := make([]byte, n)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = letters[x%uint32(len(letters))]
	}
	return string(b)
}

func TestCredentialStates(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	role := w.role(here, "my-role", trusts(here))
	issue := func() (key, token string) {
		out, err := w.assume(user, request(role))
		if err != nil {
			t.Fatal(err)
		}
		return *out.Credentials.AccessKeyId, *out.Credentials.SessionToken
	}
	key, token := issue()
	otherKey, _ := issue()
	state := func(key, token string) op.CredentialState {
		_, s := w.sts.Credential(key, token)
		return s
	}
	for _, c := range []struct {
		name, key, token string
		want             op.CredentialState
	}{
		{"as issued", key, token, op.CredentialActive},
		{"again, from memory", key, token, op.CredentialActive},
		{"without token", key, "", op.CredentialTokenInvalid},
		{"with the key of another session", otherKey, token, op.CredentialTokenInvalid},
		{"with an unknown key", "ASIAIOSFODNN7EXAMPLE", token, op.CredentialTokenInvalid},
		{"with a long-term key", "AKIAIOSFODNN7EXAMPLE", token, op.CredentialUnknown},
		{"cut", key, token[:len(token)-4], op.CredentialTokenInvalid},
		{"longer", key, token + "AAAA", op.CredentialTokenInvalid},
		{"with a line break", key, token[:8] + "\n" + token[8:], op.CredentialTokenInvalid},
		{"of nothing", key, "AQ==", op.CredentialTokenInvalid},
	} {
		if got := state(c.key, c.token); got != c.want {
			t.Errorf("%s: state %d, want %d", c.name, got, c.want)
		}
	}
	delete(w.iam.roles, role)
	if got := state(key, token); got != op.CredentialTokenInvalid {
		t.Errorf("the role is deleted and its session in state %d", got)
	}
	w.role(here, "my-role", trusts(here))
	w.iam.roles[role].ID = "AROANEWROLE"
	if got := state(key, token); got != op.CredentialTokenInvalid {
		t.Errorf("a new role of the same name revived a session: state %d", got)
	}
	w.iam.roles[role].ID = "AROAMY-ROLE"
	w.clock.Advance(time.Hour - time.Second)
	if got := state(key, token); got != op.CredentialActive {
		t.Errorf("a second before its end: state %d", got)
	}
	w.clock.Advance(time.Second)
	if got := state(key, token); got != op.CredentialExpired {
		t.Errorf("at its end: state %d", got)
	}
	if got := state(otherKey, token); got != op.CredentialExpired {
		t.Errorf("expiry is told before the wrong key: state %d", got)
	}
}

func TestLongestTagsFitIntoAHeader(t *testing.T) {
	w := newWorld(t)
	in := request(w.role(here, "my-role", trusts(here)))
	for i := range 50 {
		in.Tags = append(in.Tags, tag(strings.Repeat("世", 126)+fmt.Sprintf("%02d", i), strings.Repeat("界", 256)))
	}
	out, err := w.assume(w.user(here, "my-user", mayAssume), in)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(*out.Credentials.SessionToken); n > limits.HeaderBytes/2 {
		t.Errorf("the token has %d characters: no request could carry it", n)
	}
	if s, _ := w.session(out.Credentials, nil).RoleSession(); len(s.Tags) != 50 {
		t.Errorf("%d tags came through", len(s.Tags))
	}
}

func TestEveryChangedByteOfATokenIsNoticed(t *testing.T) {
	w := newWorld(t)
	out, err := w.assume(w.user(here, "my-user", mayAssume), request(w.role(here, "my-role", trusts(here))))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(*out.Credentials.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 0x10
		if _, state := w.sts.Credential(*out.Credentials.AccessKeyId, base64.StdEncoding.EncodeToString(raw)); state != op.CredentialTokenInvalid {
			t.Errorf("byte %d changed: state %d", i, state)
		}
		raw[i] ^= 0x10
	}
	w.session(out.Credentials, nil)
}

func TestSessionsOutliveTheServerAndEndWithReset(t *testing.T) {
	w := newWorld(t)
	out, err := w.assume(w.user(here, "my-user", mayAssume), request(w.role(here, "my-role", trusts(here))))
	if err != nil {
		t.Fatal(err)
	}
	before := *w.sts.keys.Get(currentKey)
	if err := w.sts.use(before.Key); err != nil { // what a second start does
		t.Fatal(err)
	}
	w.session(out.Credentials, nil)
	if err := w.sts.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, state := w.sts.Credential(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken); state != op.CredentialTokenInvalid {
		t.Errorf("a session survived a reset: state %d", state)
	}
}

func TestOpenedTokensAreBounded(t *testing.T) {
	o := newOpened(2)
	for i := range 3 {
		o.put([32]byte{byte(i)}, &session{})
	}
	if o.get([32]byte{0}) != nil || o.get([32]byte{1}) == nil || o.get([32]byte{2}) == nil {
		t.Error("the oldest token should have gone, and no other")
	}
	o.get([32]byte{1})
	o.put([32]byte{3}, &session{})
	if o.get([32]byte{1}) == nil || o.get([32]byte{2}) != nil {
		t.Error("the token used last went before the one not used")
	}
}

func BenchmarkCredentialWarm(b *testing.B) {
	w := newWorld(b)
	out, err := w.assume(w.user(here, "my-user", mayAssume), request(w.role(here, "my-role", trusts(here))))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, s := w.sts.Credential(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken); s != op.CredentialActive {
			b.Fatal(s)
		}
	}
}

func FuzzOpenToken(f *testing.F) {
	s, err := newSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	good, err := s.seal(&sealed{Kind: roleToken, Account: here})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add("AQ==")
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := s.open(token); err == nil && (got.Kind != roleToken || got.Account != here) {
			t.Errorf("%q was not sealed by us", token)
		}
	})
}

func TestUserSessions(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", "")
	for _, c := range []struct {
		name  string
		as    caller.Caller
		asked int32
		lasts time.Duration
	}{
		{"user, default", user, 0, 12 * time.Hour},
		{"user, longest", user, 129600, 36 * time.Hour},
		{"root, default", caller.Root(here, caller.Key{}), 0, time.Hour},
		{"root, longer is shortened", caller.Root(here, caller.Key{}), 43200, time.Hour},
		{"root, shorter", caller.Root(here, caller.Key{}), 900, 15 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &stsapi.GetSessionTokenRequest{}
			if c.asked > 0 {
				in.DurationSeconds = &c.asked
			}
			out, err := call(w, c.as, stsapi.GetSessionToken, in)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Credentials.Expiration.Sub(w.clock.Now()); got != c.lasts {
				t.Errorf("lasts %v, want %v", got, c.lasts)
			}
			if who := w.session(out.Credentials, nil); who.ARN() != c.as.ARN() || who.Kind() != c.as.Kind() || !who.Key().SessionToken {
				t.Errorf("the session is of %s", who.ARN())
			}
		})
	}
}

func TestUserSessionFollowsItsUser(t *testing.T) {
	w := newWorld(t)
	out, err := call(w, w.user(here, "my-user", ""), stsapi.GetSessionToken, &stsapi.GetSessionTokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	const old, renamed = "arn:aws:iam::111111111111:user/my-user", "arn:aws:iam::111111111111:user/path/new-name"
	w.iam.users[renamed] = w.iam.users[old]
	delete(w.iam.users, old)
	who, _ := w.session(out.Credentials, nil).User()
	if who.ARN != renamed || who.Name != "new-name" {
		t.Errorf("the renamed user is %+v", who)
	}
	delete(w.iam.users, renamed)
	if _, state := w.sts.Credential(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken); state != op.CredentialTokenInvalid {
		t.Errorf("the user is deleted and its session in state %d", state)
	}
}

func TestFederation(t *testing.T) {
	const session = "arn:aws:sts::111111111111:federated-user/bob"
	w := newWorld(t)
	in := &stsapi.GetFederationTokenRequest{Name: ptr("bob")}
	_, err := call(w, w.user(here, "my-user", ""), stsapi.GetFederationToken, in)
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/my-user is not authorized to perform: sts:GetFederationToken on resource: "+session+" because no identity-based policy allows the sts:GetFederationToken action")

	user := w.user(here, "my-user", statement("Allow", "", `"sts:GetFederationToken"`, session, ""))
	out, err := call(w, user, stsapi.GetFederationToken, in)
	if err != nil {
		t.Fatal(err)
	}
	if *out.FederatedUser.Arn != session || *out.FederatedUser.FederatedUserId != "111111111111:bob" || *out.PackedPolicySize != 0 {
		t.Errorf("answer %+v", out.FederatedUser)
	}
	who := w.session(out.Credentials, nil)
	if who.ARN() != session || who.SessionPolicies().Given() {
		t.Errorf("the session is %s", who.ARN())
	}
	if f, _ := who.Federated(); f.By.Name != "my-user" || f.By.ID != "AIDAMY-USER" {
		t.Errorf("behind the session stands %+v", f.By)
	}
	in.Tags = []stsapi.Tag{tag("team", "blue")}
	_, err = call(w, user, stsapi.GetFederationToken, in)
	if err == nil || !strings.Contains(err.Error(), "sts:TagSession") {
		t.Errorf("tags without sts:TagSession: %v", err)
	}
	user = w.user(here, "my-user", mayAssume)
	if out, err = call(w, user, stsapi.GetFederationToken, in); err != nil {
		t.Fatal(err)
	}
	if f, _ := w.session(out.Credentials, nil).Federated(); f.Tags["team"] != "blue" || *out.PackedPolicySize == 0 {
		t.Errorf("tags %v, packed %d", f.Tags, *out.PackedPolicySize)
	}
}

func TestWhoAmI(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)
	trusted := w.user(here, "other", mayAssume)
	federation, err := call(w, trusted, stsapi.GetFederationToken, &stsapi.GetFederationTokenRequest{Name: ptr("bob")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		as      caller.Caller
		id, arn string
	}{
		{"user denied everything", user, "AIDAMY-USER", "arn:aws:iam::111111111111:user/my-user"},
		{"root", caller.Root(here, caller.Key{}), here, "arn:aws:iam::111111111111:root"},
		{"role session", w.assumed(trusted, request(w.role(here, "my-role", trusts(here)))), "AROAMY-ROLE:my-session", "arn:aws:sts::111111111111:assumed-role/my-role/my-session"},
		{"federated user", w.session(federation.Credentials, nil), "111111111111:bob", "arn:aws:sts::111111111111:federated-user/bob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := call(w, c.as, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if *out.UserId != c.id || *out.Arn != c.arn || *out.Account != here {
				t.Errorf("got %s %s %s", *out.UserId, *out.Arn, *out.Account)
			}
		})
	}
}

func TestWhatSessionsMayNotCall(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	own, err := call(w, user, stsapi.GetSessionToken, &stsapi.GetSessionTokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	federation, err := call(w, user, stsapi.GetFederationToken, &stsapi.GetFederationTokenRequest{Name: ptr("bob"), Policy: ptr(mayAssume)})
	if err != nil {
		t.Fatal(err)
	}
	target := w.role(here, "my-role", trusts(here))
	w.iam.grants[target] = mayAssume
	callers := map[string]caller.Caller{
		"user": user, "user session": w.session(own.Credentials, nil),
		"federated": w.session(federation.Credentials, nil), "role": w.assumed(user, request(target)),
	}
	operations := map[string]func(caller.Caller) error{
		"AssumeRole": func(c caller.Caller) error { _, err := w.assume(c, request(target)); return err },
		"GetSessionToken": func(c caller.Caller) error {
			_, err := call(w, c, stsapi.GetSessionToken, &stsapi.GetSessionTokenRequest{})
			return err
		},
		"GetFederationToken": func(c caller.Caller) error {
			_, err := call(w, c, stsapi.GetFederationToken, &stsapi.GetFederationTokenRequest{Name: ptr("bob")})
			return err
		},
		"GetAccessKeyInfo": func(c caller.Caller) error {
			_, err := call(w, c, stsapi.GetAccessKeyInfo, &stsapi.GetAccessKeyInfoRequest{AccessKeyId: own.Credentials.AccessKeyId})
			return err
		},
	}
	refuses := map[string][]string{
		"user": nil, "user session": {"GetSessionToken", "GetFederationToken", "GetAccessKeyInfo"},
		"federated": {"AssumeRole", "GetSessionToken", "GetFederationToken", "GetAccessKeyInfo"},
		"role":      {"GetSessionToken", "GetFederationToken"},
	}
	for who, c := range callers {
		for name, run := range operations {
			err := run(c)
			if slices.Contains(refuses[who], name) {
				refused(t, err, 403, "AccessDenied", "Cannot call "+name+" with session credentials")
			} else if err != nil {
				t.Errorf("%s calls %s: %v", who, name, err)
			}
		}
	}
}

func TestAccessKeyInfo(t *testing.T) {
	w := newWorld(t)
	user := w.user(here, "my-user", mayAssume)
	own, err := call(w, user, stsapi.GetSessionToken, &stsapi.GetSessionTokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	in := &stsapi.GetAccessKeyInfoRequest{AccessKeyId: own.Credentials.AccessKeyId}
	out, err := call(w, user, stsapi.GetAccessKeyInfo, in)
	if err != nil || *out.Account != here {
		t.Errorf("account %v, error %v", out, err)
	}
	if _, err := call(w, w.user(here, "nobody", ""), stsapi.GetAccessKeyInfo, in); err == nil {
		t.Error("GetAccessKeyInfo without permission")
	}
	_, err = call(w, user, stsapi.GetAccessKeyInfo, &stsapi.GetAccessKeyInfoRequest{AccessKeyId: ptr("AKIA1234567890123456")})
	refused(t, err, 400, "ValidationError", "AKIA1234567890123456 is not a valid access key id")
}
