package sallyport

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// What stands in scenarios for ids that AWS Organizations draws.
const (
	third        = "333333333333"
	organization = "o-aaaaaaaaaa"
)

// organize makes an organization that the first account manages, with one
// member, and puts their ids in place of what stands for them in the scenario.
func (w *world) organize() {
	w.t.Helper()
	made := organizationCall(w.t, w.server, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{})
	root := organizationRoot(w.t, w.server)
	for _, kind := range []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"} {
		organizationCall(w.t, w.server, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: &root, PolicyType: &kind})
	}
	member := makeMember(w.t, w.server, "member")
	c, ok := w.server.RootCredentials(member)
	if !ok {
		w.t.Fatalf("no root key of %s", member)
	}
	w.signers["root@3"] = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, "")
	ids := strings.NewReplacer(third, member, organization, made.Organization.GetId())
	for name, text := range w.s.files {
		w.s.files[name] = ids.Replace(text)
	}
	for i := range w.s.given {
		w.s.given[i].replace(ids, member)
	}
	for i := range w.s.asked {
		w.s.asked[i].replace(ids, member)
	}
	w.model.member, w.model.organization = member, made.Organization.GetId()
}

func (l *line) replace(ids *strings.Replacer, member string) {
	l.member = member
	for k, v := range l.options {
		l.options[k] = ids.Replace(v)
	}
}

// buildControl makes a control policy and attaches it.
func (w *world) buildControl(l line) {
	kind := map[string]string{"scp": "SERVICE_CONTROL_POLICY", "rcp": "RESOURCE_CONTROL_POLICY"}[l.words[0]]
	id := w.controls[l.words[1]]
	if id == "" {
		id = organizationCall(w.t, w.server, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{
			Type: &kind, Name: aws.String(l.words[1]), Description: aws.String(""), Content: aws.String(w.text(l.words[1])),
		}).Policy.PolicySummary.GetId()
		w.controls[l.words[1]] = id
	}
	target := w.model.member
	switch l.after("to") {
	case "root":
		target = organizationRoot(w.t, w.server)
	case "1":
		target = first
	}
	organizationCall(w.t, w.server, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &id, TargetId: &target})
	if l.has("only") {
		organizationCall(w.t, w.server, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: aws.String("p-FullAWSAccess"), TargetId: &target})
	}
}

// organizationCall is a call of the first account's root user.
func organizationCall[In, Out any](t testing.TB, s *Server, o api.Op[In, Out], in *In) *Out {
	t.Helper()
	return rootCall(t, s, first, o, in)
}

// rootCall is a call of an account's root user, of an API whose SDK is not
// among the clients of this module.
func rootCall[In, Out any](t testing.TB, s *Server, account string, o api.Op[In, Out], in *In) *Out {
	t.Helper()
	keys, _ := s.RootCredentials(account)
	c, state := s.set.Bus.Credential(keys.AccessKeyID, "")
	if state != op.CredentialActive {
		t.Fatalf("the root key is in state %d", state)
	}
	out, err := op.Do(context.Background(), s.set.Bus, op.As{Caller: c.Caller, Region: "us-east-1"}, o, in)
	if err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

func organizationRoot(t testing.TB, s *Server) string {
	t.Helper()
	return organizationCall(t, s, orgapi.ListRoots, &orgapi.ListRootsRequest{}).Roots[0].GetId()
}

// makeMember makes an account in the organization.
func makeMember(t testing.TB, s *Server, name string) string {
	t.Helper()
	asked := organizationCall(t, s, orgapi.CreateAccount, &orgapi.CreateAccountRequest{AccountName: &name, Email: aws.String(name + "@example.com")})
	for range 5000 {
		got := organizationCall(t, s, orgapi.DescribeCreateAccountStatus, &orgapi.DescribeCreateAccountStatusRequest{CreateAccountRequestId: asked.CreateAccountStatus.Id}).CreateAccountStatus
		if got.GetState() != "IN_PROGRESS" {
			return got.GetAccountId()
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the account is not made")
	return ""
}

// controls are the control policies of a scenario, by target: root, 1 or 3.
type controls struct{ service, resource map[string][]policy.Attached }

// control writes a control policy down.
func (m *model) control(l line) {
	target, kind := l.after("to"), &m.controls.service
	if l.words[0] == "rcp" {
		kind = &m.controls.resource
	}
	all := maps.Clone(*kind)
	if all == nil {
		all = map[string][]policy.Attached{}
	}
	if l.has("only") {
		all[target+" only"] = []policy.Attached{{}}
	}
	all[target] = append(all[target], m.attached(l.words[1]))
	*kind = all
}

// levels are what applies to the member: the root's policies, then its own,
// each beside the policy that allows everything.
func levels(all map[string][]policy.Attached, full string) [][]policy.Attached {
	var out [][]policy.Attached
	for _, target := range []string{"root", "3"} {
		var level []policy.Attached
		if len(all[target+" only"]) == 0 {
			level = append(level, policy.Attached{Policy: load(full), Name: "FullAWSAccess"})
		}
		out = append(out, append(level, all[target]...))
	}
	return out
}

// inOrganization adds what the organization says of a question: control
// policies, of the member alone, and keys, of the management account too.
func (m *model) inOrganization(q question, principal policy.Principal, l *policy.Layers, keys *policy.Context) {
	if m.organization == "" {
		return
	}
	owner := strings.Split(m.arn(q.resource)+"::::", ":")[4]
	if owner == "" {
		owner = principal.Account
	}
	source := q.options["source-account"]
	for key, account := range map[string]string{"aws:PrincipalOrgID": principal.Account, "aws:ResourceOrgID": owner, "aws:SourceOrgID": source} {
		if account == first || account == m.member {
			keys.Set(key, m.organization)
		}
	}
	if principal.Account == m.member {
		l.ServiceControl = levels(m.controls.service, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	}
	if service, _, _ := strings.Cut(q.action, ":"); owner == m.member && (service == "sts" || service == "logs") {
		l.ResourceControl = levels(m.controls.resource, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)
	}
}
