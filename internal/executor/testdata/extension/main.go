// Command extension is an external extension for tests: it prints each event it gets,
// and does what its environment asks for.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

var base = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension/"

func main() {
	mode := os.Getenv("MODE")
	if mode == "exit" {
		os.Exit(3)
	}
	events := os.Getenv("EVENTS")
	if events == "" {
		events = `["INVOKE","SHUTDOWN"]`
	}
	name := filepath.Base(os.Args[0])
	status, header, about := do("POST", "register", `{"events":`+events+`}`, "Lambda-Extension-Name", name, "Lambda-Extension-Accept-Feature", "accountId")
	fmt.Println("registered", name, status, about, os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("_HANDLER"))
	id := header.Get("Lambda-Extension-Identifier")
	if types := os.Getenv("TELEMETRY"); types != "" {
		subscribe(id, types)
	}
	if mode == "init-error" {
		do("POST", "init/error", "{}", "Lambda-Extension-Identifier", id, "Lambda-Extension-Function-Error-Type", "Extension.NoConfig")
		os.Exit(1)
	}
	for {
		_, header, body := do("GET", "event/next", "", "Lambda-Extension-Identifier", id)
		var event struct {
			EventType, RequestID, ShutdownReason string
			Tracing                              struct{ Value string }
		}
		if err := json.Unmarshal([]byte(body), &event); err != nil {
			os.Exit(2)
		}
		fmt.Println(event.EventType, event.RequestID, event.ShutdownReason, event.Tracing.Value, header.Get("Lambda-Extension-Event-Identifier") != "")
		switch {
		case event.EventType == "SHUTDOWN":
			os.Exit(0)
		case mode == "crash":
			os.Exit(4)
		case mode == "exit-error":
			do("POST", "exit/error", "{}", "Lambda-Extension-Identifier", id, "Lambda-Extension-Function-Error-Type", "Extension.Tired")
			os.Exit(1)
		case strings.HasPrefix(mode, "wait:"):
			resp, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + "/" + strings.TrimPrefix(mode, "wait:"))
			if err == nil {
				resp.Body.Close()
			}
		}
	}
}

// subscribe prints what it is told by the Telemetry API.
func subscribe(id, types string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(2)
	}
	go http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var events []struct {
			Type   string
			Record any
		}
		if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
			os.Exit(2)
		}
		for _, e := range events {
			fmt.Printf("told %s %v\n", e.Type, e.Record)
		}
	}))
	uri := fmt.Sprintf("http://sandbox.localdomain:%d/events", l.Addr().(*net.TCPAddr).Port)
	status, _, text := do("PUT", "../../2022-07-01/telemetry", `{"schemaVersion":"2022-07-01","types":`+types+`,"buffering":{"timeoutMs":25},"destination":{"protocol":"HTTP","URI":"`+uri+`"}}`, "Lambda-Extension-Identifier", id)
	fmt.Println("subscribed", status, text)
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "127.0.0.1:9001" {
		addresses, err := net.LookupHost("sandbox.localdomain")
		fmt.Println("resolved", addresses, err)
	}
}

func do(method, path, body string, headers ...string) (int, http.Header, string) {
	address, err := url.JoinPath(base, path)
	if err != nil {
		os.Exit(2)
	}
	r, err := http.NewRequest(method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		os.Exit(2)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		os.Exit(2)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		os.Exit(2)
	}
	return answer.StatusCode, answer.Header, string(text)
}
