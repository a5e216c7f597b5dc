package sallyport

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sallyport/sallyport/internal/api"
)

// refusal is a write that AWS refuses, with its words for it. The rows follow
// the facts about policies that are malformed, too large or about nobody.
type refusal struct {
	name    string
	write   func(*refuser) error
	status  int
	code    string
	message string
}

// TestWhatAWSDoesNotStore makes each write over HTTP with the real SDK.
func TestWhatAWSDoesNotStore(t *testing.T) {
	r := newRefuser(t)
	for _, rows := range [][]refusal{identityRefusals(), trustRefusals(), sizeRefusals(), policyARNRefusals(), sessionRefusals(), functionRefusals(), controlRefusals()} {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				status, code, message := saidOf(t, row.write(r))
				if code != row.code || status != row.status || row.message != "" && message != row.message {
					t.Errorf("refused with %d %s\n%s\nwant %d %s\n%s", status, code, message, row.status, row.code, row.message)
				}
			})
		}
	}
}

// TestWhatAWSJustStores: each bound itself is no refusal, and white space does not count.
func TestWhatAWSJustStores(t *testing.T) {
	r := newRefuser(t)
	for name, write := range map[string]func() error{
		"a managed policy of 6,144 characters":          func() error { return r.managed(filled(identityFrame, 6_144)) },
		"and white space":                               func() error { return r.managed(filled(identityFrame, 6_144) + spaces(3_000)) },
		"a role's inline policies of 10,240 characters": func() error { return r.rolePolicy(filled(identityFrame, 10_240) + spaces(3_000)) },
		"a user's of 2,048":                             func() error { return r.userPolicy(filled(identityFrame, 2_048)) },
		"a group's of 5,120":                            func() error { return r.groupPolicy(filled(identityFrame, 5_120)) },
		"a trust policy of 2,048":                       func() error { return r.trust(filled(trustFrame, 2_048) + spaces(1_000)) },
		"a session policy of 2,048":                     func() error { return r.session(filled(identityFrame, 2_048), 0) },
		"ten session policies by ARN":                   func() error { return r.session("", 10) },
		"a service control policy of 10,240":            func() error { return r.control("SERVICE_CONTROL_POLICY", filled(identityFrame, 10_240)) },
	} {
		if err := write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// saidOf takes an answer apart.
func saidOf(t *testing.T, err error) (status int, code, message string) {
	t.Helper()
	var answer *smithyhttp.ResponseError
	var said smithy.APIError
	var own *api.Error
	switch {
	case err == nil:
		t.Fatal("not refused")
	case errors.As(err, &answer) && errors.As(err, &said):
		return answer.HTTPStatusCode(), said.ErrorCode(), said.ErrorMessage()
	case errors.As(err, &own):
		return own.Status, own.Code, own.Message
	}
	t.Fatal(err)
	return 0, "", ""
}

const malformedDocument = "MalformedPolicyDocument"

// identity is a refused identity policy.
func identity(name, document, message string) refusal {
	return refusal{"identity: " + name, func(r *refuser) error { return r.managed(document) }, 400, malformedDocument, message}
}

// one is an identity policy of one statement with these elements.
func one(elements string) string { return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}` }

func identityRefusals() []refusal {
	const does, on = `"Effect":"Allow","Action":"s3:GetObject"`, `,"Resource":"arn:aws:s3:::b"`
	resource := func(name, arn, message string) refusal {
		return identity(name, one(does+`,"Resource":"`+arn+`"`), message)
	}
	action := func(name, action, message string) refusal {
		return identity(name, one(`"Effect":"Allow","Action":"`+action+`"`+on), message)
	}
	return []refusal{
		identity("no JSON", "not JSON", "Syntax errors in policy."),
		identity("an unknown element", one(does+on+`,"Extra":"x"`), "Syntax errors in policy."),
		identity("an unknown Effect", one(`"Effect":"Permit","Action":"s3:GetObject"`+on), "Syntax errors in policy."),
		identity("a condition that is no map", one(does+on+`,"Condition":"x"`), "Syntax errors in policy."),
		identity("the version of 2008", `{"Version":"2008-10-17","Statement":[{`+does+on+`}]}`, "Policy document must be version 2012-10-17 or greater."),
		identity("no version", `{"Statement":[{`+does+on+`}]}`, "Policy document must be version 2012-10-17 or greater."),
		identity("an Effect in another letter case", one(`"Effect":"allow","Action":"s3:GetObject"`+on), "The policy failed legacy parsing"),
		identity("a Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"A",`+does+on+`},{"Sid":"A",`+does+on+`}]}`, "Statement IDs (SID) in a single policy must be unique."),
		identity("no actions", one(`"Effect":"Allow"`+on), "Policy statement must contain actions."),
		identity("no resources", one(does), "Policy statement must contain resources."),
		resource("a resource that is no ARN", "b", `Resource b must be in ARN format or "*".`),
		resource("an unknown partition", "arn:x:s3:::b", `Partition "x" is not valid for resource "arn:x:s3:::b".`),
		resource("a service with a wildcard", "arn:aws:s*:::b", "Resource vendor must be fully qualified and cannot contain regexes."),
		resource("an IAM resource with a region", "arn:aws:iam:us-east-1:"+first+":user/u", "IAM resource arn:aws:iam:us-east-1:"+first+":user/u cannot contain region information."),
		resource("a bucket with a region", "arn:aws:s3:us-east-1::b", "Resource arn:aws:s3:us-east-1::b can not contain region information."),
		resource("an IAM resource of no kind", "arn:aws:iam::"+first+":x", `IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`),
		action("an action without its service", "GetObject", "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
		action("an action of no service", "s_3:GetObject", "Vendor s_3 is not valid"),
		action("an action with two colons", "s3:Get:Object", "Actions/Condition can contain only one colon."),
		identity("a principal", one(does+on+`,"Principal":"*"`), "Policy document should not specify a principal."),
	}
}

func trustRefusals() []refusal {
	trust := func(name, document, message string) refusal {
		return refusal{"trust: " + name, func(r *refuser) error { return r.trust(document) }, 400, malformedDocument, message}
	}
	const effect, who, does = `"Effect":"Allow"`, `,"Principal":{"Service":"lambda.amazonaws.com"}`, `,"Action":"sts:AssumeRole"`
	principal := func(name, element, message string) refusal {
		return trust(name, one(effect+`,"Principal":`+element+does), message)
	}
	return []refusal{
		trust("no JSON", "not JSON", "This policy contains invalid Json"),
		trust("a resource", one(effect+who+does+`,"Resource":"*"`), "Has prohibited field Resource"),
		trust("an action of another service", one(effect+who+`,"Action":"s3:GetObject"`), "AssumeRole policy may only specify STS AssumeRole actions."),
		principal("a user that does not exist", `{"AWS":"arn:aws:iam::`+first+`:user/nobody"}`, `Invalid principal in policy: "AWS":"arn:aws:iam::`+first+`:user/nobody"`),
		principal("a service that does not exist", `{"Service":"nothing"}`, `Invalid principal in policy: "SERVICE":"nothing"`),
		principal("a provider of no form", `{"Federated":""}`, `Invalid principal in policy: "FEDERATED":""`),
		trust("no principal", one(effect+does), "Missing required field Principal"),
		principal("an empty principal", `{}`, "Missing required field Principal cannot be empty!"),
		trust("no Effect", one(who[1:]+does), "Missing required field Effect"),
		trust("no action", one(effect+who), "Missing required field Action"),
		trust("an unknown version", `{"Version":"2020-01-01","Statement":[{`+effect+who+does+`}]}`, "The policy must contain a valid version string"),
		trust("no statement", `{"Version":"2012-10-17","Statement":[]}`, "Could not parse the policy: Statement is empty!"),
		trust("a Sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"A",`+effect+who+does+`},{"Sid":"A",`+effect+who+does+`}]}`, "The Statement Ids in the policy are not unique"),
		trust("Deny with NotPrincipal", one(`"Effect":"Deny","NotPrincipal":{"AWS":"`+first+`"}`+does), "AssumeRole policy must not contain NotPrincipal field."),
		trust("Allow with NotPrincipal", one(effect+`,"NotPrincipal":{"AWS":"`+first+`"}`+does), "Allow with NotPrincipal is not allowed."),
		trust("NotResource", one(effect+who+does+`,"NotResource":"*"`), "AssumeRole policy must not contain resources."),
	}
}

func sizeRefusals() []refusal {
	size := func(name string, write func(*refuser) error, message string) refusal {
		return refusal{"size: " + name, write, 409, "LimitExceeded", message}
	}
	return []refusal{
		size("a managed policy", func(r *refuser) error { return r.managed(filled(identityFrame, 6_145)) }, "Cannot exceed quota for PolicySize: 6144"),
		size("a role's inline policies", func(r *refuser) error { return r.rolePolicy(filled(identityFrame, 10_241)) }, "Maximum policy size of 10240 bytes exceeded for role r"),
		size("a user's inline policies", func(r *refuser) error { return r.userPolicy(filled(identityFrame, 2_049)) }, "Maximum policy size of 2048 bytes exceeded for user u"),
		size("a group's inline policies", func(r *refuser) error { return r.groupPolicy(filled(identityFrame, 5_121)) }, "Maximum policy size of 5120 bytes exceeded for group g"),
		size("a trust policy", func(r *refuser) error { return r.trust(filled(trustFrame, 2_049)) }, "Cannot exceed quota for ACLSizePerRole: 2048"),
		size("managed policies of a user", func(r *refuser) error { return r.attach(11) }, "Cannot exceed quota for PoliciesPerUser: 10"),
		size("versions of a managed policy", (*refuser).sixthVersion,
			"A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."),
		size("access keys of a user", (*refuser).thirdKey, "Cannot exceed quota for AccessKeysPerUser: 2"),
		size("groups of a user", (*refuser).eleventhGroup, "Cannot exceed quota for GroupsPerUser: 10"),
	}
}

func policyARNRefusals() []refusal {
	none := "arn:aws:iam::" + first + ":policy/none"
	return []refusal{
		{"policy ARN: attaching one that is not there", func(r *refuser) error { return r.attachARN(none) }, 404, "NoSuchEntity", "Policy " + none + " does not exist or is not attachable."},
		{"policy ARN: getting one that is not there", func(r *refuser) error { return r.getPolicy(none) }, 404, "NoSuchEntity", "Policy " + none + " was not found."},
		{"policy ARN: no ARN", func(r *refuser) error { return r.getPolicy("this-is-no-arn-at-all") }, 400, "ValidationError", "Invalid ARN:  Could not be parsed!"},
	}
}

func sessionRefusals() []refusal {
	return []refusal{
		{"session: a malformed policy", func(r *refuser) error { return r.session(`{"Version":"2012-10-17"}`, 0) }, 400, malformedDocument, "Syntax errors in policy."},
		{"session: a principal", func(r *refuser) error {
			return r.session(one(`"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"`), 0)
		}, 400, malformedDocument, "Policy document should not specify a principal."},
		// The text gives a percentage, which AWS's own packing decides.
		{"session: more than 2,048 characters", func(r *refuser) error { return r.session(filled(identityFrame, 2_049), 0) }, 400, "PackedPolicyTooLarge", ""},
		{"session: eleven managed policies", func(r *refuser) error { return r.session("", 11) }, 400, "ValidationError",
			"1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
	}
}

func controlRefusals() []refusal {
	const text = "The provided policy document does not meet the requirements of the specified policy type."
	control := func(name, kind, document string) refusal {
		return refusal{"control: " + name, func(r *refuser) error { return r.control(kind, document) }, 400, "MalformedPolicyDocumentException", text}
	}
	const scp, rcp = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
	long := func(name, kind string, size int) refusal {
		return refusal{"control: " + name, func(r *refuser) error { return r.control(kind, filled(identityFrame, size)) }, 400, "ConstraintViolationException", "You have exceeded the maximum policy size."}
	}
	return []refusal{
		control("no JSON", scp, "x"),
		control("a service control policy with a principal", scp, one(`"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"`)),
		control("a resource control policy that allows", rcp, one(`"Effect":"Allow","Principal":"*","Action":"sts:*","Resource":"*"`)),
		control("a resource control policy about one principal", rcp, one(`"Effect":"Deny","Principal":{"AWS":"`+first+`"},"Action":"sts:*","Resource":"*"`)),
		control("a resource control policy without principal", rcp, one(`"Effect":"Deny","Action":"sts:*","Resource":"*"`)),
		control("a resource control policy with NotAction", rcp, one(`"Effect":"Deny","Principal":"*","NotAction":"sts:*","Resource":"*"`)),
		control("a resource control policy with NotPrincipal", rcp, one(`"Effect":"Deny","NotPrincipal":"*","Action":"sts:*","Resource":"*"`)),
		long("a service control policy of 10,241 characters", scp, 10_241),
		long("a resource control policy of 5,121 characters", rcp, 5_121),
	}
}
