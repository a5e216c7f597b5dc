package edge

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/sigv4"
	"github.com/sallyport/sallyport/internal/wire"
)

// at is what a request to a function URL addresses.
type at struct {
	id, region string
	// domain is the host it was sent to, or would have been, without a port.
	domain string
	// path is the path that the function sees, as it came.
	path string
}

// urlRequest is a request to a function URL on its way.
type urlRequest struct {
	*exchange
	at
	url op.FunctionURL
	out *functionurlapi.Response
}

// functionURL answers requests to function URLs, by the steps of every request but
// for routing and decoding; false for every other request.
func (h *Handler) functionURL(w http.ResponseWriter, r *http.Request) bool {
	if h.urls == nil {
		return false
	}
	where, ok := addressed(r)
	if !ok {
		return false
	}
	u := &urlRequest{at: where, exchange: &exchange{w: newAnswer(w), given: r, r: r, requestID: id.UUID()}}
	u.route = wire.Route{Service: functionurlapi.Service, Operation: functionurlapi.InvokeFunctionUrl.Operation, Name: functionurlapi.InvokeFunctionUrl.Name, Protocol: api.RESTJSON}
	defer h.recovered(u.exchange)
	for _, step := range []func(*urlRequest) error{h.knownURL, h.sharedURL, h.boundURL, h.identifiedURL, h.runURL} {
		if err := step(u); errors.Is(err, errAnswered) {
			return true
		} else if err != nil {
			h.refuse(u.exchange, err)
			return true
		}
	}
	h.answerURL(u)
	return true
}

// errAnswered ends the steps of a request that has its answer.
var errAnswered = errors.New("answered")

// urlLabel stands behind the id in the host of a function URL.
const urlLabel = ".lambda-url."

// urlID is how long the id of a function URL is.
const urlID = 32

// addressed says which function URL a request is for: by its host,
// ID.lambda-url.REGION.NAME, or by its path, op.FunctionURLPath.
func addressed(r *http.Request) (at, bool) {
	if len(r.Host) > urlID+len(urlLabel) && strings.EqualFold(r.Host[urlID:urlID+len(urlLabel)], urlLabel) && isURLID(strings.ToLower(r.Host[:urlID])) {
		domain := strings.ToLower(hostOnly(r.Host))
		region, name, named := strings.Cut(domain[urlID+len(urlLabel):], ".")
		if named && name != "" {
			return at{id: domain[:urlID], region: region, domain: domain, path: rawPath(r)}, true
		}
	}
	if !strings.HasPrefix(r.URL.Path, op.FunctionURLPath) {
		return at{}, false
	}
	// The path as it came: what does not spell the way to the URL plainly is none.
	rest, plain := strings.CutPrefix(rawPath(r), op.FunctionURLPath)
	name, path, _ := strings.Cut(rest, "/")
	if !plain || !isURLID(name) || !stays(name, "/"+path) {
		return at{}, true // nobody's: it is answered as an unknown one
	}
	return at{id: name, path: "/" + path}, true
}

// stays says whether a path behind the id of a URL leads nowhere else. A signature
// covers the normal path only: "ID/../OTHER/" would be signed for the URL of OTHER.
func stays(id, path string) bool {
	signed, within := sigv4.NormalPath(op.FunctionURLPath+id+path), sigv4.NormalPath(path)
	return strings.TrimSuffix(signed, "/") == strings.TrimSuffix(op.FunctionURLPath+id+within, "/")
}

func isURLID(s string) bool {
	return len(s) == urlID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// rawPath is the path as it came, still encoded.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if p := r.URL.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// knownURL finds the URL. One that is not there gets AWS's answer without a text
// (recorded); nothing of its body is read.
func (h *Handler) knownURL(u *urlRequest) error {
	var ok bool
	if u.url, ok = h.urls.FunctionURL(u.id, u.region); !ok {
		u.w.Header().Set("Connection", "close")
		return &api.Error{Code: "AccessDeniedException", Status: http.StatusForbidden, Fault: api.Client, NullMessage: true, MessageMember: "Message"}
	}
	if u.region == "" {
		u.region = u.url.Region
		u.domain = u.id + urlLabel + u.region + ".on.aws"
	}
	return nil
}

// sharedURL adds the headers of the URL's CORS configuration, to every answer, and
// answers a browser that asks ahead. Without a configuration that is the
// function's business.
func (h *Handler) sharedURL(u *urlRequest) error {
	origin, method := u.given.Header.Get("Origin"), u.given.Header.Get("Access-Control-Request-Method")
	if u.url.Share == nil || origin == "" {
		return nil
	}
	ahead := u.given.Method == http.MethodOptions && method != ""
	allow(u.w.Header(), u.url.Share(op.Preflight{
		Origin: origin, Method: method, Headers: list(u.given.Header.Values("Access-Control-Request-Headers")), Actual: !ahead,
	}))
	if !ahead {
		return nil
	}
	u.w.Header().Set(requestID, u.requestID)
	u.w.Header().Set("Content-Length", "0")
	u.w.WriteHeader(http.StatusOK)
	return errAnswered
}

const requestID = "X-Amzn-Requestid"

// boundURL reads the body: a synchronous invoke's payload at most.
func (h *Handler) boundURL(u *urlRequest) error {
	err := u.read(limits.SyncPayload)
	if errors.Is(err, errTooLarge) {
		u.w.Header().Set("Connection", "close")
		return api.Newf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request must be smaller than %d bytes for the InvokeFunction operation", limits.SyncPayload)
	}
	return err
}

// identifiedURL says who is asking. A URL of type NONE knows nobody, whatever a
// request carries: its Authorization header is the function's. To one of AWS_IAM an
// unsigned request is the zero caller's, so that it is denied on the record; a
// signature that is wrong is refused as everywhere.
func (h *Handler) identifiedURL(u *urlRequest) error {
	u.call = &op.Call{
		Caller: caller.Anonymous(), Operation: u.route.Operation, Region: u.url.Region, RequestID: u.requestID,
		Origin: origin(u.r), Parent: cause(u.r), Time: h.clock.Now(),
	}
	header := forFunction(u.given, u.call.Origin)
	if u.url.AuthType != functionurlapi.None {
		identity, failure := h.verifier.Verify(u.r, u.body, sigv4.Expect{Service: u.route.Service, Region: u.url.Region})
		if failure != nil {
			return failure.Error(u.route.Service, u.route.Protocol)
		}
		u.call.Caller = caller.Caller{}
		if identity != nil {
			h.signedBy(u.call, identity)
		}
		header.Del("Authorization")
		header.Del("X-Amz-Security-Token")
	}
	u.call.Input = &functionurlapi.Request{
		ID: u.id, AuthType: u.url.AuthType, Domain: u.domain, Method: u.given.Method, Path: u.seen(), Query: u.asked(), Protocol: u.given.Proto,
		Header: header, Body: u.body,
	}
	return nil
}

// seen is the path for the function. A signature covers the normal path only, so
// that is all that a function behind one may go by.
func (u *urlRequest) seen() string {
	if u.url.AuthType == functionurlapi.None {
		return u.path
	}
	return sigv4.NormalPath(u.path)
}

// asked is the query for the function: without what a presigned request is signed
// with. Like the header of other signatures it is the door's, and whoever has it
// could send the request again.
func (u *urlRequest) asked() string {
	query := u.given.URL.RawQuery
	if !u.call.Origin.Signature.Presigned {
		return query
	}
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(piece string) bool {
		name, _, _ := strings.Cut(piece, "=")
		plain, err := url.QueryUnescape(name) // as the verifier reads it
		return err == nil && slices.Contains(presigning, plain)
	}), "&")
}

var presigning = []string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token",
}

// hopByHop are the headers that are the connection's, not the request's (RFC 9110
// section 7.6.1), beside those that Connection names.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// forFunction are the headers that a function gets: the client's, without those of
// the connection, and what AWS adds about the connection. What the client says of
// that itself is not believed.
func forFunction(r *http.Request, o op.Origin) http.Header {
	h := r.Header.Clone()
	for _, name := range list(h.Values("Connection")) {
		h.Del(name)
	}
	for _, name := range hopByHop {
		h.Del(name)
	}
	h.Set("Host", r.Host)
	if r.ContentLength > 0 {
		h.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	proto, port := "http", "80"
	if o.Secure {
		proto, port = "https", "443"
	}
	if _, given, err := net.SplitHostPort(r.Host); err == nil {
		port = given
	}
	h.Set("X-Forwarded-For", o.SourceIP)
	h.Set("X-Forwarded-Proto", proto)
	h.Set("X-Forwarded-Port", port)
	return h
}

// runURL is the step through op.
func (h *Handler) runURL(u *urlRequest) error {
	out, err := h.bus.Serve(u.r.Context(), u.call)
	if err != nil {
		return err
	}
	var ok bool
	if u.out, ok = out.(*functionurlapi.Response); !ok || u.out.Body == nil {
		return fmt.Errorf("%s answered %T", u.route.Name, out)
	}
	return nil
}

// answerURL writes what the function answered: the headers of the URL's CORS
// configuration count, not the function's own.
func (h *Handler) answerURL(u *urlRequest) {
	defer func() { _ = u.out.Body.Body.Close() }()
	defer deadline(u.w.control.SetWriteDeadline, 0)
	header := u.w.Header()
	for name, values := range u.out.Header {
		if strings.HasPrefix(name, "Access-Control-") && u.url.Share != nil {
			continue
		}
		for _, v := range values {
			header.Add(name, v)
		}
	}
	header.Set(requestID, u.requestID)
	bodyless := u.out.Status == http.StatusNoContent || u.out.Status == http.StatusNotModified
	if u.given.Method == http.MethodHead && u.out.Body.Length >= 0 && !bodyless {
		header.Set("Content-Length", strconv.FormatInt(u.out.Body.Length, 10))
	}
	if bodyless || u.given.Method == http.MethodHead {
		u.w.WriteHeader(u.out.Status)
		return
	}
	wire.SendStream(u.w, u.out.Status, u.out.Body)
}
