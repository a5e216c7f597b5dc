package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) exists(name string) bool {
	w.Helper()
	return w.lambda.functions.Get(ref{account: here, region: region, name: name}.key()) != nil
}

func (w *world) blobs() int {
	w.Helper()
	all, err := w.store.Blobs().List(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return len(all)
}

func TestCreateFunctionAnswersAsAWS(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	in := newRequest(t, "f", role, echo)
	in.Environment = &lambdaapi.Environment{Variables: map[string]string{"A": "b"}}
	in.Description, in.Timeout = ptr("what it does"), nil
	out := must(w, lambdaapi.CreateFunction, in)
	if out.GetFunctionArn() != arnOf(here, "f") || out.GetVersion() != "$LATEST" || out.GetState() != "Pending" || out.GetStateReason() != "The function is being created." ||
		out.GetStateReasonCode() != "Creating" || out.LastUpdateStatus != nil || out.GetMemorySize() != 128 || out.GetTimeout() != 3 || out.GetPackageType() != "Zip" ||
		out.GetRole() != role || out.GetCodeSize() != int64(len(in.Code.ZipFile)) || len(out.GetCodeSha256()) != 44 || out.Environment.Variables["A"] != "b" ||
		out.LoggingConfig.GetLogGroup() != "/aws/lambda/f" || out.EphemeralStorage.GetSize() != 512 || out.Architectures[0] != "x86_64" || out.TracingConfig.GetMode() != "PassThrough" {
		t.Errorf("got %+v", out)
	}
	w.settled("f")
	now := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")})
	if now.StateReason != nil || now.GetRevisionId() == out.GetRevisionId() {
		t.Errorf("an active function has no reason and a new revision: %+v", now)
	}
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	refused(t, err, 409, "ResourceConflictException", "Function already exist: f")
}

func TestCreateFunctionNeedsEveryPermission(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	create, pass := may("lambda:CreateFunction", arnOf(here, "f")), may("iam:PassRole", role)
	tag := may("lambda:TagResource", arnOf(here, "f"))
	to := func(service, function string) string {
		return statementOf("Allow", "iam:PassRole", role, `{"StringEquals":{"iam:PassedToService":"`+service+`"},"ArnEquals":{"iam:AssociatedResourceArn":"`+function+`"}}`)
	}
	for name, c := range map[string]struct {
		may    []string
		tagged bool
		denied string
	}{
		"nothing":                        {nil, false, "lambda:CreateFunction"},
		"create only":                    {[]string{create}, false, "iam:PassRole on resource: " + role},
		"pass only":                      {[]string{pass}, false, "lambda:CreateFunction"},
		"both":                           {[]string{create, pass}, false, ""},
		"tags without permission to tag": {[]string{create, pass}, true, "lambda:TagResource on resource: " + arnOf(here, "f")},
		"tags with permission to tag":    {[]string{create, pass, tag}, true, ""},
		"pass to Lambda for this":        {[]string{create, to("lambda.amazonaws.com", arnOf(here, "f"))}, false, ""},
		"pass to Lambda for another":     {[]string{create, to("lambda.amazonaws.com", arnOf(here, "g"))}, false, "iam:PassRole"},
		"pass to EC2":                    {[]string{create, to("ec2.amazonaws.com", arnOf(here, "f"))}, false, "iam:PassRole"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newRequest(t, "f", role, echo)
			if c.tagged {
				in.Tags = map[string]string{"team": "a"}
			}
			_, err := call(w, w.user(here, "u", c.may...), lambdaapi.CreateFunction, in)
			if c.denied != "" {
				refusedLike(t, err, 403, "AccessDeniedException", "is not authorized to perform: "+c.denied)
				if w.exists("f") {
					t.Error("and yet it was created")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
		})
	}
}

func TestTheRoleMustTrustLambda(t *testing.T) {
	w := newWorld(t)
	ec2 := strings.Replace(trustLambda, "lambda.", "ec2.", 1)
	conditional := func(function string) string {
		return strings.Replace(trustLambda, `"sts:AssumeRole"`, `"sts:AssumeRole","Condition":{"ArnEquals":{"aws:SourceArn":"`+arnOf(here, function)+`"},"StringEquals":{"aws:SourceAccount":"`+here+`"}}`, 1)
	}
	create := func(role string) error {
		_, err := call(w, root, lambdaapi.CreateFunction, newRequest(t, "f", role, echo))
		return err
	}
	for name, role := range map[string]string{
		"missing":           "arn:aws:iam::" + here + ":role/missing",
		"trusts EC2":        w.role("ec2", ec2),
		"trusts another":    w.role("another", conditional("g")),
		"without its path":  strings.Replace(w.role("service-role/pathed", trustLambda), "service-role/", "", 1),
		"trusts an account": w.role("account", strings.Replace(trustLambda, `"Service":"lambda.amazonaws.com"`, `"AWS":"`+here+`"`, 1)),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, create(role), 400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
			if w.exists("f") || w.blobs() != 0 {
				t.Error("something was stored")
			}
		})
	}
	refused(t, create("arn:aws:iam::"+there+":role/r"), 403, "AccessDeniedException", "Cross-account pass role is not allowed.")
	if err := create(w.role("right", conditional("f"))); err != nil {
		t.Errorf("trusted for exactly this function: %v", err)
	}
}

func TestWhatNoFunctionCanBe(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	reserved := "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
	for name, c := range map[string]struct {
		edit       func(*lambdaapi.CreateFunctionRequest)
		code, text string
	}{
		"unknown runtime": {func(in *lambdaapi.CreateFunctionRequest) { in.Runtime = ptr("cobol85") }, "InvalidParameterValueException", "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["},
		"no runtime":      {func(in *lambdaapi.CreateFunctionRequest) { in.Runtime = nil }, "InvalidParameterValueException", "Runtime and Handler are mandatory parameters for functions created with deployment packages."},
		"no handler":      {func(in *lambdaapi.CreateFunctionRequest) { in.Handler = nil }, "InvalidParameterValueException", "Runtime and Handler are mandatory"},
		"reserved variables": {func(in *lambdaapi.CreateFunctionRequest) {
			in.Environment = &lambdaapi.Environment{Variables: map[string]string{"_HANDLER": "x", "AWS_REGION": "y", "FINE": "z"}}
		}, "InvalidParameterValueException", reserved + "AWS_REGION, _HANDLER"},
		"credentials as variables": {func(in *lambdaapi.CreateFunctionRequest) {
			in.Environment = &lambdaapi.Environment{Variables: map[string]string{"AWS_SECRET_ACCESS_KEY": "x"}}
		}, "InvalidParameterValueException", reserved + "AWS_SECRET_ACCESS_KEY"},
		"variables too large": {func(in *lambdaapi.CreateFunctionRequest) {
			in.Environment = &lambdaapi.Environment{Variables: map[string]string{"A": strings.Repeat("x", 4096)}}
		}, "InvalidParameterValueException", "exceeded the 4KB limit. String measured: {"},
		"memory":                 {func(in *lambdaapi.CreateFunctionRequest) { in.MemorySize = ptr(int32(10241)) }, "InvalidParameterValueException", "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240"},
		"timeout":                {func(in *lambdaapi.CreateFunctionRequest) { in.Timeout = ptr(int32(901)) }, "ValidationException", "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"},
		"long name":              {func(in *lambdaapi.CreateFunctionRequest) { in.FunctionName = ptr(strings.Repeat("n", 65)) }, "InvalidParameterValueException", "Member must have length less than or equal to 64"},
		"qualified name":         {func(in *lambdaapi.CreateFunctionRequest) { in.FunctionName = ptr("f:1") }, "InvalidParameterValueException", "This operation is permitted on Lambda functions only."},
		"no code":                {func(in *lambdaapi.CreateFunctionRequest) { in.Code = &lambdaapi.FunctionCode{} }, "InvalidParameterValueException", "Please provide a source for function code."},
		"a bucket without a key": {func(in *lambdaapi.CreateFunctionRequest) { in.Code = &lambdaapi.FunctionCode{S3Bucket: ptr("bucket")} }, "InvalidParameterValueException", "Please provide a source for function code."},
		"two sources of code":    {func(in *lambdaapi.CreateFunctionRequest) { in.Code.S3Bucket, in.Code.S3Key = ptr("bucket"), ptr("key") }, "InvalidParameterValueException", "Please do not provide other FunctionCode parameters when providing a ZipFile."},
		"a key for the code": {func(in *lambdaapi.CreateFunctionRequest) {
			in.Code.SourceKMSKeyArn = ptr("arn:aws:kms:us-east-1:" + here + ":key/k")
		}, "InvalidParameterValueException", "SourceKMSKeyArn is not available"},
		"image": {func(in *lambdaapi.CreateFunctionRequest) { in.PackageType = ptr("Image") }, "InvalidParameterValueException", "Please provide ImageUri when creating a function with packageType Image."},
		"VPC": {func(in *lambdaapi.CreateFunctionRequest) {
			in.VpcConfig = &lambdaapi.VpcConfig{SubnetIds: []string{"subnet-1"}}
		}, "InvalidParameterValueException", "SubnetIds and SecurityIds must coexist or be both empty list."},
		"layer": {func(in *lambdaapi.CreateFunctionRequest) {
			in.Layers = []string{"arn:aws:lambda:us-east-1:" + here + ":layer:l:1"}
		}, "InvalidParameterValueException", "Layer version arn:aws:lambda:us-east-1:" + here + ":layer:l:1 does not exist."},
		"key": {func(in *lambdaapi.CreateFunctionRequest) {
			in.KMSKeyArn = ptr("arn:aws:kms:us-east-1:" + here + ":key/k")
		}, "InvalidParameterValueException", "the KMS key is invalid for CreateGrant"},
		"aws: tag":  {func(in *lambdaapi.CreateFunctionRequest) { in.Tags = map[string]string{"aws:x": "y"} }, "InvalidParameterValueException", "aws: prefixed tag key names are not allowed for external use."},
		"not a zip": {func(in *lambdaapi.CreateFunctionRequest) { in.Code.ZipFile = []byte("no zip") }, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."},
		"empty zip": {func(in *lambdaapi.CreateFunctionRequest) { in.Code.ZipFile = []byte{} }, "InvalidParameterValueException", "Uploaded file must be a non-empty zip"},
		"zip slip":  {func(in *lambdaapi.CreateFunctionRequest) { in.Code.ZipFile = slip(t) }, "InvalidParameterValueException", "Could not unzip uploaded file."},
	} {
		t.Run(name, func(t *testing.T) {
			in := newRequest(t, "f", role, echo)
			c.edit(in)
			_, err := call(w, root, lambdaapi.CreateFunction, in)
			refusedLike(t, err, 400, c.code, c.text)
			if w.exists("f") || w.blobs() != 0 {
				t.Error("something was stored")
			}
		})
	}
	in := newRequest(t, "f", role, echo)
	in.Code.ZipFile = make([]byte, limits.FunctionZip+1)
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	refusedLike(t, err, 413, "RequestEntityTooLargeException", "bytes for the CreateFunction operation")
	// What tools send to say "nothing" is no request for a feature.
	in = newRequest(t, "f", role, echo)
	in.VpcConfig, in.TracingConfig, in.KMSKeyArn = &lambdaapi.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}}, &lambdaapi.TracingConfig{Mode: ptr("PassThrough")}, ptr("")
	in.SnapStart, in.DeadLetterConfig, in.Layers = &lambdaapi.SnapStart{ApplyOn: ptr("None")}, &lambdaapi.DeadLetterConfig{TargetArn: ptr("")}, []string{}
	must(w, lambdaapi.CreateFunction, in)
}

// slip is a zip with an entry outside of it.
func slip(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("../../outside.py"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFunctionCannotBeUsedBeforeItIsActive(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	r := ref{account: here, region: region, name: "f"}
	// Without the settling that follows an acknowledged request.
	w.lambda.spawning.Lock()
	done := make(chan error)
	go func() {
		_, err := call(w, root, lambdaapi.CreateFunction, newRequest(t, "f", role, echo))
		done <- err
	}()
	w.eventually("the function is stored", func() bool { return w.exists("f") })
	_, err := w.invoke(root, "f", "{}")
	refused(t, err, 409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending")
	_, err = call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Description: ptr("x")})
	refusedLike(t, err, 409, "ResourceConflictException", "Pending")
	w.lambda.spawning.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.settled("f")
	f := *w.lambda.functions.Get(r.key())
	f.Latest.Update = inProgress
	if err := f.Latest.busy(r); err == nil || !strings.Contains(err.Error(), "An update is in progress for resource: "+r.arn()) {
		t.Errorf("got %v", err)
	}
}

func TestCreateCanPublish(t *testing.T) {
	w := newWorld(t)
	in := newRequest(t, "f", w.role("r", trustLambda), echo)
	in.Publish = ptr(true)
	out := must(w, lambdaapi.CreateFunction, in)
	if out.GetVersion() != "1" || out.GetFunctionArn() != arnOf(here, "f:1") {
		t.Errorf("got %s %s", out.GetVersion(), out.GetFunctionArn())
	}
	w.settled("f")
	if got := must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f:1")}); got.GetState() != active {
		t.Errorf("version 1 is %s", got.GetState())
	}
}

func TestAServerSettlesWhatItsPredecessorLeftPending(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.function("f", echo)
	r := ref{account: here, region: region, name: "f"}
	err := w.store.Update(context.Background(), func(tx *store.Tx) error {
		f := *w.lambda.functions.GetIn(tx, r.key())
		f.Latest.State, f.Latest.Update = pending, ""
		return w.lambda.functions.Put(tx, r.key(), &f)
	})
	if err != nil {
		t.Fatal(err)
	}
	w = w.reopen()
	if out, err := w.invoke(root, "f", `{"a":1}`); err != nil || len(out.Payload) == 0 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestAZipThatFoundNoFunctionIsRemovedAtTheNextStart(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.function("f", echo)
	u, err := w.lambda.checkZip(zipOf(t, "lost = True"), false, "CreateFunction")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.lambda.keepZip(context.Background(), u); err != nil {
		t.Fatal(err)
	}
	if w.blobs() != 2 {
		t.Fatalf("%d zips", w.blobs())
	}
	u.done() // a server that was killed here knows nothing of the zip
	w = w.reopen()
	if w.blobs() != 1 {
		t.Errorf("%d zips, one is used", w.blobs())
	}
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("the one that is used: %v", err)
	}
}

func TestResetLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	w.permit("f", "s", "lambda:InvokeFunction", there)
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Fatal(err)
	}
	if err := w.lambda.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if w.exists("f") || w.blobs() != 0 || w.lambda.policies.Len() != 0 || len(w.lambda.live.open) != 0 {
		t.Error("something is left")
	}
	w.function("f", echo)
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Error(err)
	}
}

func TestWhatARequestAsksForIsInItsContext(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	layer := "arn:aws:lambda:us-east-1:" + there + ":layer:l:1"
	for name, c := range map[string]struct {
		condition string
		edit      func(*lambdaapi.CreateFunctionRequest)
	}{
		"layers": {`{"ForAnyValue:StringLike":{"lambda:Layer":"*:layer:l:*"}}`, func(in *lambdaapi.CreateFunctionRequest) { in.Layers = []string{layer} }},
		"subnets": {`{"ForAnyValue:StringEquals":{"lambda:SubnetIds":"subnet-1"}}`, func(in *lambdaapi.CreateFunctionRequest) {
			in.VpcConfig = &lambdaapi.VpcConfig{SubnetIds: []string{"subnet-1"}}
		}},
		"security groups": {`{"ForAnyValue:StringEquals":{"lambda:SecurityGroupIds":"sg-1"}}`, func(in *lambdaapi.CreateFunctionRequest) {
			in.VpcConfig = &lambdaapi.VpcConfig{SecurityGroupIds: []string{"sg-1"}}
		}},
		"tags": {`{"StringEquals":{"aws:RequestTag/team":"a"}}`, func(in *lambdaapi.CreateFunctionRequest) { in.Tags = map[string]string{"team": "a"} }},
	} {
		t.Run(name, func(t *testing.T) {
			u := w.user(here, "u", may("lambda:*", "*"), may("iam:PassRole", "*"), statementOf("Deny", "lambda:CreateFunction", "*", c.condition))
			in := newRequest(t, "f", role, echo)
			c.edit(in)
			_, err := call(w, u, lambdaapi.CreateFunction, in)
			refusedLike(t, err, 403, "AccessDeniedException", "lambda:CreateFunction on resource: "+arnOf(here, "f")+" with an explicit deny")
			if _, err := call(w, u, lambdaapi.CreateFunction, newRequest(t, "f", role, echo)); err != nil {
				t.Errorf("without it: %v", err)
			}
			must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
		})
	}
	in := newRequest(t, "f", role, echo)
	in.Layers = []string{layer}
	_, err := call(w, root, lambdaapi.CreateFunction, in)
	refused(t, err, 403, "AccessDeniedException", "User: arn:aws:iam::"+here+":root is not authorized to perform: lambda:GetLayerVersion on resource: "+layer+
		" because no resource-based policy allows the lambda:GetLayerVersion action")
}
