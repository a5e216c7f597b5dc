package policy

import (
	"strings"
	"testing"
)

// identityWith is an identity policy of one statement, of which one part is
// replaced.
func identityWith(old, new string) string {
	text := `{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}`
	if !strings.Contains(text, old) {
		panic(old)
	}
	return strings.Replace(text, old, new, 1)
}

func trustWith(old, new string) string {
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if !strings.Contains(text, old) {
		panic(old)
	}
	return strings.Replace(text, old, new, 1)
}

func TestValidateIdentity(t *testing.T) {
	const (
		resource = `"Resource":"arn:aws:s3:::bucket/*"`
		action   = `"s3:GetObject"`
		iamPath  = `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`
	)
	is := func(arn string) string { return identityWith(resource, `"Resource":"`+arn+`"`) }
	does := func(a string) string { return identityWith(action, `"`+a+`"`) }
	tests := []struct{ name, text, want string }{
		{"sound", identityWith("One", "One"), ""},
		{"everything", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, ""},
		{"not elements", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:iam::111111111111:role/a"]}}`, ""},
		{"no JSON", `{"Version":`, syntaxErrors},
		{"an array", `[]`, syntaxErrors},
		{"no statements", identityWith(`[{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]`, `[]`), syntaxErrors},
		{"no Statement", `{"Version":"2012-10-17"}`, syntaxErrors},
		{"an unknown element", identityWith(`"Sid"`, `"Side"`), syntaxErrors},
		{"an unknown element beside Statement", identityWith(`"Version"`, `"Extra":"x","Version"`), syntaxErrors},
		{"an element in another letter case", identityWith(`"Action"`, `"action"`), syntaxErrors},
		{"an action that is a number", identityWith(action, `7`), syntaxErrors},
		{"an Effect nobody knows", identityWith(`"Allow"`, `"Permit"`), syntaxErrors},
		{"no Effect", identityWith(`"Effect":"Allow",`, ``), syntaxErrors},
		{"both Action and NotAction", identityWith(`"Action"`, `"NotAction":"s3:PutObject","Action"`), syntaxErrors},
		{"both Resource and NotResource", identityWith(resource, resource+`,"NotResource":"*"`), syntaxErrors},
		{"a condition that is a list", identityWith(resource, resource+`,"Condition":[]`), syntaxErrors},
		{"a condition operator nobody knows", identityWith(resource, resource+`,"Condition":{"StringIs":{"a:b":"c"}}`), syntaxErrors},
		{"a version nobody knows", identityWith("2012-10-17", "2021-10-17"), syntaxErrors},
		{"a letter beyond Latin-1", identityWith("One", "\u0141"), syntaxErrors},
		{"the old version", identityWith("2012-10-17", "2008-10-17"), "Policy document must be version 2012-10-17 or greater."},
		{"no version", identityWith(`"Version":"2012-10-17",`, ``), "Policy document must be version 2012-10-17 or greater."},
		{"a principal", identityWith(`"Action"`, `"Principal":"*","Action"`), "Policy document should not specify a principal."},
		{"an Effect in another letter case", identityWith(`"Allow"`, `"allow"`), legacyParsing},
		{"a date that is none", identityWith(resource, resource+`,"Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}`), legacyParsing},
		{"an ARN without its service", is("arn:aws::::bucket"), legacyParsing},
		{"a Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"}]}`, "Statement IDs (SID) in a single policy must be unique."},
		{"a Sid with a blank", identityWith("One", "O ne"), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{"no action", identityWith(`"Action":"s3:GetObject",`, ``), "Policy statement must contain actions."},
		{"an empty list of actions", identityWith(action, `[]`), "Policy statement must contain actions."},
		{"no resource", identityWith(`,`+resource, ``), "Policy statement must contain resources."},
		{"an empty list of resources", identityWith(resource, `"Resource":[]`), "Policy statement must contain resources."},
		{"a resource that is no ARN", is("bucket"), `Resource bucket must be in ARN format or "*".`},
		{"two stars", is("**"), `Resource ** must be in ARN format or "*".`},
		{"a partition nobody knows", is("arn:amazon:s3:::bucket"), `Partition "amazon" is not valid for resource "arn:amazon:s3:::bucket".`},
		{"a partition nobody knows and nothing else", is("arn:amazon"), `Partition "amazon" is not valid for resource "arn:amazon:*:*:*:*".`},
		{"a partition that is a wildcard", is("arn:*:s3:::bucket"), ""},
		{"a service that is a wildcard", is("arn:aws:s*:::bucket"), "Resource vendor must be fully qualified and cannot contain regexes."},
		{"an IAM resource with a region", is("arn:aws:iam:us-east-1:111111111111:role/a"), "IAM resource arn:aws:iam:us-east-1:111111111111:role/a cannot contain region information."},
		{"a bucket with a region", is("arn:aws:s3:us-east-1::bucket"), "Resource arn:aws:s3:us-east-1::bucket can not contain region information."},
		{"an access point with a region", is("arn:aws:s3:us-east-1:111111111111:accesspoint/a"), ""},
		{"an IAM resource that is a wildcard", is("arn:aws:iam::111111111111:*"), ""},
		{"an IAM resource of no kind", is("arn:aws:iam::111111111111:thing/a"), iamPath},
		{"an action without a service", does("GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"an action of no service", does(":GetObject"), "Vendor  is not valid"},
		{"an action of no legal service", does("s_3:GetObject"), "Vendor s_3 is not valid"},
		{"a service that is a pattern", does("s*:GetObject"), "Vendor s* is not valid"},
		{"an action with two colons", does("s3:Get:Object"), "Actions/Condition can contain only one colon."},
		{"NotAction is checked too", identityWith(`"Action":"s3:GetObject"`, `"NotAction":"GetObject"`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		// Of several faults the first check in AWS's order is named.
		{"version before resources", strings.Replace(is("bucket"), "2012-10-17", "2008-10-17", 1), "Policy document must be version 2012-10-17 or greater."},
		{"actions before the lack of resources", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"GetObject"}}`, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"the lack of actions before resources", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"bucket"}}`, "Policy statement must contain actions."},
		{"an operator with nothing under it", identityWith(resource, resource+`,"Condition":{"StringIs":{}}`), ""},
		{"an operator with two set prefixes", identityWith(resource, resource+`,"Condition":{"ForAnyValue:ForAllValues:StringLike":{"a:b":"c"}}`), syntaxErrors},
		{"an operator with two colons after its prefix", identityWith(resource, resource+`,"Condition":{"ForAnyValue::StringEquals":{"a:b":"c"}}`), syntaxErrors},
		{"Null with IfExists", identityWith(resource, resource+`,"Condition":{"NullIfExists":{"a:b":"true"}}`), syntaxErrors},
		{"conditions in a list", identityWith(resource, resource+`,"Condition":[{"StringEquals":{"a:b":"c"}}]`), syntaxErrors},
		{"a list in a list", identityWith(action, `[["s3:GetObject"]]`), syntaxErrors},
		{"an Id that is a list", identityWith(`"Version"`, `"Id":["x"],"Version"`), syntaxErrors},
		{"a Sid that is an object", identityWith(`"One"`, `{}`), syntaxErrors},
		{"an empty action", does(""), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"an empty resource", is(""), `Resource  must be in ARN format or "*".`},
		{"resources before actions", strings.Replace(is("bucket"), "s3:GetObject", "GetObject", 1), `Resource bucket must be in ARN format or "*".`},
	}
	for _, kind := range []Kind{KindIdentity, KindSession} {
		for _, test := range tests {
			checkValidate(t, test.name, test.text, kind, test.want)
		}
	}
}

func TestValidateTrust(t *testing.T) {
	const principal = `"Principal":{"Service":"lambda.amazonaws.com"}`
	by := func(p string) string { return trustWith(principal, `"Principal":`+p) }
	tests := []struct{ name, text, want string }{
		{"sound", trustWith("Allow", "Allow"), ""},
		{"the old version", trustWith("2012-10-17", "2008-10-17"), ""},
		{"no version", trustWith(`"Version":"2012-10-17",`, ``), ""},
		{"everybody", by(`"*"`), ""},
		{"an account", by(`{"AWS":"111111111111"}`), ""},
		{"a role's unique id", by(`{"AWS":"AROAAPPEXAMPLEROLE001"}`), ""},
		{"a provider", trustWith(principal+`,"Action":"sts:AssumeRole"`, `"Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/x"},"Action":"sts:AssumeRoleWithWebIdentity"`), ""},
		{"several actions", trustWith(`"sts:AssumeRole"`, `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`), ""},
		{"a pattern of actions", trustWith("sts:AssumeRole", "sts:*"), ""},
		{"no JSON", `{"Version"`, "This policy contains invalid Json"},
		{"an unknown element", trustWith(`"Effect"`, `"Effects"`), syntaxErrors},
		{"an Effect nobody knows", trustWith("Allow", "Permit"), syntaxErrors},
		{"no statement", `{"Version":"2012-10-17"}`, "Could not parse the policy: Statement is empty!"},
		{"no statements", `{"Version":"2012-10-17","Statement":[]}`, "Could not parse the policy: Statement is empty!"},
		{"a version nobody knows", trustWith("2012-10-17", "2012"), "The policy must contain a valid version string"},
		{"a Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"Sid":"A","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, "The Statement Ids in the policy are not unique"},
		{"no Effect", trustWith(`"Effect":"Allow",`, ``), "Missing required field Effect"},
		{"no principal", trustWith(principal+",", ``), "Missing required field Principal"},
		{"an empty principal", by(`{"AWS":[]}`), "Missing required field Principal cannot be empty!"},
		{"an empty map of principals", by(`{}`), "Missing required field Principal cannot be empty!"},
		{"no action", trustWith(`,"Action":"sts:AssumeRole"`, ``), "Missing required field Action"},
		{"a resource", trustWith(`"Action"`, `"Resource":"*","Action"`), "Has prohibited field Resource"},
		{"NotResource", trustWith(`"Action"`, `"NotResource":"*","Action"`), "AssumeRole policy must not contain resources."},
		{"an action of another service", trustWith("sts:AssumeRole", "s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"every action", trustWith("sts:AssumeRole", "*"), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"an sts action that is not about roles", trustWith("sts:AssumeRole", "sts:GetFederationToken"), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"NotAction", trustWith(`"Action"`, `"NotAction"`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{"Deny with NotPrincipal", strings.Replace(trustWith("Allow", "Deny"), `"Principal"`, `"NotPrincipal"`, 1), "AssumeRole policy must not contain NotPrincipal field."},
		{"Allow with NotPrincipal", trustWith(`"Principal"`, `"NotPrincipal"`), "Allow with NotPrincipal is not allowed."},
		{"an ARN of no principal", by(`{"AWS":"arn:aws:iam::111111111111:group/g"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:group/g"`},
		{"a principal with a wildcard", by(`{"AWS":"arn:aws:iam::111111111111:role/*"}`), `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/*"`},
		{"a service that is none", by(`{"Service":"lambda"}`), `Invalid principal in policy: "SERVICE":"lambda"`},
		{"an empty provider", by(`{"Federated":""}`), `Invalid principal in policy: "FEDERATED":""`},
		{"a date that is none", trustWith(`"Action"`, `"Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}},"Action"`), legacyParsing},
		{"a condition operator nobody knows", trustWith(`"Action"`, `"Condition":{"StringIs":{"a:b":"c"}},"Action"`), syntaxErrors},
	}
	for _, test := range tests {
		checkValidate(t, test.name, test.text, KindTrust, test.want)
	}
}

func TestValidateResource(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"sound", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`, ""},
		{"Deny with NotPrincipal", `{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"111111111111"},"Action":"s3:GetObject","Resource":"*"}]}`, ""},
		{"Allow with NotPrincipal", `{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"Action":"s3:GetObject"}]}`, "Allow with NotPrincipal is not allowed."},
		{"no principal", `{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`, "Missing required field Principal"},
		{"no action", `{"Statement":[{"Effect":"Allow","Principal":"*","Resource":"*"}]}`, "Policy statement must contain actions."},
		{"a principal of no form", `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"ada"},"Action":"s3:GetObject"}]}`, `Invalid principal in policy: "AWS":"ada"`},
		{"a principal of no form in NotPrincipal", `{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"ada"},"Action":"s3:GetObject"}]}`, `Invalid principal in policy: "AWS":"ada"`},
		{"both Principal and NotPrincipal", `{"Statement":[{"Effect":"Deny","Principal":"*","NotPrincipal":"*","Action":"s3:GetObject"}]}`, syntaxErrors},
		{"an Effect in another letter case", `{"Statement":[{"Effect":"deny","Principal":"*","Action":"s3:GetObject"}]}`, legacyParsing},
	}
	for _, test := range tests {
		checkValidate(t, test.name, test.text, KindResource, test.want)
	}
}

func checkValidate(t *testing.T, name, text string, kind Kind, want string) {
	t.Helper()
	d, err := Validate([]byte(text), kind)
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: refused with %q: %s", name, err, text)
	case want == "" && d == nil:
		t.Errorf("%s: no document", name)
	case want != "" && err == nil:
		t.Errorf("%s: not refused: %s", name, text)
	case want != "" && err.Error() != want:
		t.Errorf("%s: refused with\n%s\nwant\n%s", name, err, want)
	}
	if _, ok := err.(*MalformedError); err != nil && !ok {
		t.Errorf("%s: %T", name, err)
	}
}
