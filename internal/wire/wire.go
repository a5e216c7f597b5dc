package wire

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/api"
)

// Codec reads requests and writes answers of one protocol. It is safe for
// concurrent use.
type Codec interface {
	// Decode makes the operation's input from a request: a *In, with its
	// constraints checked in AWS's wording. The input may share memory with
	// body, which must not change afterwards. route.Operation must not be nil.
	Decode(r *http.Request, route Route, body []byte) (in any, err *api.Error)
	// Encode writes the answer of an operation, whose output is a *Out. An
	// error says that the output could not be written as its type says, and
	// then nothing was sent; a client that went away is no error.
	Encode(w http.ResponseWriter, o *api.Operation, requestID string, out any) error
	// EncodeError writes an error in the shape of the protocol and service.
	// s and o are nil when the request did not get far enough to tell.
	EncodeError(w http.ResponseWriter, s *api.Service, o *api.Operation, requestID string, e *api.Error)
}

// Route is where a request goes.
type Route struct {
	Service *api.Service
	// Protocol is the one the request came in, and is answered in: a service may
	// speak two.
	Protocol api.Protocol
	// Operation is nil when the operation is unknown or not bound.
	Operation *api.Operation
	// Name is the operation's name as asked for.
	Name string
	// Unbound says that AWS has the operation and Sallyport does not bind it.
	Unbound bool
	// Labels are the decoded path labels of a REST binding.
	Labels map[string]string

	// entry is the operation as the router knows it, nil when it is unknown.
	entry *entry
	// params are the parameters of a query request, read once.
	params params
}

// Streams says that the operation's input has a body that is not held in memory.
// Its Decode is called without a body; SetStream gives the input its stream.
func (route Route) Streams() bool { return route.entry != nil && route.entry.streams }

// requestIDHeader carries the request id of every answer.
const requestIDHeader = "x-amzn-RequestId"

// answer writes a whole body. The length is always sent, so that no answer is
// chunked and clients see one that was cut off.
func answer(w http.ResponseWriter, status int, contentType, requestID string, body []byte) {
	w.Header().Set(requestIDHeader, requestID)
	send(w, status, contentType, body)
}

// send writes what answer does but for the request id.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	h.Set("Content-Length", itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no error of ours
}

// statusOf is the HTTP status of an operation that succeeded.
func statusOf(o *api.Operation) int {
	if o.Status == 0 {
		return http.StatusOK
	}
	return o.Status
}

// errorHeaders sets what an error adds to the headers.
func errorHeaders(w http.ResponseWriter, e *api.Error) {
	for name, value := range e.Headers {
		w.Header().Set(name, value)
	}
}

// errorStatus is the HTTP status of an error; one without is a fault of ours.
func errorStatus(e *api.Error) int {
	if e.Status < 400 || e.Status > 599 {
		return http.StatusInternalServerError
	}
	return e.Status
}
