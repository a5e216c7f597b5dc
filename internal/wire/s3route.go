package wire

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// buckets are the ways to the operations of S3: by method, by what the path
// names, and then by the parameters that name a subresource (?acl, ?uploads).
// AWS ignores parameters it does not know, and an operation that is asked for by
// a parameter we do not know would be taken for the plain one: DeleteBucket for
// the deletion of some setting. So whatever looks like a subresource must be asked
// for by the operation, or be one of its members.
type buckets struct {
	ways map[way][]*subresource
	// names are all parameters that some path asks for; members those that are
	// members of some input.
	names, members map[string]bool
}

// way is a method and what the path names.
type way struct {
	method string
	level  level
}

// level is what a path names.
type level int

const (
	serviceLevel level = iota
	bucketLevel
	objectLevel
)

var levels = map[string]level{"/": serviceLevel, "/{Bucket}": bucketLevel, "/{Bucket}/{Key+}": objectLevel}

// subresource is an operation on one way.
type subresource struct {
	entry *entry
	// query are the parameters the path asks for, header a header it asks for.
	query  url.Values
	header string
	// members are the parameters the operation takes.
	members map[string]bool
}

func newBuckets() *buckets {
	return &buckets{ways: map[way][]*subresource{}, names: map[string]bool{}, members: map[string]bool{}}
}

// add binds an operation. Those with paths of other forms are not reached by
// path: S3 has them at hosts of their own (WriteGetObjectResponse).
func (b *buckets) add(method, pattern string, e *entry) error {
	path, query, _ := strings.Cut(pattern, "?")
	at, ok := levels[path]
	if !ok {
		return nil
	}
	s := &subresource{entry: e, members: map[string]bool{}}
	var err error
	if s.query, err = url.ParseQuery(query); err != nil {
		return err
	}
	for name := range s.query {
		b.names[name] = true
	}
	if o := e.operation; o != nil {
		s.header = o.Header
		if err := s.takes(o.Input, b.members); err != nil {
			return err
		}
	}
	b.ways[way{method, at}] = append(b.ways[way{method, at}], s)
	return nil
}

// takes collects the members of an input that are parameters.
func (s *subresource) takes(input reflect.Type, all map[string]bool) error {
	for i := range input.NumField() {
		t, err := parseTag(input.Field(i))
		if err != nil {
			return err
		}
		if t.in == inQuery {
			s.members[t.name], all[t.name] = true, true
		}
	}
	return nil
}

// byBucket routes a request to S3. The error is one of an address that nothing
// can have. Labels are there for unknown operations too.
func (t *Router) byBucket(r *http.Request) (Route, *api.Error) {
	out := Route{Service: t.s3.Service, Protocol: t.s3.Protocol}
	at, labels, ok := t.object(r)
	query, err := parseQuery(r.URL.RawQuery)
	if !ok || err != nil {
		return out, api.Newf(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	out.Labels = labels
	if name := t.s3.buckets.stranger(query); name != "" {
		out.Name, out.Unbound = "?"+name, true
		return out, nil
	}
	if best := t.s3.buckets.find(r, at, query); best != nil {
		out.lead(best.entry)
	} else if r.Method == http.MethodPost && at == bucketLevel && !t.s3.buckets.asked(query) {
		out.Name, out.Unbound = "PostObject", true // a browser's form; the model has no such operation
	}
	return out, nil
}

// object reads what a request's address names. A key keeps its exact bytes: empty
// parts, dots and a slash at its end are parts of its name.
func (t *Router) object(r *http.Request) (level, map[string]string, bool) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	bucket, _ := t.bucketOfHost(r)
	if bucket == "" {
		if path == "" {
			return serviceLevel, nil, true
		}
		name, rest, _ := strings.Cut(path, "/")
		plain, err := url.PathUnescape(name)
		if err != nil || plain == "" {
			return 0, nil, false
		}
		bucket, path = plain, rest
	}
	key, err := url.PathUnescape(path)
	switch {
	case err != nil:
		return 0, nil, false
	case key == "":
		return bucketLevel, map[string]string{"Bucket": bucket}, true
	}
	return objectLevel, map[string]string{"Bucket": bucket, "Key": key}, true
}

// stranger is a parameter that may name a subresource nobody here knows: it has
// no value, and no operation takes it.
func (b *buckets) stranger(query url.Values) string {
	for name, given := range query {
		if given[0] == "" && name != "" && !b.names[name] && !b.members[name] && !strings.HasPrefix(strings.ToLower(name), "x-") {
			return name
		}
	}
	return ""
}

// asked says whether any parameter names a subresource.
func (b *buckets) asked(query url.Values) bool {
	for name := range query {
		if b.names[name] {
			return true
		}
	}
	return false
}

// find is the operation that asks for most of what is there; a bound one before
// one that is not.
func (b *buckets) find(r *http.Request, at level, query url.Values) (best *subresource) {
	for _, s := range b.ways[way{r.Method, at}] {
		if s.fits(r, query, b.names) && (best == nil || s.weight() > best.weight()) {
			best = s
		}
	}
	return best
}

func (s *subresource) weight() int {
	w := 4 * len(s.query)
	if s.header != "" {
		w += 2
	}
	if s.entry.operation != nil {
		w++
	}
	return w
}

// fits says whether all that the operation asks for is there, and nothing that
// names a subresource it does not know.
func (s *subresource) fits(r *http.Request, query url.Values, names map[string]bool) bool {
	if s.header != "" && len(r.Header.Values(s.header)) == 0 || !asks(s.query, query) {
		return false
	}
	for name := range query {
		if names[name] && !s.query.Has(name) && !s.members[name] {
			return false
		}
	}
	return true
}

// keyTooLong is the answer to a key that no object can have.
func keyTooLong(key string) *api.Error {
	e := api.Newf(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	e.Members = map[string]any{"Size": len(key), "MaxSizeAllowed": limits.ObjectKey}
	return e
}
