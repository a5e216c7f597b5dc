package lambda

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// initialising logs its inits and answers how it was initialised.
const initialising = `import os
print("INIT", os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], os.environ["AWS_LAMBDA_FUNCTION_VERSION"])
def handler(event, context):
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] + " " + os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
`

const mayLog = `{"Effect":"Allow","Action":"logs:*","Resource":"*"}`

// versions makes a function with so many versions, each of other code.
func (w *world) versions(name, source string, n int) {
	w.Helper()
	role := w.role(name+"-role", trustLambda, mayLog)
	must(w, lambdaapi.CreateFunction, newRequest(w, name, role, source))
	for i := range n {
		w.settled(name)
		if i > 0 {
			must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: &name, ZipFile: zipOf(w, source+strings.Repeat("#", i)+"\n")})
			w.settled(name)
		}
		must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: &name})
	}
	w.settled(name)
}

func (w *world) alias(function, name, version string) {
	w.Helper()
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: &function, Name: &name, FunctionVersion: &version})
}

func provisionedRequest(function, qualifier string, n int32) *lambdaapi.PutProvisionedConcurrencyConfigRequest {
	return &lambdaapi.PutProvisionedConcurrencyConfigRequest{FunctionName: &function, Qualifier: &qualifier, ProvisionedConcurrentExecutions: &n}
}

func (w *world) provision(function, qualifier string, n int32) {
	w.Helper()
	out := must(w, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest(function, qualifier, n))
	if *out.Status != "IN_PROGRESS" || *out.RequestedProvisionedConcurrentExecutions != n {
		w.Errorf("put answered %+v", out)
	}
}

func (w *world) provisioned(function, qualifier string) *lambdaapi.GetProvisionedConcurrencyConfigResponse {
	w.Helper()
	return must(w, lambdaapi.GetProvisionedConcurrencyConfig, &lambdaapi.GetProvisionedConcurrencyConfigRequest{FunctionName: &function, Qualifier: &qualifier})
}

// ready waits until so many environments are ready.
func (w *world) ready(function, qualifier string, n int32) {
	w.Helper()
	w.eventually("what is provisioned is ready", func() bool {
		got := w.provisioned(function, qualifier)
		if *got.Status == provisionFailed {
			w.Fatalf("%+v %s", got, got.GetStatusReason())
		}
		return *got.Status == "READY" && *got.AllocatedProvisionedConcurrentExecutions == n && *got.AvailableProvisionedConcurrentExecutions == n
	})
}

func (w *world) answersAs(name, want string) {
	w.Helper()
	out, err := w.invoke(root, name, "{}")
	if err != nil {
		w.Fatal(err)
	}
	if string(out.Payload) != `"`+want+`"` {
		w.Errorf("%s answered %s; want %s", name, out.Payload, want)
	}
}

// inits counts the inits that the function logged.
func (w *world) inits(function, how string) int {
	return strings.Count(strings.Join(w.lines("/aws/lambda/"+function), ""), "INIT "+how)
}

func TestProvisionedConcurrencyAnswersWithoutAnInit(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 1)
	w.alias("f", "live", "1")
	out := must(w, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "live", 2))
	if *out.AllocatedProvisionedConcurrentExecutions != 0 || *out.AvailableProvisionedConcurrentExecutions != 0 || *out.Status != "IN_PROGRESS" || out.StatusReason != nil {
		t.Errorf("a new one begins with nothing: %+v", out)
	}
	w.ready("f", "live", 2)
	w.eventually("both inits are logged", func() bool { return w.inits("f", "provisioned-concurrency 1") == 2 })
	w.answersAs("f:live", "provisioned-concurrency 1")
	w.answersAs("f:1", "on-demand 1")
	w.answersAs("f", "on-demand $LATEST")
	if n := w.inits("f", "provisioned-concurrency"); n != 2 {
		t.Errorf("%d inits after the invoke", n)
	}
}

// Whoever explains the request that asked for them finds by which role session the
// environments came to be, also after a restart.
func TestProvisionedEnvironmentsAreCausedByTheRequestThatAskedForThem(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.versions("f", initialising, 1)
	as := op.As{Caller: root, Region: region, RequestID: "the cause"}
	if _, err := op.Do(context.Background(), w.bus, as, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "1", 2)); err != nil {
		t.Fatal(err)
	}
	for starts := range 2 {
		w.ready("f", "1", 2)
		caused, err := w.trail.Caused(context.Background(), "the cause", 10)
		if err != nil {
			t.Fatal(err)
		}
		assumed := 0
		for _, r := range caused {
			if r.Action == "sts:AssumeRole" && r.Allowed && r.Resource == "arn:aws:iam::"+here+":role/f-role" {
				assumed++
			}
		}
		if assumed != 2*(starts+1) {
			t.Errorf("%d of the calls that it caused are the role's sessions: %+v", assumed, caused)
		}
		w = w.reopen()
	}
}

func TestProvisionedConcurrencyMovesWithItsAlias(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 2)
	w.alias("f", "live", "1")
	w.provision("f", "live", 1)
	w.ready("f", "live", 1)
	must(w, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{FunctionName: ptr("f"), Name: ptr("live"), FunctionVersion: ptr("2")})
	w.ready("f", "live", 1)
	w.answersAs("f:live", "provisioned-concurrency 2")
	must(w, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{
		FunctionName: ptr("f"), Name: ptr("live"), RoutingConfig: &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"1": 0.5}},
	})
	w.provisionedOf("f", "live", map[string]int{"1": 1})
	_, err := call(w, root, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "live", 4))
	refused(t, err, 400, "InvalidParameterValueException", "Alias with weights can not be used with Provisioned Concurrency")
	_, err = call(w, root, lambdaapi.UpdateAlias, &lambdaapi.UpdateAliasRequest{
		FunctionName: ptr("f"), Name: ptr("live"), FunctionVersion: ptr(latest), RoutingConfig: &lambdaapi.AliasRoutingConfiguration{},
	})
	refused(t, err, 400, "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
}

// provisionedOf waits until an alias's environments are divided so.
func (w *world) provisionedOf(function, alias string, want map[string]int) {
	w.Helper()
	w.eventually("the environments are divided", func() bool {
		for version, n := range want {
			found := false
			for key, sh := range w.lambda.warm.have() {
				found = found || key.ref.name == function && key.ref.qualifier == alias && key.version == version && sh.provision.State().Available == n
			}
			if !found {
				return false
			}
		}
		return true
	})
}

func TestProvisionedConcurrencySurvivesARestart(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.versions("f", initialising, 1)
	w.provision("f", "1", 1)
	w.ready("f", "1", 1)
	w = w.reopen()
	if n := w.unreserved(); n != 999 {
		t.Errorf("%d unreserved", n)
	}
	w.ready("f", "1", 1)
	w.answersAs("f:1", "provisioned-concurrency 1")
}

func TestProvisionedConcurrencyEndsWithWhatItIsOf(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 2)
	w.alias("f", "live", "1")
	none := func() {
		t.Helper()
		w.eventually("no environment is left", func() bool { return len(w.lambda.warm.have()) == 0 })
		if n := must(w, lambdaapi.GetAccountSettings, &lambdaapi.GetAccountSettingsRequest{}).AccountLimit.GetUnreservedConcurrentExecutions(); n != 1000 {
			t.Errorf("%d unreserved", n)
		}
		out := must(w, lambdaapi.ListProvisionedConcurrencyConfigs, &lambdaapi.ListProvisionedConcurrencyConfigsRequest{FunctionName: ptr("f")})
		if len(out.ProvisionedConcurrencyConfigs) != 0 {
			t.Errorf("still listed: %+v", out.ProvisionedConcurrencyConfigs)
		}
	}
	w.provision("f", "live", 1)
	w.ready("f", "live", 1)
	must(w, lambdaapi.DeleteProvisionedConcurrencyConfig, &lambdaapi.DeleteProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("live")})
	none()
	w.answersAs("f:live", "on-demand 1")
	w.provision("f", "live", 1)
	w.ready("f", "live", 1)
	must(w, lambdaapi.DeleteAlias, &lambdaapi.DeleteAliasRequest{FunctionName: ptr("f"), Name: ptr("live")})
	none()
	w.provision("f", "2", 1)
	w.ready("f", "2", 1)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f"), Qualifier: ptr("2")})
	none()
	w.provision("f", "1", 1)
	w.ready("f", "1", 1)
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f")})
	w.eventually("no environment is left", func() bool { return len(w.lambda.warm.have()) == 0 })
	if w.lambda.claims.any.Load() != 0 || len(w.lambda.claims.functions) != 0 {
		t.Errorf("claims are left: %+v", w.lambda.claims.functions)
	}
}

func TestProvisionedConcurrencyFailsAndSaysWhy(t *testing.T) {
	w := newWorld(t)
	w.versions("broken", "raise ValueError('no luck')\n", 1)
	w.versions("f", initialising, 1)
	w.provision("broken", "1", 1)
	w.provision("f", "1", 1)
	w.ready("f", "1", 1)
	role := "arn:aws:iam::" + here + ":role/f-role"
	w.iam.change(func() {
		w.iam.roles[role].trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	})
	w.provision("f", "1", 2)
	for name, want := range map[string]string{"broken": "FUNCTION_ERROR_INIT_FAILURE", "f": notAssumable} {
		w.eventually(name+" has failed", func() bool { return *w.provisioned(name, "1").Status == provisionFailed })
		if got := w.provisioned(name, "1"); got.GetStatusReason() != want {
			t.Errorf("%s: %q", name, got.GetStatusReason())
		}
	}
	if got := w.provisioned("f", "1"); *got.AvailableProvisionedConcurrentExecutions != 1 {
		t.Errorf("the one that was ready is still: %d", *got.AvailableProvisionedConcurrentExecutions)
	}
	w.iam.change(func() { w.iam.roles[role].trust = trustLambda })
	w.provision("f", "1", 2)
	w.ready("f", "1", 2)
}

func TestProvisionedConcurrencyIsTriedAgainWhenItCouldNotBegin(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 1)
	r := ref{account: here, region: region, name: "f", qualifier: "1"}
	digest := w.lambda.now().code(r).Code.Digest
	ctx := context.Background()
	blob, err := w.store.Blobs().Open(ctx, digest)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := io.ReadAll(blob)
	if err = errors.Join(err, blob.Close(), w.store.Blobs().Delete(ctx, digest)); err != nil {
		t.Fatal(err)
	}
	w.lambda.code.forget(digest)
	w.provision("f", "1", 1)
	w.eventually("it has failed", func() bool { return *w.provisioned("f", "1").Status == provisionFailed })
	if reason := w.provisioned("f", "1").GetStatusReason(); !strings.Contains(reason, "could not be made") || strings.Contains(reason, digest) {
		t.Errorf("got %q", reason)
	}
	if _, _, err := w.store.Blobs().Put(ctx, bytes.NewReader(zip)); err != nil {
		t.Fatal(err)
	}
	w.eventually("it is tried again", func() bool {
		w.clock.Advance(limits.ProvisionRetry)
		return *w.provisioned("f", "1").Status == provisionReady
	})
}

func TestProvisionedConcurrencyRefusals(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 2)
	w.alias("f", "live", "1")
	w.alias("f", "newest", latest)
	put := func(function, qualifier string, n int32, status int, code, text string) {
		t.Helper()
		_, err := call(w, root, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest(function, qualifier, n))
		refused(t, err, status, code, text)
	}
	const bad, missing, taken = "InvalidParameterValueException", "ResourceNotFoundException", "ResourceConflictException"
	unpublished := "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
	put("f", latest, 1, 400, bad, unpublished)
	put("f", "newest", 1, 400, bad, unpublished)
	put("f", "none", 1, 404, missing, "Cannot find alias arn: "+arnOf(here, "f:none"))
	put("f", "10", 1, 404, missing, "Function not found: "+arnOf(here, "f:10"))
	put("gone", "none", 1, 404, missing, "Cannot find alias arn: "+arnOf(here, "gone:none"))
	put("gone", "1", 1, 404, missing, "Function not found: "+arnOf(here, "gone:1"))
	put("f", "1", 1001, 400, bad, "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].")
	put("f", "1", 1000, 400, bad, "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	w.provision("f", "1", 1)
	put("f", "live", 1, 409, taken, "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
	must(w, lambdaapi.DeleteProvisionedConcurrencyConfig, &lambdaapi.DeleteProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("1")})
	w.provision("f", "live", 1)
	put("f", "1", 1, 409, taken, "Version is pointed by a Provisioned Concurrency alias")

	of := func(qualifier string) *lambdaapi.GetProvisionedConcurrencyConfigRequest {
		return &lambdaapi.GetProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: &qualifier}
	}
	_, err := call(w, root, lambdaapi.GetProvisionedConcurrencyConfig, of("2"))
	refused(t, err, 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
	_, err = call(w, root, lambdaapi.GetProvisionedConcurrencyConfig, of(latest))
	refused(t, err, 400, bad, "The function resource provided must be an alias or a published version.")
	_, err = call(w, root, lambdaapi.GetProvisionedConcurrencyConfig, of("none"))
	refused(t, err, 404, missing, "Cannot find alias arn: "+arnOf(here, "f:none"))
	_, err = call(w, root, lambdaapi.DeleteProvisionedConcurrencyConfig, &lambdaapi.DeleteProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: ptr(latest)})
	refused(t, err, 400, bad, "The function resource provided must be an alias or a published version.")
	_, err = call(w, root, lambdaapi.ListProvisionedConcurrencyConfigs, &lambdaapi.ListProvisionedConcurrencyConfigsRequest{FunctionName: ptr("gone")})
	refused(t, err, 404, missing, "Function not found: "+arnOf(here, "gone"))
	must(w, lambdaapi.DeleteProvisionedConcurrencyConfig, &lambdaapi.DeleteProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("2")})
}

func TestProvisionedConcurrencyIsJudgedOnTheVersionOrAlias(t *testing.T) {
	w := newWorld(t)
	w.versions("f", initialising, 1)
	w.alias("f", "live", "1")
	one := w.user(here, "one", may("lambda:PutProvisionedConcurrencyConfig", arnOf(here, "f:live")))
	if _, err := call(w, one, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f:live", "live", 1)); err != nil {
		t.Error(err)
	}
	_, err := call(w, one, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "1", 1))
	refusedLike(t, err, 403, "AccessDeniedException", "is not authorized to perform: lambda:PutProvisionedConcurrencyConfig on resource: "+arnOf(here, "f:1"))
	whole := w.user(here, "whole", may("lambda:*", arnOf(here, "f")))
	_, err = call(w, whole, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "live", 1))
	refusedLike(t, err, 403, "AccessDeniedException", "on resource: "+arnOf(here, "f:live"))
	_, err = call(w, w.user(there, "other", may("lambda:*", "*")), lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest(arnOf(here, "f"), "live", 1))
	refused(t, err, 403, "AccessDeniedException", "")
}

// unreserved are the unreserved executions of the region.
func (w *world) unreserved() int32 {
	w.Helper()
	return must(w, lambdaapi.GetAccountSettings, &lambdaapi.GetAccountSettingsRequest{}).AccountLimit.GetUnreservedConcurrentExecutions()
}

func TestReservedAndProvisionedConcurrencyTogether(t *testing.T) {
	w := newWorld(t)
	w.versions("f", echo, 1)
	reserve := func(n int32) error {
		_, err := call(w, root, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: &n})
		return err
	}
	w.provision("f", "1", 3)
	if n := w.unreserved(); n != 997 {
		t.Errorf("%d unreserved: what is provisioned is not everybody's", n)
	}
	refused(t, reserve(2), 400, "InvalidParameterValueException", " ReservedConcurrentExecutions  2 should not be lower than function's total provisioned concurrency [3].")
	if err := reserve(3); err != nil {
		t.Fatal(err)
	}
	if n := w.unreserved(); n != 997 {
		t.Errorf("%d unreserved: the function's share has what is provisioned in it", n)
	}
	_, err := call(w, root, lambdaapi.PutProvisionedConcurrencyConfig, provisionedRequest("f", "1", 4))
	refused(t, err, 400, "InvalidParameterValueException", "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	// All of it is provisioned: the unpublished version is throttled.
	_, err = w.invoke(root, "f", "{}")
	refused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
	r := ref{account: here, region: region, name: "f", qualifier: "1"}
	var leaves []func()
	for range 3 {
		leave, err := w.lambda.enter(r)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	if _, err := w.lambda.enter(r); err == nil {
		t.Error("a fourth one came in")
	}
	if !w.lambda.full(r) {
		t.Error("three of three run, and it is not full")
	}
	leaves[0]()
	if w.lambda.full(r) {
		t.Error("one has left, and it is full")
	}
	for _, leave := range leaves[1:] {
		leave()
	}
	if err := reserve(5); err != nil {
		t.Fatal(err)
	}
	must(w, lambdaapi.DeleteProvisionedConcurrencyConfig, &lambdaapi.DeleteProvisionedConcurrencyConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("1")})
	if n := w.unreserved(); n != 995 {
		t.Errorf("%d unreserved", n)
	}
	must(w, lambdaapi.DeleteFunctionConcurrency, &lambdaapi.DeleteFunctionConcurrencyRequest{FunctionName: ptr("f")})
	if n := w.unreserved(); n != 1000 {
		t.Errorf("%d unreserved", n)
	}
}

func TestProvisionedConcurrencyIsListedPageByPage(t *testing.T) {
	w := newWorld(t)
	w.versions("f", echo, 2)
	w.alias("f", "live", "1")
	w.provision("f", "live", 1)
	w.provision("f", "2", 2)
	var got []string
	in := &lambdaapi.ListProvisionedConcurrencyConfigsRequest{FunctionName: ptr("f"), MaxItems: ptr(int32(1))}
	for range 3 {
		out := must(w, lambdaapi.ListProvisionedConcurrencyConfigs, in)
		for _, item := range out.ProvisionedConcurrencyConfigs {
			got = append(got, *item.FunctionArn)
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			break
		}
	}
	if want := arnOf(here, "f:2") + " " + arnOf(here, "f:live"); strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
