package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport/sallyport"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main})
}

// TestCommands runs the scripts of testdata/script. Beside testscript's own
// commands they have:
//
//	ready DIR            waits until a server runs on the data directory
//	signal NAME DIR      sends TERM, INT or KILL to the server of the directory
//	user DIR NAME KEY    makes a user; its access key goes to ${KEY_ID} and ${KEY_SECRET}
//	listed DIR NAME VAR  calls ListFunctions as the user of NAME_ID, and puts the request id into VAR
//	until FILE REGEXP    waits until a file holds it
//	moment               waits until the trail has written what it has
//	exits CODE COMMAND   runs a command that ends with the exit code
//	freeport VAR         puts the address of a port that is free into VAR
//	squatter VAR         puts the address of a port that something else has into VAR
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("TMPDIR", os.TempDir())
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ready": ready, "signal": sendSignal, "user": user, "listed": listed, "until": until, "moment": moment, "exits": exits, "freeport": freePort, "squatter": squatter,
		},
	})
}

const patience = 20 * time.Second

// eventually asks until f says true.
func eventually(ts *testscript.TestScript, what string, f func() bool) {
	for deadline := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

func arguments(ts *testscript.TestScript, neg bool, args []string, n int) {
	if neg || len(args) != n {
		ts.Fatalf("want %d arguments, got %v", n, args)
	}
}

// exits is exec for an exit code that says something.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("want a code and a command, got %v", args)
	}
	err := ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || fmt.Sprint(ended.ExitCode()) != args[0] {
		ts.Fatalf("want exit code %s, got %v", args[0], err)
	}
}

func ready(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1)
	eventually(ts, "a server on "+args[0], func() bool {
		n, ok, err := readNote(ts.MkAbs(args[0]))
		if !ok || err != nil {
			return false
		}
		c, err := net.Dial("tcp", strings.TrimPrefix(n.at.Endpoint, "http://"))
		if err == nil {
			err = c.Close()
		}
		return err == nil
	})
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "KILL": os.Kill}
	n, ok, err := readNote(ts.MkAbs(args[1]))
	if err != nil || !ok || signals[args[0]] == nil {
		ts.Fatalf("no server on %s to send %s: %v", args[1], args[0], err)
	}
	p, err := os.FindProcess(n.at.PID)
	ts.Check(err)
	ts.Check(p.Signal(signals[args[0]]))
}

func config(ts *testscript.TestScript, dir, keyID, secret string) aws.Config {
	n, ok, err := readNote(ts.MkAbs(dir))
	if err != nil || !ok {
		ts.Fatalf("no server on %s: %v", dir, err)
	}
	if keyID == "" {
		keyID, secret = n.keys[0].AccessKeyID, n.keys[0].SecretAccessKey
	}
	return aws.Config{Region: "us-east-1", BaseEndpoint: &n.at.Endpoint, Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, "")}
}

func user(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3)
	c := iam.NewFromConfig(config(ts, args[0], "", ""))
	_, err := c.CreateUser(context.Background(), &iam.CreateUserInput{UserName: &args[1]})
	ts.Check(err)
	key, err := c.CreateAccessKey(context.Background(), &iam.CreateAccessKeyInput{UserName: &args[1]})
	ts.Check(err)
	ts.Setenv(args[2]+"_ID", *key.AccessKey.AccessKeyId)
	ts.Setenv(args[2]+"_SECRET", *key.AccessKey.SecretAccessKey)
}

func listed(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3)
	c := lambda.NewFromConfig(config(ts, args[0], ts.Getenv(args[1]+"_ID"), ts.Getenv(args[1]+"_SECRET")))
	_, err := c.ListFunctions(context.Background(), &lambda.ListFunctionsInput{})
	var refused *awshttp.ResponseError
	if !errors.As(err, &refused) {
		ts.Fatalf("ListFunctions was not refused: %v", err)
	}
	ts.Setenv(args[2], refused.ServiceRequestID())
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	want := regexp.MustCompile(args[1])
	eventually(ts, args[0]+" holds "+args[1], func() bool {
		raw, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && want.Match(raw)
	})
}

// moment is longer than the trail's writer rests between two batches.
func moment(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 0)
	time.Sleep(time.Second)
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	return l
}

func freePort(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1)
	l := listen(ts)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

func squatter(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1)
	l := listen(ts)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })}
	ts.Defer(func() { server.Close() })
	go func() { _ = server.Serve(l) }()
	ts.Setenv(args[0], l.Addr().String())
}

func TestParseRootKey(t *testing.T) {
	for text, want := range map[string]sallyport.RootKey{
		"ID:secret":              {AccessKeyID: "ID", Secret: "secret"},
		"111111111111=ID:secret": {Account: "111111111111", AccessKeyID: "ID", Secret: "secret"},
		"ID:se=cr:et/+":          {AccessKeyID: "ID", Secret: "se=cr:et/+"},
	} {
		if got, err := parseRootKey(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "ID", "ID:", ":secret", "111111111111=ID", "111111111111=:verysecret"} {
		_, err := parseRootKey(text)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%q: got %v", text, err)
		} else if strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%q: the error repeats the secret: %v", text, err)
		}
	}
}

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"10m": now.Add(-10 * time.Minute), "2026-11-20T09:00:00Z": now.Add(-time.Hour), "2026-11-19": time.Date(2026, 11, 19, 0, 0, 0, 0, time.Local),
	} {
		if got, err := parseSince(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-5m", "10"} {
		if _, err := parseSince(text, now); err == nil {
			t.Errorf("%s was read as a time", text)
		}
	}
}

// TestEnvironmentQuotes holds what a shell must not run.
func TestEnvironmentQuotes(t *testing.T) {
	v := variable{"A", `x'$(id)\`}
	for shell, want := range map[string]string{"sh": `export A='x'\''$(id)\'`, "fish": `set -gx A 'x\'$(id)\\';`, "powershell": `$Env:A = 'x''$(id)\'`} {
		if got := v.line(shell); got != want {
			t.Errorf("%s: got %s, want %s", shell, got, want)
		}
	}
	v.value = ""
	for shell, want := range map[string]string{"sh": "unset A", "fish": "set -e A;", "powershell": "Remove-Item Env:A -ErrorAction SilentlyContinue"} {
		if got := v.line(shell); got != want {
			t.Errorf("%s: got %s, want %s", shell, got, want)
		}
	}
}
