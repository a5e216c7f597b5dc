// Command extension is an external extension for tests: it prints each event it gets,
// and does what its environment asks for.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

func do(method, path, body string, headers ...string) (int, http.Header, string) {
	r, err := http.NewRequest(method, base+path, bytes.NewReader([]byte(body)))
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
