package lambda

import (
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

const (
	repository = here + ".dkr.ecr.us-east-1.amazonaws.com/team/app"
	someDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func imageRequest(name, role, uri string) *lambdaapi.CreateFunctionRequest {
	return &lambdaapi.CreateFunctionRequest{
		FunctionName: &name, Role: &role, PackageType: ptr("Image"), Code: &lambdaapi.FunctionCode{ImageUri: &uri},
		ImageConfig: &lambdaapi.ImageConfig{Command: []string{"app.handler"}, WorkingDirectory: ptr("/srv")},
	}
}

func TestAFunctionOfAnImageIsDescribedAndItsPermissionsHold(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	made := must(w, lambdaapi.CreateFunction, imageRequest("f", role, repository+":v1"))
	if *made.PackageType != "Image" || made.Runtime != nil || made.Handler != nil || made.CodeSha256 != nil || *made.CodeSize != 0 {
		t.Errorf("got %+v", made)
	}
	if c := made.ImageConfigResponse; c == nil || c.ImageConfig.Command[0] != "app.handler" || *c.ImageConfig.WorkingDirectory != "/srv" || c.ImageConfig.EntryPoint != nil {
		t.Errorf("got %+v", c)
	}
	w.settled("f")
	got := must(w, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
	if *got.Code.RepositoryType != "ECR" || *got.Code.ImageUri != repository+":v1" || got.Code.ResolvedImageUri != nil || got.Code.Location != nil {
		t.Errorf("got %+v", got.Code)
	}
	_, err := w.invoke(root, "f", "{}")
	refusedLike(t, err, 502, "InvalidRuntimeException", "Container images cannot run here: the function's code is "+repository+":v1.")
	_, err = w.invoke(w.user(here, "nobody"), "f", "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:InvokeFunction")

	updated := must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), ImageUri: ptr(repository + "@sha256:" + someDigest), Publish: ptr(true)})
	if *updated.Version != "1" || updated.GetCodeSha256() != someDigest || updated.ImageConfigResponse == nil {
		t.Errorf("got %+v", updated)
	}
	w.settled("f")
	got = must(w, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
	if got.Code.GetResolvedImageUri() != repository+"@sha256:"+someDigest {
		t.Errorf("got %+v", got.Code)
	}
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), ImageConfig: &lambdaapi.ImageConfig{}})
	w.settled("f")
	if c := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")}); c.ImageConfigResponse != nil {
		t.Errorf("got %+v", c.ImageConfigResponse)
	}
	if v := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f:1")}); v.ImageConfigResponse == nil {
		t.Error("the version lost its ImageConfig")
	}
}

func TestImagesAndZipsDoNotMix(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	w.function("zip", echo)
	must(w, lambdaapi.CreateFunction, imageRequest("image", role, repository+":v1"))
	w.settled("image")
	const bad = "InvalidParameterValueException"
	create := func(text string, change func(*lambdaapi.CreateFunctionRequest)) {
		t.Helper()
		in := imageRequest("new", role, repository+":v1")
		change(in)
		_, err := call(w, root, lambdaapi.CreateFunction, in)
		refused(t, err, 400, bad, text)
	}
	const neither = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
	create(neither, func(in *lambdaapi.CreateFunctionRequest) { in.Handler = ptr("a.b") })
	create(neither, func(in *lambdaapi.CreateFunctionRequest) { in.Runtime = ptr("python3.12") })
	create("Lambda layers are not supported for functions created with container images.", func(in *lambdaapi.CreateFunctionRequest) {
		in.Layers = []string{"arn:aws:lambda:us-east-1:" + here + ":layer:l:1"}
	})
	create("Runtime and Handler are mandatory parameters for functions created with deployment packages.", func(in *lambdaapi.CreateFunctionRequest) { in.PackageType = nil })
	create("Please provide a source for function code.", func(in *lambdaapi.CreateFunctionRequest) {
		in.PackageType, in.Runtime, in.Handler = nil, ptr("python3.12"), ptr("a.b")
	})
	create("Please don't provide ImageConfig when the intended function PackageType is Zip.", func(in *lambdaapi.CreateFunctionRequest) {
		*in = *newRequest(t, "new", role, echo)
		in.ImageConfig = &lambdaapi.ImageConfig{Command: []string{"x"}}
	})
	create("Code signing is not supported for functions created with container images.", func(in *lambdaapi.CreateFunctionRequest) { in.CodeSigningConfigArn = ptr(w.signing("Warn")) })
	for _, uri := range []string{"docker.io/library/python:3", "public.ecr.aws/lambda/python:3.12", strings.Replace(repository, "us-east-1", "eu-west-1", 1), repository + "@sha256:00", repository + ":" + strings.Repeat("v", 129), "python"} {
		create("Source image "+uri+" is not valid. Provide a valid source image.", func(in *lambdaapi.CreateFunctionRequest) { in.Code.ImageUri = &uri })
	}

	update := func(in *lambdaapi.UpdateFunctionCodeRequest, text string) {
		t.Helper()
		_, err := call(w, root, lambdaapi.UpdateFunctionCode, in)
		refused(t, err, 400, bad, text)
	}
	update(&lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("zip"), ImageUri: ptr(repository + ":v2")}, "Please don't provide ImageUri when updating a function with packageType Zip.")
	update(&lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("image"), ZipFile: zipOf(t, echo)}, "Please provide ImageUri when updating a function with packageType Image.")
	_, err := call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("image"), Handler: ptr("a.b")})
	refused(t, err, 400, bad, neither)
	csc := w.signing("Warn")
	_, err = call(w, root, lambdaapi.PutFunctionCodeSigningConfig, &lambdaapi.PutFunctionCodeSigningConfigRequest{FunctionName: ptr("image"), CodeSigningConfigArn: &csc})
	refused(t, err, 400, bad, "Code signing is not supported for functions created with container images.")
	_, err = call(w, root, lambdaapi.GetFunctionCodeSigningConfig, &lambdaapi.GetFunctionCodeSigningConfigRequest{FunctionName: ptr("image")})
	refused(t, err, 400, bad, "Code signing is not supported for functions created with container images.")
}

func TestProvisionedConcurrencyOfAnImageSaysWhyItFails(t *testing.T) {
	w := newWorld(t)
	in := imageRequest("f", w.role("r", trustLambda), repository+":v1")
	in.Publish = ptr(true)
	must(w, lambdaapi.CreateFunction, in)
	w.settled("f")
	w.provision("f", "1", 1)
	w.eventually("it has failed", func() bool { return *w.provisioned("f", "1").Status == provisionFailed })
	if got := w.provisioned("f", "1"); !strings.HasPrefix(got.GetStatusReason(), "Container images cannot run here") {
		t.Errorf("got %q", got.GetStatusReason())
	}
}
