package executor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
)

// TestTelemetryTellsExtensions what the platform does and what the function prints, from
// the begin of the init on; what extensions print is not among it.
func TestTelemetryTellsExtensions(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		f := w.python("watched", "print('loading')\ndef handler(event, context):\n    print('hello', event)\n    return event\n")
		w.extended(f, "watcher")
		f.Variables["TELEMETRY"] = `["platform","function"]`
		w.answers(f, `1`, `1`)
		for _, part := range []string{
			"subscribed 200 \"OK\"\n", "told platform.initStart map[functionName:watched", "told platform.telemetrySubscription map[name:watcher state:Subscribed types:[function platform]]",
			"told function loading\n", "told platform.initRuntimeDone", "status:success]\n", "told platform.initReport", "told platform.start map[requestId:request-", "told function hello 1\n",
			"told platform.runtimeDone map[metrics:map[durationMs:", "told platform.report map[metrics:map[billedDurationMs:",
		} {
			w.eventually("the extension was told: "+part, func() bool { return strings.Contains(w.log(), part) })
		}
		if strings.Contains(w.log(), "told function told") {
			t.Errorf("what the extension prints is told as the function's:\n%s", w.log())
		}
		if w.x.Status().Mode == Sandboxed && !strings.Contains(w.log(), "resolved [127.0.0.1] <nil>") {
			t.Errorf("sandbox.localdomain has no address:\n%s", w.log())
		}
	})
}

// TestSubscriptions are refused that lead out of the sandbox, or that nobody could serve.
func TestSubscriptions(t *testing.T) {
	where := subscribeRequest{Types: []string{"platform"}}
	where.Destination.Protocol, where.Destination.URI = "HTTP", "http://sandbox.localdomain:4243/x?y=z"
	good, err := where.subscription()
	if err != nil || good.to != (destination{port: 4243, path: "/x?y=z"}) || good.buffer != (buffering{10_000, 262_144, 1_000}) {
		t.Errorf("got %+v, %v", good, err)
	}
	for name, edit := range map[string]func(*subscribeRequest){
		"another host":      func(in *subscribeRequest) { in.Destination.URI = "http://example.com:4243" },
		"TLS":               func(in *subscribeRequest) { in.Destination.URI = "https://sandbox.localdomain:4243" },
		"no port there":     func(in *subscribeRequest) { in.Destination.URI = "http://sandbox.localdomain:70000" },
		"no protocol":       func(in *subscribeRequest) { in.Destination.Protocol = "" },
		"TCP without port":  func(in *subscribeRequest) { in.Destination.Protocol = "TCP" },
		"no types":          func(in *subscribeRequest) { in.Types = nil },
		"an unknown type":   func(in *subscribeRequest) { in.Types = []string{"network"} },
		"a hasty buffer":    func(in *subscribeRequest) { in.Buffering = &buffering{TimeoutMS: 1} },
		"too large a batch": func(in *subscribeRequest) { in.Buffering = &buffering{MaxBytes: 1 << 30} },
	} {
		in := where
		edit(&in)
		if s, err := in.subscription(); err == nil {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

// TestTelemetryIsSentInBatches: whole ones at once, others after their time; what was
// not taken is sent again; nobody subscribes after the init.
func TestTelemetryIsSentInBatches(t *testing.T) {
	c := clock.NewManual(time.Unix(1000, 0))
	sent, fail := make(chan string), make(chan error, 1)
	tell := newTelemetry(c, func(_ destination, body []byte) error {
		select {
		case err := <-fail:
			return err
		default:
		}
		sent <- string(body)
		return nil
	}, func(f func()) { go f() })
	defer tell.end()
	s := &subscription{types: []string{telemetryFunction}, to: destination{lines: true}, buffer: buffering{2, 1000, 1000}}
	if !tell.subscribe("x", s) {
		t.Fatal("not subscribed")
	}
	tell.settled()
	if tell.subscribe("late", s) {
		t.Error("subscribed after the init")
	}
	line := func(text string) string {
		return fmt.Sprintf(`{"time":"1970-01-01T00:16:40.000Z","type":"function","record":"%s"}`+"\n", text)
	}
	tell.emit(telemetryPlatform, "platform.start", "nobody asked for it")
	fail <- errors.New("not now")
	for _, text := range []string{"a", "b"} {
		tell.emit(telemetryFunction, telemetryFunction, text)
	}
	tell.emit(telemetryFunction, telemetryFunction, "c")
	// The clock stands still: what is no whole batch, and what was not taken, waits.
	next := func() string {
		for {
			select {
			case got := <-sent:
				return got
			case <-time.After(time.Millisecond):
				tell.hurry()
			}
		}
	}
	if got := next(); got != line("a")+line("b") {
		t.Errorf("got %s", got)
	}
	if got := next(); got != line("c") {
		t.Errorf("got %s", got)
	}
}
