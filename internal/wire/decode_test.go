package wire

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
)

// everything has a member of every kind, in every place.
type everything struct {
	Label   *string           `aws:"Label,in=path"`
	Flag    *bool             `aws:"flag,in=query"`
	Keys    []string          `aws:"keys,in=query"`
	Header  *string           `aws:"X-Header,in=header"`
	Date    *time.Time        `aws:"X-Date,in=header,time=http"`
	Metas   map[string]string `aws:"X-Meta-,in=headers"`
	Text    *string           `aws:"Text"`
	Int     *int32            `aws:"Int"`
	Long    *int64            `aws:"Long"`
	Float   *float32          `aws:"Float"`
	Double  *float64          `aws:"Double"`
	Bool    *bool             `aws:"Bool"`
	When    *time.Time        `aws:"When,time=unix"`
	Blob    []byte            `aws:"Blob"`
	List    []string          `aws:"List"`
	Flat    []string          `aws:"Flat,flat"`
	Structs []everythingItem  `aws:"Structs"`
	Map     map[string]string `aws:"Map"`
	Inner   *everythingItem   `aws:"Inner"`
}

type everythingItem struct {
	Name  *string          `aws:"Name"`
	Items []everythingItem `aws:"Items"`
}

// service of one operation, Do, in any protocol.
func everythingService(p api.Protocol) *api.Service {
	return api.Describe(&api.Service{
		ID: "everything", Name: "Everything", Protocol: p, Version: "1", TargetPrefix: "Everything",
		Operations: []*api.Operation{api.Describes[everything, everything]("Do", "POST", "/do/{Label}", 200, "DoResult")},
	})
}

// decode sends a request through routing and decoding.
func decode(t *testing.T, s *api.Service, r *http.Request, body []byte) (any, *api.Error) {
	t.Helper()
	router := NewRouter([]*api.Service{s})
	route, failure := router.Route(r, body)
	if failure != nil || route.Operation == nil {
		t.Fatalf("not routed: %+v %v", route, failure)
	}
	return router.For(s.Protocol).Decode(r, route, body)
}

func decodeBody(t *testing.T, p api.Protocol, body string) (*everything, *api.Error) {
	t.Helper()
	r := request{target: "/do/l", body: body}.http()
	switch p {
	case api.JSON11:
		r = request{body: body, header: map[string]string{"X-Amz-Target": "Everything.Do"}}.http()
	case api.Query:
		body = "Action=Do&Version=1&" + body
		r = request{body: body, header: map[string]string{"Content-Type": formType}}.http()
	}
	in, failure := decode(t, everythingService(p), r, []byte(body))
	if failure != nil {
		return nil, failure
	}
	return in.(*everything), nil
}

func TestJSONIsReadStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		body, message string
	}{
		"a number for a string":     {`{"Text":1}`, "NUMBER_VALUE can not be converted to a String"},
		"true for a string":         {`{"Text":true}`, "TRUE_VALUE can not be converted to a String"},
		"a string for a number":     {`{"Int":"1"}`, "STRING_VALUE can not be converted to an Integer"},
		"a fraction for an integer": {`{"Int":1.5}`, "DECIMAL_VALUE can not be converted to an Integer"},
		"too large an integer":      {`{"Int":2147483648}`, "NUMBER_VALUE can not be converted to an Integer"},
		"too large a long":          {`{"Long":9223372036854775808}`, "NUMBER_VALUE can not be converted to a Long"},
		"a string for a bool":       {`{"Bool":"true"}`, "STRING_VALUE can not be converted to a Boolean"},
		"a number for a bool":       {`{"Bool":1}`, "NUMBER_VALUE can not be converted to a Boolean"},
		"text for a time":           {`{"When":"2026-11-01T00:00:00Z"}`, "STRING_VALUE can not be converted to milliseconds since epoch"},
		"a time beyond all years":   {`{"When":1e300}`, "NUMBER_VALUE can not be converted to milliseconds since epoch"},
		"an object for a string":    {`{"Text":{}}`, "Start of structure or map found where not expected."},
		"a list for a string":       {`{"Text":[]}`, "Start of list found where not expected"},
		"a list for a structure":    {`{"Inner":[]}`, "Start of list found where not expected"},
		"a string for a list":       {`{"List":"a"}`, "Expected list or null"},
		"a number for a structure":  {`{"Inner":1}`, "Expected structure or null"},
		"null in a list":            {`{"List":[null]}`, "NULL_VALUE can not be converted to a String"},
		"null in a map":             {`{"Map":{"a":null}}`, "NULL_VALUE can not be converted to a String"},
		"what is not base64":        {`{"Blob":"?"}`, "Unable to decode the value as base64: at input byte 0"},
		"a list at the top":         {`[]`, "Unexpected value type in payload"},
		"a string at the top":       {`"a"`, "Unexpected value type in payload"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range []api.Protocol{api.JSON11, api.RESTJSON} {
				in, failure := decodeBody(t, p, c.body)
				if failure == nil {
					t.Fatalf("%s: read as %+v", p, in)
				}
				if failure.Code != "SerializationException" || failure.Status != 400 || failure.Message != c.message {
					t.Errorf("%s: %v, want %s", p, failure, c.message)
				}
			}
		})
	}
}

func TestJSONThatIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want everything
	}{
		"nothing":                    {``, everything{}},
		"an empty object":            {` { } `, everything{}},
		"null is absent":             {`{"Text":null,"Inner":null,"List":null,"Blob":null}`, everything{}},
		"empty lists are there":      {`{"List":[],"Map":{},"Structs":[]}`, everything{List: []string{}, Map: map[string]string{}, Structs: []everythingItem{}}},
		"unknown members":            {`{"Nope":{"a":[1,2.5e-3,"x",true,null,{}]},"Text":"t"}`, everything{Text: ptr("t")}},
		"names in another case":      {`{"text":"t","TEXT":"u"}`, everything{}},
		"members of other places":    {`{"flag":true,"X-Header":"a"}`, everything{}},
		"the last of two":            {`{"Text":"a","Text":"b"}`, everything{Text: ptr("b")}},
		"whole numbers with a point": {`{"Int":3.0,"Long":1e3}`, everything{Int: ptr(int32(3)), Long: ptr(int64(1000))}},
		"the ends of a long":         {`{"Long":-9223372036854775808}`, everything{Long: ptr(int64(-1 << 63))}},
		"escapes":                    {`{"Text":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"}`, everything{Text: ptr("é😀\"\\/\b\f\n\r\t")}},
		"half a pair":                {`{"Text":"\ud83d-\ude00"}`, everything{Text: ptr("\uFFFD-\uFFFD")}},
		"escaped base64":             {`{"Blob":"\/\/8="}`, everything{Blob: []byte{255, 255}}},
		"an escaped name":            {`{"\u0054ext":"t"}`, everything{Text: ptr("t")}},
		"a time":                     {`{"When":1700000000.25}`, everything{When: ptr(time.UnixMilli(1700000000250).UTC())}},
		"floats":                     {`{"Float":0.5,"Double":-1.5e-3}`, everything{Float: ptr(float32(0.5)), Double: ptr(-0.0015)}},
		"types in themselves":        {`{"Inner":{"Name":"a","Items":[{"Items":[{"Name":"b"}]}]}}`, everything{Inner: &everythingItem{Name: ptr("a"), Items: []everythingItem{{Items: []everythingItem{{Name: ptr("b")}}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, failure := decodeBody(t, api.JSON11, c.body)
			if failure != nil {
				t.Fatal(failure)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBrokenJSON(t *testing.T) {
	for name, c := range map[string]struct{ body, reason string }{
		"cut off":                  {`{"Text":"a"`, "Unexpected end-of-input: was expecting comma to separate Object entries at line: 1, column: 12"},
		"cut off in a string":      {`{"Text":"a`, "Unexpected end-of-input in a string at line: 1, column: 11"},
		"no quotes":                {"{\nText:1}", "Unexpected character ('T' (code 84)): was expecting double-quote to start field name at line: 2, column: 1"},
		"a comma too many":         {`{"Int":1,}`, "Unexpected character ('}' (code 125)): was expecting double-quote to start field name at line: 1, column: 10"},
		"more after the end":       {`{} {}`, "Unexpected character ('{' (code 123)): was expecting the end of the document at line: 1, column: 4"},
		"no value":                 {`{"Text":}`, "Unexpected character ('}' (code 125)): was expecting a valid value"},
		"a bad word":               {`{"Bool":tru}`, "Unexpected character ('t' (code 116)): was expecting a valid value"},
		"a bad number":             {`{"Int":01}`, "Unexpected character ('1' (code 49)): was expecting comma to separate Object entries"},
		"a bare minus":             {`{"Int":-}`, "Unexpected character ('}' (code 125)): was expecting a valid value"},
		"a control character":      {"{\"Text\":\"a\x01\"}", "Illegal unquoted character (code 1)"},
		"not UTF-8":                {"{\"Text\":\"\xff\"}", "Invalid UTF-8 at line: 1, column: 10"},
		"a bad escape":             {`{"Text":"\x"}`, "Unrecognized character escape (code 120)"},
		"a cut escape":             {`{"Text":"\u00"}`, "Unrecognized character escape (code 117)"},
		"broken inside a mismatch": {`{"Text":[1,}`, "Unexpected character ('}' (code 125)): was expecting a valid value"},
		"text":                     {`hello`, "Unexpected character ('h' (code 104)): was expecting a valid value"},
		"only space":               {` `, "Unexpected end-of-input: was expecting a valid value"},
		"nested too deep":          {strings.Repeat(`{"a":`, limits.NestingDepth+1) + "1" + strings.Repeat("}", limits.NestingDepth+1), "Values are nested more than 64 deep"},
		"nested lists":             {`{"Nope":` + strings.Repeat("[", 1<<20), "Values are nested more than 64 deep"},
		"too many elements":        {`{"Structs":[` + strings.Repeat("{},", limits.RequestElements) + `{}]}`, "More than 100000 list elements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, failure := decodeBody(t, api.JSON11, c.body)
			if failure == nil || failure.Code != "SerializationException" || !strings.HasPrefix(failure.Message, c.reason) {
				t.Errorf("%v, want %s", failure, c.reason)
			}
		})
	}
}

func TestLambdasWordsForBrokenJSON(t *testing.T) {
	r := request{target: "/2015-03-31/functions", body: `{"FunctionName"`}.http()
	_, failure := decode(t, lambdaapi.Service, r, []byte(`{"FunctionName"`))
	if failure == nil || failure.Code != "InvalidRequestContentException" || failure.Status != 400 || failure.MessageMember != "message" || !failure.Typed ||
		!strings.HasPrefix(failure.Message, "Could not parse request body into json: Unexpected end-of-input: ") {
		t.Errorf("%+v", failure)
	}
}

func TestQueryParametersAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ body, message string }{
		"text for a number":       {"Int=abc", "Int: STRING_VALUE can not be converted to an Integer"},
		"too large a number":      {"Int=2147483648", "Int: STRING_VALUE can not be converted to an Integer"},
		"a fraction":              {"Int=1.5", "Int: STRING_VALUE can not be converted to an Integer"},
		"yes for a bool":          {"Bool=yes", "Bool: STRING_VALUE can not be converted to a Boolean"},
		"hexadecimal for a float": {"Double=0x10", "Double: STRING_VALUE can not be converted to a Double"},
		"what is not base64":      {"Blob=?", "Blob: STRING_VALUE can not be converted to a ByteBuffer"},
		"a value for a list":      {"List=a", "List: Unexpected value found where a list was expected"},
		"a value for a structure": {"Inner=a", "Inner: Unexpected value found where a structure was expected"},
		"a part of a scalar":      {"Text=a&Text.x=b", "Text: Start of structure or map found where not expected."},
		"an empty part":           {"Text=a&Text.=b", "Text: Start of structure or map found where not expected."},
		"a word for an index":     {"List.member.x=a", "List: Unexpected key found in list: x"},
		"an index with a zero":    {"List.member.01=a", "List: Unexpected key found in list: 01"},
		"a negative index":        {"List.member.-1=a", "List: Unexpected key found in list: -1"},
		"an entry without a key":  {"Map.entry.1.value=a", "Map: A map entry has no key"},
		"nested too deep":         {strings.Repeat("a.", limits.NestingDepth) + "b=1", "Parameters are nested more than 64 deep."},
		"too many":                {strings.Repeat("a=1&", limits.QueryParameters), "The request has more than 10000 parameters."},
	} {
		t.Run(name, func(t *testing.T) {
			router := NewRouter([]*api.Service{everythingService(api.Query)})
			body := "Action=Do&Version=1&" + c.body
			r := request{body: body, header: map[string]string{"Content-Type": formType}}.http()
			route, failure := router.Route(r, []byte(body))
			if failure == nil {
				_, failure = router.For(api.Query).Decode(r, route, []byte(body))
			}
			if failure == nil || failure.Code != "MalformedInput" || failure.Status != 400 || failure.Message != c.message {
				t.Errorf("%v, want %s", failure, c.message)
			}
		})
	}
}

func TestQueryParametersThatAreTaken(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want everything
	}{
		"nothing":                    {"", everything{}},
		"the first of two":           {"Text=a&Text=b", everything{Text: ptr("a")}},
		"unknown ones":               {"Nope=1&Text=a&Inner.Nope.member.1=x", everything{Text: ptr("a"), Inner: &everythingItem{}}},
		"an empty string":            {"Text=", everything{Text: ptr("")}},
		"without an equals sign":     {"Text", everything{Text: ptr("")}},
		"an empty list":              {"List=", everything{List: []string{}}},
		"a list in order":            {"List.member.10=c&List.member.2=b&List.member.1=a", everything{List: []string{"a", "b", "c"}}},
		"a flat list":                {"Flat.1=a&Flat.2=b", everything{Flat: []string{"a", "b"}}},
		"a list without its element": {"List.1=a", everything{List: []string{}}},
		"structures":                 {"Structs.member.1.Name=a&Structs.member.2.Items.member.1.Name=b", everything{Structs: []everythingItem{{Name: ptr("a")}, {Items: []everythingItem{{Name: ptr("b")}}}}}},
		"a map":                      {"Map.entry.1.key=a&Map.entry.1.value=1&Map.entry.2.key=b", everything{Map: map[string]string{"a": "1", "b": ""}}},
		"names that begin alike":     {"Text-x=1&Textual=2&Text=a", everything{Text: ptr("a")}},
		"plus and percent":           {"Text=a+b%2Bc%26", everything{Text: ptr("a b+c&")}},
		"scalars":                    {"Int=-1&Long=5&Double=1e3&Bool=true&When=2026-11-01T00:00:00Z&Blob=aGk%3D", everything{Int: ptr(int32(-1)), Long: ptr(int64(5)), Double: ptr(1000.0), Bool: ptr(true), When: ptr(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)), Blob: []byte("hi")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, failure := decodeBody(t, api.Query, c.body)
			if failure != nil {
				t.Fatal(failure)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRESTBindings(t *testing.T) {
	r := request{target: "/do/a%2Fb%20c?flag=true&flag=false&keys=1&keys=2&x=y", body: `{"Text":"t"}`, header: map[string]string{
		"X-Header": "h", "X-Date": "Sun, 01 Nov 2026 12:00:00 GMT", "X-Meta-One": "1", "X-Meta-two": "2"}}.http()
	in, failure := decode(t, everythingService(api.RESTJSON), r, []byte(`{"Text":"t"}`))
	if failure != nil {
		t.Fatal(failure)
	}
	want := &everything{
		Label: ptr("a/b c"), Flag: ptr(true), Keys: []string{"1", "2"}, Header: ptr("h"), Date: ptr(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)),
		Metas: map[string]string{"one": "1", "two": "2"}, Text: ptr("t"),
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, target := range map[string]string{"a bad bool": "/do/l?flag=1", "a bad escape": "/do/l?flag=%zz", "too many": "/do/l?" + strings.Repeat("a&", limits.QueryParameters)} {
		r := httptest.NewRequest("POST", "/do/l", nil)
		_, r.URL.RawQuery, _ = strings.Cut(target, "?")
		if _, failure := decode(t, everythingService(api.RESTJSON), r, nil); failure == nil || failure.Code != "SerializationException" {
			t.Errorf("%s: %v", name, failure)
		}
	}
}

func TestThePayloadOfAnInvokeIsNotCopied(t *testing.T) {
	body := []byte(`{"a":1}`)
	r := request{target: "/2015-03-31/functions/f/invocations?Qualifier=live", body: string(body), header: map[string]string{
		"X-Amz-Invocation-Type": "Event", "X-Amz-Log-Type": "Tail", "X-Amz-Client-Context": "e30="}}.http()
	in, failure := decode(t, lambdaapi.Service, r, body)
	if failure != nil {
		t.Fatal(failure)
	}
	got := in.(*lambdaapi.InvocationRequest)
	if got.GetFunctionName() != "f" || got.GetQualifier() != "live" || got.GetInvocationType() != "Event" || got.GetLogType() != "Tail" || got.GetClientContext() != "e30=" {
		t.Errorf("%+v", got)
	}
	if &got.Payload[0] != &body[0] {
		t.Error("the payload was copied")
	}
}

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressedBodies(t *testing.T) {
	events := `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"}]}`
	for name, c := range map[string]struct {
		service *api.Service
		request
		body []byte
		code string
	}{
		"log events":  {logsapi.Service, request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, zipped(t, events), ""},
		"a form":      {iamapi.Service, request{header: map[string]string{"Content-Type": formType}}, zipped(t, "Action=GetUser&Version=2010-05-08"), ""},
		"a function":  {lambdaapi.Service, request{target: "/2015-03-31/functions"}, zipped(t, `{"FunctionName":"f","Role":"arn:aws:iam::123456789012:role/r","Code":{}}`), ""},
		"a bomb":      {logsapi.Service, request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, zipped(t, strings.Repeat(" ", limits.RequestBody+1)), "RequestEntityTooLargeException"},
		"what is not": {logsapi.Service, request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, []byte(events), "SerializationException"},
		"cut off":     {logsapi.Service, request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, zipped(t, events)[:30], "SerializationException"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.http()
			r.Header.Set("Content-Encoding", "gzip")
			_, failure := decode(t, c.service, r, c.body)
			if got := codeOf(failure); got != c.code {
				t.Errorf("%v, want %q", failure, c.code)
			}
		})
	}
}

func codeOf(e *api.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}

func TestAnAnswerOfTheWrongTypeIsRefused(t *testing.T) {
	for _, s := range []*api.Service{everythingService(api.RESTJSON), everythingService(api.JSON11), everythingService(api.Query)} {
		codec := NewRouter(nil).For(s.Protocol)
		for _, out := range []any{nil, everything{}, (*everything)(nil), &everythingItem{}} {
			w := httptest.NewRecorder()
			if err := codec.Encode(w, s.Operations[0], "id", out); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
				t.Errorf("%s: %T was written: %v", s.Protocol, out, err)
			}
		}
	}
}

func TestAnswersAreWhole(t *testing.T) {
	full := &everything{Text: ptr("<\x01\r\n\uFFFE>"), List: []string{}, Map: map[string]string{"b": "2", "a": "1"}, When: ptr(time.UnixMilli(1500)), Header: ptr("h"), Metas: map[string]string{"k": "v"}}
	for p, want := range map[api.Protocol]string{
		api.JSON11:   `{"Text":"<\u0001\r\n` + "\uFFFE" + `>","When":1.500,"List":[],"Map":{"a":"1","b":"2"}}`,
		api.RESTJSON: `{"Text":"<\u0001\r\n` + "\uFFFE" + `>","When":1.500,"List":[],"Map":{"a":"1","b":"2"}}`,
		api.Query: `<DoResponse><DoResult><Text>&lt;` + "\uFFFD" + "&#xD;\n\uFFFD" + `&gt;</Text><When>1.500</When><List></List>` +
			`<Map><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Map></DoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>`,
	} {
		s := everythingService(p)
		w := httptest.NewRecorder()
		if err := NewRouter(nil).For(p).Encode(w, s.Operations[0], "id", full); err != nil {
			t.Fatal(err)
		}
		if w.Body.String() != want {
			t.Errorf("%s: %s\nwant %s", p, w.Body, want)
		}
		if got := w.Header().Get("Content-Length"); got != itoa(w.Body.Len()) {
			t.Errorf("%s: Content-Length %s for %d bytes", p, got, w.Body.Len())
		}
		//lint:ignore SA1008 S3 writes the names of metadata in small letters
		if p == api.RESTJSON && (w.Header().Get("X-Header") != "h" || !slices.Equal(w.Header()["X-Meta-k"], []string{"v"})) {
			t.Errorf("headers %v", w.Header())
		}
	}
}

func TestAnInvokesAnswer(t *testing.T) {
	payload := []byte(`{"ok":true}`)
	w := httptest.NewRecorder()
	out := &lambdaapi.InvocationResponse{StatusCode: ptr(int32(200)), Payload: payload, FunctionError: ptr("Unhandled"), ExecutedVersion: ptr("$LATEST"), LogResult: ptr("bG9n")}
	if err := NewRouter(nil).For(api.RESTJSON).Encode(w, lambdaapi.Invoke.Operation, "id", out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "X-Amz-Function-Error": "Unhandled", "X-Amz-Executed-Version": "$LATEST", "X-Amz-Log-Result": "bG9n", "X-Amzn-Requestid": "id",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != 200 || w.Body.String() != string(payload) {
		t.Errorf("%d %s", w.Code, w.Body)
	}

	for status, length := range map[int32]string{202: "0", 204: ""} {
		w := httptest.NewRecorder()
		if err := NewRouter(nil).For(api.RESTJSON).Encode(w, lambdaapi.Invoke.Operation, "id", &lambdaapi.InvocationResponse{StatusCode: ptr(status)}); err != nil {
			t.Fatal(err)
		}
		if w.Code != int(status) || w.Body.Len() > 0 || w.Header().Get("Content-Length") != length {
			t.Errorf("%d: %d %v %q", status, w.Code, w.Header(), w.Body)
		}
	}
}

func TestPlansOfStrangeTypesPanic(t *testing.T) {
	for name, typ := range map[string]reflect.Type{
		"no tag": reflect.TypeFor[struct{ A *string }](),
		"no name": reflect.TypeFor[struct {
			A *string `aws:",required"`
		}](),
		"unknown option": reflect.TypeFor[struct {
			A *string `aws:"A,optional"`
		}](),
		"unknown place": reflect.TypeFor[struct {
			A *string `aws:"A,in=cookie"`
		}](),
		"unknown time": reflect.TypeFor[struct {
			A *time.Time `aws:"A,time=lunar"`
		}](),
		"unknown type": reflect.TypeFor[struct {
			A *uint16 `aws:"A"`
		}](),
		"a bad range": reflect.TypeFor[struct {
			A *string `aws:"A" len:"5"`
		}](),
		"a bad bound": reflect.TypeFor[struct {
			A *string `aws:"A" len:"x:"`
		}](),
		"no struct": reflect.TypeFor[string](),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a plan was made")
				}
			}()
			(&plans{}).of(typ)
		})
	}
}
