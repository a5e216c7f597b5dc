package lambda

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// TestAddressesOfURLs lead to the server that the client found.
func TestAddressesOfURLs(t *testing.T) {
	const id = "abcdefghijklmnopqrstuvwxyz012345"
	for _, c := range []struct {
		host   string
		secure bool
		want   string
	}{
		{"127.0.0.1:4566", false, "http://" + id + ".lambda-url.eu-west-1.localhost:4566/"},
		{"localhost:4566", true, "https://" + id + ".lambda-url.eu-west-1.localhost:4566/"},
		{"[::1]:4566", false, "http://" + id + ".lambda-url.eu-west-1.localhost:4566/"},
		{"localhost", false, "http://" + id + ".lambda-url.eu-west-1.localhost/"},
		{"sallyport:4566", false, "http://" + id + ".lambda-url.eu-west-1.sallyport:4566/"},
		{"192.168.1.5:4566", false, "http://192.168.1.5:4566/_sallyport/url/" + id + "/"},
		{"[fe80::1]:4566", false, "http://[fe80::1]:4566/_sallyport/url/" + id + "/"},
		{"lambda.eu-west-1.amazonaws.com", true, "https://" + id + ".lambda-url.eu-west-1.on.aws/"},
		{"", true, "https://" + id + ".lambda-url.eu-west-1.on.aws/"},
	} {
		got := urlAddress(op.Origin{Host: c.host, Secure: c.secure}, id, "eu-west-1")
		if got != c.want {
			t.Errorf("asked as %q: %s, want %s", c.host, got, c.want)
		}
		// What the model of the API says of a FunctionUrl.
		if len(got) < 40 || len(got) > 100 {
			t.Errorf("%s has %d characters", got, len(got))
		}
	}
}

func TestURLIDs(t *testing.T) {
	seen := map[string]bool{}
	letters := map[byte]bool{}
	for range 500 {
		id := newURLID()
		if !regexp.MustCompile(`^[a-z0-9]{32}$`).MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
		for i := range len(id) {
			letters[id[i]] = true
		}
	}
	if len(letters) != len(urlIDLetters) {
		t.Errorf("only %d letters are in use", len(letters))
	}
}

func createURL(w *world, name, qualifier, authType string) (*lambdaapi.CreateFunctionUrlConfigResponse, error) {
	w.Helper()
	return call(w, root, lambdaapi.CreateFunctionUrlConfig, &lambdaapi.CreateFunctionUrlConfigRequest{FunctionName: &name, Qualifier: optional(qualifier), AuthType: &authType})
}

// TestURLConfig is the life of one, with what AWS shows of it.
func TestURLConfig(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	f := ptr("f")
	made, err := createURL(w, "f", "", "NONE")
	if err != nil {
		t.Fatal(err)
	}
	if made.InvokeMode != nil || made.Cors != nil || made.GetFunctionArn() != arnOf(here, "f") || !strings.HasSuffix(made.GetFunctionUrl(), ".lambda-url.us-east-1.on.aws/") {
		t.Errorf("%+v", made)
	}
	w.clock.Advance(1_500_000_000)
	cors := &lambdaapi.Cors{AllowOrigins: []string{"*"}}
	must(w, lambdaapi.UpdateFunctionUrlConfig, &lambdaapi.UpdateFunctionUrlConfigRequest{FunctionName: f, Cors: cors, InvokeMode: ptr(streaming)})
	got := must(w, lambdaapi.GetFunctionUrlConfig, &lambdaapi.GetFunctionUrlConfigRequest{FunctionName: f})
	if got.GetAuthType() != "NONE" || got.GetInvokeMode() != streaming || got.Cors == nil || got.GetFunctionUrl() != made.GetFunctionUrl() ||
		got.GetCreationTime() != made.GetCreationTime() || got.GetLastModifiedTime() <= got.GetCreationTime() {
		t.Errorf("after an update: %+v", got)
	}
	must(w, lambdaapi.UpdateFunctionUrlConfig, &lambdaapi.UpdateFunctionUrlConfigRequest{FunctionName: f, Cors: &lambdaapi.Cors{}, AuthType: ptr("AWS_IAM")})
	if got = must(w, lambdaapi.GetFunctionUrlConfig, &lambdaapi.GetFunctionUrlConfigRequest{FunctionName: f}); got.Cors != nil || got.GetAuthType() != "AWS_IAM" {
		t.Errorf("without CORS: %+v", got)
	}
	must(w, lambdaapi.DeleteFunctionUrlConfig, &lambdaapi.DeleteFunctionUrlConfigRequest{FunctionName: f})
	again, err := createURL(w, "f", "", "NONE")
	if err != nil || again.GetFunctionUrl() == made.GetFunctionUrl() {
		t.Errorf("made again at %s: %v", again.GetFunctionUrl(), err)
	}
}

// TestURLConfigRefusals are AWS's, recorded (facts: lambda-permissions.md section 9).
func TestURLConfigRefusals(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	if _, err := createURL(w, "f", "", "NONE"); err != nil {
		t.Fatal(err)
	}
	const (
		noOwner = "Function does not exist"
		nothing = "The resource you requested does not exist."
		pattern = `1 validation error detected: Value '%s' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)`
	)
	_, err := createURL(w, "f", "", "AWS_IAM")
	refused(t, err, 409, "ResourceConflictException", "Failed to create function url config for [functionArn = "+arnOf(here, "f")+"]. Error message:  FunctionUrlConfig exists for this Lambda function")
	_, err = createURL(w, "none", "", "NONE")
	refused(t, err, 404, "ResourceNotFoundException", noOwner)
	_, err = createURL(w, "f", "none", "NONE")
	refused(t, err, 404, "ResourceNotFoundException", noOwner)
	for _, q := range []string{"1", "$LATEST"} {
		_, err = createURL(w, "f", q, "NONE")
		refused(t, err, 400, "ValidationException", strings.Replace(pattern, "%s", q, 1))
		_, err = createURL(w, "f:"+q, "", "NONE")
		refused(t, err, 400, "ValidationException", strings.Replace(pattern, "%s", q, 1))
	}
	_, err = call(w, root, lambdaapi.GetFunctionUrlConfig, &lambdaapi.GetFunctionUrlConfigRequest{FunctionName: ptr("none")})
	refused(t, err, 404, "ResourceNotFoundException", nothing)
	_, err = call(w, root, lambdaapi.DeleteFunctionUrlConfig, &lambdaapi.DeleteFunctionUrlConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("none")})
	refused(t, err, 404, "ResourceNotFoundException", nothing)
	_, err = call(w, root, lambdaapi.UpdateFunctionUrlConfig, &lambdaapi.UpdateFunctionUrlConfigRequest{FunctionName: ptr("f"), Qualifier: ptr("none"), AuthType: ptr("NONE")})
	refused(t, err, 404, "ResourceNotFoundException", noOwner)
	_, err = call(w, root, lambdaapi.ListFunctionUrlConfigs, &lambdaapi.ListFunctionUrlConfigsRequest{FunctionName: ptr("none")})
	refused(t, err, 404, "ResourceNotFoundException", noOwner)
	stranger := w.user(there, "stranger", may("lambda:*", "*"))
	_, err = call(w, stranger, lambdaapi.GetFunctionUrlConfig, &lambdaapi.GetFunctionUrlConfigRequest{FunctionName: ptr(arnOf(here, "f"))})
	if e := (*api.Error)(nil); !asError(err, &e) || e.Code != "AccessDeniedException" || !e.NullMessage {
		t.Errorf("another account: %v", err)
	}
}

func asError(err error, e **api.Error) bool {
	var ok bool
	*e, ok = err.(*api.Error)
	return ok
}

func TestURLsAreListedPageByPage(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	w.function("other", echo)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	for _, alias := range []string{"a", "b"} {
		must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr(alias), FunctionVersion: ptr("1")})
	}
	for _, of := range [][2]string{{"f", ""}, {"f", "a"}, {"f", "b"}, {"other", ""}} {
		if _, err := createURL(w, of[0], of[1], "NONE"); err != nil {
			t.Fatal(err)
		}
	}
	var listed []string
	in := &lambdaapi.ListFunctionUrlConfigsRequest{FunctionName: ptr("f"), MaxItems: ptr(int32(2))}
	for pages := 1; ; pages++ {
		out := must(w, lambdaapi.ListFunctionUrlConfigs, in)
		for _, u := range out.FunctionUrlConfigs {
			listed = append(listed, u.GetFunctionArn())
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			if pages != 2 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	f := arnOf(here, "f")
	if strings.Join(listed, " ") != f+" "+f+":a "+f+":b" {
		t.Errorf("listed %q", listed)
	}
}

// TestKeysOfURLConfigs: policies may be about the type that a URL has or is given.
func TestKeysOfURLConfigs(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	f, arn := ptr("f"), arnOf(here, "f")
	private := w.user(here, "private", statementOf("Allow", "lambda:*", "*", `{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM","lambda:FunctionArn":"`+arn+`"}}`))
	denied := func(what string, err error, want bool) {
		t.Helper()
		e := (*api.Error)(nil)
		if got := asError(err, &e) && e.Code == "AccessDeniedException"; got != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	create := func(authType string) error {
		_, err := call(w, private, lambdaapi.CreateFunctionUrlConfig, &lambdaapi.CreateFunctionUrlConfigRequest{FunctionName: f, AuthType: &authType})
		return err
	}
	update := func(in *lambdaapi.UpdateFunctionUrlConfigRequest) error {
		in.FunctionName = f
		_, err := call(w, private, lambdaapi.UpdateFunctionUrlConfig, in)
		return err
	}
	denied("creating a public one", create("NONE"), true)
	denied("creating a private one", create("AWS_IAM"), false)
	denied("making it public", update(&lambdaapi.UpdateFunctionUrlConfigRequest{AuthType: ptr("NONE")}), true)
	denied("a change that leaves it private", update(&lambdaapi.UpdateFunctionUrlConfigRequest{InvokeMode: ptr("BUFFERED")}), false)
	must(w, lambdaapi.UpdateFunctionUrlConfig, &lambdaapi.UpdateFunctionUrlConfigRequest{FunctionName: f, AuthType: ptr("NONE")})
	denied("a change of a public one", update(&lambdaapi.UpdateFunctionUrlConfigRequest{InvokeMode: ptr("BUFFERED")}), true)
	_, err := call(w, private, lambdaapi.GetFunctionUrlConfig, &lambdaapi.GetFunctionUrlConfigRequest{FunctionName: f})
	denied("looking at a public one", err, true)
	_, err = call(w, private, lambdaapi.DeleteFunctionUrlConfig, &lambdaapi.DeleteFunctionUrlConfigRequest{FunctionName: f})
	denied("deleting a public one", err, true)
	denied("making a public one private", update(&lambdaapi.UpdateFunctionUrlConfigRequest{AuthType: ptr("AWS_IAM")}), false)
	lister := w.user(here, "lister", statementOf("Allow", "lambda:ListFunctionUrlConfigs", "*", `{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}`))
	list := func() error {
		_, err := call(w, lister, lambdaapi.ListFunctionUrlConfigs, &lambdaapi.ListFunctionUrlConfigsRequest{FunctionName: f})
		return err
	}
	denied("a list of private ones", list(), false)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: f})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: f, Name: ptr("live"), FunctionVersion: ptr("1")})
	if _, err := createURL(w, "f", "live", "NONE"); err != nil {
		t.Fatal(err)
	}
	denied("a list with a public one", list(), true)
}

// TestWhatAURLLeaves: its statements stay when it goes, it stays when its alias
// goes, and nothing stays of a function that goes. All of it survives a restart.
func TestWhatAURLLeaves(t *testing.T) {
	w := openWorld(t, t.TempDir(), newWorld(t).clock, newPeople())
	w.function("f", echo)
	f := ptr("f")
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: f})
	must(w, lambdaapi.CreateAlias, &lambdaapi.CreateAliasRequest{FunctionName: f, Name: ptr("live"), FunctionVersion: ptr("1")})
	for _, q := range []string{"", "live"} {
		if _, err := createURL(w, "f", q, "NONE"); err != nil {
			t.Fatal(err)
		}
	}
	must(w, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: f, StatementId: ptr("s"), Action: ptr("lambda:InvokeFunctionUrl"), Principal: ptr("*"), FunctionUrlAuthType: ptr("NONE")})
	must(w, lambdaapi.DeleteFunctionUrlConfig, &lambdaapi.DeleteFunctionUrlConfigRequest{FunctionName: f})
	must(w, lambdaapi.DeleteAlias, &lambdaapi.DeleteAliasRequest{FunctionName: f, Name: ptr("live")})
	w = w.reopen()
	must(w, lambdaapi.GetPolicy, &lambdaapi.GetPolicyRequest{FunctionName: f})
	u := w.lambda.urlConfigs.Get(urlKey(ref{here, region, "f", "live"}))
	if u == nil {
		t.Fatal("the URL of the alias went with it")
	}
	if _, known := w.lambda.urls.find(u.ID); !known {
		t.Error("a URL cannot be found after a restart")
	}
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: f})
	if _, known := w.lambda.urls.find(u.ID); known || w.lambda.urlConfigs.Len() != 0 {
		t.Error("a URL outlived its function")
	}
}

// TestAURLThatChangedIsNotUsedAsItWas: what the door took a request for must still
// hold when it is judged.
func TestAURLThatChangedIsNotUsedAsItWas(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	if _, err := createURL(w, "f", "", "NONE"); err != nil {
		t.Fatal(err)
	}
	id := w.lambda.urlConfigs.Get(urlKey(ref{here, region, "f", ""})).ID
	for sid, action := range map[string]string{"all": "lambda:*"} {
		must(w, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: ptr("f"), StatementId: &sid, Action: &action, Principal: ptr("*")})
	}
	ask := func(as caller.Caller, authType string) error {
		_, err := op.Do(context.Background(), w.bus, op.As{Caller: as, Region: region}, functionurlapi.InvokeFunctionUrl,
			&functionurlapi.Request{ID: id, AuthType: authType, Method: "GET", Path: "/", Header: http.Header{}})
		return err
	}
	for _, c := range []struct {
		name     string
		as       caller.Caller
		authType string
		ok       bool
	}{
		{"nobody, at a public one", caller.Anonymous(), "NONE", true},
		{"nobody, who was taken for somebody", caller.Anonymous(), "AWS_IAM", false},
		{"somebody, who was not signed", root, "NONE", false},
		{"somebody, at one that was private", root, "AWS_IAM", false},
	} {
		if err := ask(c.as, c.authType); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	must(w, lambdaapi.UpdateFunctionUrlConfig, &lambdaapi.UpdateFunctionUrlConfigRequest{FunctionName: ptr("f"), AuthType: ptr("AWS_IAM")})
	for _, c := range []struct {
		name     string
		as       caller.Caller
		authType string
		ok       bool
	}{
		{"somebody, at a private one", root, "AWS_IAM", true},
		{"nobody, at one that was public", caller.Anonymous(), "NONE", false},
		{"nobody, at a private one", caller.Anonymous(), "AWS_IAM", false},
		{"the zero caller", caller.Caller{}, "AWS_IAM", false},
	} {
		if err := ask(c.as, c.authType); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
