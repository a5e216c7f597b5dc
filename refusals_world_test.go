package sallyport

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
)

// refuser is a server with a user u, a group g, a role r that u may assume, and
// a function f with a version and an alias.
type refuser struct {
	*world
	iam       *iam.Client
	functions *lambda.Client
	drawn     int
	// policies are ARNs of managed policies.
	policies []string
}

func newRefuser(t *testing.T) *refuser {
	s := &scenario{file: "refusals", files: map[string]string{
		"trust.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + first + `","Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		"all.json":   `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	}, given: parseLines("organization\nuser u\nuser caller\nattach caller all.json\ngroup g\nrole r trust trust.json\nfunction f role r\nversion f\nalias f:prod 1")}
	r := &refuser{world: buildWorld(t, s)}
	r.iam, r.functions = iam.NewFromConfig(r.sdk("root")), lambda.NewFromConfig(r.sdk("root"))
	for range 11 {
		out, err := r.iam.CreatePolicy(context.Background(), &iam.CreatePolicyInput{PolicyName: r.draw("ready"), PolicyDocument: aws.String(s.files["all.json"])})
		if err != nil {
			t.Fatal(err)
		}
		r.policies = append(r.policies, *out.Policy.Arn)
	}
	return r
}

// draw makes a name nobody has.
func (r *refuser) draw(kind string) *string {
	r.drawn++
	return aws.String(fmt.Sprintf("%s%d", kind, r.drawn))
}

// Frames are documents that filled makes long.
const (
	identityFrame = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s"}]}`
	trustFrame    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + first + `"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"%s"}}}]}`
)

// filled is a document of so many characters.
func filled(frame string, size int) string {
	return fmt.Sprintf(frame, strings.Repeat("x", size-len(frame)+len("%s")))
}

func spaces(n int) string { return strings.Repeat(" ", n) }

func (r *refuser) managed(document string) error {
	_, err := r.iam.CreatePolicy(context.Background(), &iam.CreatePolicyInput{PolicyName: r.draw("p"), PolicyDocument: &document})
	return err
}

func (r *refuser) rolePolicy(document string) error {
	_, err := r.iam.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: &document})
	return err
}

func (r *refuser) userPolicy(document string) error {
	_, err := r.iam.PutUserPolicy(context.Background(), &iam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: &document})
	return err
}

func (r *refuser) groupPolicy(document string) error {
	_, err := r.iam.PutGroupPolicy(context.Background(), &iam.PutGroupPolicyInput{GroupName: aws.String("g"), PolicyName: aws.String("p"), PolicyDocument: &document})
	return err
}

// trust makes a role with a trust policy and, when that is refused, says
// whether changing the policy of one that is there is refused alike.
func (r *refuser) trust(document string) error {
	_, err := r.iam.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: r.draw("role"), AssumeRolePolicyDocument: &document})
	_, again := r.iam.UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{RoleName: r.anyRole(), PolicyDocument: &document})
	if (err == nil) != (again == nil) {
		return fmt.Errorf("making a role: %w, changing it: %w", err, again)
	}
	if err != nil {
		_, code, message := saidOf(r.t, err)
		if _, other, text := saidOf(r.t, again); code != other || message != text {
			return fmt.Errorf("refused with %s %q, and on a change with %s %q", code, message, other, text)
		}
	}
	return err
}

// anyRole is a role whose trust policy nothing else needs.
func (r *refuser) anyRole() *string {
	name := r.draw("spare")
	if _, err := r.iam.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(r.text("trust.json"))}); err != nil {
		r.t.Fatal(err)
	}
	return name
}

func (r *refuser) attachARN(arn string) error {
	_, err := r.iam.AttachUserPolicy(context.Background(), &iam.AttachUserPolicyInput{UserName: aws.String("u"), PolicyArn: &arn})
	return err
}

// attach attaches n managed policies to a user.
func (r *refuser) attach(n int) (err error) {
	for _, arn := range r.policies[:n] {
		if err = r.attachARN(arn); err != nil {
			return err
		}
	}
	return nil
}

func (r *refuser) getPolicy(arn string) error {
	_, err := r.iam.GetPolicy(context.Background(), &iam.GetPolicyInput{PolicyArn: &arn})
	return err
}

func (r *refuser) sixthVersion() (err error) {
	for range 5 {
		if err == nil {
			_, err = r.iam.CreatePolicyVersion(context.Background(), &iam.CreatePolicyVersionInput{PolicyArn: &r.policies[0], PolicyDocument: aws.String(r.text("all.json"))})
		}
	}
	return err
}

func (r *refuser) thirdKey() (err error) {
	// The user has a key already.
	for range 2 {
		if err == nil {
			_, err = r.iam.CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{UserName: aws.String("u")})
		}
	}
	return err
}

func (r *refuser) eleventhGroup() error {
	for range 11 {
		name := r.draw("group")
		if _, err := r.iam.CreateGroup(context.Background(), &iam.CreateGroupInput{GroupName: name}); err != nil {
			return err
		}
		if _, err := r.iam.AddUserToGroup(context.Background(), &iam.AddUserToGroupInput{GroupName: name, UserName: aws.String("u")}); err != nil {
			return err
		}
	}
	return nil
}

// session assumes role r with session policies.
func (r *refuser) session(document string, managed int) error {
	in := &sts.AssumeRoleInput{RoleArn: aws.String(r.model.arn("role/r")), RoleSessionName: aws.String("session")}
	if document != "" {
		in.Policy = &document
	}
	for i := range managed {
		in.PolicyArns = append(in.PolicyArns, ststypes.PolicyDescriptorType{Arn: &r.policies[i]})
	}
	_, err := sts.NewFromConfig(r.sdk("caller")).AssumeRole(context.Background(), in)
	return err
}

// control makes a control policy.
func (r *refuser) control(kind, document string) error {
	keys, _ := r.server.RootCredentials(first)
	c, _ := r.server.set.Bus.Credential(keys.AccessKeyID, "")
	_, err := op.Do(context.Background(), r.server.set.Bus, op.As{Caller: c.Caller, Region: "us-east-1"}, orgapi.CreatePolicy,
		&orgapi.CreatePolicyRequest{Type: &kind, Name: r.draw("control"), Description: aws.String(""), Content: &document})
	return err
}

// permission is an AddPermission request for function f, sound but for what
// change does.
func (r *refuser) permission(change func(*lambda.AddPermissionInput)) error {
	in := &lambda.AddPermissionInput{FunctionName: aws.String("f"), StatementId: r.draw("s"), Principal: aws.String("s3.amazonaws.com"), Action: aws.String("lambda:InvokeFunction")}
	change(in)
	_, err := r.functions.AddPermission(context.Background(), in)
	return err
}

func (r *refuser) removal(name, sid string) error {
	_, err := r.functions.RemovePermission(context.Background(), &lambda.RemovePermissionInput{FunctionName: &name, StatementId: &sid})
	return err
}

// functionRefusals: the policy of a function is made of statements that
// AddPermission writes; section 6 of the facts about it has the texts.
func functionRefusals() []refusal {
	function := "arn:aws:lambda:us-east-1:" + first + ":function:"
	add := func(name string, status int, code, message string, change func(*lambda.AddPermissionInput)) refusal {
		return refusal{"function: " + name, func(r *refuser) error { return r.permission(change) }, status, code, message}
	}
	to := func(name string) func(*lambda.AddPermissionInput) {
		return func(in *lambda.AddPermissionInput) { in.FunctionName = &name }
	}
	principal := func(name, principal, message string) refusal {
		return add(name, 400, "InvalidParameterValueException", message, func(in *lambda.AddPermissionInput) { in.Principal = &principal })
	}
	remove := func(name, function, sid, message string) refusal {
		return refusal{"function: " + name, func(r *refuser) error { return r.removal(function, sid) }, 404, "ResourceNotFoundException", message}
	}
	const none = "The provided principal was invalid. Please check the principal and try again."
	user := "arn:aws:iam::" + first + ":user/"
	pattern := "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: "
	return []refusal{
		principal("a user that does not exist", user+"nobody", none),
		principal("no principal at all", "somebody", none),
		principal("a service that is none", "invalid.nonaws.com", none),
		principal("an ARN of no form", user+"a*", `The provided input'`+user+`a*'was invalid. Member must satisfy expression: [\w+=,.@-]* Please check your input and try again.`),
		add("a statement id with a blank", 400, "ValidationException", fmt.Sprintf(pattern, "a b", "statementId")+`([a-zA-Z0-9-_]+)`, func(in *lambda.AddPermissionInput) { in.StatementId = aws.String("a b") }),
		add("a qualifier with a blank", 400, "ValidationException", fmt.Sprintf(pattern, "a b", "qualifier")+`\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`, func(in *lambda.AddPermissionInput) { in.Qualifier = aws.String("a b") }),
		add("no function", 404, "ResourceNotFoundException", "Function not found: "+function+"none", to("none")),
		add("no version", 404, "ResourceNotFoundException", "Function not found: "+function+"f:42", to("f:42")),
		add("no alias", 404, "ResourceNotFoundException", "Cannot find alias arn: "+function+"f:none", to("f:none")),
		add("a qualifier of no form", 404, "ResourceNotFoundException", "Function not found: "+function+"f:a$b",
			func(in *lambda.AddPermissionInput) { in.Qualifier = aws.String("a$b") }),
		add("$LATEST", 400, "InvalidParameterValueException", "We currently do not support adding policies for $LATEST.", to("f:$LATEST")),
		add("two qualifiers", 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.",
			func(in *lambda.AddPermissionInput) {
				in.FunctionName, in.Qualifier = aws.String("f:1"), aws.String("prod")
			}),
		add("the type of a URL for another action", 400, "InvalidParameterValueException", "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
			func(in *lambda.AddPermissionInput) { in.FunctionUrlAuthType = lambdatypes.FunctionUrlAuthTypeNone }),
		add("through a URL, for another action", 400, "InvalidParameterValueException", "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action",
			func(in *lambda.AddPermissionInput) {
				in.Action, in.InvokedViaFunctionUrl = aws.String("lambda:GetFunction"), aws.Bool(true)
			}),
		add("another region", 404, "ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')", to(strings.Replace(function, "us-east-1", "eu-west-1", 1)+"f")),
		remove("removing from no function", "none", "s", "No policy found for: "+function+"none"),
		remove("removing from no alias", "f:none", "s", "Cannot find alias arn: "+function+"f:none"),
		remove("removing without a policy", "f:1", "s", "No policy is associated with the given resource."),
		{"function: a statement id twice", func(r *refuser) error {
			twice := func(in *lambda.AddPermissionInput) { in.StatementId = aws.String("twice") }
			if err := r.permission(twice); err != nil {
				return err
			}
			return r.permission(twice)
		}, 409, "ResourceConflictException", "The statement id (twice) provided already exists. Please provide a new statement id, or remove the existing statement."},
		remove("removing a statement that is not there", "f", "none", "Statement none is not found in resource policy."),
		add("an old revision", 412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id",
			func(in *lambda.AddPermissionInput) {
				in.RevisionId = aws.String("00000000-0000-0000-0000-000000000000")
			}),
		{"function: no policy", func(r *refuser) error {
			_, err := r.functions.GetPolicy(context.Background(), &lambda.GetPolicyInput{FunctionName: aws.String("f:prod")})
			return err
		}, 404, "ResourceNotFoundException", "The resource you requested does not exist."},
		{"function: a policy of more than 20,480 bytes", (*refuser).fillPolicy, 400, "PolicyLengthExceededException", ""},
		{"function: another account's", func(r *refuser) error {
			r.signers["stranger"] = r.signers["root@2"]
			_, err := lambda.NewFromConfig(r.sdk("stranger")).AddPermission(context.Background(), &lambda.AddPermissionInput{
				FunctionName: aws.String(function + "f"), StatementId: aws.String("s"), Principal: aws.String("s3.amazonaws.com"), Action: aws.String("lambda:InvokeFunction")})
			return err
		}, 403, "AccessDeniedException", ""},
	}
}

// fillPolicy adds statements until one is refused.
func (r *refuser) fillPolicy() (err error) {
	for range 100 {
		if err == nil {
			err = r.permission(func(in *lambda.AddPermissionInput) {
				in.SourceArn = aws.String("arn:aws:s3:::" + strings.Repeat("b", 200))
			})
		}
	}
	return err
}
