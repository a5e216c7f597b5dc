package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// client calls Sallyport's own API: JSON 1.1, signed like any AWS request.
type client struct {
	endpoint    string
	credentials aws.Credentials
	signer      *v4.Signer
	http        *http.Client
}

// newClient asks the server at the endpoint with the credentials.
func newClient(endpoint string, c aws.Credentials) *client {
	return &client{
		endpoint: endpoint, credentials: c, signer: v4.NewSigner(),
		// Longer than any wait a request can ask for.
		http: &http.Client{Timeout: time.Minute},
	}
}

// maxAnswer bounds what is read of an answer: explanations of large policies
// are the largest.
const maxAnswer = 64 << 20

// call makes one request. The answer is JSON with times as RFC 3339 has them;
// out, if not nil, gets it too.
func (c *client) call(ctx context.Context, operation string, in, out any) (json.RawMessage, error) {
	body, err := encode(in)
	if err != nil {
		return nil, err
	}
	r, err := c.request(ctx, operation, body)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(c.endpoint, answer.StatusCode, raw)
	}
	if raw, err = readableTimes(raw); err != nil {
		return nil, fmt.Errorf("%s does not answer like a Sallyport server: %w", c.endpoint, err)
	}
	if out != nil {
		err = json.Unmarshal(raw, out)
	}
	return raw, err
}

// request is the signed request.
func (c *client) request(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", sallyportapi.Service.TargetPrefix+"."+operation)
	r.Header.Set("User-Agent", "sallyport")
	sum := sha256.Sum256(body)
	err = c.signer.SignHTTP(ctx, c.credentials, r, hex.EncodeToString(sum[:]), sallyportapi.Service.SigningName, region(), time.Now())
	return r, err
}

// serverError is a refusal by the server.
type serverError struct {
	Status        int
	Code, Message string
}

func (e *serverError) Error() string { return e.Code + ": " + e.Message }

// refusal reads an error of the server. What is not one comes from something
// else that listens there.
func refusal(endpoint string, status int, raw []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(raw, &body); err != nil || body.Type == "" && body.Code == "" {
		return fmt.Errorf("%s does not answer like a Sallyport server (HTTP status %d)", endpoint, status)
	}
	e := &serverError{Status: status, Code: body.Type[strings.LastIndexByte(body.Type, '#')+1:], Message: body.Message}
	if e.Code == "" {
		e.Code = body.Code
	}
	switch e.Code {
	case "ResourceNotFoundException", "InvalidParameterException":
		return errors.New(e.Message)
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "IncompleteSignatureException":
		return fmt.Errorf("%w\n%s knows no such key. Keys in your environment may be another server's: leave out --endpoint, or set AWS_ACCESS_KEY_ID anew with \"sallyport env\"", e, endpoint)
	}
	return e
}

// unreachable says what to do when there is no answer.
func (c *client) unreachable(ctx context.Context, err error) error {
	var refused *net.OpError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused) && refused.Op == "dial":
		return fmt.Errorf("no server answers at %s: it may have been killed. Start it again with \"sallyport serve\"", c.endpoint)
	}
	return fmt.Errorf("the server at %s broke off: %w", c.endpoint, err)
}

// encode writes an input with its times in seconds, as JSON 1.1 has them.
func encode(in any) ([]byte, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, err
	}
	for name, v := range members {
		switch v := v.(type) {
		case nil:
			delete(members, name)
		case string:
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil && name == "Since" {
				members[name] = json.Number(fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000))
			}
		}
	}
	return json.Marshal(members)
}

// readableTimes turns the seconds of members named Time into RFC 3339.
func readableTimes(raw []byte) (json.RawMessage, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return json.RawMessage("{}"), nil
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	rewriteTimes(v)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func rewriteTimes(v any) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			rewriteTimes(v[i])
		}
	case map[string]any:
		for name, member := range v {
			if n, ok := member.(json.Number); ok && name == "Time" {
				if seconds, err := n.Float64(); err == nil {
					v[name] = time.UnixMicro(int64(seconds * 1e6)).UTC().Format(time.RFC3339Nano)
				}
				continue
			}
			rewriteTimes(member)
		}
	}
}

// list asks for decisions.
func (c *client) list(ctx context.Context, in *sallyportapi.ListDecisionsRequest) (*sallyportapi.ListDecisionsResponse, json.RawMessage, error) {
	out := new(sallyportapi.ListDecisionsResponse)
	raw, err := c.call(ctx, sallyportapi.ListDecisions.Name, in, out)
	return out, raw, err
}

// explain asks for the decisions of a request ("last": of the newest denial).
func (c *client) explain(ctx context.Context, requestID string) (*sallyportapi.ExplainDecisionResponse, error) {
	out := new(sallyportapi.ExplainDecisionResponse)
	_, err := c.call(ctx, sallyportapi.ExplainDecision.Name, &sallyportapi.ExplainDecisionRequest{RequestId: &requestID}, out)
	return out, err
}

// describe asks how the server is.
func (c *client) describe(ctx context.Context) (*sallyportapi.DescribeServerResponse, error) {
	out := new(sallyportapi.DescribeServerResponse)
	_, err := c.call(ctx, sallyportapi.DescribeServer.Name, struct{}{}, out)
	return out, err
}

// reset empties the server.
func (c *client) reset(ctx context.Context) error {
	_, err := c.call(ctx, sallyportapi.Reset.Name, struct{}{}, nil)
	return err
}
