package lambda

import (
	"os"
	"strconv"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

func (w *world) says(name string) string {
	w.Helper()
	out, err := w.invoke(root, name, "{}")
	if err != nil {
		w.Fatal(err)
	}
	return string(out.Payload)
}

func saying(n int) string {
	return "import os\ndef handler(e, c):\n    return [" + strconv.Itoa(n) + ", os.environ.get('V', '')]\n"
}

func TestNewCodeAndConfigurationServeAtOnce(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	if got := w.says("f"); got != `[1, ""]` && got != `[1,""]` {
		t.Fatal(got)
	}
	out := must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2))})
	if out.GetLastUpdateStatus() != "InProgress" || out.GetState() != "Active" {
		t.Errorf("got %s %s", out.GetState(), out.GetLastUpdateStatus())
	}
	w.settled("f")
	if got := w.says("f"); got != `[2, ""]` && got != `[2,""]` {
		t.Error(got)
	}
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Environment: &lambdaapi.Environment{Variables: map[string]string{"V": "new"}}})
	w.settled("f")
	if got := w.says("f"); got != `[2, "new"]` && got != `[2,"new"]` {
		t.Error(got)
	}
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Description: ptr("d")})
	w.settled("f")
	if got := w.says("f"); got != `[2, "new"]` && got != `[2,"new"]` {
		t.Errorf("a variable that was not mentioned stays: %s", got)
	}
	if w.blobs() != 1 {
		t.Errorf("%d zips are stored, one is used", w.blobs())
	}
	w.eventually("replaced code leaves the working directory", func() bool {
		dirs, err := os.ReadDir(w.lambda.code.dir)
		return err == nil && len(dirs) == 1
	})
}

func TestUpdatesCheckRevisionRoleAndDryRun(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	_, err := call(w, root, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2)), RevisionId: ptr("stale")})
	refused(t, err, 412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	dry := must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2)), DryRun: ptr(true)})
	now := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")})
	if dry.GetCodeSha256() == now.GetCodeSha256() || w.blobs() != 1 {
		t.Error("a dry run says what would be and changes nothing")
	}
	_, err = call(w, root, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2)), SourceKMSKeyArn: ptr("arn:aws:kms:us-east-1:" + here + ":key/k")})
	refusedLike(t, err, 400, "InvalidParameterValueException", "SourceKMSKeyArn is not available")
	bad, good := w.role("bad", `{"Version":"2012-10-17","Statement":[]}`), w.role("good", trustLambda)
	set := func(role string, statements ...string) error {
		_, err := call(w, w.user(here, "u", statements...), lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Role: &role})
		return err
	}
	update, pass := may("lambda:UpdateFunctionConfiguration", "*"), may("iam:PassRole", "*")
	refusedLike(t, set(good, update), 403, "AccessDeniedException", "iam:PassRole on resource: "+good)
	refused(t, set(bad, update, pass), 400, "InvalidParameterValueException", notAssumable)
	if err := set(good, update, pass); err != nil {
		t.Error(err)
	}
	w.settled("f")
	u := w.user(here, "v", update)
	if _, err := call(w, u, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(4))}); err != nil {
		t.Errorf("an update that names no role needs no iam:PassRole: %v", err)
	}
}

func TestCodeCanBeUpdatedWhileTheRoleIsGone(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	w.iam.change(func() { delete(w.iam.roles, "arn:aws:iam::"+here+":role/f-role") })
	must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2))})
	w.settled("f")
	_, err := w.invoke(root, "f", "{}")
	refused(t, err, 403, "AccessDeniedException", notAssumable)
	w.role("f-role", trustLambda)
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("once the role is back: %v", err)
	}
}

func TestVersionsKeepWhatWasPublished(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	one := must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f"), Description: ptr("first")})
	if one.GetVersion() != "1" || one.GetFunctionArn() != arnOf(here, "f:1") || one.GetDescription() != "first" {
		t.Errorf("got %+v", one)
	}
	if again := must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")}); again.GetVersion() != "1" {
		t.Errorf("nothing changed, and yet version %s", again.GetVersion())
	}
	_, err := call(w, root, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f"), CodeSha256: ptr("other")})
	refusedLike(t, err, 400, "InvalidParameterValueException", "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (")
	two := must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2)), Publish: ptr(true)})
	if two.GetVersion() != "2" {
		t.Errorf("published version %s", two.GetVersion())
	}
	w.settled("f")
	for name, want := range map[string]byte{"f": '2', "f:$LATEST": '2', "f:1": '1', "f:2": '2'} {
		if got := w.says(name); got[1] != want {
			t.Errorf("%s says %s", name, got)
		}
	}
	if out, _ := w.invoke(root, "f:1", "{}"); *out.ExecutedVersion != "1" {
		t.Errorf("executed version %s", *out.ExecutedVersion)
	}
	all := must(w, lambdaapi.ListVersionsByFunction, &lambdaapi.ListVersionsByFunctionRequest{FunctionName: ptr("f")}).Versions
	if len(all) != 3 || all[0].GetFunctionArn() != arnOf(here, "f:$LATEST") || all[2].GetVersion() != "2" {
		t.Errorf("listed %+v", all)
	}
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f"), Qualifier: ptr("2")})
	_, err = w.invoke(root, "f:2", "{}")
	refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f:2"))
	if three := must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")}); three.GetVersion() != "3" {
		t.Errorf("the number of a deleted version is used again: %s", three.GetVersion())
	}
}

func TestAliasesPointAndShare(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ZipFile: zipOf(t, saying(2)), Publish: ptr(true)})
	w.settled("f")
	create := func(name, version string, weights map[string]float64) error {
		_, err := call(w, root, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: &name, FunctionVersion: &version,
			RoutingConfig: &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: weights}})
		return err
	}
	if err := create("prod", "1", nil); err != nil {
		t.Fatal(err)
	}
	refused(t, create("prod", "1", nil), 409, "ResourceConflictException", "Alias already exists: "+arnOf(here, "f:prod"))
	refused(t, create("x", "9", nil), 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f:9"))
	refusedLike(t, create("7", "1", nil), 400, "ValidationException", "at 'name'")
	refusedLike(t, create("x", "$LATEST", map[string]float64{"1": .5}), 400, "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version")
	refusedLike(t, create("x", "1", map[string]float64{"1": .5}), 400, "InvalidParameterValueException", "already included in routing configuration")
	refusedLike(t, create("x", "1", map[string]float64{"2": 1.5}), 400, "ValidationException", "less than or equal to 1.0")
	if got := w.says("f:prod"); got[1] != '1' {
		t.Error(got)
	}
	a := must(w, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), RoutingConfig: &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 1}}})
	if out, err := w.invoke(root, "f:prod", "{}"); err != nil || *out.ExecutedVersion != "2" || out.Payload[1] != '2' {
		t.Errorf("all weight is on version 2: %+v, %v", out, err)
	}
	_, err := call(w, root, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), RevisionId: ptr("stale")})
	refusedLike(t, err, 412, "PreconditionFailedException", "GetFunction/GetAlias")
	must(w, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), RevisionId: a.RevisionId, FunctionVersion: ptr("2"), RoutingConfig: &lambdaapi.AliasRoutingConfiguration{}})
	got := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f:prod")})
	if got.GetVersion() != "2" || got.GetFunctionArn() != arnOf(here, "f:prod") {
		t.Errorf("through the alias: %s %s", got.GetVersion(), got.GetFunctionArn())
	}
	_, err = call(w, root, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f:2")})
	refusedLike(t, err, 409, "ResourceConflictException", "[prod]")
	_, err = call(w, root, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f:prod")})
	refused(t, err, 400, "InvalidParameterValueException", "Deletion of aliases is not currently supported.")
	w.permit("f:prod", "s", "lambda:InvokeFunction", there)
	must(w, lambdaapi.DeleteAlias, &lambdaapi.DeleteAliasRequest{FunctionName: ptr("f"), Name: ptr("prod")})
	if err := create("prod", "1", nil); err != nil {
		t.Fatal(err)
	}
	_, err = call(w, root, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: ptr("f:prod")})
	refused(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	_, err = call(w, root, lambdaapi.GetAlias, &lambdaapi.GetAliasRequest{FunctionName: ptr("f"), Name: ptr("nope")})
	refused(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arnOf(here, "f:nope"))
}

func TestDrawFollowsTheWeights(t *testing.T) {
	a := &alias{Version: "1", Weights: map[string]float64{"2": 0.25}}
	for at, want := range map[float64]string{0: "2", 0.2499: "2", 0.25: "1", 0.9999: "1"} {
		if got := a.draw(at); got != want {
			t.Errorf("at %v: version %s", at, got)
		}
	}
}

func TestANewFunctionInheritsNothingOfADeletedOne(t *testing.T) {
	w := newWorld(t)
	w.function("f", saying(1))
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("prod"), FunctionVersion: ptr("1")})
	for _, name := range []string{"f", "f:1", "f:prod"} {
		w.permit(name, "s", "lambda:InvokeFunction", there)
	}
	must(w, lambdaapi.PutFunctionEventInvokeConfig, &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumRetryAttempts: ptr(int32(0))})
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	if w.blobs() != 0 || len(w.lambda.live.open) != 0 {
		t.Errorf("left behind: %d zips, %d environments", w.blobs(), len(w.lambda.live.open))
	}
	_, err := call(w, root, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "f"))
	w.function("f", saying(2))
	if got := w.says("f"); got[1] != '2' {
		t.Error(got)
	}
	for _, name := range []string{"f:1", "f:prod"} {
		_, err := w.invoke(root, name, "{}")
		refusedLike(t, err, 404, "ResourceNotFoundException", arnOf(here, name))
	}
	stranger := w.user(there, "s", may("lambda:InvokeFunction", "*"))
	for _, name := range []string{"f", "f:1", "f:prod"} {
		_, err := w.invoke(stranger, arnOf(here, name), "{}")
		refusedLike(t, err, 403, "AccessDeniedException", "no resource-based policy")
	}
	_, err = call(w, root, lambdaapi.GetFunctionEventInvokeConfig, &lambdaapi.GetFunctionEventInvokeConfigRequest{FunctionName: ptr("f")})
	refused(t, err, 404, "ResourceNotFoundException", "The function "+arnOf(here, "f:$LATEST")+" doesn't have an EventInvokeConfig")
}
