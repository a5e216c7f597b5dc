package lambda

import (
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
)

const profile = "arn:aws:signer:us-east-1:" + here + ":/signing-profiles/test/abcdefghij"

// signing makes a code signing configuration and gives its ARN.
func (w *world) signing(policy string) string {
	w.Helper()
	out := must(w, lambdaapi.CreateCodeSigningConfig, &lambdaapi.CreateCodeSigningConfigRequest{
		Description: ptr("of a test"), AllowedPublishers: &lambdaapi.AllowedPublishers{SigningProfileVersionArns: []string{profile}},
		CodeSigningPolicies: &lambdaapi.CodeSigningPolicies{UntrustedArtifactOnDeployment: &policy},
	})
	return *out.CodeSigningConfig.CodeSigningConfigArn
}

const noCSC = "arn:aws:lambda:us-east-1:" + here + ":code-signing-config:csc-0123456789abcdefg"

const unverified = "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for "

func TestEnforceLetsNoUnsignedCodeInAndWarnAll(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	csc := w.signing("Enforce")
	in := newRequest(t, "f", role, echo)
	in.CodeSigningConfigArn = &csc
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	refused(t, err, 400, "CodeVerificationFailedException", unverified+"f.")
	if w.lambda.functions.Get(ref{account: here, region: region, name: "f"}.key()) != nil {
		t.Error("a function was left")
	}
	must(w, lambdaapi.UpdateCodeSigningConfig, &lambdaapi.UpdateCodeSigningConfigRequest{
		CodeSigningConfigArn: &csc, CodeSigningPolicies: &lambdaapi.CodeSigningPolicies{UntrustedArtifactOnDeployment: ptr("Warn")},
	})
	must(w, lambdaapi.CreateFunction, in)
	w.settled("f")
	update := &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, echo+"#\n")}
	must(w, lambdaapi.UpdateFunctionCode, update)
	w.settled("f")
	got := must(w, lambdaapi.GetFunctionCodeSigningConfig, &lambdaapi.GetFunctionCodeSigningConfigRequest{FunctionName: ptr("f")})
	if got.GetCodeSigningConfigArn() != csc || got.GetFunctionName() != "f" {
		t.Errorf("got %+v", got)
	}
	must(w, lambdaapi.UpdateCodeSigningConfig, &lambdaapi.UpdateCodeSigningConfigRequest{
		CodeSigningConfigArn: &csc, CodeSigningPolicies: &lambdaapi.CodeSigningPolicies{UntrustedArtifactOnDeployment: ptr("Enforce")},
	})
	for _, dry := range []bool{true, false} {
		update.DryRun = &dry
		_, err = call(w, root, lambdaapi.UpdateFunctionCode, update)
		refused(t, err, 400, "CodeVerificationFailedException", unverified+arnOf(here, "f")+".")
	}
	_, err = call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Layers: []string{w.layer("l", "python/m.py=1")}})
	refused(t, err, 400, "CodeVerificationFailedException", unverified+arnOf(here, "f")+".")
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(5))})
	w.settled("f")
	// What runs, runs on; and without the configuration new code comes in again.
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Error(err)
	}
	must(w, lambdaapi.DeleteFunctionCodeSigningConfig, &lambdaapi.DeleteFunctionCodeSigningConfigRequest{FunctionName: ptr("f")})
	update.DryRun = nil
	must(w, lambdaapi.UpdateFunctionCode, update)
}

func TestCodeSigningConfigsLiveAsLongAsAFunctionHasThem(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	w.function("g", echo)
	csc, other := w.signing("Warn"), w.signing("Warn")
	for _, name := range []string{"f", "g"} {
		must(w, lambdaapi.PutFunctionCodeSigningConfig, &lambdaapi.PutFunctionCodeSigningConfigRequest{FunctionName: &name, CodeSigningConfigArn: &csc})
	}
	list := must(w, lambdaapi.ListFunctionsByCodeSigningConfig, &lambdaapi.ListFunctionsByCodeSigningConfigRequest{CodeSigningConfigArn: &csc, MaxItems: ptr(int32(1))})
	if len(list.FunctionArns) != 1 || list.FunctionArns[0] != arnOf(here, "f") || list.NextMarker == nil {
		t.Errorf("got %+v", list)
	}
	list = must(w, lambdaapi.ListFunctionsByCodeSigningConfig, &lambdaapi.ListFunctionsByCodeSigningConfigRequest{CodeSigningConfigArn: &csc, Marker: list.NextMarker})
	if len(list.FunctionArns) != 1 || list.FunctionArns[0] != arnOf(here, "g") || list.NextMarker != nil {
		t.Errorf("got %+v", list)
	}
	_, err := call(w, root, lambdaapi.DeleteCodeSigningConfig, &lambdaapi.DeleteCodeSigningConfigRequest{CodeSigningConfigArn: &csc})
	refusedLike(t, err, 409, "ResourceConflictException", "is in use by the function "+arnOf(here, "f"))
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.DeleteFunctionCodeSigningConfig, &lambdaapi.DeleteFunctionCodeSigningConfigRequest{FunctionName: ptr("g")})
	must(w, lambdaapi.DeleteCodeSigningConfig, &lambdaapi.DeleteCodeSigningConfigRequest{CodeSigningConfigArn: &csc})
	all := must(w, lambdaapi.ListCodeSigningConfigs, &lambdaapi.ListCodeSigningConfigsRequest{})
	if len(all.CodeSigningConfigs) != 1 || *all.CodeSigningConfigs[0].CodeSigningConfigArn != other {
		t.Errorf("got %+v", all.CodeSigningConfigs)
	}
}

func TestCodeSigningRefusals(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	csc := w.signing("Enforce")
	const missing, none = "ResourceNotFoundException", "CodeSigningConfigNotFoundException"
	gone := "The Lambda code signing configuration " + noCSC + " can not be found."
	goneFor := "The code signing configuration cannot be found. Check that the provided configuration is not deleted: " + noCSC + "."
	_, err := call(w, root, lambdaapi.GetCodeSigningConfig, &lambdaapi.GetCodeSigningConfigRequest{CodeSigningConfigArn: ptr(noCSC)})
	refused(t, err, 404, missing, gone)
	_, err = call(w, root, lambdaapi.UpdateCodeSigningConfig, &lambdaapi.UpdateCodeSigningConfigRequest{CodeSigningConfigArn: ptr(noCSC)})
	refused(t, err, 404, missing, gone)
	_, err = call(w, root, lambdaapi.DeleteCodeSigningConfig, &lambdaapi.DeleteCodeSigningConfigRequest{CodeSigningConfigArn: ptr(noCSC)})
	refused(t, err, 404, missing, gone)
	_, err = call(w, root, lambdaapi.ListFunctionsByCodeSigningConfig, &lambdaapi.ListFunctionsByCodeSigningConfigRequest{CodeSigningConfigArn: ptr(noCSC)})
	refused(t, err, 404, missing, gone)
	put := func(function, arn string) error {
		_, err := call(w, root, lambdaapi.PutFunctionCodeSigningConfig, &lambdaapi.PutFunctionCodeSigningConfigRequest{FunctionName: &function, CodeSigningConfigArn: &arn})
		return err
	}
	refused(t, put("none", csc), 404, missing, "Function not found: "+arnOf(here, "none"))
	refused(t, put("f", noCSC), 404, none, goneFor)
	refused(t, put("none", noCSC), 404, none, goneFor)
	// A configuration of another account, or another region, is none for a function here.
	abroad, err := call(w, caller.Root(there, caller.Key{}), lambdaapi.CreateCodeSigningConfig, &lambdaapi.CreateCodeSigningConfigRequest{AllowedPublishers: &lambdaapi.AllowedPublishers{SigningProfileVersionArns: []string{profile}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, arn := range []string{*abroad.CodeSigningConfig.CodeSigningConfigArn, strings.Replace(csc, "us-east-1", "eu-west-1", 1)} {
		in := newRequest(t, "g", "arn:aws:iam::"+here+":role/f-role", echo)
		in.CodeSigningConfigArn = &arn
		_, err := call(w, root, lambdaapi.CreateFunction, in)
		refused(t, err, 404, none, "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "+arn+".")
	}
	_, err = call(w, root, lambdaapi.GetCodeSigningConfig, &lambdaapi.GetCodeSigningConfigRequest{CodeSigningConfigArn: abroad.CodeSigningConfig.CodeSigningConfigArn})
	refusedLike(t, err, 403, "AccessDeniedException", "because no resource-based policy allows")
	in := newRequest(t, "g", "arn:aws:iam::"+here+":role/f-role", echo)
	in.CodeSigningConfigArn = ptr(noCSC)
	_, err = call(w, root, lambdaapi.CreateFunction, in)
	refused(t, err, 404, none, goneFor)
	_, err = call(w, root, lambdaapi.GetFunctionCodeSigningConfig, &lambdaapi.GetFunctionCodeSigningConfigRequest{FunctionName: ptr("none")})
	refused(t, err, 404, missing, "Function not found: "+arnOf(here, "none"))
	_, err = call(w, root, lambdaapi.DeleteFunctionCodeSigningConfig, &lambdaapi.DeleteFunctionCodeSigningConfigRequest{FunctionName: ptr("none")})
	refused(t, err, 404, missing, "Function not found: "+arnOf(here, "none"))
	must(w, lambdaapi.DeleteFunctionCodeSigningConfig, &lambdaapi.DeleteFunctionCodeSigningConfigRequest{FunctionName: ptr("f")})
	got := must(w, lambdaapi.GetFunctionCodeSigningConfig, &lambdaapi.GetFunctionCodeSigningConfigRequest{FunctionName: ptr("f")})
	if got.CodeSigningConfigArn != nil || got.FunctionName != nil {
		t.Errorf("a function without one: %+v", got)
	}
}

func TestAFunctionIsGivenASigningConfigWithTheRightOnBoth(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	csc, other := w.signing("Warn"), w.signing("Warn")
	const action = "lambda:PutFunctionCodeSigningConfig"
	put := func(name string, statements ...string) error {
		_, err := call(w, w.user(here, name, statements...), lambdaapi.PutFunctionCodeSigningConfig, &lambdaapi.PutFunctionCodeSigningConfigRequest{FunctionName: ptr("f"), CodeSigningConfigArn: &csc})
		return err
	}
	refusedLike(t, put("functiononly", may(action, arnOf(here, "f"))), 403, "AccessDeniedException", "on resource: "+csc)
	refusedLike(t, put("signingonly", may(action, csc)), 403, "AccessDeniedException", "on resource: "+arnOf(here, "f"))
	if err := put("both", may(action, csc), may(action, arnOf(here, "f"))); err != nil {
		t.Error(err)
	}
	only := func(arn string) string {
		return statementOf("Allow", action, "*", `{"StringEquals":{"lambda:CodeSigningConfigArn":"`+arn+`"}}`)
	}
	if err := put("thatone", only(csc)); err != nil {
		t.Error(err)
	}
	refusedLike(t, put("theother", only(other)), 403, "AccessDeniedException", "is not authorized to perform: "+action)
}

func TestSigningConfigsHaveTags(t *testing.T) {
	w := newWorld(t)
	create := &lambdaapi.CreateCodeSigningConfigRequest{
		AllowedPublishers: &lambdaapi.AllowedPublishers{SigningProfileVersionArns: []string{profile}}, Tags: map[string]string{"team": "a"},
	}
	_, err := call(w, w.user(here, "untagged", may("lambda:CreateCodeSigningConfig", "*")), lambdaapi.CreateCodeSigningConfig, create)
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:TagResource")
	out := must(w, lambdaapi.CreateCodeSigningConfig, create)
	csc := *out.CodeSigningConfig.CodeSigningConfigArn
	if *out.CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment != "Warn" {
		t.Error("the policy is Warn unless a request says otherwise")
	}
	must(w, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &csc, Tags: map[string]string{"stage": "test"}})
	must(w, lambdaapi.UntagResource, &lambdaapi.UntagResourceRequest{Resource: &csc, TagKeys: []string{"none"}})
	tags := must(w, lambdaapi.ListTags, &lambdaapi.ListTagsRequest{Resource: &csc}).Tags
	if len(tags) != 2 || tags["team"] != "a" || tags["stage"] != "test" {
		t.Errorf("got %v", tags)
	}
	teams := func(name, team string) error {
		as := w.user(here, name, statementOf("Allow", "lambda:GetCodeSigningConfig", "*", `{"StringEquals":{"aws:ResourceTag/team":"`+team+`"}}`))
		_, err := call(w, as, lambdaapi.GetCodeSigningConfig, &lambdaapi.GetCodeSigningConfigRequest{CodeSigningConfigArn: &csc})
		return err
	}
	if err := teams("ofa", "a"); err != nil {
		t.Error(err)
	}
	refusedLike(t, teams("ofb", "b"), 403, "AccessDeniedException", "lambda:GetCodeSigningConfig")
	_, err = call(w, w.user(there, "abroad", may("lambda:*", "*")), lambdaapi.GetCodeSigningConfig, &lambdaapi.GetCodeSigningConfigRequest{CodeSigningConfigArn: &csc})
	refusedLike(t, err, 403, "AccessDeniedException", "because no resource-based policy allows")
}
