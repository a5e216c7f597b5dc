package wire

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// isQuery says whether a request is of the query protocol: at the root or at a
// queue, with a form or an Action, or signed for a service that speaks it.
func (t *Router) isQuery(r *http.Request) bool {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return false
	}
	signed := t.signedFor(r, isQueryProtocol) != nil
	if r.URL.Path != "/" && r.URL.Path != "" && !t.atQueue(r, signed) {
		return false
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return true
	}
	return signed || queryOf(r).Has("Action")
}

// atQueue says whether a request is one to a queue's own path: that path can
// also be an object in a bucket. A signature tells which; without one, an
// Action means the queue, and so does a form that S3 has no operation for.
func (t *Router) atQueue(r *http.Request, signed bool) bool {
	if t.sqs == nil || !queuePath(r.URL.Path) {
		return false
	}
	switch {
	case signed || queryOf(r).Has("Action"):
		return signed || scopeService(r) == ""
	case scopeService(r) != "" || r.Method != http.MethodPost:
		return false
	case t.s3 == nil:
		return true
	}
	route, failure := t.byBucket(r)
	return failure == nil && route.Name == "" // S3 does not even know it
}

// queuePath says whether a path can be that of a queue: /ACCOUNT/NAME.
func queuePath(path string) bool {
	account, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return len(account) == 12 && only(account, digits) && len(name) <= limits.QueueName && only(name, letters+digits+"-_.")
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
	body, failure := unpacked(r, body, limits.QueryBody)
	if failure != nil {
		return stand(api.Query, ""), failure
	}
	given, failure := parseParams(r, body)
	if failure != nil {
		return stand(api.Query, ""), failure
	}
	action, _ := given.child("Action").value()
	version, _ := given.child("Version").value()
	s := t.queryService(r, action, version)
	if s == nil {
		out := stand(api.Query, action)
		out.params = given
		return out, t.nowhere(r, "Action="+action+" Version="+version)
	}
	protocol := s.queryProtocol()
	out := s.route(action, protocol)
	if version != "" && version != s.Version {
		out = Route{Service: s.Service, Name: action, Protocol: protocol}
	}
	if s == t.sqs && queuePath(r.URL.Path) {
		given = given.with(param{"QueueUrl", r.URL.Path})
	}
	out.params = given
	return out, nil
}

// queryProtocol is the one of the two that a query service speaks.
func (s *service) queryProtocol() api.Protocol {
	if s.Protocol == api.EC2Query {
		return api.EC2Query
	}
	return api.Query
}

// queryService tells the query services apart: by the path of a queue; by the
// version of the API, which no two of them share; else by what the request is
// signed for; else by the action, if only one has it.
func (t *Router) queryService(r *http.Request, action, version string) *service {
	if t.sqs != nil && queuePath(r.URL.Path) {
		return t.sqs
	}
	var byVersion, byAction []*service
	for _, s := range t.services {
		if !s.speaks(isQueryProtocol) {
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
