package lambda

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
)

// layerARN is a layer version's, of this account.
func layerARN(name string, version int) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:layer:%s:%d", region, here, name, version)
}

// layer publishes a version of a layer of files, "path=text", and gives its ARN.
func (w *world) layer(name string, files ...string) string {
	w.Helper()
	return must(w, lambdaapi.PublishLayerVersion, &lambdaapi.PublishLayerVersionRequest{
		LayerName: &name, Content: &lambdaapi.LayerVersionContentInput{ZipFile: zipOfFiles(w, files...)},
	}).GetLayerVersionArn()
}

func (w *world) unlayer(name string, version int64) {
	w.Helper()
	must(w, lambdaapi.DeleteLayerVersion, &lambdaapi.DeleteLayerVersionRequest{LayerName: &name, VersionNumber: &version})
}

// lend lets an account, or everybody, get a layer version.
func (w *world) lend(name string, version int64, sid, principal string) {
	w.Helper()
	must(w, lambdaapi.AddLayerVersionPermission, &lambdaapi.AddLayerVersionPermissionRequest{
		LayerName: &name, VersionNumber: &version, StatementId: &sid, Action: ptr(getLayerVersion), Principal: &principal,
	})
}

func TestALayersLife(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.sdk(root), context.Background()
	publish := func(in *sdk.PublishLayerVersionInput) *sdk.PublishLayerVersionOutput {
		t.Helper()
		in.LayerName, in.Content = aws.String("l"), &types.LayerVersionContentInput{ZipFile: zipOfFiles(t, "python/m.py=1")}
		out, err := c.PublishLayerVersion(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := publish(&sdk.PublishLayerVersionInput{
		Description: aws.String("text"), LicenseInfo: aws.String("MIT"), CompatibleRuntimes: []types.Runtime{"python3.12"}, CompatibleArchitectures: []types.Architecture{"x86_64"},
	})
	if first.Version != 1 || *first.LayerArn != strings.TrimSuffix(layerARN("l", 1), ":1") || *first.LayerVersionArn != layerARN("l", 1) || *first.Description != "text" ||
		*first.LicenseInfo != "MIT" || first.Content.CodeSize == 0 || *first.Content.CodeSha256 == "" || *first.CreatedDate != lastModified(w.clock.Now()) || first.Content.Location != nil {
		t.Errorf("%+v %+v", first, first.Content)
	}
	// Recorded from AWS: what was not given is not shown, but for the description;
	// an empty list is.
	second := publish(&sdk.PublishLayerVersionInput{CompatibleRuntimes: []types.Runtime{}})
	if second.Version != 2 || *second.Description != "" || second.LicenseInfo != nil || second.CompatibleRuntimes == nil || second.CompatibleArchitectures != nil {
		t.Errorf("%+v", second)
	}
	got, err := c.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: aws.String("l"), VersionNumber: aws.Int64(1)})
	if err != nil || *got.LayerVersionArn != layerARN("l", 1) || *got.LicenseInfo != "MIT" || *got.Content.CodeSha256 != *first.Content.CodeSha256 || !reflect.DeepEqual(got.CompatibleRuntimes, first.CompatibleRuntimes) {
		t.Errorf("%+v, %v", got, err)
	}
	byARN, err := c.GetLayerVersionByArn(ctx, &sdk.GetLayerVersionByArnInput{Arn: got.LayerVersionArn})
	if err != nil || *byARN.LayerVersionArn != *got.LayerVersionArn || *byARN.Content.CodeSha256 != *got.Content.CodeSha256 {
		t.Errorf("%+v, %v", byARN, err)
	}
	for range 2 { // deleting twice is deleting once
		for _, version := range []int64{1, 2} {
			if _, err := c.DeleteLayerVersion(ctx, &sdk.DeleteLayerVersionInput{LayerName: got.LayerArn, VersionNumber: &version}); err != nil {
				t.Error(err)
			}
		}
	}
	if listed, err := c.ListLayers(ctx, &sdk.ListLayersInput{}); err != nil || len(listed.Layers) != 0 {
		t.Errorf("%+v, %v", listed, err)
	}
	if w.blobs() != 0 {
		t.Errorf("%d zips are left", w.blobs())
	}
	if third := publish(&sdk.PublishLayerVersionInput{}); third.Version != 3 {
		t.Errorf("the number %d was used again", third.Version)
	}
}

func TestAVersionNumberIsNotUsedAgainAfterARestart(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.layer("l", "a=1")
	w.unlayer("l", 1)
	w = w.reopen()
	if arn := w.layer("l", "a=1"); arn != layerARN("l", 2) {
		t.Errorf("got %s", arn)
	}
}

// TestLayerRefusals are the recorded answers (facts/lambda-permissions.md section 8).
func TestLayerRefusals(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.sdk(root), context.Background()
	w.layer("l", "a=1")
	w.lend("l", 1, "s1", "*")
	policy, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: aws.String("l"), VersionNumber: aws.Int64(1)})
	if err != nil {
		t.Fatal(err)
	}
	add := func(change func(*sdk.AddLayerVersionPermissionInput)) func() error {
		return func() error {
			in := &sdk.AddLayerVersionPermissionInput{LayerName: aws.String("l"), VersionNumber: aws.Int64(1), StatementId: aws.String("s2"), Action: aws.String(getLayerVersion), Principal: aws.String("*")}
			change(in)
			_, err := c.AddLayerVersionPermission(ctx, in)
			return err
		}
	}
	remove := func(layer string, version int64, sid string, revision *string) func() error {
		return func() error {
			_, err := c.RemoveLayerVersionPermission(ctx, &sdk.RemoveLayerVersionPermissionInput{LayerName: &layer, VersionNumber: &version, StatementId: &sid, RevisionId: revision})
			return err
		}
	}
	read := func(layer string, version int64) func() error {
		return func() error {
			_, err := c.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: &layer, VersionNumber: &version})
			return err
		}
	}
	policyOf := func(layer string, version int64) func() error {
		return func() error {
			_, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: &layer, VersionNumber: &version})
			return err
		}
	}
	publish := func(change func(*sdk.PublishLayerVersionInput)) func() error {
		return func() error {
			in := &sdk.PublishLayerVersionInput{LayerName: aws.String("new"), Content: &types.LayerVersionContentInput{ZipFile: zipOfFiles(t, "a=1")}}
			change(in)
			_, err := c.PublishLayerVersion(ctx, in)
			return err
		}
	}
	w.layer("free", "a=1")
	const (
		missing  = "ResourceNotFoundException"
		stale    = "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id"
		runtimes = "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [nodejs, "
	)
	absent := func(arn string) string { return "Layer version " + arn + " does not exist." }
	for name, r := range map[string]struct {
		do     func() error
		status int
		code   string
		text   string
	}{
		"add: another action": {add(func(in *sdk.AddLayerVersionPermissionInput) { in.Action = aws.String("*") }), 400, "ValidationException",
			"1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: lambda:GetLayerVersion"},
		"add: a statement id twice": {add(func(in *sdk.AddLayerVersionPermissionInput) { in.StatementId = aws.String("s1") }), 409, "ResourceConflictException",
			"The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement."},
		"add: a stale revision": {add(func(in *sdk.AddLayerVersionPermissionInput) { in.RevisionId = aws.String("stale") }), 412, "PreconditionFailedException", stale},
		"add: a revision where no policy is": {add(func(in *sdk.AddLayerVersionPermissionInput) {
			in.LayerName, in.RevisionId = aws.String("free"), policy.RevisionId
		}), 412, "PreconditionFailedException", stale},
		"add: no layer":                  {add(func(in *sdk.AddLayerVersionPermissionInput) { in.LayerName = aws.String("absent") }), 404, missing, absent(layerARN("absent", 1))},
		"add: no version":                {add(func(in *sdk.AddLayerVersionPermissionInput) { in.VersionNumber = aws.Int64(2) }), 404, missing, absent(layerARN("l", 2))},
		"add: version 0":                 {add(func(in *sdk.AddLayerVersionPermissionInput) { in.VersionNumber = aws.Int64(0) }), 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1"},
		"policy: none":                   {policyOf("free", 1), 404, missing, "No policy is associated with the given resource."},
		"policy: no layer":               {policyOf("absent", 1), 404, missing, absent(layerARN("absent", 1))},
		"policy: no version":             {policyOf("l", 2), 404, missing, absent(layerARN("l", 2))},
		"remove: no layer":               {remove("absent", 1, "s1", nil), 404, missing, absent(layerARN("absent", 1))},
		"remove: no version":             {remove("l", 2, "s1", nil), 404, missing, absent(layerARN("l", 2))},
		"remove: no statement":           {remove("l", 1, "other", nil), 404, missing, "Statement other is not found in resource policy."},
		"remove: no policy":              {remove("free", 1, "s1", nil), 404, missing, "No policy is associated with the given resource."},
		"remove: a stale revision":       {remove("l", 1, "s1", aws.String("stale")), 412, "PreconditionFailedException", stale},
		"get: no layer":                  {read("absent", 1), 404, missing, "The resource you requested does not exist."},
		"get: no version":                {read("l", 2), 404, missing, "The resource you requested does not exist."},
		"get: version 0":                 {read("l", 0), 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1"},
		"get: version -1":                {read("l", -1), 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1"},
		"get: a layer of another region": {read("arn:aws:lambda:eu-west-1:"+here+":layer:l", 1), 404, missing, "The resource you requested does not exist."},
		"publish: what is no zip":        {publish(func(in *sdk.PublishLayerVersionInput) { in.Content.ZipFile = []byte("no zip") }), 400, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."},
		"publish: a zip and a bucket": {publish(func(in *sdk.PublishLayerVersionInput) {
			in.Content.S3Bucket, in.Content.S3Key = aws.String("bucket"), aws.String("k")
		}), 400, "InvalidParameterValueException", "Please do not provide other FunctionCode parameters when providing a ZipFile."},
		"publish: a runtime that nobody knows": {publish(func(in *sdk.PublishLayerVersionInput) { in.CompatibleRuntimes = []types.Runtime{"python3.12", "cobol"} }), 400, "ValidationException", fmt.Sprintf(runtimes, "[python3.12, cobol]", "compatibleRuntimes")},
		"list: a runtime that nobody knows": {func() error {
			_, err := c.ListLayers(ctx, &sdk.ListLayersInput{CompatibleRuntime: "cobol"})
			return err
		}, 400, "ValidationException", fmt.Sprintf(runtimes, "cobol", "compatibleRuntime")},
		"list: an architecture that nobody knows": {func() error {
			_, err := c.ListLayerVersions(ctx, &sdk.ListLayerVersionsInput{LayerName: aws.String("l"), CompatibleArchitecture: "z80"})
			return err
		}, 400, "ValidationException", "1 validation error detected: Value 'z80' at 'compatibleArchitecture' failed to satisfy constraint: Member must satisfy enum value set: [x86_64, arm64]"},
	} {
		t.Run(name, func(t *testing.T) {
			err := r.do()
			if text := r.text; strings.HasSuffix(text, "[nodejs, ") { // the list is long
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("got %v\nwant %s", err, text)
				}
				return
			}
			sdkRefused(t, err, r.status, r.code, r.text)
		})
	}
	if _, err := c.DeleteLayerVersion(ctx, &sdk.DeleteLayerVersionInput{LayerName: aws.String("l"), VersionNumber: aws.Int64(0)}); err == nil {
		t.Error("version 0 was deleted")
	} else {
		sdkRefused(t, err, 400, "InvalidParameterValueException", "Layer Version Cannot be less than 1")
	}
}

func TestAPolicyOfALayerVersion(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.sdk(root), context.Background()
	w.layer("l", "a=1")
	w.layer("l", "a=2")
	name, version := aws.String("l"), aws.Int64(1)
	var statements []string
	add := func(sid, principal string, organization, revision *string) string {
		t.Helper()
		out, err := c.AddLayerVersionPermission(ctx, &sdk.AddLayerVersionPermissionInput{
			LayerName: name, VersionNumber: version, StatementId: &sid, Action: aws.String(getLayerVersion), Principal: &principal, OrganizationId: organization, RevisionId: revision,
		})
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, *out.Statement)
		return *out.RevisionId
	}
	get := func() *sdk.GetLayerVersionPolicyOutput {
		t.Helper()
		out, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: name, VersionNumber: version})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := add("account", there, nil, nil)
	if got := *get().RevisionId; got != first {
		t.Errorf("the policy has revision %s, adding to it gave %s", got, first)
	}
	second := add("all", "*", nil, &first)
	third := add("organization", "*", aws.String("o-a1b2c3d4e5"), &second)
	add("root", "arn:aws:iam::"+there+":root", nil, &third)
	on := `,"Action":"lambda:GetLayerVersion","Resource":"` + layerARN("l", 1) + `"`
	of := `{"AWS":"arn:aws:iam::` + there + `:root"}`
	want := []string{
		`{"Sid":"account","Effect":"Allow","Principal":` + of + on + `}`,
		`{"Sid":"all","Effect":"Allow","Principal":"*"` + on + `}`,
		`{"Sid":"organization","Effect":"Allow","Principal":"*"` + on + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`,
		`{"Sid":"root","Effect":"Allow","Principal":` + of + on + `}`,
	}
	if !slices.Equal(statements, want) {
		t.Errorf("got  %q\nwant %q", statements, want)
	}
	if got := *get().Policy; got != `{"Version":"2012-10-17","Id":"default","Statement":[`+strings.Join(want, ",")+`]}` {
		t.Errorf("got %s", got)
	}
	// Policies are of one version; a new version has none.
	if _, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: name, VersionNumber: aws.Int64(2)}); err == nil {
		t.Error("version 2 has a policy")
	}
	before := *get().RevisionId
	for i, sid := range []string{"account", "all", "organization", "root"} {
		in := &sdk.RemoveLayerVersionPermissionInput{LayerName: name, VersionNumber: version, StatementId: &sid}
		if i == 0 {
			in.RevisionId = &before
		}
		if _, err := c.RemoveLayerVersionPermission(ctx, in); err != nil {
			t.Fatal(err)
		}
		if i == 0 && *get().RevisionId == before {
			t.Error("removing a statement left the revision")
		}
	}
	_, err := c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: name, VersionNumber: version})
	sdkRefused(t, err, 404, "ResourceNotFoundException", "No policy is associated with the given resource.")
	// A version takes its policy with it.
	w.lend("l", 1, "s", "*")
	w.unlayer("l", 1)
	if n := w.lambda.layers.policies.Len(); n != 0 {
		t.Errorf("%d policies are left", n)
	}
}

func TestAPolicyOfALayerVersionIsBounded(t *testing.T) {
	w := newWorld(t)
	w.layer("l", "a=1")
	for i := range 200 {
		_, err := call(w, root, lambdaapi.AddLayerVersionPermission, &lambdaapi.AddLayerVersionPermissionRequest{
			LayerName: ptr("l"), VersionNumber: ptr(int64(1)), StatementId: ptr(fmt.Sprintf("s%099d", i)), Action: ptr(getLayerVersion), Principal: ptr(there),
		})
		if err != nil {
			refusedLike(t, err, 400, "PolicyLengthExceededException", ") is bigger than the limit (20480).")
			return
		}
	}
	t.Error("200 statements were taken")
}

func TestLayersAreListed(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.sdk(root), context.Background()
	publish := func(name string, runtime types.Runtime, architecture types.Architecture) {
		t.Helper()
		if _, err := c.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{
			LayerName: &name, Content: &types.LayerVersionContentInput{ZipFile: zipOfFiles(t, "a=1")},
			CompatibleRuntimes: []types.Runtime{runtime}, CompatibleArchitectures: []types.Architecture{architecture},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "ab"} {
		publish(name, "python3.12", "x86_64")
		publish(name, "nodejs22.x", "arm64")
	}
	publish("a", "python3.12", "arm64")
	w.unlayer("ab", 2)
	layers := func(in sdk.ListLayersInput) (all []string) {
		t.Helper()
		for p := sdk.NewListLayersPaginator(c, &in); p.HasMorePages(); {
			out, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range out.Layers {
				all = append(all, fmt.Sprint(*l.LayerName, l.LatestMatchingVersion.Version))
			}
		}
		return all
	}
	versions := func(in sdk.ListLayerVersionsInput) (all []int64) {
		t.Helper()
		for p := sdk.NewListLayerVersionsPaginator(c, &in); p.HasMorePages(); {
			out, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range out.LayerVersions {
				all = append(all, v.Version)
			}
		}
		return all
	}
	one := aws.Int32(1)
	for name, c := range map[string]struct{ got, want []string }{
		"all":              {layers(sdk.ListLayersInput{}), []string{"a3", "ab1", "b2"}},
		"one by one":       {layers(sdk.ListLayersInput{MaxItems: one}), []string{"a3", "ab1", "b2"}},
		"by runtime":       {layers(sdk.ListLayersInput{CompatibleRuntime: "nodejs22.x", MaxItems: one}), []string{"a2", "b2"}},
		"by architecture":  {layers(sdk.ListLayersInput{CompatibleArchitecture: "x86_64"}), []string{"a1", "ab1", "b1"}},
		"by both":          {layers(sdk.ListLayersInput{CompatibleRuntime: "python3.12", CompatibleArchitecture: "arm64"}), []string{"a3"}},
		"of another place": {layers(sdk.ListLayersInput{CompatibleRuntime: "ruby3.4"}), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("layers, %s: %q, want %q", name, c.got, c.want)
		}
	}
	for name, c := range map[string]struct{ got, want []int64 }{
		"all":             {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("a")}), []int64{3, 2, 1}},
		"one by one":      {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("a"), MaxItems: one}), []int64{3, 2, 1}},
		"by runtime":      {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("a"), CompatibleRuntime: "python3.12", MaxItems: one}), []int64{3, 1}},
		"by architecture": {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("b"), CompatibleArchitecture: "arm64"}), []int64{2}},
		"by ARN":          {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("arn:aws:lambda:us-east-1:" + here + ":layer:ab")}), []int64{1}},
		"of none":         {versions(sdk.ListLayerVersionsInput{LayerName: aws.String("absent")}), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("versions, %s: %d, want %d", name, c.got, c.want)
		}
	}
	// Another account sees none of it, and may not ask for it either.
	other := w.sdk(caller.Root(there, caller.Key{}))
	if out, err := other.ListLayers(ctx, &sdk.ListLayersInput{}); err != nil || len(out.Layers) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	w.lend("a", 3, "all", "*")
	_, err := other.ListLayerVersions(ctx, &sdk.ListLayerVersionsInput{LayerName: aws.String("arn:aws:lambda:us-east-1:" + here + ":layer:a")})
	sdkRefused(t, err, 403, "AccessDeniedException", "User: arn:aws:iam::"+there+":root is not authorized to perform: lambda:ListLayerVersions on resource: arn:aws:lambda:us-east-1:"+here+
		":layer:a because no resource-based policy allows the lambda:ListLayerVersions action")
}

// TestALayerComesFromABucketWithTheCallersRights, and with nobody else's.
func TestALayerComesFromABucketWithTheCallersRights(t *testing.T) {
	w := newWorld(t)
	must(w, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: ptr("code-of-layers")})
	must(w, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr("code-of-layers"), Key: ptr("l.zip"), Body: api.BytesStream(zipOfFiles(t, "a=1"))})
	u := w.user(here, "u", may("lambda:*", "*"))
	c, ctx := w.sdk(u), context.Background()
	in := &sdk.PublishLayerVersionInput{LayerName: aws.String("l"), Content: &types.LayerVersionContentInput{S3Bucket: aws.String("code-of-layers"), S3Key: aws.String("l.zip")}}
	_, err := c.PublishLayerVersion(ctx, in)
	sdkRefused(t, err, 403, "AccessDeniedException", "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for code-of-layers/l.zip. "+
		"S3 Error Code: AccessDenied. S3 Error Message: Access Denied")
	w.iam.grant(u.ARN(), may("lambda:*", "*"), may("s3:GetObject", "arn:aws:s3:::code-of-layers/*"))
	if out, err := c.PublishLayerVersion(ctx, in); err != nil || out.Version != 1 || out.CompatibleRuntimes != nil {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestLayerActionsAreJudgedOnTheirResources: a policy on one layer is not one on
// another, and lists have no resource.
func TestLayerActionsAreJudgedOnTheirResources(t *testing.T) {
	w := newWorld(t)
	w.layer("l", "a=1")
	w.layer("m", "a=1")
	layer := "arn:aws:lambda:us-east-1:" + here + ":layer:l"
	u := w.user(here, "u", may("lambda:*", layer), may("lambda:*", layer+":*"))
	c, ctx := w.sdk(u), context.Background()
	denied := func(action, on string) func(error) {
		return func(err error) {
			t.Helper()
			sdkRefused(t, err, 403, "AccessDeniedException", "User: "+u.ARN()+" is not authorized to perform: "+action+" on resource: "+on+" because no identity-based policy allows the "+action+" action")
		}
	}
	allowed := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	for name, verdict := range map[string]func(action, on string) func(error){"l": func(string, string) func(error) { return allowed }, "m": denied} {
		layer := "arn:aws:lambda:us-east-1:" + here + ":layer:" + name
		version, one := layer+":1", aws.Int64(1)
		_, err := c.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: &name, VersionNumber: one})
		verdict(getLayerVersion, version)(err)
		_, err = c.GetLayerVersionByArn(ctx, &sdk.GetLayerVersionByArnInput{Arn: &version})
		verdict(getLayerVersion, version)(err)
		_, err = c.AddLayerVersionPermission(ctx, &sdk.AddLayerVersionPermissionInput{LayerName: &layer, VersionNumber: one, StatementId: aws.String("s"), Action: aws.String(getLayerVersion), Principal: aws.String("*")})
		verdict("lambda:AddLayerVersionPermission", version)(err)
		_, err = c.GetLayerVersionPolicy(ctx, &sdk.GetLayerVersionPolicyInput{LayerName: &name, VersionNumber: one})
		verdict("lambda:GetLayerVersionPolicy", version)(err)
		_, err = c.RemoveLayerVersionPermission(ctx, &sdk.RemoveLayerVersionPermissionInput{LayerName: &name, VersionNumber: one, StatementId: aws.String("s")})
		verdict("lambda:RemoveLayerVersionPermission", version)(err)
		_, err = c.DeleteLayerVersion(ctx, &sdk.DeleteLayerVersionInput{LayerName: &name, VersionNumber: one})
		verdict("lambda:DeleteLayerVersion", version)(err)
		_, err = c.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{LayerName: &name, Content: &types.LayerVersionContentInput{ZipFile: zipOfFiles(t, "a=1")}})
		verdict("lambda:PublishLayerVersion", layer)(err)
	}
	_, err := c.ListLayers(ctx, &sdk.ListLayersInput{})
	denied("lambda:ListLayers", "*")(err)
	_, err = c.ListLayerVersions(ctx, &sdk.ListLayerVersionsInput{LayerName: aws.String("l")})
	denied("lambda:ListLayerVersions", "*")(err)
}

func TestParseLayer(t *testing.T) {
	const l = "arn:aws:lambda:us-east-1:111111111111:layer:l-_1"
	for arn, want := range map[string]layerRef{
		l: {here, region, "l-_1", 0}, l + ":7": {here, region, "l-_1", 7},
	} {
		if got, ok := parseLayer(arn); !ok || got != want || got.arn() != arn {
			t.Errorf("%s: %+v, %v", arn, got, ok)
		}
	}
	for _, arn := range []string{
		"", "l", l + ":", l + ":0", l + ":01", l + ":+1", l + ":-1", l + ":1:1", l + ":99999999999999999999", "arn:aws-cn" + strings.TrimPrefix(l, "arn:aws"), "arn:aws:lambda:us-east-1:111111111111:function:l",
		"arn:aws:lambda:us-east-1:11111111111:layer:l", "arn:aws:lambda::111111111111:layer:l", "arn:aws:s3:us-east-1:111111111111:layer:l", l + "*", l + "/x",
	} {
		if got, ok := parseLayer(arn); ok {
			t.Errorf("%q is %+v", arn, got)
		}
	}
}
