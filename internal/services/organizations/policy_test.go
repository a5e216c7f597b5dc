package organizations

import (
	"fmt"
	"strings"
	"testing"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/policy"
)

func (w *world) attached(kind, target string) (all []string) {
	w.Helper()
	for _, p := range must(w, orgapi.ListPoliciesForTarget, &orgapi.ListPoliciesForTargetRequest{TargetId: &target, Filter: &kind}).Policies {
		all = append(all, p.GetId())
	}
	return all
}

func (w *world) policies(kind string) (all []string) {
	w.Helper()
	for _, p := range must(w, orgapi.ListPolicies, &orgapi.ListPoliciesRequest{Filter: &kind}).Policies {
		all = append(all, p.GetId())
	}
	return all
}

func TestTypesOfPolicyComeIntoUse(t *testing.T) {
	w := newWorld(t)
	must(w, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{})
	r := w.root()
	unit, account := w.unit(r, "u"), w.account("a")
	p := w.policy(serviceControl, "made before the type is in use", deny("s3:*"))
	attach := &orgapi.AttachPolicyRequest{PolicyId: &p, TargetId: &account}
	refuses(w, orgapi.AttachPolicy, attach, "PolicyTypeNotEnabledException", "", "This operation can be performed only for enabled policy types.")
	if m := w.org.Membership(account); m == nil || m.ServiceControl != nil || m.ResourceControl != nil {
		t.Errorf("before: %+v", m)
	}
	for kind, full := range map[string]string{serviceControl: fullAWSAccess, resourceControl: rcpFullAWSAccess} {
		in := &orgapi.EnablePolicyTypeRequest{RootId: &r, PolicyType: &kind}
		if out := must(w, orgapi.EnablePolicyType, in).Root; out.PolicyTypes[len(out.PolicyTypes)-1].GetType() != kind {
			t.Errorf("%s: %+v", kind, out)
		}
		refuses(w, orgapi.EnablePolicyType, in, "PolicyTypeAlreadyEnabledException", "", "The specified policy type is already enabled.")
		for _, target := range []string{r, unit, account, here} {
			same(t, kind+" of "+target, w.attached(kind, target), []string{full})
		}
	}
	// What comes later has them too.
	for _, target := range []string{w.unit(r, "later"), w.account("later")} {
		same(t, target, w.attached(serviceControl, target), []string{fullAWSAccess})
		same(t, target, w.attached(resourceControl, target), []string{rcpFullAWSAccess})
	}
	must(w, orgapi.AttachPolicy, attach)
	if out := must(w, orgapi.DisablePolicyType, &orgapi.DisablePolicyTypeRequest{RootId: &r, PolicyType: ptr(serviceControl)}).Root; len(out.PolicyTypes) != 1 {
		t.Errorf("disabled: %+v", out)
	}
	refuses(w, orgapi.DisablePolicyType, &orgapi.DisablePolicyTypeRequest{RootId: &r, PolicyType: ptr(serviceControl)}, "PolicyTypeNotEnabledException", "", "")
	same(t, "disabled", w.attached(serviceControl, account), nil)
	if m := w.org.Membership(account); m.ServiceControl != nil || len(m.ResourceControl) != 2 {
		t.Errorf("disabled: %+v", m)
	}
	must(w, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: &r, PolicyType: ptr(serviceControl)})
	same(t, "enabled again", w.attached(serviceControl, account), []string{fullAWSAccess})

	refuses(w, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: ptr("r-0000"), PolicyType: ptr(serviceControl)}, "RootNotFoundException", "", "You specified a root that doesn't exist.")
	refuses(w, orgapi.EnablePolicyType, &orgapi.EnablePolicyTypeRequest{RootId: &r, PolicyType: ptr("TAG_POLICY")}, "PolicyTypeNotAvailableForOrganizationException", "", "")
	refuses(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{Type: ptr("TAG_POLICY"), Name: ptr("n"), Description: ptr(""), Content: ptr("{}")}, "PolicyTypeNotAvailableForOrganizationException", "", "")
	same(t, "tag policies", w.policies("TAG_POLICY"), nil)
}

func TestPolicies(t *testing.T) {
	w := newWorld(t)
	w.organize()
	o := w.org.Membership(here).Organization
	same(t, "from the start", w.policies(serviceControl), []string{fullAWSAccess})
	same(t, "from the start", w.policies(resourceControl), []string{rcpFullAWSAccess})
	content := deny("s3:*")
	p := must(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{Type: ptr(serviceControl), Name: ptr("NoS3"), Description: ptr("d"), Content: &content}).Policy
	id := p.PolicySummary.GetId()
	if p.PolicySummary.GetArn() != "arn:aws:organizations::"+here+":policy/"+o+"/service_control_policy/"+id || p.PolicySummary.GetAwsManaged() || p.GetContent() != content {
		t.Errorf("made %+v %+v", p, p.PolicySummary)
	}
	refuses(w, orgapi.CreatePolicy, &orgapi.CreatePolicyRequest{Type: ptr(serviceControl), Name: ptr("NoS3"), Description: ptr(""), Content: &content},
		"DuplicatePolicyException", "", "A policy with the specified name and type already exists.")
	w.policy(resourceControl, "NoS3", document(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))
	full := must(w, orgapi.DescribePolicy, &orgapi.DescribePolicyRequest{PolicyId: ptr(fullAWSAccess)}).Policy
	if full.PolicySummary.GetArn() != "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess" || !full.PolicySummary.GetAwsManaged() {
		t.Errorf("%+v", full.PolicySummary)
	}
	for _, full := range []string{fullAWSAccess, rcpFullAWSAccess} {
		refuses(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &full, Name: ptr("x")}, "InvalidInputException", "IMMUTABLE_POLICY", "")
		refuses(w, orgapi.DeletePolicy, &orgapi.DeletePolicyRequest{PolicyId: &full}, "InvalidInputException", "IMMUTABLE_POLICY", "")
	}
	changed := must(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &id, Name: ptr("NoEC2"), Content: ptr(deny("ec2:*"))}).Policy
	if changed.PolicySummary.GetName() != "NoEC2" || changed.PolicySummary.GetDescription() != "d" || changed.GetContent() != deny("ec2:*") {
		t.Errorf("changed to %+v %+v", changed, changed.PolicySummary)
	}
	refuses(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &id, Content: ptr("{}")}, "MalformedPolicyDocumentException", "", "The provided policy document does not meet the requirements of the specified policy type.")
	w.attach(id, here)
	refuses(w, orgapi.DeletePolicy, &orgapi.DeletePolicyRequest{PolicyId: &id}, "PolicyInUseException", "", "")
	w.detach(id, here)
	must(w, orgapi.DeletePolicy, &orgapi.DeletePolicyRequest{PolicyId: &id})
	refuses(w, orgapi.DescribePolicy, &orgapi.DescribePolicyRequest{PolicyId: &id}, "PolicyNotFoundException", "", "")
	refuses(w, orgapi.DeletePolicy, &orgapi.DeletePolicyRequest{PolicyId: &id}, "PolicyNotFoundException", "", "")
	refuses(w, orgapi.UpdatePolicy, &orgapi.UpdatePolicyRequest{PolicyId: &id}, "PolicyNotFoundException", "", "")
	refuses(w, orgapi.ListTargetsForPolicy, &orgapi.ListTargetsForPolicyRequest{PolicyId: &id}, "PolicyNotFoundException", "", "")
}

func TestPoliciesAreAttached(t *testing.T) {
	w := newWorld(t)
	r := w.organize()
	unit, account, p := w.unit(r, "u"), w.account("a"), w.policy(serviceControl, "p", deny("s3:*"))
	for _, target := range []string{r, unit, account} {
		w.attach(p, target)
		same(t, target, w.attached(serviceControl, target), []string{fullAWSAccess, p})
		refuses(w, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &p, TargetId: &target},
			"DuplicatePolicyAttachmentException", "", "A policy with the specified name and type already exists.")
	}
	var targets []string
	for _, x := range must(w, orgapi.ListTargetsForPolicy, &orgapi.ListTargetsForPolicyRequest{PolicyId: &p}).Targets {
		targets = append(targets, x.GetType()+" "+x.GetName()+" "+x.GetTargetId())
	}
	same(t, "targets", targets, []string{"ROOT Root " + r, "ORGANIZATIONAL_UNIT u " + unit, "ACCOUNT a " + account})

	// One policy of each type has to stay; the one that allows every resource always does.
	w.detach(fullAWSAccess, account)
	refuses(w, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: &p, TargetId: &account}, "ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
		"You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.")
	refuses(w, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: ptr(fullAWSAccess), TargetId: &account}, "PolicyNotAttachedException", "", "")
	rcp := w.policy(resourceControl, "rcp", document(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))
	w.attach(rcp, account)
	refuses(w, orgapi.DetachPolicy, &orgapi.DetachPolicyRequest{PolicyId: ptr(rcpFullAWSAccess), TargetId: &account}, "InvalidInputException", "NON_DETACHABLE_POLICY", "")
	w.detach(rcp, account)
	w.attach(fullAWSAccess, account)
	w.detach(p, account)

	for i, most := range map[string]int{serviceControl: 10, resourceControl: 5} {
		for n := range most - 1 {
			content := document(`{"Effect":"Deny",` + map[string]string{resourceControl: `"Principal":"*",`}[i] + `"Action":"s3:*","Resource":"*"}`)
			w.attach(w.policy(i, fmt.Sprint("p", n), content), account)
		}
		content := document(`{"Effect":"Deny",` + map[string]string{resourceControl: `"Principal":"*",`}[i] + `"Action":"s3:*","Resource":"*"}`)
		one := w.policy(i, "one too many", content)
		refuses(w, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &one, TargetId: &account}, "ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
			"You have attached the maximum number of policies to the specified target.")
	}
	refuses(w, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: &p, TargetId: ptr(there)}, "TargetNotFoundException", "", "You specified a target that doesn't exist.")
	refuses(w, orgapi.AttachPolicy, &orgapi.AttachPolicyRequest{PolicyId: ptr("p-00000000"), TargetId: &r}, "PolicyNotFoundException", "", "")
	refuses(w, orgapi.ListPoliciesForTarget, &orgapi.ListPoliciesForTargetRequest{TargetId: ptr(there), Filter: ptr(serviceControl)}, "TargetNotFoundException", "", "")
}

func TestGrammar(t *testing.T) {
	long := func(n int) string {
		text := deny("s3:*")
		return text + strings.Repeat(" ", n-len(text))
	}
	const statement = `"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"`
	for _, c := range []struct {
		name, kind, content string
		ok                  bool
	}{
		{"a deny", serviceControl, deny("s3:*"), true},
		{"an allow", serviceControl, document(`{"Effect":"Allow","Action":"*","Resource":"*"}`), true},
		{"an allow with a condition and a resource", serviceControl, document(`{"Effect":"Allow","Action":"s3:Get*Object","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}`), true},
		{"NotAction with Allow", serviceControl, document(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`), true},
		{"NotResource", serviceControl, document(`{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::b"}`), true},
		{"one statement, not a list", serviceControl, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`, true},
		{"a Sid with a blank", serviceControl, document(`{"Sid":"no s3","Effect":"Deny","Action":"s3:*","Resource":"*"}`), true},
		{"a Sid twice", serviceControl, document(`{"Sid":"a","Effect":"Deny","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"ec2:*","Resource":"*"}`), false},
		{"a principal", serviceControl, document(`{` + statement + `}`), false},
		{"no version", serviceControl, `{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`, false},
		{"the old version", serviceControl, `{"Version":"2008-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`, false},
		{"no statement", serviceControl, document(``), false},
		{"no resource", serviceControl, document(`{"Effect":"Deny","Action":"s3:*"}`), false},
		{"no action", serviceControl, document(`{"Effect":"Deny","Resource":"*"}`), false},
		{"no JSON", serviceControl, `deny s3`, false},
		{"an unknown operator", serviceControl, document(`{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringSame":{"a":"b"}}}`), false},
		{"as long as may be", serviceControl, long(10_240), true},

		{"a deny of resources", resourceControl, document(`{` + statement + `}`), true},
		{"an allow of resources", resourceControl, document(strings.Replace(`{`+statement+`}`, "Deny", "Allow", 1)), false},
		{"one allow among denies", resourceControl, document(`{` + statement + `},` + strings.Replace(`{`+statement+`}`, "Deny", "Allow", 1)), false},
		{"no principal", resourceControl, deny("s3:*"), false},
		{"somebody", resourceControl, document(strings.Replace(`{`+statement+`}`, `"*"`, `{"AWS":"111111111111"}`, 1)), false},
		{"NotPrincipal", resourceControl, document(strings.Replace(`{`+statement+`}`, `"Principal"`, `"NotPrincipal"`, 1)), false},
		{"NotAction", resourceControl, document(strings.Replace(`{`+statement+`}`, `"Action"`, `"NotAction"`, 1)), false},
		{"every action", resourceControl, document(strings.Replace(`{`+statement+`}`, "s3:*", "*", 1)), false},
		{"a condition", resourceControl, document(`{` + statement + `,"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"Bool":{"aws:PrincipalIsAWSService":"false"}}}`), true},
	} {
		err := checkContent(c.kind, c.content)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "MalformedPolicyDocumentException") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for kind, n := range map[string]int{serviceControl: 10_241, resourceControl: 5_121} {
		if err := checkContent(kind, long(n)); err == nil || err.Error() != "ConstraintViolationException: You have exceeded the maximum policy size." {
			t.Errorf("%d characters of %s: %v", n, kind, err)
		}
	}
	for _, p := range awsPolicies() {
		if _, err := policy.Parse([]byte(p.Content)); err != nil || !strings.Contains(p.Content, "\n") {
			t.Errorf("%s: %v", p.ID, err)
		}
	}
}
