package executor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// Paths of subscriptions. The Logs API is the older form of the Telemetry API.
const (
	telemetryPath = "/2022-07-01/telemetry"
	logsPath      = "/2020-08-15/logs"
)

// subscribeRequest is the body of a subscription (Lambda guide, "Telemetry API
// reference").
type subscribeRequest struct {
	SchemaVersion string     `json:"schemaVersion"`
	Types         []string   `json:"types"`
	Buffering     *buffering `json:"buffering"`
	Destination   struct {
		Protocol string `json:"protocol"`
		URI      string `json:"URI"`
		Port     int    `json:"port"`
		Method   string `json:"method"`
		Encoding string `json:"encoding"`
	} `json:"destination"`
}

// subscribe takes an extension's subscription.
func (a *runtimeAPI) subscribe(k *conn, r *request) error {
	x, one, problem := a.identified(r)
	if problem != "" {
		return k.answer("403 Forbidden", problem)
	}
	var in subscribeRequest
	if err := json.Unmarshal(r.body, &in); err != nil {
		return k.answer("400 Bad Request", refusal("ValidationError", "The request body is no valid JSON"))
	}
	s, err := in.subscription()
	if err != nil {
		return k.answer("400 Bad Request", refusal("ValidationError", err.Error()))
	}
	if !x.telemetry.subscribe(one.name, s) {
		return k.answer("403 Forbidden", refusal("Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already"))
	}
	return k.answer("200 OK", `"OK"`)
}

// Bounds and defaults of buffering (Lambda guide, "Telemetry API").
var bounds = [3]struct{ least, usual, most int }{{1_000, 10_000, 10_000}, {262_144, 262_144, 1_048_576}, {25, 1_000, 30_000}}

func (in *subscribeRequest) subscription() (*subscription, error) {
	if len(in.Types) == 0 {
		return nil, errors.New("types must name at least one of platform, function, extension")
	}
	for _, t := range in.Types {
		if t != telemetryPlatform && t != telemetryFunction && t != telemetryExtension {
			return nil, fmt.Errorf("unknown type of telemetry: %s", t)
		}
	}
	slices.Sort(in.Types)
	s := &subscription{types: slices.Compact(in.Types), buffer: buffering{bounds[0].usual, bounds[1].usual, bounds[2].usual}}
	if b := in.Buffering; b != nil {
		for i, to := range []struct{ to, given *int }{{&s.buffer.MaxItems, &b.MaxItems}, {&s.buffer.MaxBytes, &b.MaxBytes}, {&s.buffer.TimeoutMS, &b.TimeoutMS}} {
			switch {
			case *to.given == 0: // not given
			case *to.given < bounds[i].least || *to.given > bounds[i].most:
				return nil, fmt.Errorf("buffering: %d is not between %d and %d", *to.given, bounds[i].least, bounds[i].most)
			default:
				*to.to = *to.given
			}
		}
	}
	var err error
	s.to, err = in.to()
	return s, err
}

// to is the destination: a listener inside the sandbox, under one of its names.
func (in *subscribeRequest) to() (destination, error) {
	d := in.Destination
	switch d.Protocol {
	case "TCP":
		if d.Port < 1 || d.Port > 65535 {
			return destination{}, errors.New("destination: a port is missing")
		}
		return destination{port: d.Port, lines: true}, nil
	case "HTTP":
		u, err := url.Parse(d.URI)
		if err != nil || u.Scheme != "http" || u.Hostname() != "sandbox.localdomain" && u.Hostname() != "sandbox.local" && u.Hostname() != "sandbox" {
			return destination{}, errors.New("destination: URI must be of the form http://sandbox.localdomain:PORT/PATH")
		}
		port := 80
		if u.Port() != "" {
			if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
				return destination{}, errors.New("destination: URI has no valid port")
			}
		}
		return destination{port: port, path: u.RequestURI()}, nil
	}
	return destination{}, errors.New("destination: protocol must be HTTP or TCP")
}

// telemetryTime is how long a subscriber may take for a batch.
const telemetryTime = 2 * time.Second

// sendTelemetry brings a batch into the sandbox.
func (e *Environment) sendTelemetry(to destination, body []byte) error {
	c, err := e.sandbox.dial(to.port)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(e.x.clock.Now().Add(telemetryTime)); err != nil {
		return err
	}
	if to.lines {
		_, err := c.Write(body)
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: sandbox.localdomain:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", to.path, to.port, len(body))
	b.Write(body)
	if _, err := c.Write(b.Bytes()); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, limits.RuntimeHeaders)), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the subscriber answered %s", answer.Status)
	}
	return nil
}
