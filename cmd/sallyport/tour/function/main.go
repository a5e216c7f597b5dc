// Command function is the tour's function for machines without Python: it
// speaks the Lambda Runtime API, logs, and if asked to calls another function or
// puts an object into a bucket. It uses the standard library only, so that `go build` needs nothing else.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	runtime := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(runtime + "next")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		event, err := io.ReadAll(next.Body)
		next.Body.Close()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answer, where := handle(event), "/response"
		if answer == nil {
			answer, where = []byte(`{"errorMessage":"the call failed","errorType":"Error"}`), "/error"
		}
		done, err := http.Post(runtime+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+where, "application/json", bytes.NewReader(answer))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		done.Body.Close()
	}
}

// handle answers one event; nil is an error.
func handle(event []byte) []byte {
	fmt.Println("orders received", string(event))
	var asked struct {
		Call string `json:"call"`
		Put  string `json:"put"`
	}
	if json.Unmarshal(event, &asked) != nil {
		return []byte(`{"done":true}`)
	}
	switch {
	case asked.Call != "":
		return call("lambda", "POST", "/2015-03-31/functions/"+asked.Call+"/invocations", "{}")
	case asked.Put != "":
		return call("s3", "PUT", "/"+asked.Put, "a report")
	}
	return []byte(`{"done":true}`)
}

// call calls AWS with the execution role's credentials; nil is an error.
func call(service, method, path, body string) []byte {
	request, err := http.NewRequest(method, os.Getenv("AWS_ENDPOINT_URL")+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	sign(request, service, []byte(body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	id := response.Header.Get("x-amzn-RequestId")
	if id == "" {
		id = response.Header.Get("x-amz-request-id")
	}
	answer, err := json.Marshal(map[string]any{"status": response.StatusCode, "requestId": id, "body": string(text)})
	if err != nil {
		return nil
	}
	return answer
}

// sign signs a request with Signature Version 4 and the execution role's credentials.
func sign(r *http.Request, service string, body []byte) {
	now := time.Now().UTC()
	stamp, day, region := now.Format("20060102T150405Z"), now.Format("20060102"), os.Getenv("AWS_REGION")
	r.Header.Set("X-Amz-Content-Sha256", digest(body))
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Security-Token", os.Getenv("AWS_SESSION_TOKEN"))
	const names = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	canonical := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), "",
		"host:" + r.URL.Host, "x-amz-content-sha256:" + digest(body), "x-amz-date:" + stamp, "x-amz-security-token:" + os.Getenv("AWS_SESSION_TOKEN"), "",
		names, digest(body),
	}, "\n")
	scope := strings.Join([]string{day, region, service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, digest([]byte(canonical))}, "\n")
	key := []byte("AWS4" + os.Getenv("AWS_SECRET_ACCESS_KEY"))
	for _, part := range []string{day, region, service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+os.Getenv("AWS_ACCESS_KEY_ID")+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString(key))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
