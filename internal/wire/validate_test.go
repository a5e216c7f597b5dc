package wire

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
)

func ptr[T any](v T) *T { return &v }

// validated is the message for an input, empty when it is right.
func validated(in any, query bool) string {
	v := reflect.ValueOf(in).Elem()
	return (&plans{}).of(v.Type()).validate(v, query)
}

func TestConstraintsAreWordedAsAWSDoes(t *testing.T) {
	role := ptr("arn:aws:iam::123456789012:role/r")
	function := func(change func(*lambdaapi.CreateFunctionRequest)) *lambdaapi.CreateFunctionRequest {
		in := &lambdaapi.CreateFunctionRequest{FunctionName: ptr("f"), Role: role, Code: &lambdaapi.FunctionCode{ZipFile: []byte("zip")}}
		change(in)
		return in
	}
	const one = "1 validation error detected: "
	for name, c := range map[string]struct {
		in    any
		query bool
		want  string
	}{
		"nothing wrong": {in: function(func(*lambdaapi.CreateFunctionRequest) {})},
		"a required member is missing (facts/README.md)": {
			in: &iamapi.CreateRoleRequest{AssumeRolePolicyDocument: ptr("{}")}, query: true,
			want: one + "Value null at 'roleName' failed to satisfy constraint: Member must not be null"},
		"a role that is no ARN (facts/execution-role.md, recorded)": {
			in:   function(func(in *lambdaapi.CreateFunctionRequest) { in.Role = ptr("r") }),
			want: one + `Value 'r' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		"a statement id with bad characters (facts/lambda-permissions.md, recorded)": {
			in:   &lambdaapi.AddPermissionRequest{FunctionName: ptr("f"), Action: ptr("lambda:InvokeFunction"), Principal: ptr("*"), StatementId: ptr("a b")},
			want: one + "Value 'a b' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"},
		"a session name with bad characters (facts/sts.md, recorded)": {
			in: &stsapi.AssumeRoleRequest{RoleArn: role, RoleSessionName: ptr("a b")}, query: true,
			want: one + `Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		"a layer (recorded): scalars of a list are judged together": {
			in: function(func(in *lambdaapi.CreateFunctionRequest) {
				in.Layers = []string{"arn:aws:lambda:us-east-1:123456789012:layer:l:1", "nope"}
			}),
			want: one + "Value '[arn:aws:lambda:us-east-1:123456789012:layer:l:1, nope]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: " +
				`[Member must have length less than or equal to 140, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+]`},
		"an unknown architecture": {
			in: function(func(in *lambdaapi.CreateFunctionRequest) { in.Architectures = []string{"riscv"} }),
			want: one + "Value '[riscv]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: " +
				"[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"},
		"two architectures": {
			in:   function(func(in *lambdaapi.CreateFunctionRequest) { in.Architectures = []string{"x86_64", "arm64"} }),
			want: one + "Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1"},
		"an environment variable's name (seen)": {
			in: function(func(in *lambdaapi.CreateFunctionRequest) {
				in.Environment = &lambdaapi.Environment{Variables: map[string]string{"1": "2"}}
			}),
			want: one + "Value '{1=2}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"},
		"the weight of a version (recorded): decimals are printed as Java does": {
			in: &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("a"), FunctionVersion: ptr("1"),
				RoutingConfig: &lambdaapi.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 1.5}}},
			want: one + "Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: " +
				"[Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"},
		"a number out of range": {
			in:   function(func(in *lambdaapi.CreateFunctionRequest) { in.MemorySize = ptr(int32(64)) }),
			want: one + "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		"an alias of digits only, which Go's expressions cannot say": {
			in:   &lambdaapi.CreateAliasRequest{FunctionName: ptr("f"), Name: ptr("12"), FunctionVersion: ptr("1")},
			want: one + "Value '12' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
		"an empty name breaks two constraints": {
			in: &iamapi.GetRoleRequest{RoleName: ptr("")}, query: true,
			want: "2 validation errors detected: Value '' at 'roleName' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				`Value '' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`},
		"structures of a list are named by their place": {
			in: &iamapi.TagRoleRequest{RoleName: ptr("r"), Tags: []iamapi.Tag{{Key: ptr("a"), Value: ptr("b")}, {Key: ptr(""), Value: ptr("b")}}}, query: true,
			want: "2 validation errors detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				`Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`},
		"tag keys in IAM (recorded)": {
			in: &iamapi.UntagRoleRequest{RoleName: ptr("r"), TagKeys: []string{"a\x01"}}, query: true,
			want: one + "Value '[a\x01]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, " +
				`Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]`},
		"a member of an element is missing": {
			in:   &logsapi.PutLogEventsRequest{LogGroupName: ptr("g"), LogStreamName: ptr("s"), LogEvents: []logsapi.InputLogEvent{{Timestamp: ptr(int64(1))}}},
			want: one + "Value null at 'logEvents.1.member.message' failed to satisfy constraint: Member must not be null"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := validated(c.in, c.query); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// sample has the constraints that no bound operation has.
type sample struct {
	Secret *string               `aws:"Secret,sensitive" len:"8:"`
	Blob   []byte                `aws:"Blob" len:":3"`
	Many   []sampleItem          `aws:"Many" len:"1:"`
	ByName map[string]sampleItem `aws:"ByName"`
	Weight *float64              `aws:"Weight" range:"0:1"`
	Name   *string               `aws:"Name" len:"2:4"`
}

type sampleItem struct {
	Name *string `aws:"Name,required"`
}

func TestConstraintsOfOtherShapes(t *testing.T) {
	const one = "1 validation error detected: "
	for name, c := range map[string]struct {
		in   sample
		want string
	}{
		"a secret is not repeated":       {sample{Secret: ptr("hunter2")}, one + "Value at 'secret' failed to satisfy constraint: Member must have length greater than or equal to 8"},
		"the contents of a blob neither": {sample{Blob: []byte("four")}, one + "Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'blob' failed to satisfy constraint: Member must have length less than or equal to 3"},
		"an empty list of structures":    {sample{Many: []sampleItem{}}, one + "Value at 'many' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"an absent list is not empty":    {sample{}, ""},
		"a structure in a map":           {sample{ByName: map[string]sampleItem{"k": {}}}, one + "Value null at 'byName.k.member.name' failed to satisfy constraint: Member must not be null"},
		"lengths count characters":       {sample{Name: ptr("äöü€")}, ""},
		"and not bytes":                  {sample{Name: ptr("ä")}, one + "Value 'ä' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := validated(&c.in, false); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNaNIsInNoRange(t *testing.T) {
	nan, ok := parseFloat("NaN", 64)
	if !ok {
		t.Fatal("NaN is not read")
	}
	if got := validated(&sample{Weight: &nan}, false); !strings.Contains(got, "at 'weight'") {
		t.Errorf("NaN passed as a weight between 0 and 1: %q", got)
	}
}

func TestMessagesDoNotGrowWithoutEnd(t *testing.T) {
	in := &sample{Name: ptr(strings.Repeat("x", 1<<20)), Many: make([]sampleItem, 10_000)}
	got := validated(in, false)
	if len(got) > 64<<10 {
		t.Errorf("the message has %d bytes", len(got))
	}
	if !strings.HasPrefix(got, "10001 validation errors detected: ") {
		t.Errorf("not all are counted: %.60s", got)
	}
}

func TestCodesOfInvalidInputs(t *testing.T) {
	for id, want := range map[string]string{
		"lambda": "ValidationException", "iam": "ValidationError", "sts": "ValidationError", "logs": "InvalidParameterException", "sallyport": "ValidationException",
		"organizations": "InvalidInputException",
	} {
		for _, s := range generated() {
			if s.ID != id {
				continue
			}
			e := dialectOf(s).invalidInput("1 validation error detected: ...")
			if e.Code != want || e.Status != 400 || e.Fault != api.Client {
				t.Errorf("%s: %+v, want %s", id, e, want)
			}
		}
	}
}

// TestOrganizationsSaysOneThing of every input that breaks a constraint, with a
// reason that its SDKs have a member for.
func TestOrganizationsSaysOneThing(t *testing.T) {
	for _, s := range generated() {
		if s.ID != "organizations" {
			continue
		}
		e := dialectOf(s).invalidInput("1 validation error detected: ...")
		if e.Message != "You provided a value that does not match the required pattern." || e.Members["Reason"] != "INVALID_PATTERN" || e.MessageMember != "Message" {
			t.Errorf("%+v", e)
		}
	}
}

func TestPatternsByHand(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		`(?!^[0-9]+$)([a-zA-Z0-9-_]+)`:                  {"": false, "1": false, "12": false, "1a": true, "a": true, "a b": false, "-": true, "é": false},
		`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`:     {"abc": true, "a-b": true, "ab": false, "-ab": false, "ab-": false, "a--b": false, "aBc": false, strings.Repeat("a", 63): true, strings.Repeat("a", 64): false},
		`[0-9A-Za-z\.\-_]*(?<!\.)`:                      {"": true, "a": true, "a.b": true, "a.": false, "a b": false},
		`[\u0009\u000A\u000D\u0020-\u00FF]+`:            {"a\n": true, "": false, "ÿ": true, "Ā": false, "\x00": false},
		`[\u0020-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`: {"😀": true, "a": true, "\x01": false},
		`a|b`:     {"a": true, "b": true, "ab": false, "xb": false, "b\n": false},
		`\\u0041`: {`\u0041`: true, "A": false},
	} {
		matches := compilePattern(pattern)
		for text, want := range texts {
			if got := matches(text); got != want {
				t.Errorf("%s matches %q: %v, want %v", pattern, text, got, want)
			}
		}
	}
}
