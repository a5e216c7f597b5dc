package sallyport

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// TestALayerOfAnotherAccount: its owner lends it to an account, to an organization
// and to everybody, and takes it back from under a function that has it.
func TestALayerOfAnotherAccount(t *testing.T) {
	s := startAt(t, t.TempDir())
	ctx := context.Background()
	organization := organizationCall(t, s, orgapi.CreateOrganization, &orgapi.CreateOrganizationRequest{}).Organization
	member := makeMember(t, s, "member")
	owner := lambda.NewFromConfig(rootKey(t, s, first).config(s))
	published, err := owner.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: aws.String("shared"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: zipped(t, "python/lent.py", "value = 'lent'")},
	})
	if err != nil {
		t.Fatal(err)
	}
	layer := *published.LayerVersionArn
	u := newBorrower(t, s, member, layer)

	denied := func(when, why string, explanation ...string) {
		t.Helper()
		want := "User: arn:aws:iam::" + member + ":user/u is not authorized to perform: lambda:GetLayerVersion on resource: " + layer + why
		for what, err := range map[string]error{"create": u.create("refused"), "update": u.update(), "get": u.get()} {
			var e smithy.APIError
			if !errors.As(err, &e) || e.ErrorCode() != "AccessDeniedException" || e.ErrorMessage() != want {
				t.Errorf("%s, %s: %v\nwant %s", when, what, err, want)
			}
		}
		_ = u.create("refused") // the last request, and no other
		explained := rootCall(t, s, member, sallyportapi.ExplainDecision, &sallyportapi.ExplainDecisionRequest{RequestId: aws.String("last")}).Decisions
		last := explained[len(explained)-1]
		for _, part := range append(explanation, "DENIED  lambda:GetLayerVersion", "on       "+layer) {
			if !strings.Contains(last.GetText(), part) {
				t.Errorf("%s: the explanation lacks %q:\n%s", when, part, last.GetText())
			}
		}
	}
	const (
		nobody  = " because no resource-based policy allows the lambda:GetLayerVersion action"
		unable  = " because no identity-based policy allows the lambda:GetLayerVersion action"
		nothing = "resource-based policy: nothing allows it"
	)
	lent := "aws lambda add-layer-version-permission --layer-name shared --version-number 1 --statement-id Allow-" + member
	lend := func(sid, principal string, organization *string) {
		t.Helper()
		if _, err := owner.AddLayerVersionPermission(ctx, &lambda.AddLayerVersionPermissionInput{
			LayerName: aws.String("shared"), VersionNumber: aws.Int64(1), StatementId: &sid, Action: aws.String("lambda:GetLayerVersion"), Principal: &principal, OrganizationId: organization,
		}); err != nil {
			t.Fatal(err)
		}
	}
	take := func(sid string) {
		t.Helper()
		if _, err := owner.RemoveLayerVersionPermission(ctx, &lambda.RemoveLayerVersionPermissionInput{LayerName: aws.String("shared"), VersionNumber: aws.Int64(1), StatementId: &sid}); err != nil {
			t.Fatal(err)
		}
	}
	borrowed := func(name string) {
		t.Helper()
		for what, err := range map[string]error{"create": u.create(name), "update": u.update(), "get": u.get()} {
			if err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		u.answers(name)
	}

	denied("nobody was let in", nobody, "resource-based policy: there is none", lent)
	lend("other", "123456789012", nil)
	denied("another account was let in", nobody, nothing, "(other): would allow it, but for", lent)

	lend("account", member, nil)
	u.may(false) // both sides have to allow it
	denied("the user has no right of its own", unable, "identity-based policies: nothing allows it")
	u.may(true)
	borrowed("by-account")

	take("account")
	denied("the right was taken back", nobody, nothing, lent)
	u.answers("by-account")

	lend("elsewhere", "*", aws.String("o-aaaaaaaaaa"))
	denied("another organization was let in", nobody, nothing, "(elsewhere): would allow it, but for", "aws:PrincipalOrgID", lent)
	lend("organization", "*", organization.Id)
	borrowed("by-organization")
	take("organization")
	denied("the organization was put out", nobody, nothing, lent)
	u.answers("by-organization")

	lend("public", "*", nil)
	borrowed("public")
	if _, err := owner.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String("shared"), VersionNumber: aws.Int64(1)}); err != nil {
		t.Fatal(err)
	}
	denied("the layer is gone, and its policy with it", nobody, "resource-based policy: there is none")
	for _, name := range []string{"by-account", "by-organization", "public"} {
		u.answers(name)
	}
}

// borrower is a user of one account who makes functions with another one's layer.
type borrower struct {
	*testing.T
	functions *lambda.Client
	users     *iam.Client
	role      string
	layer     string
}

func newBorrower(t *testing.T, s *Server, account, layer string) *borrower {
	t.Helper()
	ctx, users := context.Background(), iam.NewFromConfig(rootKey(t, s, account).config(s))
	role, err := users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err == nil {
		_, err = users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
	}
	if err != nil {
		t.Fatal(err)
	}
	made, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("u")})
	if err != nil {
		t.Fatal(err)
	}
	u := &borrower{t, lambda.NewFromConfig(key{*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey}.config(s)), users, *role.Role.Arn, layer}
	u.may(true)
	if err := u.make("own", nil); err != nil {
		t.Fatal(err)
	}
	return u
}

// may gives the user every right to functions, and to layers or not.
func (u *borrower) may(layers bool) {
	u.Helper()
	statements := `{"Effect":"Allow","NotAction":"lambda:GetLayerVersion","Resource":"*"}`
	if layers {
		statements += `,{"Effect":"Allow","Action":"lambda:GetLayerVersion","Resource":"` + u.layer + `"}`
	}
	if _, err := u.users.PutUserPolicy(context.Background(), &iam.PutUserPolicyInput{
		UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`),
	}); err != nil {
		u.Fatal(err)
	}
}

func (u *borrower) make(name string, layers []string) error {
	_, err := u.functions.CreateFunction(context.Background(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &u.role, Handler: aws.String("main.handler"), Runtime: lambdatypes.RuntimePython312, Layers: layers, Timeout: aws.Int32(30),
		Code: &lambdatypes.FunctionCode{ZipFile: zipped(u, "main.py", "import lent\ndef handler(event, context):\n    return lent.value\n")},
	})
	return err
}

func (u *borrower) create(name string) error { return u.make(name, []string{u.layer}) }

func (u *borrower) update() error {
	u.Helper()
	u.settled("own")
	_, err := u.functions.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("own"), Layers: []string{u.layer}})
	return err
}

func (u *borrower) get() error {
	_, err := u.functions.GetLayerVersionByArn(context.Background(), &lambda.GetLayerVersionByArnInput{Arn: &u.layer})
	return err
}

func (u *borrower) settled(name string) {
	u.Helper()
	if err := lambda.NewFunctionUpdatedV2Waiter(u.functions, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 5*time.Millisecond, 20*time.Millisecond
	}).Wait(context.Background(), &lambda.GetFunctionInput{FunctionName: &name}, 10*time.Second); err != nil {
		u.Fatal(err)
	}
}

// answers wants what only the layer knows, from a new environment.
func (u *borrower) answers(name string) {
	u.Helper()
	u.settled(name)
	if _, err := u.functions.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Description: aws.String(time.Now().String())}); err != nil {
		u.Fatal(err)
	}
	u.settled(name)
	out, err := u.functions.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: &name})
	if err != nil || string(out.Payload) != `"lent"` {
		u.Errorf("%s: %+v, %v", name, out, err)
	}
}

// zipped is a zip of one file.
func zipped(t testing.TB, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
