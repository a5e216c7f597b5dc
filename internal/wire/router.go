package wire

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// Router finds the operation of a request, and holds what is known of the
// types of all operations. It is safe for concurrent use.
type Router struct {
	services []*service
	byTarget map[string]*service
	codecs   map[api.Protocol]Codec
	// s3 and sqs are the services whose requests are told by more than their
	// protocol; nil where they are not among the services.
	s3, sqs *service
}

// service is a service with the ways to its operations.
type service struct {
	*api.Service
	byName map[string]*entry
	// paths are the ways of a REST service, buckets those of S3.
	paths   *pathNode
	buckets *buckets
}

// entry is an operation that AWS has; operation is nil when it is not bound.
type entry struct {
	name      string
	operation *api.Operation
	// limit is how large the body may be; streams that it is not held in memory.
	limit   int64
	streams bool
}

// NewRouter makes a router for the services. It panics when an operation's
// path cannot be read: generated code that is wrong must not start.
func NewRouter(services []*api.Service) *Router {
	known := &plans{}
	t := &Router{byTarget: map[string]*service{}, codecs: codecs(known)}
	for _, s := range services {
		added := newService(s)
		for _, o := range s.Operations {
			added.bind(newEntry(known, o), o.Method, o.Path)
		}
		for _, u := range s.Unbound {
			added.bind(&entry{name: u.Name, limit: limits.RequestBody}, u.Method, u.Path)
		}
		t.add(added)
	}
	return t
}

func newService(s *api.Service) *service {
	added := &service{Service: s, byName: map[string]*entry{}}
	switch {
	case s.ID == "s3":
		added.buckets = newBuckets()
	case isREST(s.Protocol):
		added.paths = &pathNode{}
	}
	return added
}

func (t *Router) add(s *service) {
	t.services = append(t.services, s)
	if s.TargetPrefix != "" {
		t.byTarget[s.TargetPrefix] = s
	}
	switch s.ID {
	case "s3":
		t.s3 = s
	case "sqs":
		t.sqs = s
	}
}

func (s *service) bind(e *entry, method, path string) {
	s.byName[e.name] = e
	var err error
	switch {
	case s.buckets != nil:
		err = s.buckets.add(method, path, e)
	case s.paths != nil:
		err = s.paths.add(method, path, e)
	}
	if err != nil {
		panic(fmt.Sprintf("wire: path of %s:%s: %v", s.ID, e.name, err))
	}
}

// newEntry is the entry of a bound operation.
func newEntry(known *plans, o *api.Operation) *entry {
	e := &entry{name: o.Name, operation: o, limit: limits.RequestBody}
	switch {
	case streamOf(o.Input) >= 0:
		e.limit, e.streams = limits.ObjectBody, true
	case o.Service.Protocol == api.RESTJSON && known.of(o.Input).isEvent():
		e.limit = limits.SyncPayload
	case o.Service.Protocol == api.RESTJSON && known.of(o.Input).carriesFiles():
		e.limit = limits.CodeRequestBody
	}
	return e
}

// For is the codec of a protocol.
func (t *Router) For(p api.Protocol) Codec { return t.codecs[p] }

// codecs are all protocols that can be spoken; a new one is a file and a line here.
func codecs(known *plans) map[api.Protocol]Codec {
	return map[api.Protocol]Codec{
		api.RESTJSON: &restJSON{known},
		api.JSON11:   &awsJSON{plans: known, contentType: "application/x-amz-json-1.1"},
		api.JSON10:   &awsJSON{plans: known, contentType: "application/x-amz-json-1.0", shapes: true},
		api.Query:    &query{known},
		api.EC2Query: &ec2Query{known},
		api.RESTXML:  &restXML{known},
	}
}

func isREST(p api.Protocol) bool { return p == api.RESTJSON || p == api.RESTXML }

// isEvent says whether the body is a blob as a whole: the event of an invoke.
func (p *plan) isEvent() bool { return p.payload != nil && p.payload.kind == blobKind }

// carriesFiles says whether the JSON body has a blob in it: base64 of a zip.
func (p *plan) carriesFiles() bool {
	for _, f := range p.body {
		if f.kind == blobKind {
			return true
		}
		if f.kind != structKind {
			continue
		}
		for _, inner := range f.fields.body {
			if inner.kind == blobKind {
				return true
			}
		}
	}
	return false
}

// BodyLimit is how large the body of a request may be: known before it is read.
func (t *Router) BodyLimit(r *http.Request) int64 {
	if isTarget(r) {
		return limits.RequestBody
	}
	if !t.isS3(r) && t.isQuery(r) {
		return limits.QueryBody
	}
	if route, _ := t.byPath(r); route.entry != nil {
		return route.entry.limit
	}
	return limits.RequestBody
}

// Streams says whether the body of a request is one that Route.Streams of; known
// before it is read.
func (t *Router) Streams(r *http.Request) bool {
	if isTarget(r) || !t.isS3(r) && t.isQuery(r) {
		return false
	}
	route, _ := t.byPath(r)
	return route.Streams()
}

const targetHeader = "X-Amz-Target"

// Route finds where a request goes. The error says that not even the service
// can be told; then route.Service only stands for the protocol to answer in,
// and has no name.
func (t *Router) Route(r *http.Request, body []byte) (Route, *api.Error) {
	if isTarget(r) {
		return t.byHeader(r, r.Header.Get(targetHeader))
	}
	if !t.isS3(r) && t.isQuery(r) {
		return t.byAction(r, body)
	}
	return t.byPath(r)
}

// isTarget says whether a request is of a JSON protocol.
func isTarget(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get(targetHeader) != ""
}

// route is where an operation of a service is, by its name.
func (s *service) route(name string, p api.Protocol) Route {
	out := Route{Service: s.Service, Name: name, Protocol: p}
	if e := s.byName[name]; e != nil {
		out.lead(e)
	}
	return out
}

// lead completes a route to an operation.
func (route *Route) lead(e *entry) {
	route.entry, route.Operation, route.Name, route.Unbound = e, e.operation, e.name, e.operation == nil
}

// byHeader routes the JSON protocols: "Logs_20140328.PutLogEvents".
func (t *Router) byHeader(r *http.Request, target string) (Route, *api.Error) {
	dot := strings.LastIndexByte(target, '.')
	if dot >= 0 {
		if s := t.byTarget[target[:dot]]; s != nil {
			return s.route(target[dot+1:], s.Protocol), nil
		}
	}
	if s := t.signedFor(r, func(p api.Protocol) bool { return p == api.JSON10 || p == api.JSON11 }); s != nil {
		return Route{Service: s.Service, Name: target, Protocol: s.Protocol}, nil
	}
	return stand(api.JSON11, target), t.nowhere(r, target)
}

// stand is the route of a request that belongs nowhere, to be answered in p.
func stand(p api.Protocol, name string) Route {
	return Route{Service: &api.Service{Protocol: p}, Name: name, Protocol: p}
}

// signedFor is the service of the credential scope, if it speaks such a protocol.
func (t *Router) signedFor(r *http.Request, wanted func(api.Protocol) bool) *service {
	name := scopeService(r)
	if name == "" {
		return nil
	}
	for _, s := range t.services {
		if s.SigningName == name && s.speaks(wanted) {
			return s
		}
	}
	return nil
}

func (s *service) speaks(wanted func(api.Protocol) bool) bool {
	return wanted(s.Protocol) || slices.ContainsFunc(s.Also, wanted)
}

func anyProtocol(api.Protocol) bool { return true }

// rest are the REST services a request can be for: the one it is signed for,
// else all.
func (t *Router) rest(r *http.Request) []*service {
	if s := t.signedFor(r, isREST); s != nil {
		return []*service{s}
	}
	return t.services
}

// byPath routes the REST protocols. A request that is unsigned and matches no
// other service's path is for an object of S3.
func (t *Router) byPath(r *http.Request) (Route, *api.Error) {
	if t.isS3(r) {
		return t.byBucket(r)
	}
	asked := r.Method + " " + r.URL.EscapedPath()
	for _, s := range t.rest(r) {
		if s.paths == nil {
			continue
		}
		if e, labels := s.paths.find(r.Method, r.URL.EscapedPath(), queryOf(r)); e != nil {
			out := Route{Service: s.Service, Protocol: s.Protocol, Labels: labels}
			out.lead(e)
			return out, nil
		}
	}
	if s := t.signedFor(r, anyProtocol); s != nil {
		return Route{Service: s.Service, Name: asked, Protocol: s.Protocol}, nil
	}
	if t.s3 != nil && scopeService(r) == "" {
		return t.byBucket(r)
	}
	p := api.RESTJSON
	if slices.Contains(xmlReaders, scopeService(r)) {
		p = api.Query
	}
	return stand(p, asked), t.nowhere(r, asked)
}

// xmlReaders are services that are not here and whose clients read XML: they are
// told so in XML.
var xmlReaders = []string{"s3", "route53", "cloudfront"}
