package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

// readStream reads a response's events to their end; each piece is shown to saw.
func readStream(t testing.TB, out *sdk.InvokeWithResponseStreamOutput, saw func(piece []byte)) *types.InvokeWithResponseStreamCompleteEvent {
	t.Helper()
	stream := out.GetStream()
	defer stream.Close()
	var last *types.InvokeWithResponseStreamCompleteEvent
	for event := range stream.Events() {
		if last != nil {
			t.Errorf("after InvokeComplete came %T", event)
		}
		switch event := event.(type) {
		case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			saw(event.Value.Payload)
		case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			last = &event.Value
		default:
			t.Errorf("got a %T", event)
		}
	}
	if err := stream.Err(); err != nil {
		t.Error(err)
	}
	if last == nil {
		t.Fatal("the stream ended without InvokeComplete")
	}
	return last
}

// streamed invokes and reads all.
func (w *world) streamed(c *sdk.Client, in *sdk.InvokeWithResponseStreamInput) (*sdk.InvokeWithResponseStreamOutput, string, *types.InvokeWithResponseStreamCompleteEvent) {
	w.Helper()
	out, err := c.InvokeWithResponseStream(context.Background(), in)
	if err != nil {
		w.Fatal(err)
	}
	var b strings.Builder
	last := readStream(w, out, func(piece []byte) { b.Write(piece) })
	return out, b.String(), last
}

// TestAStreamOf20MBReachesTheSDKWhileTheFunctionWrites: the function writes each
// megabyte only after the client has read all of the one before, so nothing on the way
// may hold any of it back.
func TestAStreamOf20MBReachesTheSDKWhileTheFunctionWrites(t *testing.T) {
	w := newWorld(t)
	w.custom("f", `
id, body = next()
s = Stream(id)
for i in range(20):
    s.put(bytes([65 + i]) * (1 << 20))
    wait("read-%d" % i)
s.close()
next()
`)
	out, err := w.sdk(root).InvokeWithResponseStream(context.Background(), &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f"), LogType: types.LogTypeTail})
	if err != nil {
		t.Fatal(err)
	}
	if out.StatusCode != 200 || *out.ExecutedVersion != "$LATEST" || *out.ResponseStreamContentType != "application/vnd.amazon.eventstream" {
		t.Errorf("got %+v", out)
	}
	total, pieces := 0, 0
	last := readStream(t, out, func(piece []byte) {
		if want := byte('A' + total>>20); piece[0] != want || piece[len(piece)-1] != want {
			t.Errorf("after %d bytes came %q to %q, want %q", total, piece[0], piece[len(piece)-1], want)
		}
		total += len(piece)
		pieces++
		if total&(1<<20-1) == 0 {
			w.gates.open(fmt.Sprintf("read-%d", total>>20-1))
		}
	})
	if total != 20<<20 || pieces < 20 {
		t.Errorf("%d bytes in %d pieces", total, pieces)
	}
	tail, _ := base64.StdEncoding.DecodeString(*last.LogResult)
	if last.ErrorCode != nil || last.ErrorDetails != nil || !strings.Contains(string(tail), "REPORT RequestId: ") {
		t.Errorf("in the end %+v, tail %s", last, tail)
	}
}

// TestHowAStreamedInvokeEnds: whatever happens once the function runs is told by the
// last event, and never by a status.
func TestHowAStreamedInvokeEnds(t *testing.T) {
	w := newWorld(t)
	w.function("whole", echo)
	w.function("raises", "def handler(e, c):\n    raise ValueError('no luck')\n")
	w.custom("f", `
import json
while True:
    id, body = next()
    how = json.loads(body)
    s = Stream(id)
    if how == "nothing":
        s.close()
        continue
    s.put(b"before")
    if how == "trailers":
        details = base64.b64encode(b'{"errorType":"Mine.Broke","errorMessage":"in the middle"}')
        s.close(b"Lambda-Runtime-Function-Error-Type: Mine.Broke\r\nLambda-Runtime-Function-Error-Body: " + details + b"\r\n")
    elif how == "exit":
        os._exit(3)
    elif how == "time":
        time.sleep(60)
    s.close()
`)
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(2))})
	w.settled("f")
	client := w.sdk(root)
	for _, c := range []struct{ function, payload, wrote, code, details string }{
		{"f", `"all"`, "before", "", ""},
		{"f", `"nothing"`, "", "", ""},
		{"f", `"trailers"`, "before", "Mine.Broke", `{"errorType":"Mine.Broke","errorMessage":"in the middle"}`},
		{"f", `"exit"`, "before", "Runtime.TruncatedResponse", ""},
		{"f", `"time"`, "before", "Sandbox.Timedout", "Task timed out after 2.00 seconds"},
		{"whole", `{"a":1}`, `{"a": 1}`, "", ""},
		{"raises", `{}`, "", "ValueError", "no luck"},
	} {
		out, wrote, last := w.streamed(client, &sdk.InvokeWithResponseStreamInput{FunctionName: &c.function, Payload: []byte(c.payload)})
		if out.StatusCode != 200 || strings.ReplaceAll(wrote, " ", "") != strings.ReplaceAll(c.wrote, " ", "") {
			t.Errorf("%s %s: %d, wrote %q", c.function, c.payload, out.StatusCode, wrote)
		}
		code, details := "", ""
		if last.ErrorCode != nil {
			code = *last.ErrorCode
		}
		if last.ErrorDetails != nil {
			details = *last.ErrorDetails
		}
		if code != c.code || !strings.Contains(details, c.details) || c.details == "" && details != "" || last.LogResult != nil {
			t.Errorf("%s %s: in the end %q %q", c.function, c.payload, code, details)
		}
	}
}

// TestWhatKeepsAStreamedInvokeFromRunningIsAnError, with the texts and statuses of Invoke.
func TestWhatKeepsAStreamedInvokeFromRunningIsAnError(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	ctx := context.Background()
	client := w.sdk(root)
	ask := func(c *sdk.Client, in sdk.InvokeWithResponseStreamInput) (*sdk.InvokeWithResponseStreamOutput, error) {
		if in.FunctionName == nil {
			in.FunctionName = ptr("f")
		}
		return c.InvokeWithResponseStream(ctx, &in)
	}
	_, err := ask(client, sdk.InvokeWithResponseStreamInput{FunctionName: ptr("gone")})
	sdkRefused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(here, "gone:$LATEST"))
	_, err = ask(w.sdk(w.user(here, "none")), sdk.InvokeWithResponseStreamInput{})
	sdkRefused(t, err, 403, "AccessDeniedException", "User: arn:aws:iam::111111111111:user/none is not authorized to perform: lambda:InvokeFunction on resource: "+
		arnOf(here, "f")+" because no identity-based policy allows the lambda:InvokeFunction action")
	_, err = ask(client, sdk.InvokeWithResponseStreamInput{ClientContext: ptr("???")})
	sdkRefused(t, err, 400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	dry, err := ask(client, sdk.InvokeWithResponseStreamInput{InvocationType: types.ResponseStreamingInvocationTypeDryRun})
	if err != nil || dry.StatusCode != 204 || dry.ExecutedVersion != nil {
		t.Errorf("a dry run: %+v, %v", dry, err)
	} else {
		for event := range dry.GetStream().Events() {
			t.Errorf("a dry run gave a %T", event)
		}
		dry.GetStream().Close()
	}
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(0))})
	_, err = ask(client, sdk.InvokeWithResponseStreamInput{})
	sdkRefused(t, err, 429, "TooManyRequestsException", "Rate Exceeded.")
}

// TestACallerWhoLeavesDoesNotEndTheFunction: it writes to its end, and is free for the
// next caller.
func TestACallerWhoLeavesDoesNotEndTheFunction(t *testing.T) {
	w := newWorld(t)
	w.custom("f", `
while True:
    id, body = next()
    s = Stream(id)
    s.put(b"first")
    if body == "1":
        wait("left")
        for i in range(50):
            s.put(b"x" * 100000)
    s.close()
    print("wrote all of", body)
`)
	ctx, leave := context.WithCancel(context.Background())
	client := w.sdk(root)
	out, err := client.InvokeWithResponseStream(ctx, &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f"), Payload: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	<-out.GetStream().Events()
	w.gates.arrivals("left", 1)
	leave()
	out.GetStream().Close()
	w.gates.open("left")
	w.eventually("it wrote all", func() bool { return strings.Contains(strings.Join(w.lines("/aws/lambda/f"), ""), "wrote all of 1\n") })
	if _, wrote, last := w.streamed(client, &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f"), Payload: []byte("2")}); wrote != "first" || last.ErrorCode != nil {
		t.Errorf("the next caller got %q, %+v", wrote, last)
	}
}

// TestAStreamEndsWithTheServer: nobody waits for a function that the server's end has ended.
func TestAStreamEndsWithTheServer(t *testing.T) {
	w := newWorld(t)
	w.custom("f", "id, body = next()\ns = Stream(id)\ns.put(b'first')\nwait('never')\n")
	out, err := w.sdk(root).InvokeWithResponseStream(context.Background(), &sdk.InvokeWithResponseStreamInput{FunctionName: ptr("f")})
	if err != nil {
		t.Fatal(err)
	}
	w.gates.arrivals("never", 1)
	stopped := make(chan struct{})
	go func() { w.stop(); close(stopped) }()
	last := readStream(t, out, func([]byte) {})
	if last.ErrorCode == nil || *last.ErrorCode != "ServiceException" {
		t.Errorf("in the end %+v", last)
	}
	<-stopped
}

// TestAStreamTellsNothingOfTheServer: what fails in the server, with paths and the
// like, is for its log.
func TestAStreamTellsNothingOfTheServer(t *testing.T) {
	done := make(chan struct{})
	close(done)
	last := (&events{from: &streamed{done: done, err: errors.New("open /data/blobs/x: input/output error")}}).complete()
	if last.ErrorCode != "ServiceException" || last.ErrorDetails == "" || strings.Contains(last.ErrorDetails, "/data") {
		t.Errorf("the client reads %+v", last)
	}
}
