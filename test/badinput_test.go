package test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// bad is one request that must be refused, as it stands on the wire.
type bad struct {
	name, service, method, path, body string
	// sign changes how the request is signed; nil signs it well.
	sign func(*signing)
	// status, code and text are AWS's answer; text may be a part.
	status     int
	code, text string
}

// signing is everything a signature is made of.
type signing struct {
	credentials aws.Credentials
	hash        string
	service     string
	region      string
	time        time.Time
	// after changes the signed request.
	after func(*http.Request)
}

const function = "/2015-03-31/functions"

func createBody(members string) string {
	code := ""
	if !strings.Contains(members, `"Code"`) {
		code = `"Code":{"ZipFile":"` + base64.StdEncoding.EncodeToString(smallZip()) + `"},`
	}
	return `{"FunctionName":"bad","Runtime":"python3.12","Handler":"main.handler",` + code + members + `}`
}

func smallZip() []byte {
	return zipped(&zip.FileHeader{Name: "main.py"}, []byte("def handler(e, c): pass\n"))
}

func zipped(h *zip.FileHeader, content []byte) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	h.Method = zip.Deflate
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// withZip is a good CreateFunction but for its code.
func withZip(role string, code []byte) string {
	return createBody(`"Role":"` + role + `","Code":{"ZipFile":"` + base64.StdEncoding.EncodeToString(code) + `"}`)
}

func symlink() []byte {
	h := &zip.FileHeader{Name: "main.py"}
	h.SetMode(os.ModeSymlink | 0o777)
	return zipped(h, []byte("/etc/passwd"))
}

// bomb is a zip of 300 MB of zeros.
func bomb() []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create("main.py")
	block := make([]byte, 1<<20)
	for i := 0; err == nil && i < 300; i++ {
		_, err = f.Write(block)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func form(action string, values ...string) string {
	v := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i+1 < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	return v.Encode()
}

const unzip = "Could not unzip uploaded file. Please check your file, then try to upload again."

func badRequests(role string) []bad {
	trust := func(text string) string {
		return form("CreateRole", "RoleName", "bad", "AssumeRolePolicyDocument", text)
	}
	identity := func(text string) string {
		return form("PutUserPolicy", "UserName", "someone", "PolicyName", "bad", "PolicyDocument", text)
	}
	long := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::` + strings.Repeat("x", 2100) + `"]}]}`
	permission := function + "/there/policy"
	return []bad{
		{name: "broken JSON", service: "lambda", method: "POST", path: function, body: `{"FunctionName":`, status: 400, text: "json"},
		{name: "JSON of the wrong shape", service: "lambda", method: "POST", path: function, body: `[1]`, status: 400},
		{name: "wrong type", service: "lambda", method: "POST", path: function, body: createBody(`"Role":"` + role + `","Timeout":"long"`), status: 400, code: "SerializationException"},
		{name: "missing members", service: "lambda", method: "POST", path: function, body: `{}`, status: 400, code: "ValidationException", text: "failed to satisfy constraint: Member must not be null"},
		{name: "a role that is no ARN", service: "lambda", method: "POST", path: function, body: createBody(`"Role":"nobody"`), status: 400, code: "ValidationException",
			text: `1 validation error detected: Value 'nobody' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		{name: "an unknown runtime", service: "lambda", method: "POST", path: function, body: strings.Replace(createBody(`"Role":"`+role+`"`), "python3.12", "cobol85", 1), status: 400, code: "InvalidParameterValueException", text: "Value cobol85 at 'runtime'"},
		{name: "a missing role", service: "lambda", method: "POST", path: function, body: createBody(`"Role":"arn:aws:iam::111111111111:role/missing"`), status: 400, code: "InvalidParameterValueException", text: "The role defined for the function cannot be assumed by Lambda."},
		{name: "no zip", service: "lambda", method: "POST", path: function, body: withZip(role, []byte("not a zip")), status: 400, code: "InvalidParameterValueException", text: unzip},
		{name: "a zip that climbs out", service: "lambda", method: "POST", path: function, body: withZip(role, zipped(&zip.FileHeader{Name: "../main.py"}, []byte("x"))), status: 400, code: "InvalidParameterValueException", text: unzip},
		{name: "a zip with a symbolic link", service: "lambda", method: "POST", path: function, body: withZip(role, symlink()), status: 400, code: "InvalidParameterValueException", text: unzip},
		{name: "a zip bomb", service: "lambda", method: "POST", path: function, body: withZip(role, bomb()), status: 400, code: "InvalidParameterValueException", text: "Unzipped size must be smaller than 262144000 bytes"},
		{name: "a payload above 6 MB", service: "lambda", method: "POST", path: function + "/there/invocations", body: `"` + strings.Repeat("x", 6<<20) + `"`, status: 413, code: "RequestEntityTooLargeException"},
		{name: "a payload that is no JSON", service: "lambda", method: "POST", path: function + "/there/invocations", body: `{"a"`, status: 400, code: "InvalidRequestContentException", text: "Could not parse request body into json"},
		{name: "an unknown principal", service: "lambda", method: "POST", path: permission, body: `{"StatementId":"s","Action":"lambda:InvokeFunction","Principal":"arn:aws:iam::111111111111:user/missing"}`,
			status: 400, code: "InvalidParameterValueException", text: "The provided principal was invalid. Please check the principal and try again."},
		{name: "a statement id with a blank", service: "lambda", method: "POST", path: permission, body: `{"StatementId":"a b","Action":"lambda:InvokeFunction","Principal":"*"}`,
			status: 400, code: "ValidationException", text: `1 validation error detected: Value 'a b' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)`},
		{name: "an unknown path", service: "lambda", method: "GET", path: "/2015-03-31/nothing", status: 404},

		{name: "an unknown action", service: "iam", method: "POST", path: "/", body: form("MakeCoffee"), status: 400, code: "InvalidAction", text: "MakeCoffee"},
		{name: "a trust policy that is no JSON", service: "iam", method: "POST", path: "/", body: trust("{"), status: 400, code: "MalformedPolicyDocument", text: "This policy contains invalid Json"},
		{name: "a trust policy with a resource", service: "iam", method: "POST", path: "/", body: trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}]}`),
			status: 400, code: "MalformedPolicyDocument", text: "Has prohibited field Resource"},
		{name: "a trust policy that names nobody", service: "iam", method: "POST", path: "/", body: trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/missing"},"Action":"sts:AssumeRole"}]}`),
			status: 400, code: "MalformedPolicyDocument", text: `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/missing"`},
		{name: "an identity policy with a syntax error", service: "iam", method: "POST", path: "/", body: identity(`{"Version":"2012-10-17","Statement":{"Effect":"Maybe"}}`), status: 400, code: "MalformedPolicyDocument", text: "Syntax errors in policy."},
		{name: "an identity policy of the old version", service: "iam", method: "POST", path: "/", body: identity(`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`),
			status: 400, code: "MalformedPolicyDocument", text: "Policy document must be version 2012-10-17 or greater."},
		{name: "an oversized identity policy", service: "iam", method: "POST", path: "/", body: identity(long), status: 409, code: "LimitExceeded", text: "Maximum policy size of 2048 bytes exceeded for user someone"},
		{name: "a name with a slash", service: "iam", method: "POST", path: "/", body: form("CreateUser", "UserName", "a/b"), status: 400, code: "ValidationError", text: "at 'userName' failed to satisfy constraint"},
		{name: "a missing name", service: "iam", method: "POST", path: "/", body: form("CreateRole", "RoleName", "bad"), status: 400, code: "ValidationError", text: "at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null"},

		{name: "no signature", service: "iam", method: "POST", path: "/", body: form("ListUsers"), sign: func(s *signing) {
			s.after = func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Del("X-Amz-Date") }
		}, status: 403, code: "MissingAuthenticationToken", text: "Request is missing Authentication Token"},
		{name: "a wrong secret", service: "iam", method: "POST", path: "/", body: form("ListUsers"), sign: func(s *signing) { s.credentials.SecretAccessKey += "x" },
			status: 403, code: "SignatureDoesNotMatch", text: "The request signature we calculated does not match the signature you provided."},
		{name: "a wrong secret at Lambda", service: "lambda", method: "GET", path: function, sign: func(s *signing) { s.credentials.SecretAccessKey += "x" },
			status: 403, code: "InvalidSignatureException", text: "The request signature we calculated does not match the signature you provided."},
		{name: "an expired signature", service: "iam", method: "POST", path: "/", body: form("ListUsers"), sign: func(s *signing) { s.time = s.time.Add(-20 * time.Minute) },
			status: 403, code: "SignatureDoesNotMatch", text: "Signature expired"},
		{name: "a signature of the future", service: "lambda", method: "GET", path: function, sign: func(s *signing) { s.time = s.time.Add(20 * time.Minute) },
			status: 403, code: "InvalidSignatureException", text: "Signature not yet current"},
		{name: "an unknown key", service: "iam", method: "POST", path: "/", body: form("ListUsers"), sign: func(s *signing) { s.credentials.AccessKeyID = "AKIAIOSFODNN7EXAMPLE" },
			status: 403, code: "InvalidClientTokenId", text: "The security token included in the request is invalid"},
		{name: "an unknown key at Lambda", service: "lambda", method: "GET", path: function, sign: func(s *signing) { s.credentials.AccessKeyID = "AKIAIOSFODNN7EXAMPLE" },
			status: 403, code: "UnrecognizedClientException", text: "The security token included in the request is invalid"},
		{name: "a scope of another service", service: "lambda", method: "GET", path: function, sign: func(s *signing) { s.service = "dynamodb" },
			status: 403, code: "InvalidSignatureException", text: "Credential should be scoped to correct service: 'lambda'."},
		{name: "a body that does not match its hash", service: "lambda", method: "POST", path: function + "/there/invocations", body: `{"a":1}`, sign: func(s *signing) {
			s.after = func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"a":2}`)), 7
			}
		}, status: 403, code: "InvalidSignatureException"},
	}
}

func TestBadInputIsRefusedInAWSsWordsAndChangesNothing(t *testing.T) {
	p := mustServe(t, filepath.Join(t.TempDir(), "state"), "--account", "111111111111")
	c := p.clients(0)
	ctx := context.Background()
	role := c.makeRole(t, "role")
	c.makeFunction(t, "there", role, "def handler(e, c): return e\n", nil)
	if _, err := c.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("someone")}); err != nil {
		t.Fatal(err)
	}
	before := contents(t, c)
	for _, b := range badRequests(role) {
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			status, code, body := p.send(t, b)
			if status != b.status || b.code != "" && code != b.code || !strings.Contains(body, b.text) {
				t.Errorf("got %d %s\n%s\nwant %d %s with %q", status, code, body, b.status, b.code, b.text)
			}
		})
	}
	if after := contents(t, c); after != before {
		t.Errorf("refused requests changed something:\nbefore %s\nafter  %s", before, after)
	}
}

// TestSessionTokensCannotBeChanged flips each part of a token, and uses it with another key.
func TestSessionTokensCannotBeChanged(t *testing.T) {
	p := mustServe(t, filepath.Join(t.TempDir(), "state"), "--account", "111111111111")
	c := p.clients(0)
	ctx := context.Background()
	user := c.makeUser(t, p.endpoint, "someone", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	out, err := user.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	good := aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
	try := func(name string, change func(*aws.Credentials), status int, code string) {
		t.Helper()
		b := bad{name: name, service: "lambda", method: "GET", path: function, sign: func(s *signing) {
			s.credentials = good
			change(&s.credentials)
		}}
		got, gotCode, body := p.send(t, b)
		if got != status || gotCode != code {
			t.Errorf("%s: got %d %s %s, want %d %s", name, got, gotCode, body, status, code)
		}
	}
	try("untouched", func(*aws.Credentials) {}, 200, "")
	for _, at := range []int{0, len(good.SessionToken) / 2, len(good.SessionToken) - 3} {
		try(fmt.Sprintf("changed at %d", at), func(c *aws.Credentials) {
			token := []byte(c.SessionToken)
			token[at] ^= 1
			c.SessionToken = string(token)
		}, 403, "UnrecognizedClientException")
	}
	try("without its token", func(c *aws.Credentials) { c.SessionToken = "" }, 403, "UnrecognizedClientException")
	other, err := user.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	try("with another session's token", func(c *aws.Credentials) { c.SessionToken = *other.Credentials.SessionToken }, 403, "UnrecognizedClientException")
}

// contents is everything a refused request could have made.
func contents(t *testing.T, c *clients) string {
	t.Helper()
	ctx := context.Background()
	var all []string
	functions, err := c.lambda.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions.Functions {
		all = append(all, "function "+*f.FunctionName+" "+*f.RevisionId)
	}
	if p, err := c.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("there")}); err == nil {
		all = append(all, "policy "+*p.Policy)
	}
	roles, err := c.iam.ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roles.Roles {
		all = append(all, "role "+*r.RoleName)
	}
	users, err := c.iam.ListUsers(ctx, &iam.ListUsersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users.Users {
		policies, err := c.iam.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: u.UserName})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint("user ", *u.UserName, policies.PolicyNames))
	}
	return strings.Join(all, "; ")
}

// send signs and sends a request, and gives status, error code and body.
func (p *process) send(t *testing.T, b bad) (status int, code, body string) {
	t.Helper()
	r, err := http.NewRequest(b.method, p.endpoint+b.path, strings.NewReader(b.body))
	if err != nil {
		t.Fatal(err)
	}
	if b.service == "iam" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	sum := sha256.Sum256([]byte(b.body))
	s := &signing{
		credentials: aws.Credentials{AccessKeyID: p.keys[0].AccessKeyID, SecretAccessKey: p.keys[0].SecretAccessKey},
		hash:        hex.EncodeToString(sum[:]), service: b.service, region: "us-east-1", time: time.Now(),
	}
	if b.sign != nil {
		b.sign(s)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), s.credentials, r, s.hash, s.service, s.region, s.time); err != nil {
		t.Fatal(err)
	}
	if s.after != nil {
		s.after(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	code = answer.Header.Get("X-Amzn-Errortype")
	if _, rest, ok := strings.Cut(string(raw), "<Code>"); ok {
		code, _, _ = strings.Cut(rest, "</Code>")
	}
	code, _, _ = strings.Cut(code, ":")
	return answer.StatusCode, code, plain(raw)
}

// plain is the text of an error as a client shows it, or the body as it is.
func plain(body []byte) string {
	var asJSON struct{ Message string }
	if json.Unmarshal(body, &asJSON) == nil && asJSON.Message != "" {
		return asJSON.Message
	}
	var asXML struct {
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(body, &asXML) == nil && asXML.Message != "" {
		return asXML.Message
	}
	return string(body)
}
