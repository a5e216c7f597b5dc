package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	"github.com/sallyport/sallyport/internal/limits"
)

// httpResponse is what a function may say of its response (payload format 2.0).
type httpResponse struct {
	status  *json.Number
	headers map[string]json.RawMessage
	cookies []string
	text    json.RawMessage
	base64  bool
}

// readResponse reads a response by its members' exact names; ok is false for JSON
// that is none, since it names no status.
func readResponse(text []byte) (r httpResponse, ok bool, err error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return r, false, nil
	}
	var errs []error
	for name, to := range map[string]any{"statusCode": &r.status, "headers": &r.headers, "cookies": &r.cookies, "body": &r.text, "isBase64Encoded": &r.base64} {
		if raw, given := members[name]; given {
			errs = append(errs, json.Unmarshal(raw, to))
		}
	}
	_, ok = members["statusCode"]
	return r, ok, errors.Join(errs...)
}

// urlAnswer is the answer for what a function returned: as it says where it names a
// status, else its result as JSON.
func urlAnswer(payload []byte) *functionurlapi.Response {
	said, ok, err := readResponse(payload)
	if !ok {
		return &functionurlapi.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {jsonContent}}, Body: api.BytesStream(payload)}
	}
	out := said.begin()
	body, decoded := said.body()
	if err != nil || out == nil || !decoded {
		return badGateway()
	}
	out.Body = api.BytesStream(body)
	return out
}

// begin is the answer but for its body; nil if there can be none like that.
func (r *httpResponse) begin() *functionurlapi.Response {
	out := &functionurlapi.Response{Status: http.StatusOK, Header: http.Header{}}
	if r.status != nil {
		status, err := strconv.Atoi(r.status.String())
		if err != nil || status < 200 || status > 599 {
			return nil
		}
		out.Status = status
	}
	size := 0
	for name, raw := range r.headers {
		value := scalar(raw)
		size += len(name) + len(value)
		if !isHeaderName(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil
		}
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(ownHeaders, name) {
			out.Header[name] = append(out.Header[name], value)
		}
	}
	for _, one := range r.cookies {
		size += len(one)
		if strings.ContainsAny(one, "\r\n\x00") {
			return nil
		}
		out.Header.Add("Set-Cookie", one)
	}
	if size > limits.HeaderBytes {
		return nil
	}
	if out.Header.Get("Content-Type") == "" {
		out.Header.Set("Content-Type", jsonContent)
	}
	return out
}

// ownHeaders are those that the connection needs, and those that say what came of
// the invoke: a function cannot set them.
var ownHeaders = []string{
	"Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"X-Amzn-Requestid", "X-Amzn-Errortype", "X-Amzn-Trace-Id",
}

// isHeaderName says whether a name can be sent (RFC 9110, token).
func isHeaderName(s string) bool { return isWord(s, "!#$%&'*+-.^_`|~") }

// scalar is the text of a JSON value: a string's own, else as it stands.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// body is the response's body. What AWS does with one that is no string is not
// known: here it is sent as the JSON it is.
func (r *httpResponse) body() ([]byte, bool) {
	if len(r.text) == 0 || string(r.text) == "null" {
		return nil, true
	}
	text := scalar(r.text)
	if !r.base64 {
		return []byte(text), true
	}
	body, err := base64.StdEncoding.DecodeString(text)
	return body, err == nil
}

// preludeType is the content type of a streamed response that begins with its
// status and headers as JSON, and eight zero bytes (AWS Lambda guide, "Response
// streaming": HttpResponseStream).
const preludeType = "application/vnd.awslambda.http-integration-response"

// preludeEnd is what ends a prelude.
const preludeEnd = "\x00\x00\x00\x00\x00\x00\x00\x00"

// preludeAnswer is the answer for a response on its way.
func preludeAnswer(t *streamed) *functionurlapi.Response {
	contentType := t.contentType
	if contentType != preludeType {
		if contentType == "" {
			contentType = jsonContent
		}
		return &functionurlapi.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: t.rest(nil)}
	}
	text, rest, ended := readPrelude(t.body)
	said, _, err := readResponse(text)
	out := said.begin()
	if !ended || !json.Valid(text) || err != nil || out == nil {
		_ = t.body.Close()
		return badGateway()
	}
	out.Body = t.rest(rest)
	return out
}

// readPrelude reads up to the end of a prelude, and gives what it read beyond.
func readPrelude(r io.Reader) (prelude, rest []byte, ok bool) {
	var got []byte
	for piece := make([]byte, 4<<10); len(got) <= limits.HeaderBytes; {
		n, err := r.Read(piece)
		got = append(got, piece[:n]...)
		if prelude, rest, ok = bytes.Cut(got, []byte(preludeEnd)); ok {
			return prelude, rest, true
		}
		if err != nil {
			break
		}
	}
	return nil, nil, false
}

// rest is what is left of a streamed response behind a part that was read already.
// Its end is an error where the function failed: then it is not all.
func (t *streamed) rest(read []byte) *api.Stream {
	return &api.Stream{Body: &remainder{t: t, first: read}, Length: -1}
}

type remainder struct {
	t     *streamed
	first []byte
}

// Read implements io.Reader.
func (r *remainder) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	n, err := r.t.body.Read(p)
	if err != io.EOF {
		return n, err
	}
	result, failure := r.t.end()
	switch {
	case failure != nil:
		return n, failure
	case result.FunctionError != "":
		return n, io.ErrUnexpectedEOF
	}
	return n, io.EOF
}

// Close implements io.Closer.
func (r *remainder) Close() error { return r.t.body.Close() }
