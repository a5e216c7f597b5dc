package kms_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	functionARN  = "arn:aws:lambda:us-east-1:" + here + ":function:f"
	unconfigured = "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: "
	undecrypted  = "Lambda was unable to decrypt the environment variables because "
	checkKey     = ". Please check the function's KMS key settings."
)

// role is the ARN of a role that Lambda may assume, and that may do nothing.
func (w *world) role(name string) *string {
	w.Helper()
	return got(w, iam.NewFromConfig(w.people[here]).CreateRole, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}).Role.Arn
}

func (w *world) function(role, key *string) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), Role: role, Runtime: "python3.11", Handler: aws.String("main.handler"), KMSKeyArn: key,
		Code:        &lambdatypes.FunctionCode{ZipFile: zipOf(w, "import os\ndef handler(event, context):\n    return os.environ['SECRET']\n")},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"SECRET": "the variable nobody reads"}},
	}
}

// settle waits until the last change is over.
func (w *world) settle() {
	w.Helper()
	if err := lambda.NewFunctionUpdatedV2Waiter(w.lambda(here), func(o *lambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = 10 * time.Millisecond }).Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")}, time.Minute); err != nil {
		w.Fatal(err)
	}
}

// cold ends the warm environments by a change that needs no key.
func (w *world) cold() {
	w.Helper()
	got(w, w.lambda(here).UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Description: aws.String("new")})
	w.settle()
}

func (w *world) works() {
	w.Helper()
	out := got(w, w.lambda(here).Invoke, &lambda.InvokeInput{FunctionName: aws.String("f")})
	if string(out.Payload) != `"the variable nobody reads"` {
		w.Errorf("the function answers %s", out.Payload)
	}
}

func (w *world) grants(key *string) []string {
	w.Helper()
	var ids []string
	for _, g := range got(w, w.kms(here).ListGrants, &kms.ListGrantsInput{KeyId: key}).Grants {
		ids = append(ids, *g.GrantId)
	}
	return ids
}

var invoke = &lambda.InvokeInput{FunctionName: aws.String("f")}

// TestWhoMaySetAFunctionsKey, and see what it encrypts.
func TestWhoMaySetAFunctionsKey(t *testing.T) {
	w := open(t)
	role, key := w.role("r"), w.key(account)
	lambdas, pass := allow("lambda:*"), allow("iam:PassRole")
	w.user(here, "dev", lambdas, pass)
	c := w.lambda("dev")
	refused(t, c.CreateFunction, w.function(role, key), "InvalidParameterValueException", unconfigured+"AccessDeniedException KMS Message: "+noIdentity("dev", "CreateGrant", *key))
	w.may(here, "dev", lambdas, pass, allow("kms:CreateGrant"))
	refused(t, c.CreateFunction, w.function(role, key), "InvalidParameterValueException",
		"Lambda was unable to configure access to your environment variables because the KMS key is invalid for Encrypt. Please check your KMS key settings. KMS Exception: AccessDeniedException KMS Message: "+noIdentity("dev", "Encrypt", *key))
	if left := w.grants(key); len(left) != 0 {
		t.Errorf("a refused function leaves grants: %v", left)
	}
	through := `{"Effect":"Allow","Action":["kms:Encrypt","kms:CreateGrant"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"lambda.us-east-1.amazonaws.com","kms:EncryptionContext:aws:lambda:FunctionArn":"` + functionARN + `"}}}`
	w.may(here, "dev", lambdas, pass, through)
	out := got(t, c.CreateFunction, w.function(role, key))
	w.settle()
	hidden := "Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: AccessDeniedException KMS Message: " + noIdentity("dev", "Decrypt", *key)
	if e := out.Environment; e == nil || e.Error == nil || e.Variables != nil || *e.Error.ErrorCode != "AccessDeniedException" || *e.Error.Message != hidden {
		t.Errorf("who may not decrypt is shown %+v", e)
	}
	get := func() *lambdatypes.EnvironmentResponse {
		return got(t, c.GetFunction, &lambda.GetFunctionInput{FunctionName: aws.String("f")}).Configuration.Environment
	}
	if e := get(); e.Error == nil || e.Variables != nil {
		t.Errorf("who may not decrypt is shown %+v", e)
	}
	w.may(here, "dev", lambdas, pass, through, allow("kms:Decrypt"))
	if e := get(); e.Error != nil || e.Variables["SECRET"] == "" {
		t.Errorf("who may decrypt is shown %+v", e)
	}
	w.works()
	missing := keys + nowhere
	refused(t, w.lambda(here).UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), KMSKeyArn: &missing},
		"InvalidParameterValueException", unconfigured+"NotFoundException KMS Message: Key '"+missing+"' does not exist")
}

// TestNewEnvironmentsDecrypt, under the grant of the role; warm ones do not.
func TestNewEnvironmentsDecrypt(t *testing.T) {
	w := open(t)
	role, key := w.role("r"), w.key(account)
	c, k := w.lambda(here), w.kms(here)
	got(t, c.CreateFunction, w.function(role, key))
	w.settle()
	w.works()

	got(t, k.DisableKey, &kms.DisableKeyInput{KeyId: key})
	w.works() // it is warm
	w.cold()
	refused(t, c.Invoke, invoke, "KMSDisabledException", undecrypted+"the KMS key used is disabled"+checkKey)
	got(t, k.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: key})
	refused(t, c.Invoke, invoke, "KMSInvalidStateException", undecrypted+"the state of the KMS key used is not valid for Decrypt"+checkKey)
	got(t, k.CancelKeyDeletion, &kms.CancelKeyDeletionInput{KeyId: key})
	got(t, k.EnableKey, &kms.EnableKeyInput{KeyId: key})
	w.works()

	for _, id := range w.grants(key) {
		got(t, k.RevokeGrant, &kms.RevokeGrantInput{KeyId: key, GrantId: &id})
	}
	w.works() // it is warm
	w.cold()
	denied := undecrypted + "KMS access was denied" + checkKey + " KMS Exception: AccessDeniedExceptionKMS Message: " +
		"User: arn:aws:sts::" + here + ":assumed-role/r/f@lambda_function is not authorized to perform: kms:Decrypt on resource: " + *key + " because no identity-based policy allows the kms:Decrypt action"
	refused(t, c.Invoke, invoke, "KMSAccessDeniedException", denied)
	// An Allow that only the function itself satisfies does not help Lambda.
	i := iam.NewFromConfig(w.people[here])
	may := func(condition string) {
		got(t, i.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			document(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"` + condition + `}`))})
	}
	may(`,"Condition":{"ArnEquals":{"lambda:SourceFunctionArn":"` + functionARN + `"}}`)
	refused(t, c.Invoke, invoke, "KMSAccessDeniedException", denied)
	may("")
	w.works()
}

// TestARoleMadeAnewHasNoGrant, until it is given to the function again.
func TestARoleMadeAnewHasNoGrant(t *testing.T) {
	w := open(t)
	role, key := w.role("r"), w.key(account)
	c, i := w.lambda(here), iam.NewFromConfig(w.people[here])
	got(t, c.CreateFunction, w.function(role, key))
	w.settle()
	w.works()
	got(t, i.DeleteRole, &iam.DeleteRoleInput{RoleName: aws.String("r")})
	w.role("r")
	w.cold()
	refused(t, c.Invoke, invoke, "KMSAccessDeniedException", undecrypted+"KMS access was denied"+checkKey+" KMS Exception: AccessDeniedExceptionKMS Message: "+
		"User: arn:aws:sts::"+here+":assumed-role/r/f@lambda_function is not authorized to perform: kms:Decrypt on resource: "+*key+" because no identity-based policy allows the kms:Decrypt action")
	got(t, c.UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Role: role})
	w.settle()
	w.works()
}

// TestGrantsGoWithTheirVersions, and keys can be changed and taken away.
func TestGrantsGoWithTheirVersions(t *testing.T) {
	w := open(t)
	role, one, two := w.role("r"), w.key(), w.key()
	c := w.lambda(here)
	f := aws.String("f")
	got(t, c.CreateFunction, w.function(role, one))
	w.settle()
	first := got(t, c.PublishVersion, &lambda.PublishVersionInput{FunctionName: f})
	if again := got(t, c.PublishVersion, &lambda.PublishVersionInput{FunctionName: f}); *again.Version != *first.Version {
		t.Error("the same is published twice")
	}
	got(t, c.UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationInput{FunctionName: f, KMSKeyArn: two})
	w.settle()
	w.works()
	if a, b := len(w.grants(one)), len(w.grants(two)); a != 1 || b != 1 {
		t.Errorf("version 1 and $LATEST have %d and %d grants", a, b)
	}
	out := got(t, c.UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationInput{FunctionName: f, KMSKeyArn: aws.String("")})
	if out.KMSKeyArn != nil || out.Environment == nil || out.Environment.Variables["SECRET"] == "" {
		t.Errorf("without a key: %v, %+v", out.KMSKeyArn, out.Environment)
	}
	w.settle()
	w.works()
	if got := len(w.grants(two)); got != 0 {
		t.Errorf("a key that no version has keeps %d grants", got)
	}
	if out := got(t, c.Invoke, &lambda.InvokeInput{FunctionName: f, Qualifier: first.Version}); string(out.Payload) != `"the variable nobody reads"` {
		t.Errorf("version 1 answers %s", out.Payload)
	}
	got(t, c.DeleteFunction, &lambda.DeleteFunctionInput{FunctionName: f})
	if left := len(w.grants(one)); left != 0 {
		t.Errorf("a function that is gone keeps %d grants", left)
	}
}

// TestAFunctionUnderAKeyOfAnotherAccount: the key's policy, and the identity policies
// of the function's account, the role's too.
func TestAFunctionUnderAKeyOfAnotherAccount(t *testing.T) {
	w := open(t)
	role := w.role("r")
	shut := got(t, w.kms(there).CreateKey, &kms.CreateKeyInput{}).KeyMetadata.Arn
	refused(t, w.lambda(here).CreateFunction, w.function(role, shut), "InvalidParameterValueException", unconfigured+"AccessDeniedException KMS Message: "+
		"User: arn:aws:iam::"+here+":root is not authorized to perform: kms:CreateGrant on resource: "+*shut+" because no resource-based policy allows the kms:CreateGrant action")
	shared := got(t, w.kms(there).CreateKey, &kms.CreateKeyInput{Policy: aws.String(document(allowing("arn:aws:iam::"+there+":root", "kms:*"), allowing("arn:aws:iam::"+here+":root", "kms:*")))}).KeyMetadata.Arn
	got(t, w.lambda(here).CreateFunction, w.function(role, shared))
	w.settle()
	refused(t, w.lambda(here).Invoke, invoke, "KMSAccessDeniedException", undecrypted+"KMS access was denied"+checkKey+" KMS Exception: AccessDeniedExceptionKMS Message: "+
		"User: arn:aws:sts::"+here+":assumed-role/r/f@lambda_function is not authorized to perform: kms:Decrypt on resource: "+*shared+" because no identity-based policy allows the kms:Decrypt action")
	got(t, iam.NewFromConfig(w.people[here]).PutRolePolicy, &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"), PolicyDocument: aws.String(document(allow("kms:Decrypt")))})
	w.works()
}

// TestAFunctionUnderTheKeyOfLambda needs nobody's right to the key: whoever may use
// Lambda is let in by its policy, through Lambda.
func TestAFunctionUnderTheKeyOfLambda(t *testing.T) {
	w := open(t)
	role := w.role("r")
	key := got(t, w.kms(here).DescribeKey, &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/lambda")}).KeyMetadata.Arn
	w.user(here, "dev", allow("lambda:*"), allow("iam:PassRole"))
	out := got(t, w.lambda("dev").CreateFunction, w.function(role, key))
	if out.Environment == nil || out.Environment.Variables["SECRET"] == "" {
		t.Errorf("shown: %+v", out.Environment)
	}
	w.settle()
	w.works()
}

// TestVariablesStandNowhereInTheClear: with a customer's key or without, in no file
// of the data directory.
func TestVariablesStandNowhereInTheClear(t *testing.T) {
	w := open(t)
	role := w.role("r")
	for name, key := range map[string]*string{"f": nil, "g": w.key()} {
		in := w.function(role, key)
		in.FunctionName = &name
		in.Publish = true
		got(t, w.lambda(here).CreateFunction, in)
	}
	w.settle()
	w.stop()
	files := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte("nobody reads")) {
			t.Errorf("%s holds a variable", path)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files, %v", files, err)
	}
	w.start()
	w.works()
}
