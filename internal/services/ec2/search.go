package ec2

import (
	"encoding/base64"
	"slices"
	"strings"

	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
)

// search is what a Describe request asks for. known has the filters that the
// kind of resource has; those of tags need not be said.
type search struct {
	ids     []string
	filters []ec2api.Filter
	known   values
	most    *int32
	token   *string
}

// entry is one resource that may be found: its id, what filters compare with, and
// how it is shown.
type entry[T any] struct {
	id   string
	is   values
	show func() T
}

// values are what filters compare with, by the filter's name.
type values map[string][]string

// tagged adds the filters of tags.
func (v values) tagged(tags map[string]string) values {
	v["tag-key"] = nil
	for k, value := range tags {
		v["tag-key"] = append(v["tag-key"], k)
		v["tag:"+k] = []string{value}
	}
	return v
}

// among gives the entries that are asked for, in the order of all, which is that
// of their ids, and the token of the next page. absent words the refusal of ids
// that are not among them.
func among[T any](q search, all []entry[T], absent func(ids ...string) error) (found []T, next *string, err error) {
	after, err := q.start()
	if err != nil {
		return nil, nil, err
	}
	gone := slices.Clone(q.ids)
	for _, e := range all {
		gone = slices.DeleteFunc(gone, func(id string) bool { return id == e.id })
	}
	if len(gone) > 0 {
		return nil, nil, absent(gone...)
	}
	last := ""
	for _, e := range all {
		if after != "" && e.id <= after || len(q.ids) > 0 && !slices.Contains(q.ids, e.id) || !q.matches(e.is) {
			continue
		}
		if q.most != nil && len(found) == int(*q.most) {
			return found, ptr(base64.RawURLEncoding.EncodeToString([]byte(last))), nil
		}
		found, last = append(found, e.show()), e.id
	}
	return found, nil, nil
}

// start checks the request, and gives the id that the page begins behind.
func (q search) start() (after string, err error) {
	if q.most != nil && (*q.most < limits.EC2PageLeast || *q.most > limits.EC2Page) {
		return "", invalid("Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.", *q.most, limits.EC2PageLeast, limits.EC2Page)
	}
	if q.most != nil && len(q.ids) > 0 {
		return "", refuse("InvalidParameterCombination", "The parameter maxResults cannot be used with a list of ids.")
	}
	if len(q.filters) > limits.EC2Filters {
		return "", refuse("FilterLimitExceeded", "The maximum number of filters is %d.", limits.EC2Filters)
	}
	for _, f := range q.filters {
		if _, known := q.known[f.GetName()]; !known && !strings.HasPrefix(f.GetName(), "tag:") {
			return "", invalid("The filter '%s' is invalid", f.GetName())
		}
		if len(f.Values) > limits.EC2FilterValues {
			return "", refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d.", limits.EC2FilterValues)
		}
	}
	if q.token == nil || *q.token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*q.token)
	if err != nil || len(*q.token) > limits.EC2Token {
		return "", refuse("InvalidNextToken", "The value of the parameter nextToken is not valid.")
	}
	return string(raw), nil
}

// matches says whether every filter has a value that the resource has.
func (q search) matches(is values) bool {
	for _, f := range q.filters {
		has := is[f.GetName()]
		if !slices.ContainsFunc(f.Values, func(pattern string) bool {
			return slices.ContainsFunc(has, func(v string) bool { return like(pattern, v) })
		}) {
			return false
		}
	}
	return true
}

// like matches a value of a filter: * stands for any text, ? for one character,
// and \ before them for themselves (EC2 user guide, "Filter resources"). Only the
// last * is tried again, so the time is at most that of every pair of characters.
func like(pattern, s string) bool {
	parts := glob(pattern)
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(parts) && parts[p] == anyText:
			star, from = p, i
			p++
		case p < len(parts) && (parts[p] == anyByte || parts[p] == int(s[i])):
			p, i = p+1, i+1
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(parts) && parts[p] == anyText {
		p++
	}
	return p == len(parts)
}

// Parts of a pattern that are not bytes.
const (
	anyText = -1
	anyByte = -2
)

func glob(pattern string) []int {
	parts := make([]int, 0, len(pattern))
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			parts = append(parts, anyText)
		case c == '?':
			parts = append(parts, anyByte)
		case c == '\\' && i+1 < len(pattern):
			i++
			parts = append(parts, int(pattern[i]))
		default:
			parts = append(parts, int(c))
		}
	}
	return parts
}
