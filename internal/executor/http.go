package executor

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/sallyport/sallyport/internal/limits"
)

// The Runtime API is served by a loop of our own, because every warm invoke
// pays for it twice. It reads what HTTP/1.1 clients send: any header order and
// case, keep-alive, chunked bodies with trailers, Expect. Everything else is
// refused and ends the connection.

// request is one HTTP request; it is reused for the next one on its connection.
type request struct {
	method, path string
	// close says that the client wants no further request on the connection.
	close bool
	// length is the body's length; -1 for a chunked body.
	length   int64
	expect   bool
	streamed bool
	// contentType is what the body is.
	contentType string
	// errorType and errorBody are of the function's error headers or trailers.
	errorType, errorBody string
	// extension, identifier and features are an extension's name, the identifier it
	// was given, and what it asks for beside.
	extension, identifier, features string
	// body is complete unless tooLarge.
	body     []byte
	tooLarge bool
}

var (
	errMalformed = errors.New("malformed HTTP request")
	errHeaders   = errors.New("HTTP headers are too large")
)

// drained bounds what is read of a body that is too large, so that the client
// gets to see the answer.
const drained = 64 << 20

// readHead reads a request up to its body.
func (r *request) readHead(in *bufio.Reader) error {
	*r = request{}
	line, err := readLine(in)
	if err != nil {
		return err
	}
	size := len(line)
	method, rest, ok := bytes.Cut(line, []byte(" "))
	path, version, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return errMalformed
	}
	r.method, r.path = name(method), string(path)
	r.close = bytes.Equal(version, []byte("HTTP/1.0"))
	for {
		line, err := readLine(in)
		if err != nil {
			return endless(err)
		}
		if len(line) == 0 {
			return nil
		}
		if size += len(line); size > limits.RuntimeHeaders {
			return errHeaders
		}
		if err := r.header(line); err != nil {
			return err
		}
	}
}

// name avoids an allocation for the methods of the API.
func name(method []byte) string {
	switch string(method) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	}
	return string(method)
}

// header takes note of the headers that matter here.
func (r *request) header(line []byte) error {
	key, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return errMalformed
	}
	value = bytes.TrimSpace(value)
	switch {
	case is(key, "content-length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || r.length != 0 && r.length != n {
			return errMalformed
		}
		r.length = n
	case is(key, "transfer-encoding"):
		if !is(value, "chunked") || r.length > 0 {
			return errMalformed
		}
		r.length = -1
	case is(key, "connection"):
		r.close = is(value, "close") || r.close && !is(value, "keep-alive")
	case is(key, "expect"):
		r.expect = is(value, "100-continue")
	case is(key, "content-type"):
		r.contentType = mediaType(value)
	case is(key, "lambda-runtime-function-response-mode"):
		r.streamed = is(value, "streaming")
	case is(key, "lambda-extension-name"):
		r.extension = string(value)
	case is(key, "lambda-extension-identifier"):
		r.identifier = string(value)
	case is(key, "lambda-extension-accept-feature"):
		r.features = string(value)
	case is(key, "lambda-runtime-function-error-type"), is(key, "lambda-extension-function-error-type"):
		r.errorType = string(value)
	case is(key, "lambda-runtime-function-error-body"):
		r.errorBody = string(value)
	}
	return nil
}

// mediaType avoids an allocation for what most runtimes send.
func mediaType(value []byte) string {
	switch string(value) {
	case "application/json":
		return "application/json"
	case "application/octet-stream":
		return "application/octet-stream"
	}
	return string(value)
}

// is compares without regard to case; want is in lower case.
func is(got []byte, want string) bool {
	if len(got) != len(want) {
		return false
	}
	for i, c := range got {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// readBody reads the body, as far as it is not above limits.SyncResponse.
func (r *request) readBody(in *bufio.Reader) error {
	switch {
	case r.length == 0:
		return nil
	case r.length < 0:
		return r.readChunks(in)
	case r.length > limits.SyncResponse:
		r.tooLarge = true
		if r.length > drained {
			r.close = true
			return nil
		}
		_, err := io.CopyN(io.Discard, in, r.length)
		return endless(err)
	}
	r.body = make([]byte, r.length)
	_, err := io.ReadFull(in, r.body)
	return endless(err)
}

func (r *request) readChunks(in *bufio.Reader) error {
	var total int64
	for {
		n, err := chunkLength(in)
		if err != nil {
			return err
		}
		if n == 0 {
			return r.readTrailers(in)
		}
		if total += n; total > drained {
			return errMalformed
		}
		if err := r.readChunk(in, int(n), total); err != nil {
			return endless(err)
		}
		if err := chunkEnd(in); err != nil {
			return err
		}
	}
}

// chunkLength reads the line before a chunk; 0 stands before the trailers.
func chunkLength(in *bufio.Reader) (int64, error) {
	line, err := readLine(in)
	if err != nil {
		return 0, endless(err)
	}
	digits, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
	if err != nil {
		return 0, errMalformed
	}
	return int64(n), nil
}

func chunkEnd(in *bufio.Reader) error {
	if line, err := readLine(in); err != nil || len(line) > 0 {
		return errMalformed
	}
	return nil
}

func (r *request) readChunk(in *bufio.Reader, n int, total int64) error {
	if total > limits.SyncResponse {
		r.tooLarge, r.body = true, nil
		_, err := io.CopyN(io.Discard, in, int64(n))
		return err
	}
	start := len(r.body)
	r.body = append(r.body, make([]byte, n)...)
	_, err := io.ReadFull(in, r.body[start:])
	return err
}

func (r *request) readTrailers(in *bufio.Reader) error {
	for size := 0; ; {
		line, err := readLine(in)
		if err != nil {
			return endless(err)
		}
		if len(line) == 0 {
			return nil
		}
		if size += len(line); size > limits.RuntimeHeaders {
			return errHeaders
		}
		if err := r.header(line); err != nil {
			return err
		}
	}
}

// readLine reads a line without its end; it is valid until the next read. Some
// clients send the cause of an error in a header of many kilobytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = readLong(in, bytes.Clone(line))
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// readLong reads the rest of a line.
func readLong(in *bufio.Reader, line []byte) ([]byte, error) {
	for len(line) <= limits.RuntimeHeaders {
		more, err := in.ReadSlice('\n')
		line = append(line, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
	return nil, errHeaders
}

// endless tells an end in the middle of a request from one between two.
func endless(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendResponse adds a response with a JSON body to b, and headers: names and values.
func appendResponse(b []byte, status, body string, close bool, headers ...string) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	if close {
		b = append(b, "\r\nConnection: close"...)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		b = appendHeader(b, headers[i], headers[i+1])
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}
