package executor

import (
	"strings"
	"sync"
	"testing"
)

// TestDaemonTakesWhatFunctionsSend: it stands where the function is told, and passes on
// documents alone.
func TestDaemonTakesWhatFunctionsSend(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("traced", `
import os, socket
def handler(event, context):
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    assert (host, port) == (os.environ["_AWS_XRAY_DAEMON_ADDRESS"], os.environ["_AWS_XRAY_DAEMON_PORT"])
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for text in ["no header", '{"format":"json","version":1}\nno json', '{"format":"xml","version":1}\n{}', '{"format": "json", "version": 1}\n{"id":"%s"}' % event]:
        s.sendto(text.encode(), (host, int(port)))
    return os.environ["AWS_XRAY_CONTEXT_MISSING"] + " " + os.environ["_X_AMZN_TRACE_ID"]
`)
		var (
			mu  sync.Mutex
			got []string
		)
		f.Tracing, f.Traces = true, func(e *Environment, documents [][]byte) {
			mu.Lock()
			defer mu.Unlock()
			for _, d := range documents {
				got = append(got, string(d))
			}
		}
		header := "Root=1-65600000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
		for _, event := range []string{"a", "b"} {
			r, err := w.x.Invoke(t.Context(), f, &Invocation{RequestID: "request-" + event, Payload: []byte(`"` + event + `"`), TraceID: header, Segment: "0123456789abcdef", Tail: true})
			if err != nil || string(r.Payload) != `"LOG_ERROR `+header+`"` {
				t.Fatalf("%v\n%s\n%s", err, r.Payload, r.Tail)
			}
			if !strings.HasSuffix(string(r.Tail), "\t\nXRAY TraceId: 1-65600000-0123456789abcdef01234567\tSegmentId: 0123456789abcdef\tSampled: true\t\n") {
				t.Errorf("REPORT does not name the trace:\n%s", r.Tail)
			}
		}
		w.eventually("the documents came", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Join(got, " ") == `{"id":"a"} {"id":"b"}`
		})
	})
}
