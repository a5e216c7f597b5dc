package wire

import (
	"fmt"
	"net/http"
	"net/url"
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
}

// service is a service with the ways to its operations.
type service struct {
	*api.Service
	byName map[string]*entry
	paths  *pathNode
}

// entry is an operation that AWS has; operation is nil when it is not bound.
type entry struct {
	name      string
	operation *api.Operation
	// code says that the body carries files, and may be larger than others.
	code bool
}

// NewRouter makes a router for the services. It panics when an operation's
// path cannot be read: generated code that is wrong must not start.
func NewRouter(services []*api.Service) *Router {
	known := &plans{}
	t := &Router{byTarget: map[string]*service{}, codecs: codecs(known)}
	for _, s := range services {
		added := &service{Service: s, byName: map[string]*entry{}, paths: &pathNode{}}
		for _, o := range s.Operations {
			e := &entry{name: o.Name, operation: o, code: carriesFiles(s.Protocol, known, o)}
			added.bind(e, o.Method, o.Path)
		}
		for _, u := range s.Unbound {
			added.bind(&entry{name: u.Name}, u.Method, u.Path)
		}
		t.services = append(t.services, added)
		if s.TargetPrefix != "" {
			t.byTarget[s.TargetPrefix] = added
		}
	}
	return t
}

func (s *service) bind(e *entry, method, path string) {
	s.byName[e.name] = e
	if !isREST(s.Protocol) {
		return
	}
	if err := s.paths.add(method, path, e); err != nil {
		panic(fmt.Sprintf("wire: path of %s:%s: %v", s.ID, e.name, err))
	}
}

// For is the codec of a protocol.
func (t *Router) For(p api.Protocol) Codec { return t.codecs[p] }

// codecs are all protocols that can be spoken; a new one is a file and a line here.
func codecs(known *plans) map[api.Protocol]Codec {
	return map[api.Protocol]Codec{
		api.RESTJSON: &restJSON{known},
		api.JSON11:   &awsJSON{known, "application/x-amz-json-1.1"},
		api.Query:    &query{known},
	}
}

func isREST(p api.Protocol) bool { return p == api.RESTJSON || p == api.RESTXML }

// carriesFiles says whether the JSON body has a blob in it: base64 of a zip.
func carriesFiles(p api.Protocol, known *plans, o *api.Operation) bool {
	if p != api.RESTJSON {
		return false
	}
	for _, f := range known.of(o.Input).body {
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
	if t.isQuery(r) {
		return limits.QueryBody
	}
	for _, s := range t.rest(r) {
		if e, _ := s.paths.find(r.Method, r.URL.EscapedPath(), queryOf(r)); e != nil && e.code {
			return limits.CodeRequestBody
		}
	}
	return limits.RequestBody
}

const targetHeader = "X-Amz-Target"

// Route finds where a request goes. The error says that not even the service
// can be told; then route.Service only stands for the protocol to answer in,
// and has no name.
func (t *Router) Route(r *http.Request, body []byte) (Route, *api.Error) {
	if isTarget(r) {
		return t.byHeader(r, r.Header.Get(targetHeader))
	}
	if t.isQuery(r) {
		return t.byAction(r, body)
	}
	return t.byPath(r)
}

// isTarget says whether a request is of a JSON protocol.
func isTarget(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get(targetHeader) != ""
}

// route is where an operation of a service is, by its name.
func (s *service) route(name string) Route {
	out := Route{Service: s.Service, Name: name}
	if e := s.byName[name]; e != nil {
		out.Operation, out.Unbound = e.operation, e.operation == nil
	}
	return out
}

// byHeader routes the JSON protocols: "Logs_20140328.PutLogEvents".
func (t *Router) byHeader(r *http.Request, target string) (Route, *api.Error) {
	dot := strings.LastIndexByte(target, '.')
	if dot >= 0 {
		if s := t.byTarget[target[:dot]]; s != nil {
			return s.route(target[dot+1:]), nil
		}
	}
	if s := t.signedFor(r, func(p api.Protocol) bool { return p == api.JSON10 || p == api.JSON11 }); s != nil {
		return Route{Service: s.Service, Name: target}, nil
	}
	return Route{Service: &api.Service{Protocol: api.JSON11}, Name: target}, t.nowhere(r, target)
}

// isQuery says whether a request is of the query protocol: at the root, with a
// form or an Action, or signed for a service that speaks it.
func (t *Router) isQuery(r *http.Request) bool {
	if r.URL.Path != "/" && r.URL.Path != "" || r.Method != http.MethodPost && r.Method != http.MethodGet {
		return false
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return true
	}
	return queryOf(r).Has("Action") || t.signedFor(r, isQueryProtocol) != nil
}

func isQueryProtocol(p api.Protocol) bool { return p == api.Query || p == api.EC2Query }

func queryOf(r *http.Request) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()
}

// byAction routes the query protocols, whose services share one path.
func (t *Router) byAction(r *http.Request, body []byte) (Route, *api.Error) {
	stand := Route{Service: &api.Service{Protocol: api.Query}}
	body, failure := unpacked(r, body, limits.QueryBody)
	if failure != nil {
		return stand, failure
	}
	given, failure := parseParams(r, body)
	if failure != nil {
		return stand, failure
	}
	action, _ := given.child("Action").value()
	version, _ := given.child("Version").value()
	s := t.queryService(r, action, version)
	if s == nil {
		stand.Name, stand.params = action, given
		return stand, t.nowhere(r, "Action="+action+" Version="+version)
	}
	out := s.route(action)
	if version != "" && version != s.Version {
		out = Route{Service: s.Service, Name: action}
	}
	out.params = given
	return out, nil
}

// queryService tells the query services apart: by the version of the API,
// which no two of them share; else by what the request is signed for; else by
// the action, if only one has it.
func (t *Router) queryService(r *http.Request, action, version string) *service {
	var byVersion, byAction []*service
	for _, s := range t.services {
		if !isQueryProtocol(s.Protocol) {
			continue
		}
		if s.Version == version {
			byVersion = append(byVersion, s)
		}
		if s.byName[action] != nil {
			byAction = append(byAction, s)
		}
	}
	if len(byVersion) == 1 {
		return byVersion[0]
	}
	if s := t.signedFor(r, isQueryProtocol); s != nil {
		return s
	}
	if len(byAction) == 1 && version == "" {
		return byAction[0]
	}
	return nil
}

// signedFor is the service of the credential scope, if it speaks such a protocol.
func (t *Router) signedFor(r *http.Request, speaks func(api.Protocol) bool) *service {
	name := scopeService(r)
	if name == "" {
		return nil
	}
	for _, s := range t.services {
		if s.SigningName == name && speaks(s.Protocol) {
			return s
		}
	}
	return nil
}

// rest are the REST services a request can be for: the one it is signed for,
// else all.
func (t *Router) rest(r *http.Request) []*service {
	if s := t.signedFor(r, isREST); s != nil {
		return []*service{s}
	}
	var all []*service
	for _, s := range t.services {
		if isREST(s.Protocol) {
			all = append(all, s)
		}
	}
	return all
}

// byPath routes the REST protocols.
func (t *Router) byPath(r *http.Request) (Route, *api.Error) {
	asked := r.Method + " " + r.URL.EscapedPath()
	for _, s := range t.rest(r) {
		if e, labels := s.paths.find(r.Method, r.URL.EscapedPath(), queryOf(r)); e != nil {
			return Route{Service: s.Service, Operation: e.operation, Name: e.name, Unbound: e.operation == nil, Labels: labels}, nil
		}
	}
	if s := t.signedFor(r, func(api.Protocol) bool { return true }); s != nil {
		return Route{Service: s.Service, Name: asked}, nil
	}
	stand := &api.Service{Protocol: api.RESTJSON}
	if slices.Contains(xmlReaders, scopeService(r)) {
		stand.Protocol = api.Query
	}
	return Route{Service: stand, Name: asked}, t.nowhere(r, asked)
}

// xmlReaders are services that are not here and whose clients read XML: they are
// told so in XML.
var xmlReaders = []string{"s3", "route53", "cloudfront"}
