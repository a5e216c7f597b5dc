package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// params are the parameters of a query request, or those of them that begin
// alike: "Tags.member.1.Key" is a parameter of the part "Tags". They are
// sorted so that what belongs to one part stands together.
type params struct {
	all []param
	// depth is how many bytes of each key lead to the part, -1 for the whole.
	depth int
	// flat says that the elements of every list stand right below it, as in the
	// protocol ec2: "SubnetId.1", not "SubnetId.member.1".
	flat bool
}

type param struct{ key, value string }

// parseParams reads the parameters of the URL, then those of the form. Of a
// parameter given twice the first value counts (facts/sts.md).
func parseParams(r *http.Request, body []byte) (params, *api.Error) {
	var all []param
	for _, text := range []string{r.URL.RawQuery, string(body)} {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			if len(all) == limits.QueryParameters {
				return params{}, malformedInput("The request has more than " + itoa(limits.QueryParameters) + " parameters.")
			}
			p, ok := parsePair(pair)
			if !ok {
				return params{}, api.Newf(400, "MalformedQueryString", "The query string contains a syntax error.")
			}
			if strings.Count(p.key, ".") >= limits.NestingDepth {
				return params{}, malformedInput("Parameters are nested more than " + itoa(limits.NestingDepth) + " deep.")
			}
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b param) int { return compareKeys(a.key, b.key) })
	all = slices.CompactFunc(all, func(a, b param) bool { return a.key == b.key })
	return params{all: all, depth: -1}, nil
}

func parsePair(pair string) (param, bool) {
	key, value, _ := strings.Cut(pair, "=")
	k, err := url.QueryUnescape(key)
	if err != nil {
		return param{}, false
	}
	v, err := url.QueryUnescape(value)
	return param{k, v}, err == nil && utf8.ValidString(k) && utf8.ValidString(v)
}

// compareKeys orders keys part by part: the dot comes before every other byte.
func compareKeys(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '.' {
			return -1
		}
		if b[i] == '.' {
			return 1
		}
		return int(a[i]) - int(b[i])
	}
	return len(a) - len(b)
}

// value is what is given for the part itself.
func (p params) value() (string, bool) {
	if len(p.all) > 0 && len(p.all[0].key) == p.depth {
		return p.all[0].value, true
	}
	return "", false
}

// with is p and one more parameter of the whole, unless it is given already.
func (p params) with(added param) params {
	at, given := slices.BinarySearchFunc(p.all, added.key, func(x param, key string) int { return compareKeys(x.key, key) })
	if !given {
		p.all = slices.Insert(slices.Clone(p.all), at, added)
	}
	return p
}

// inner are the parameters below the part.
func (p params) inner() params {
	if _, own := p.value(); own {
		p.all = p.all[1:]
	}
	return p
}

// given says whether anything is given for the part.
func (p params) given() bool { return len(p.all) > 0 }

// name is the part that the first of the parameters below leads to.
func (p params) name() string {
	key := p.all[0].key[p.start():]
	if dot := strings.IndexByte(key, '.'); dot >= 0 {
		return key[:dot]
	}
	return key
}

// start is where the names of the parts below begin.
func (p params) start() int { return p.depth + 1 }

// child are the parameters of a part below; name may itself have dots.
func (p params) child(name string) params {
	start := p.start()
	from, _ := slices.BinarySearchFunc(p.inner().all, name, func(x param, name string) int { return compareKeys(x.key[start:], name) })
	inner := p.inner().all[from:]
	n := 0
	for n < len(inner) && within(inner[n].key[start:], name) {
		n++
	}
	return params{inner[:n], start + len(name), p.flat}
}

// within says whether a key is the part or leads below it.
func within(key, part string) bool {
	return strings.HasPrefix(key, part) && (len(key) == len(part) || key[len(part)] == '.')
}

// each calls f for every part below, in order.
func (p params) each(f func(name string, part params) error) error {
	rest := p.inner()
	for rest.given() {
		name := rest.name()
		part := rest.child(name)
		if err := f(name, part); err != nil {
			return err
		}
		rest.all = rest.all[len(part.all):]
	}
	return nil
}

func malformedInput(text string) *api.Error { return api.Newf(400, "MalformedInput", "%s", text) }
