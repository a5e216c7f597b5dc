package lambda

import (
	"encoding/json"
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
)

const showCredentials = `import os
def handler(e, c):
    return [os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SESSION_TOKEN"]]
`

// inside is the caller that a function is when it calls out.
func (w *world) inside(name string) caller.Caller {
	w.Helper()
	out, err := w.invoke(root, name, "{}")
	if err != nil {
		w.Fatal(err)
	}
	var c [2]string
	if err := json.Unmarshal(out.Payload, &c); err != nil {
		w.Fatalf("%v: %s", err, out.Payload)
	}
	who, ok := w.bus.CallerOf(c[0], c[1])
	if !ok {
		w.Fatal("the function's credentials are good for nothing")
	}
	return who
}

func TestAFunctionIsItsRolesSession(t *testing.T) {
	w := newWorld(t)
	for name, session := range map[string]string{"my-function": "my-function", "f": "f@lambda_function"} {
		w.function(name, showCredentials)
		who := w.inside(name)
		if want := "arn:aws:sts::" + here + ":assumed-role/" + name + "-role/" + session; who.ARN() != want {
			t.Errorf("%s is %s, want %s", name, who.ARN(), want)
		}
		if s, _ := who.RoleSession(); s.SourceFunctionARN != arnOf(here, name) {
			t.Errorf("%s calls with lambda:SourceFunctionArn %q", name, s.SourceFunctionARN)
		}
		got, err := call(w, who, stsapi.GetCallerIdentity, &stsapi.GetCallerIdentityRequest{})
		if err != nil || got.GetArn() != who.ARN() {
			t.Errorf("GetCallerIdentity: %+v, %v", got, err)
		}
	}
}

func TestWhatTheFunctionMayDoIsWhatItsRoleMay(t *testing.T) {
	w := newWorld(t)
	w.function("caller", showCredentials)
	w.function("called", echo)
	who := w.inside("caller")
	_, err := w.invoke(who, "called", "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "User: arn:aws:sts::"+here+":assumed-role/caller-role/caller is not authorized to perform: lambda:InvokeFunction")
	role := "arn:aws:iam::" + here + ":role/caller-role"
	w.iam.grant(role, statementOf("Allow", "lambda:InvokeFunction", arnOf(here, "called"), `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, "caller")+`"}}`))
	if _, err := w.invoke(who, "called", "{}"); err != nil {
		t.Errorf("allowed for this function, while it is warm: %v", err)
	}
	w.iam.grant(role, statementOf("Allow", "lambda:InvokeFunction", arnOf(here, "called"), `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, "other")+`"}}`))
	_, err = w.invoke(who, "called", "{}")
	refusedLike(t, err, 403, "AccessDeniedException", "no identity-based policy")
}

func TestTrustIsJudgedForEveryNewEnvironment(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Fatal(err)
	}
	r := w.iam.roles["arn:aws:iam::"+here+":role/f-role"]
	w.iam.change(func() { r.trust = `{"Version":"2012-10-17","Statement":[]}` })
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("an environment that has credentials runs on: %v", err)
	}
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(9))})
	w.settled("f")
	_, err := w.invoke(root, "f", "{}")
	refused(t, err, 403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
	w.iam.change(func() { r.trust = trustLambda })
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Errorf("trusted again: %v", err)
	}
}

func TestLogsAreWrittenAsTheRole(t *testing.T) {
	const hello = "def handler(e, c):\n    print('hello')\n"
	group, stream, put := may("logs:CreateLogGroup", "*"), may("logs:CreateLogStream", "*"), may("logs:PutLogEvents", "*")
	conditional := func(effect, function string) string {
		return statementOf(effect, "logs:*", "*", `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, function)+`"}}`)
	}
	for name, c := range map[string]struct {
		may     []string
		exists  bool
		written bool
	}{
		"all three":                   {[]string{group, stream, put}, false, true},
		"nothing":                     {nil, false, false},
		"no group, and may not make":  {[]string{stream, put}, false, false},
		"group is there":              {[]string{stream, put}, true, true},
		"may not make the stream":     {[]string{group, put}, true, false},
		"may not put":                 {[]string{group, stream}, true, false},
		"allowed for this function":   {[]string{conditional("Allow", "f")}, false, true},
		"allowed for another":         {[]string{conditional("Allow", "g")}, false, false},
		"denied for this function":    {[]string{group, stream, put, conditional("Deny", "f")}, true, false},
		"denied for another function": {[]string{group, stream, put, conditional("Deny", "g")}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.function("f", hello)
			w.iam.grant("arn:aws:iam::" + here + ":role/f-role")
			if c.may != nil {
				w.iam.grant("arn:aws:iam::"+here+":role/f-role", c.may...)
			}
			if c.exists {
				must(w, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("/aws/lambda/f")})
			}
			out, err := w.invoke(root, "f", "{}")
			if err != nil || out.FunctionError != nil {
				t.Fatalf("the invoke must not notice: %+v, %v", out, err)
			}
			if c.written {
				w.eventually("all is written", func() bool {
					all := strings.Join(w.lines("/aws/lambda/f"), "")
					return strings.Contains(all, "START RequestId: ") && strings.Contains(all, "hello") && strings.Contains(all, "END RequestId: ")
				})
				return
			}
			w.eventually("writing was tried", w.wrote)
			if all := w.lines("/aws/lambda/f"); len(all) != 0 {
				t.Errorf("logged %q", all)
			}
		})
	}
}

// wrote says whether lines of a function came in and nobody is writing any more.
func (w *world) wrote() bool {
	w.lambda.logs.mu.Lock()
	defer w.lambda.logs.mu.Unlock()
	for _, l := range w.lambda.logs.streams {
		if l.busy {
			return false
		}
	}
	return len(w.lambda.logs.streams) > 0
}

func TestLogsFollowPermissionsWhileTheFunctionIsWarm(t *testing.T) {
	w := newWorld(t)
	w.function("f", "def handler(e, c):\n    print('hello', e['n'])\n")
	say := func(n string) {
		if _, err := w.invoke(root, "f", `{"n":"`+n+`"}`); err != nil {
			t.Fatal(err)
		}
	}
	has := func(part string) bool {
		return strings.Contains(strings.Join(w.lines("/aws/lambda/f"), ""), part)
	}
	say("denied")
	w.eventually("writing was tried", w.wrote)
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", logRole)
	say("allowed")
	w.eventually("it is written once it is allowed", func() bool { return has("hello allowed") })
	if has("hello denied") {
		t.Error("lines that were denied came later")
	}
	must(w, logsapi.DeleteLogGroup, &logsapi.DeleteLogGroupRequest{LogGroupName: ptr("/aws/lambda/f")})
	say("again")
	w.eventually("a deleted group is made again", func() bool { return has("hello again") })
}

func TestLogBatchesKeepToTheBoundsOfLogs(t *testing.T) {
	w := newWorld(t)
	w.logging("f", "def handler(e, c):\n    for i in range(12000):\n        print(i)\n    print('x' * 2000000)\n    print('end')\n")
	if out, err := w.invoke(root, "f", "{}"); err != nil || out.FunctionError != nil {
		t.Fatalf("%+v %v", out, err)
	}
	w.eventually("all is written", func() bool {
		return strings.Contains(strings.Join(w.all("/aws/lambda/f"), ""), "END RequestId: ")
	})
	streams := must(w, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("/aws/lambda/f")}).LogStreams
	if len(streams) != 1 {
		t.Fatalf("%d streams", len(streams))
	}
	if n := len(w.all("/aws/lambda/f")); n < 12004 {
		t.Errorf("%d events", n)
	}
}

// all are the messages of a group, page by page.
func (w *world) all(group string) []string {
	w.Helper()
	var messages []string
	in := &logsapi.FilterLogEventsRequest{LogGroupName: &group}
	for {
		out, err := call(w, root, logsapi.FilterLogEvents, in)
		if err != nil {
			return nil
		}
		for _, e := range out.Events {
			messages = append(messages, *e.Message)
		}
		if out.NextToken == nil {
			return messages
		}
		in.NextToken = out.NextToken
	}
}

func TestACustomLogGroupIsUsed(t *testing.T) {
	w := newWorld(t)
	w.logging("f", working)
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), LoggingConfig: &lambdaapi.LoggingConfig{LogGroup: ptr("mine")}})
	w.settled("f")
	if _, err := w.invoke(root, "f", "{}"); err != nil {
		t.Fatal(err)
	}
	w.eventually("it is written there", func() bool { return strings.Contains(strings.Join(w.lines("mine"), ""), "ran") })
	if w.lines("/aws/lambda/f") != nil {
		t.Error("and to the default group as well")
	}
}
