package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
)

// nowhere is a response writer that keeps nothing.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

func benchDecode(b *testing.B, q request, body []byte) {
	router := NewRouter(generated())
	r := q.http()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		route, failure := router.Route(r, body)
		if failure != nil {
			b.Fatal(failure)
		}
		if _, failure := router.For(route.Service.Protocol).Decode(r, route, body); failure != nil {
			b.Fatal(failure)
		}
	}
}

func benchEncode(b *testing.B, o *api.Operation, out any) {
	codec := NewRouter(generated()).For(o.Service.Protocol)
	b.ReportAllocs()
	for b.Loop() {
		if err := codec.Encode(nowhere{http.Header{}}, o, testRequestID, out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeInvoke(b *testing.B) {
	benchDecode(b, request{target: "/2015-03-31/functions/my-function/invocations", header: map[string]string{"Authorization": signed("lambda")}}, bytes.Repeat([]byte("x"), 1<<20))
}

func BenchmarkEncodeInvoke(b *testing.B) {
	benchEncode(b, lambdaapi.Invoke.Operation, &lambdaapi.InvocationResponse{StatusCode: ptr(int32(200)), ExecutedVersion: ptr("$LATEST"), Payload: bytes.Repeat([]byte("x"), 1<<20)})
}

func logEvents(n int) *logsapi.PutLogEventsRequest {
	in := &logsapi.PutLogEventsRequest{LogGroupName: ptr("/aws/lambda/f"), LogStreamName: ptr("s")}
	for range n {
		in.LogEvents = append(in.LogEvents, logsapi.InputLogEvent{Timestamp: ptr(int64(1_700_000_000_000)), Message: ptr(strings.Repeat("a log line ", 9))})
	}
	return in
}

// logEventsBody is the events as a client writes them.
func logEventsBody(n int) []byte {
	in := logEvents(n)
	var events []map[string]any
	for _, e := range in.LogEvents {
		events = append(events, map[string]any{"timestamp": *e.Timestamp, "message": *e.Message})
	}
	body, _ := json.Marshal(map[string]any{"logGroupName": *in.LogGroupName, "logStreamName": *in.LogStreamName, "logEvents": events})
	return body
}

func BenchmarkDecodePutLogEvents(b *testing.B) {
	body := logEventsBody(1000)
	benchDecode(b, request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, body)
}

// BenchmarkFloorPutLogEvents is the standard library on the same body.
func BenchmarkFloorPutLogEvents(b *testing.B) {
	body := logEventsBody(1000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var in struct {
			LogGroupName, LogStreamName string
			LogEvents                   []struct {
				Timestamp *int64
				Message   *string
			}
		}
		if err := json.Unmarshal(body, &in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeGetLogEvents(b *testing.B) {
	out := &logsapi.GetLogEventsResponse{}
	for _, e := range logEvents(1000).LogEvents {
		out.Events = append(out.Events, logsapi.OutputLogEvent{Timestamp: e.Timestamp, Message: e.Message, IngestionTime: e.Timestamp})
	}
	benchEncode(b, logsapi.GetLogEvents.Operation, out)
}

func BenchmarkDecodeCreateRole(b *testing.B) {
	body := []byte("Action=CreateRole&Version=2010-05-08&RoleName=r&Path=%2F&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%7D&Tags.member.1.Key=k&Tags.member.1.Value=v")
	benchDecode(b, request{header: map[string]string{"Content-Type": formType}}, body)
}

func BenchmarkEncodeGetUser(b *testing.B) {
	benchEncode(b, iamapi.GetUser.Operation, &iamapi.GetUserResponse{User: &iamapi.User{UserName: ptr("u"), UserId: ptr("AIDA"), Arn: ptr("arn:aws:iam::123456789012:user/u"), Path: ptr("/")}})
}

// BenchmarkNewRouter is part of the start of a server.
func BenchmarkNewRouter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewRouter(generated())
	}
}
