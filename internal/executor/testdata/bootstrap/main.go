// Command bootstrap is a custom runtime for tests: it answers each event with
// itself, over the Runtime API.
package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			os.Exit(1)
		}
		event, err := io.ReadAll(next.Body)
		next.Body.Close()
		if err != nil {
			os.Exit(1)
		}
		done, err := http.Post(base+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", body(event))
		if err != nil {
			os.Exit(1)
		}
		io.Copy(io.Discard, done.Body)
		done.Body.Close()
	}
}

// body is sent in chunks when the event asks for it, as aws-lambda-go does always.
func body(event []byte) io.Reader {
	if bytes.Contains(event, []byte("chunked")) {
		return io.MultiReader(bytes.NewReader(event))
	}
	return bytes.NewReader(event)
}
