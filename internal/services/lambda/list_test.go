package lambda

import (
	"fmt"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

func TestEveryPageWalkSeesEveryFunctionOnce(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	for i := range 4 {
		must(w, lambdaapi.CreateFunction, newRequest(t, fmt.Sprintf("f%d", i), role, echo))
		w.settled(fmt.Sprintf("f%d", i))
	}
	for i := range 3 {
		must(w, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f1"), ZipFile: zipOf(t, saying(i)), Publish: ptr(true)})
		w.settled("f1")
	}
	for _, version := range []string{"", "ALL"} {
		want := 4
		if version == "ALL" {
			want = 7
		}
		for size := int32(1); size < 9; size++ {
			seen := map[string]int{}
			in := &lambdaapi.ListFunctionsRequest{MaxItems: &size, FunctionVersion: optional(version)}
			for {
				out := must(w, lambdaapi.ListFunctions, in)
				if len(out.Functions) > int(size) {
					t.Fatalf("%d items on a page of %d", len(out.Functions), size)
				}
				for _, f := range out.Functions {
					seen[f.GetFunctionArn()]++
					if f.State != nil {
						t.Error("a list shows no state")
					}
				}
				if out.NextMarker == nil {
					break
				}
				in.Marker = out.NextMarker
			}
			total := 0
			for _, n := range seen {
				total += n
			}
			if len(seen) != want || total != want {
				t.Errorf("%q by %d: %v", version, size, seen)
			}
		}
	}
	versions := 0
	in := &lambdaapi.ListVersionsByFunctionRequest{FunctionName: ptr("f1"), MaxItems: ptr(int32(1))}
	for {
		out := must(w, lambdaapi.ListVersionsByFunction, in)
		versions += len(out.Versions)
		if out.NextMarker == nil {
			break
		}
		in.Marker = out.NextMarker
	}
	if versions != 4 {
		t.Errorf("%d versions listed one by one", versions)
	}
	for _, marker := range []string{"nonsense", "!!", "YWxpYXNlcwBh"} {
		_, err := call(w, root, lambdaapi.ListFunctions, &lambdaapi.ListFunctionsRequest{Marker: &marker})
		refused(t, err, 400, "InvalidParameterValueException", "Invalid Marker.")
	}
}

func TestAccountsAndRegionsDoNotSeeEachOther(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	other := w.user(there, "u", may("lambda:*", "*"))
	out, err := call(w, other, lambdaapi.ListFunctions, &lambdaapi.ListFunctionsRequest{})
	if err != nil || len(out.Functions) != 0 {
		t.Errorf("another account lists %d functions, %v", len(out.Functions), err)
	}
	sum := must(w, lambdaapi.GetAccountSettings, &lambdaapi.GetAccountSettingsRequest{}).AccountUsage
	if sum.GetFunctionCount() != 1 || sum.GetTotalCodeSize() == 0 {
		t.Errorf("usage %+v", sum)
	}
	theirs, err := call(w, other, lambdaapi.GetAccountSettings, &lambdaapi.GetAccountSettingsRequest{})
	if err != nil || theirs.AccountUsage.GetFunctionCount() != 0 {
		t.Errorf("their usage %+v, %v", theirs, err)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	arn := arnOf(here, "f")
	must(w, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &arn, Tags: map[string]string{"team": "a", "stage": "x"}})
	must(w, lambdaapi.UntagResource, &lambdaapi.UntagResourceRequest{Resource: &arn, TagKeys: []string{"stage", "none"}})
	if got := must(w, lambdaapi.ListTags, &lambdaapi.ListTagsRequest{Resource: &arn}).Tags; len(got) != 1 || got["team"] != "a" {
		t.Errorf("tags %v", got)
	}
	qualified := arn + ":1"
	_, err := call(w, root, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &qualified, Tags: map[string]string{"a": "b"}})
	refused(t, err, 400, "InvalidParameterValueException", "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint(i)] = ""
	}
	_, err = call(w, root, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &arn, Tags: many})
	refusedLike(t, err, 400, "InvalidParameterValueException", "tag")
	get := may("lambda:GetFunction", arn)
	for _, c := range []struct {
		may  []string
		tags int
	}{{[]string{get}, 0}, {[]string{get, may("lambda:ListTags", arn)}, 1}} {
		out, err := call(w, w.user(here, "u", c.may...), lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
		if err != nil || len(out.Tags) != c.tags {
			t.Errorf("with %v: tags %v, %v", c.may, out.Tags, err)
		}
	}
	byTag := statementOf("Allow", "lambda:InvokeFunction", "*", `{"StringEquals":{"aws:ResourceTag/team":"a"}}`)
	if _, err := w.invoke(w.user(here, "t", byTag), "f:$LATEST", "{}"); err != nil {
		t.Errorf("a qualified call has the function's tags: %v", err)
	}
	must(w, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &arn, Tags: map[string]string{"team": "b"}})
	_, err = w.invoke(w.user(here, "t", byTag), "f", "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:InvokeFunction")
}

func TestRequestTagsAreInTheContext(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	arn := arnOf(here, "f")
	u := w.user(here, "u", statementOf("Allow", "lambda:*agResource", "*", `{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`))
	if _, err := call(w, u, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &arn, Tags: map[string]string{"team": "a"}}); err != nil {
		t.Error(err)
	}
	_, err := call(w, u, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: &arn, Tags: map[string]string{"team": "a", "cost": "b"}})
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:TagResource")
	_, err = call(w, u, lambdaapi.UntagResource, &lambdaapi.UntagResourceRequest{Resource: &arn, TagKeys: []string{"cost"}})
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:UntagResource")
}

func TestSettingsThatToolsRead(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	if got := must(w, lambdaapi.GetFunctionCodeSigningConfig, &lambdaapi.GetFunctionCodeSigningConfigRequest{FunctionName: ptr("f")}); got.CodeSigningConfigArn != nil {
		t.Errorf("got %+v", got)
	}
	if got := must(w, lambdaapi.GetRuntimeManagementConfig, &lambdaapi.GetRuntimeManagementConfigRequest{FunctionName: ptr("f")}); got.GetUpdateRuntimeOn() != "Auto" {
		t.Errorf("got %+v", got)
	}
	must(w, lambdaapi.PutRuntimeManagementConfig, &lambdaapi.PutRuntimeManagementConfigRequest{FunctionName: ptr("f"), UpdateRuntimeOn: ptr("FunctionUpdate")})
	if got := must(w, lambdaapi.GetRuntimeManagementConfig, &lambdaapi.GetRuntimeManagementConfigRequest{FunctionName: ptr("f")}); got.GetUpdateRuntimeOn() != "FunctionUpdate" {
		t.Errorf("got %+v", got)
	}
	if got := must(w, lambdaapi.GetFunctionRecursionConfig, &lambdaapi.GetFunctionRecursionConfigRequest{FunctionName: ptr("f")}); got.GetRecursiveLoop() != "Terminate" {
		t.Errorf("got %+v", got)
	}
	must(w, lambdaapi.PutFunctionRecursionConfig, &lambdaapi.PutFunctionRecursionConfigRequest{FunctionName: ptr("f"), RecursiveLoop: ptr("Allow")})
	if got := must(w, lambdaapi.GetFunctionRecursionConfig, &lambdaapi.GetFunctionRecursionConfigRequest{FunctionName: ptr("f")}); got.GetRecursiveLoop() != "Allow" {
		t.Errorf("got %+v", got)
	}
}

func TestAliasesAreListedByVersion(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	for name, version := range map[string]string{"a": "1", "b": "$LATEST", "c": "1"} {
		must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: &name, FunctionVersion: &version})
	}
	list := func(in *lambdaapi.ListAliasesRequest) (names string) {
		in.FunctionName, in.MaxItems = ptr("f"), ptr(int32(1))
		for {
			out := must(w, lambdaapi.ListAliases, in)
			for _, a := range out.Aliases {
				names += a.GetName()
			}
			if out.NextMarker == nil {
				return names
			}
			in.Marker = out.NextMarker
		}
	}
	if got := list(&lambdaapi.ListAliasesRequest{}); got != "abc" {
		t.Errorf("all: %s", got)
	}
	if got := list(&lambdaapi.ListAliasesRequest{FunctionVersion: ptr("1")}); got != "ac" {
		t.Errorf("of version 1: %s", got)
	}
	_, err := call(w, root, lambdaapi.ListAliases, &lambdaapi.ListAliasesRequest{FunctionName: ptr("g")})
	refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "g"))
}
