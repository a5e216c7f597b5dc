package kms_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

const (
	here  = "111111111111"
	there = "222222222222"
	keys  = "arn:aws:kms:us-east-1:" + here + ":key/"
)

var ctx = context.Background()

// world is a server, spoken to by the real SDK.
type world struct {
	testing.TB
	server *sallyport.Server
	dir    string
	people map[string]aws.Config
}

func open(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, dir: t.TempDir(), people: map[string]aws.Config{}}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.Helper()
	server, err := sallyport.New(sallyport.Config{Accounts: []string{here, there}, DataDir: w.dir})
	if err != nil {
		w.Fatal(err)
	}
	w.server = server
	for _, account := range []string{here, there} {
		c, _ := server.RootCredentials(account)
		w.people[account] = w.config(c.AccessKeyID, c.SecretAccessKey)
	}
}

func (w *world) stop() {
	w.Helper()
	if err := w.server.Close(); err != nil {
		w.Error(err)
	}
}

func (w *world) config(key, secret string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(w.server.Endpoint()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	}
}

// user is a user of an account with one policy, or none.
func (w *world) user(account, name string, statements ...string) {
	w.Helper()
	c := iam.NewFromConfig(w.people[account])
	got(w, c.CreateUser, &iam.CreateUserInput{UserName: &name})
	key := got(w, c.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: &name}).AccessKey
	w.people[name] = w.config(*key.AccessKeyId, *key.SecretAccessKey)
	w.may(account, name, statements...)
}

func (w *world) may(account, name string, statements ...string) {
	w.Helper()
	if len(statements) > 0 {
		got(w, iam.NewFromConfig(w.people[account]).PutUserPolicy, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(document(statements...))})
	}
}

// kms and lambda are clients that sign as somebody: a user, or the root of an account.
func (w *world) kms(who string) *kms.Client       { return kms.NewFromConfig(w.people[who]) }
func (w *world) lambda(who string) *lambda.Client { return lambda.NewFromConfig(w.people[who]) }

func userARN(name string) string { return "arn:aws:iam::" + here + ":user/" + name }

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func allow(action string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"*"}`
}

func allowing(principal, action string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"` + action + `","Resource":"*"}`
}

const (
	admins  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + here + `:root"},"Action":["kms:Put*","kms:Get*","kms:Describe*","kms:CreateGrant","kms:ListGrants","kms:RevokeGrant","kms:DisableKey","kms:EnableKey","kms:ScheduleKeyDeletion"],"Resource":"*"}`
	account = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + here + `:root"},"Action":"kms:*","Resource":"*"}`
)

// key is a new key of the root user's, with a policy of these statements or the
// default one; its ARN.
func (w *world) key(statements ...string) *string {
	w.Helper()
	in := &kms.CreateKeyInput{}
	if len(statements) > 0 {
		in.Policy = aws.String(document(statements...))
	}
	return got(w, w.kms(here).CreateKey, in).KeyMetadata.Arn
}

// got makes a call that has to succeed.
func got[In, Out, Option any](t testing.TB, call func(context.Context, *In, ...Option) (*Out, error), in *In) *Out {
	t.Helper()
	out, err := call(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refused makes a call that has to be refused, with this code and text.
func refused[In, Out, Option any](t testing.TB, call func(context.Context, *In, ...Option) (*Out, error), in *In, code, text string) {
	t.Helper()
	_, err := call(ctx, in)
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("want %s %q, got %v", code, text, err)
	}
	if e.ErrorCode() != code || e.ErrorMessage() != text {
		t.Errorf("got %s %q\nwant %s %q", e.ErrorCode(), e.ErrorMessage(), code, text)
	}
}

func noIdentity(who, action, arn string) string {
	return "User: " + userARN(who) + " is not authorized to perform: kms:" + action + " on resource: " + arn + " because no identity-based policy allows the kms:" + action + " action"
}

func noResource(who, action, arn string) string {
	return "User: " + userARN(who) + " is not authorized to perform: kms:" + action + " on resource: " + arn + " because no resource-based policy allows the kms:" + action + " action"
}

func ciphertextDenied(who, action string) string {
	return "User: " + who + " is not authorized to perform: kms:" + action + " on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
}

func encrypt(key *string, context map[string]string) *kms.EncryptInput {
	return &kms.EncryptInput{KeyId: key, Plaintext: []byte("hello"), EncryptionContext: context}
}

func decrypt(blob []byte, context map[string]string) *kms.DecryptInput {
	return &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context}
}

func decryptGrant(key *string, grantee string, subset, equals map[string]string) *kms.CreateGrantInput {
	in := &kms.CreateGrantInput{KeyId: key, GranteePrincipal: &grantee, Operations: []types.GrantOperation{"Decrypt"}}
	if subset != nil || equals != nil {
		in.Constraints = &types.GrantConstraints{EncryptionContextSubset: subset, EncryptionContextEquals: equals}
	}
	return in
}

func zipOf(t testing.TB, source string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte(source))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
