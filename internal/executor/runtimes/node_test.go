package runtimes

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// node runs a handler in main.js.
func node(t *testing.T, source string, events ...string) story {
	t.Helper()
	return play{runtime: real(t, "nodejs18.x"), files: map[string]string{"main.js": source}, events: jsonEvents(events...)}.run(t)
}

func TestNodeAnswersEvents(t *testing.T) {
	s := node(t, "exports.handler = async (event) => event;\n", `{"a": [1, 2.5, null, true, "x"]}`, ` "spaces" `, `null`, `"ü"`)
	s.same(t, response(0, `{"a":[1,2.5,null,true,"x"]}`), response(1, `"spaces"`), response(2, `null`), response(3, `"ü"`))
}

func TestNodeKindsOfHandlers(t *testing.T) {
	cases := map[string]struct{ source, want string }{
		"async":                      {"exports.handler = async () => 1;", "1"},
		"promise":                    {"exports.handler = () => new Promise((r) => setTimeout(() => r(1), 10));", "1"},
		"thenable":                   {"exports.handler = () => ({ then(ok) { ok(1); } });", "1"},
		"callback":                   {"exports.handler = (e, c, callback) => callback(null, 1);", "1"},
		"late callback":              {"exports.handler = (e, c, callback) => { setTimeout(() => callback(null, 1), 10); };", "1"},
		"callback waits":             {"let n = 0; exports.handler = (e, c, callback) => { const r = { get n() { return n; } }; callback(null, r); setTimeout(() => { n = 5; }, 30); };", `{"n":5}`},
		"callback does not wait":     {"let n = 0; exports.handler = (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; const r = { get n() { return n; } }; callback(null, r); setTimeout(() => { n = 5; }, 30); };", `{"n":0}`},
		"the first callback counts":  {"exports.handler = (e, c, callback) => { callback(null, 1); callback(null, 2); };", "1"},
		"callback in an async one":   {"exports.handler = async (e, c, callback) => { callback(null, 1); return 2; };", "2"},
		"callback with undefined":    {"exports.handler = (e, c, callback) => callback();", "null"},
		"nothing is ever called":     {"exports.handler = () => { setTimeout(() => {}, 10); };", "null"},
		"a returned value is no one": {"exports.handler = () => 7;", "null"},
		"context.succeed":            {"exports.handler = (e, c) => { c.succeed(1); };", "1"},
		"context.done":               {"exports.handler = (e, c) => { c.done(null, 1); };", "1"},
		"undefined":                  {"exports.handler = async () => undefined;", "null"},
		"a function":                 {"exports.handler = async () => () => 1;", "null"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			node(t, c.source, "{}", "{}").same(t, response(0, c.want), response(1, c.want))
		})
	}
}

// TestNodeStreams: a response is streamed from its first byte on; a failure before it
// is an error like any other, one after it comes in trailers.
func TestNodeStreams(t *testing.T) {
	const binary, nuls = "application/octet-stream", "\x00\x00\x00\x00\x00\x00\x00\x00"
	cases := map[string]struct {
		source string
		want   said
	}{
		"pieces":          {"async (e, out) => { out.write('a'); await new Promise((r) => setTimeout(r, 5)); out.write(Buffer.from('b')); out.end(); }", said{streamed: binary, body: "ab"}},
		"a content type":  {"async (e, out) => { out.setContentType('text/plain'); out.end('ab'); }", said{streamed: "text/plain", body: "ab"}},
		"nothing":         {"async (e, out) => { out.end(); }", said{streamed: binary}},
		"no promise":      {"(e, out) => { setTimeout(() => out.end('late'), 5); }", said{streamed: binary, body: "late"}},
		"much":            {"async (e, out) => { const { once } = require('events'); for (let i = 0; i < 30; i++) { if (!out.write('x'.repeat(100000))) await once(out, 'drain'); } out.end(); }", said{streamed: binary, body: strings.Repeat("x", 3_000_000)}},
		"a pipeline":      {"async (e, out) => { await require('stream/promises').pipeline(require('stream').Readable.from(['a', 'b']), out); }", said{streamed: binary, body: "ab"}},
		"a prelude":       {"async (e, out) => { const s = awslambda.HttpResponseStream.from(out, { statusCode: 201 }); s.write('x'); s.end(); }", said{streamed: "application/vnd.awslambda.http-integration-response", body: `{"statusCode":201}` + nuls + "x"}},
		"a prelude alone": {"async (e, out) => { awslambda.HttpResponseStream.from(out, { statusCode: 204 }).end(); }", said{streamed: "application/vnd.awslambda.http-integration-response", body: `{"statusCode":204}` + nuls}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.want.what = "response"
			first, second := c.want, c.want
			first.id, second.id = requestID(0), requestID(1)
			node(t, "exports.handler = awslambda.streamifyResponse("+c.source+");", "{}", "{}").same(t, first, second)
		})
	}
}

func TestNodeStreamsThatFail(t *testing.T) {
	cases := map[string]struct{ source, body, message string }{
		"throws before":          {"async () => { throw new TypeError('no'); }", "", "no"},
		"throws after a prelude": {"async (e, out) => { awslambda.HttpResponseStream.from(out, {}); throw new TypeError('no'); }", "", "no"},
		"throws in the middle":   {"async (e, out) => { out.write('a'); throw new TypeError('no'); }", "a", "no"},
		"is destroyed":           {"async (e, out) => { out.write('a'); await 0; out.destroy(new TypeError('no')); }", "a", "no"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := node(t, "exports.handler = awslambda.streamifyResponse("+c.source+");", "{}", "{}")
			if len(s.said) != 2 {
				t.Fatalf("said\n%s\n%s", lines(s.said), s.log)
			}
			for _, got := range s.said {
				raw := []byte(got.body)
				if c.body != "" {
					var err error
					if raw, err = base64.StdEncoding.DecodeString(got.failure); err != nil || got.what != "response" || got.body != c.body {
						t.Errorf("said %+v, %v", got, err)
					}
				} else if got.what != "error" || got.streamed != "" {
					t.Errorf("said %+v", got)
				}
				var e nodeError
				if err := json.Unmarshal(raw, &e); err != nil || e.ErrorMessage != c.message || e.ErrorType != "TypeError" || got.kind != "TypeError" || e.Trace == nil {
					t.Errorf("%s: %+v, %v", raw, e, err)
				}
			}
		})
	}
}

// TestNodeThatDiesInAStream says why in the trailers.
func TestNodeThatDiesInAStream(t *testing.T) {
	s := node(t, "exports.handler = awslambda.streamifyResponse((e, out) => { out.write('a'); setTimeout(() => { throw new TypeError('no'); }, 5); });", "{}")
	if len(s.said) != 1 || s.said[0].kind != "TypeError" || s.said[0].body != "a" || s.exit != 129 {
		t.Errorf("said\n%s and ended with %d\n%s", lines(s.said), s.exit, s.log)
	}
}

// nodeError is the JSON of an error.
type nodeError struct {
	ErrorType    string   `json:"errorType"`
	ErrorMessage string   `json:"errorMessage"`
	Trace        []string `json:"trace"`
}

func (s story) nodeError(t *testing.T, i int, what string) nodeError {
	t.Helper()
	if i >= len(s.said) {
		t.Fatalf("the function said only\n%s\nits log:\n%s", lines(s.said), s.log)
	}
	var e nodeError
	if err := json.Unmarshal([]byte(s.said[i].body), &e); err != nil {
		t.Fatalf("%s: %v", s.said[i].body, err)
	}
	if s.said[i].what != what || e.Trace == nil {
		t.Errorf("said %s; want an %s with a trace", lines(s.said[i:i+1]), what)
	}
	return e
}

func TestNodeSaysWhyItCannotStart(t *testing.T) {
	cases := map[string]struct{ source, handler, kind, message string }{
		"no dot":              {"", "main", "Runtime.MalformedHandlerName", "^Bad handler$"},
		"parent":              {"", "../main.handler", "Runtime.MalformedHandlerName", `^'\.\./main\.handler' is not a valid handler name\. Use absolute paths when specifying root directories in handler names\.$`},
		"no module":           {"", "nope.handler", "Runtime.ImportModuleError", `^Error: Cannot find module 'nope'\nRequire stack:\n`},
		"module it needs":     {"require('./nope');", "", "Runtime.ImportModuleError", `^Error: Cannot find module '\./nope'\nRequire stack:\n- .*/main\.js\n`},
		"syntax":              {"exports.handler = async ( => 1;", "", "Runtime.UserCodeSyntaxError", `^SyntaxError: `},
		"no handler":          {"exports.other = 1;", "", "Runtime.HandlerNotFound", `^main\.handler is undefined or not exported$`},
		"no nested handler":   {"exports.a = {};", "main.a.b.c", "Runtime.HandlerNotFound", `^main\.a\.b\.c is undefined or not exported$`},
		"handler no function": {"exports.handler = 1;", "", "Runtime.HandlerNotFound", `^main\.handler is not a function$`},
		"module fails":        {"throw new TypeError('boom');", "", "TypeError", "^boom$"},
		"throws text":         {"throw 'boom';", "", "string", "^boom$"},
		"rejection":           {"Promise.reject(new Error('boom')); exports.handler = async () => 1;", "", "Runtime.UnhandledPromiseRejection", "^Error: boom$"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := play{runtime: real(t, "nodejs18.x"), files: map[string]string{"main.js": c.source}, handler: c.handler}.run(t)
			if name == "rejection" && len(s.said) == 0 {
				// The function had asked for an event before the rejection was known.
				if s.exit > 0 {
					return
				}
			}
			e := s.nodeError(t, 0, "init")
			if e.ErrorType != c.kind || s.said[0].kind != c.kind || !regexp.MustCompile(c.message).MatchString(e.ErrorMessage) {
				t.Errorf("%+v", e)
			}
			if s.exit != 129 && s.exit != 128 {
				t.Errorf("exit status %d", s.exit)
			}
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tundefined\tERROR\tU(ncaught Exception|nhandled Promise Rejection) \t["{]`).MatchString(s.log) {
				t.Errorf("log\n%s", s.log)
			}
		})
	}
}

func TestNodeSaysWhyAnInvokeFailed(t *testing.T) {
	s := node(t, `
class Odd extends Error { constructor() { super("odd"); this.name = "Odd\r\nName"; } }
exports.handler = (event, context, callback) => {
  switch (event.kind) {
    case "throw": throw new RangeError("thrown");
    case "reject": return Promise.reject(Object.assign(new Error("rejected"), { code: "E1", extra: [1] }));
    case "callback": return void callback(new Error("called back"));
    case "text": return void callback("only text");
    case "fail": return void context.fail(new Error("failed"));
    case "done": return void context.done(new Error("done"));
    case "odd": throw new Odd();
    case "loop": { const a = {}; a.a = a; return Promise.resolve(a); }
    case "big": return Promise.resolve(1n);
    case "never": return new Promise(() => {});
    case "hostile": throw { name: "a", message: "b", get stack() { throw new Error("no stack"); } };
    case "null": return Promise.reject(null);
  }
  callback(null, event.kind);
};`, `{"kind":"throw"}`, `{"kind":"reject"}`, `{"kind":"callback"}`, `{"kind":"text"}`, `{"kind":"fail"}`, `{"kind":"done"}`, `{"kind":"odd"}`,
		`{"kind":"loop"}`, `{"kind":"big"}`, `{"kind":"never"}`, `{"kind":"hostile"}`, `{"kind":"null"}`, `{broken`, `{"kind":"fine"}`)
	want := []struct{ kind, message, first string }{
		{"RangeError", "thrown", "RangeError: thrown"},
		{"Error", "rejected", "Error: rejected"},
		{"Error", "called back", "Error: called back"},
		{"string", "only text", ""},
		{"Error", "failed", "Error: failed"},
		{"Error", "done", "Error: done"},
		{"Odd\r\nName", "odd", "Odd\r\nName: odd"},
		{"Error", "Unable to stringify response body", "Error: Unable to stringify response body"},
		{"Error", "Unable to stringify response body", "Error: Unable to stringify response body"},
		{"Runtime.NodeJsExit", "The Lambda runtime client detected an unexpected Node.js exit code.", "Runtime.NodeJsExit: The Lambda runtime client"},
		{"handled", "callback called with Error argument", ""},
		{"object", "null", ""},
		{"SyntaxError", "", "SyntaxError: "},
	}
	for i, w := range want {
		e := s.nodeError(t, i, "error")
		if e.ErrorType != w.kind || !strings.HasPrefix(e.ErrorMessage, w.message) || s.said[i].id != requestID(i) {
			t.Errorf("event %d: %+v, want %+v", i, e, w)
		}
		if first := strings.Join(e.Trace, "\n"); !strings.HasPrefix(first, w.first) || w.first == "" && first != "" {
			t.Errorf("event %d: trace %q", i, e.Trace)
		}
		if s.said[i].kind != strings.ReplaceAll(strings.ReplaceAll(w.kind, "\r", "?"), "\n", "?") {
			t.Errorf("event %d: the header says %q", i, s.said[i].kind)
		}
	}
	story{said: s.said[len(want):], log: s.log}.same(t, response(len(want), `"fine"`))
	if !regexp.MustCompile(`Z\t` + requestID(1) + `\tERROR\tInvoke Error \t\{"errorType":"Error","errorMessage":"rejected","code":"E1","extra":\[1\],"stack":\["Error: rejected",`).MatchString(s.log) {
		t.Errorf("log\n%s", s.log)
	}
}

func TestNodeEndsAfterWhatNobodyCaught(t *testing.T) {
	cases := map[string]struct {
		source, kind, message string
		exit                  int
		log                   string
	}{
		"exception": {"exports.handler = () => { setTimeout(() => { throw new Error('boom'); }, 5); };", "Error", "boom", 129, "ERROR\tUncaught Exception \t"},
		"rejection": {"exports.handler = () => { Promise.reject(new Error('boom')); setTimeout(() => {}, 1000); };", "Runtime.UnhandledPromiseRejection", "Error: boom", 128, "ERROR\tUnhandled Promise Rejection \t{\"errorType\":\"Runtime.UnhandledPromiseRejection\",\"errorMessage\":\"Error: boom\",\"reason\":{\"errorType\":\"Error\""},
		"in vain":   {"exports.handler = async () => { Promise.reject('text'); await new Promise((r) => setTimeout(r, 1000)); };", "Runtime.UnhandledPromiseRejection", "text", 128, "Unhandled Promise Rejection"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := node(t, c.source, "{}", "{}")
			e := s.nodeError(t, 0, "error")
			if e.ErrorType != c.kind || e.ErrorMessage != c.message || s.said[0].kind != c.kind || s.said[0].id != requestID(0) || len(s.said) != 1 || s.exit != c.exit || !strings.Contains(s.log, c.log) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestNodeExits(t *testing.T) {
	cases := map[string]struct {
		source string
		exit   int
	}{
		"process.exit in the handler":   {"exports.handler = async () => { console.log('bye'); process.exit(3); };", 3},
		"process.exit while it starts":  {"console.log('bye'); process.exit(4);", 4},
		"a signal while it answers":     {"exports.handler = async () => { console.log('bye'); process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => {}, 5000)); };", -1},
		"an exception between two ones": {"exports.handler = async () => { setTimeout(() => { console.log('bye'); throw new Error('late'); }, 5); await 0; if (globalThis.seen) await new Promise((r) => setTimeout(r, 1000)); globalThis.seen = true; };", 129},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := node(t, c.source, "{}", "{}")
			if s.exit != c.exit || !strings.Contains(s.log, "\tINFO\tbye\n") {
				t.Errorf("exit %d, want %d; posts %s; log %q", s.exit, c.exit, lines(s.said), s.log)
			}
		})
	}
}

func TestNodeContext(t *testing.T) {
	source := `
exports.handler = async (event, c) => {
  const first = c.getRemainingTimeInMillis();
  await new Promise((r) => setTimeout(r, 20));
  const left = c.getRemainingTimeInMillis();
  return [c.awsRequestId, c.functionName, c.functionVersion, c.invokedFunctionArn, c.memoryLimitInMB, c.logGroupName, c.logStreamName,
    c.identity, c.clientContext, c.callbackWaitsForEmptyEventLoop, left > 0, first > left, Object.keys(c).includes("callbackWaitsForEmptyEventLoop"),
    process.env._X_AMZN_TRACE_ID];
};`
	s := play{runtime: real(t, "nodejs18.x"), files: map[string]string{"main.js": source}, events: []event{
		{body: "{}"},
		{body: "{}", deadline: -time.Second, headers: map[string]string{
			"Lambda-Runtime-Client-Context":   `{"client":{"app_title":"tïtle"}}`,
			"Lambda-Runtime-Cognito-Identity": `{"cognitoIdentityId":"me","cognitoIdentityPoolId":"pool"}`,
			"Lambda-Runtime-Trace-Id":         "Root=1;Sampled=1",
		}},
		{body: "{}"},
	}}.run(t)
	common := func(i int) string {
		return `["` + requestID(i) + `","f","7","arn:aws:lambda:eu-west-1:123456789012:function:f:live","128","/aws/lambda/f","2026/01/02/[7]abc",`
	}
	s.same(t,
		response(0, common(0)+`null,null,true,true,true,true,null]`),
		response(1, common(1)+`{"cognitoIdentityId":"me","cognitoIdentityPoolId":"pool"},{"client":{"app_title":"tïtle"}},true,false,true,true,"Root=1;Sampled=1"]`),
		response(2, common(2)+`null,null,true,true,true,true,null]`))
}

func TestNodeLogs(t *testing.T) {
	s := node(t, `
console.log("in the init");
exports.handler = async () => {
  console.log("hello %s", "you", { a: 1 });
  console.info("i"); console.debug("d"); console.warn("w"); console.error(new Error("e").message); console.trace("t");
  process.stdout.write("bare\n");
  process.stderr.write("bare error\n");
};`, "{}", "{}")
	s.same(t, response(0, "null"), response(1, "null"))
	at := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t`
	want := at + "undefined\tINFO\tin the init\n"
	for i := range 2 {
		id := requestID(i)
		want += at + id + "\tINFO\thello you \\{ a: 1 \\}\n"
		for _, l := range []string{"INFO\ti", "DEBUG\td", "WARN\tw", "ERROR\te", "TRACE\tt"} {
			want += at + id + "\t" + l + "\n"
		}
		want += "bare\nbare error\n"
	}
	if !regexp.MustCompile("^" + want + "$").MatchString(s.log) {
		t.Errorf("log\n%q\nwant\n%q", s.log, want)
	}
}

func TestNodeFindsModules(t *testing.T) {
	r := real(t, "nodejs18.x")
	const common, module = "exports.handler = async () => __filename.endsWith('s') && 1;", "export const handler = async () => import.meta.url.length > 0 && 1;"
	const libA = `{"name":"lib-a","version":"1.0.0","main":"index.js"}`
	cases := map[string]struct {
		files   map[string]string
		handler string
		env     []string
	}{
		"slashes":             {map[string]string{"src/app/main.js": common}, "src/app/main.handler", nil},
		"nested":              {map[string]string{"main.js": "exports.a = { b: { c: async () => 1 } };"}, "main.a.b.c", nil},
		".cjs":                {map[string]string{"main.cjs": common}, "", nil},
		".mjs":                {map[string]string{"main.mjs": module}, "", nil},
		"type module":         {map[string]string{"main.js": module, "package.json": `{"type":"module"}`}, "", nil},
		"type module above":   {map[string]string{"src/main.js": module, "package.json": `{"type":"module"}`}, "src/main.handler", nil},
		"type commonjs":       {map[string]string{"src/main.js": common, "src/package.json": `{"type":"commonjs"}`, "package.json": `{"type":"module"}`}, "src/main.handler", nil},
		"top-level await":     {map[string]string{"main.mjs": "const n = await new Promise((r) => setTimeout(() => r(1), 20)); export const handler = async () => n;"}, "", nil},
		".js before .mjs":     {map[string]string{"main.js": common, "main.mjs": "export const handler = async () => 2;"}, "", nil},
		"a package":           {map[string]string{"node_modules/lib-a/package.json": libA, "node_modules/lib-a/index.js": common}, "lib-a.handler", nil},
		"NODE_PATH":           {map[string]string{"main.js": "exports.handler = require('lib-a').handler;", "opt/lib-a/package.json": libA, "opt/lib-a/index.js": common}, "", []string{"NODE_PATH=opt"}},
		"NODE_PATH by import": {map[string]string{"main.mjs": "import { handler as h } from 'lib-a'; export const handler = h;", "opt/lib-a/package.json": libA, "opt/lib-a/index.js": common}, "", []string{"NODE_PATH=opt"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play{runtime: r, files: c.files, handler: c.handler, env: c.env, events: jsonEvents("{}", "{}")}.run(t).same(t, response(0, "1"), response(1, "1"))
		})
	}
}

func TestNodeRequiresLibrariesOfTheHost(t *testing.T) {
	r := real(t, "nodejs18.x")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "aws-sdk"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "aws-sdk", "index.js"), []byte("exports.answer = 42;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.libraries = []string{dir}
	for name, source := range map[string]string{
		"main.js":  "const sdk = require('aws-sdk'); exports.handler = async () => sdk.answer;",
		"main.mjs": "import sdk from 'aws-sdk'; export const handler = async () => sdk.answer;",
	} {
		play{runtime: r, files: map[string]string{name: source}, events: jsonEvents("{}")}.run(t).same(t, response(0, `42`))
	}
	s := play{runtime: r, files: map[string]string{"main.mjs": "import sdk from 'of-nobody'; export const handler = async () => sdk;"}}.run(t)
	if e := s.nodeError(t, 0, "init"); e.ErrorType != "Error" || !strings.HasPrefix(e.ErrorMessage, "Cannot find package 'of-nobody' imported from ") {
		t.Errorf("%+v", e)
	}
}

func TestNodeCarriesLargePayloads(t *testing.T) {
	large := `"` + strings.Repeat("0123456789abcdef", 6<<20/16-1) + `"`
	s := node(t, "exports.handler = async (event) => event;", large, `"small"`, large)
	if len(s.said) != 3 || s.said[0].body != large || s.said[1].body != `"small"` || s.said[2].body != large {
		t.Errorf("%d posts came back, or were changed; log\n%s", len(s.said), s.log)
	}
}

func TestNodeOutlivesARefusedAnswer(t *testing.T) {
	for _, status := range []int{400, 413} {
		s := play{runtime: real(t, "nodejs18.x"), files: map[string]string{"main.js": "exports.handler = async (event) => event;"}, events: jsonEvents(`1`, `2`), status: status}.run(t)
		s.same(t, response(0, `1`), response(1, `2`))
	}
}

// A timer of one invocation may fire in the next; the answer belongs to whoever asked.
func TestNodeLateCallbackAnswersNothingElse(t *testing.T) {
	s := node(t, `
let late;
exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  if (event === 1) { late = callback; callback(null, "first"); return; }
  late(null, "stale"); late(new Error("stale"));
  setTimeout(() => callback(null, "second"), 10);
};`, "1", "2")
	s.same(t, response(0, `"first"`), response(1, `"second"`))
}
