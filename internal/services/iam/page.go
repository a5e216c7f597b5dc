package iam

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// pageQuery is what the inputs of all listing operations have.
type pageQuery interface {
	GetMarker() string
	GetMaxItems() int32
}

// defaultPage is how many items a page has when MaxItems is not given (IAM API
// reference, "MaxItems").
const defaultPage = 100

// page is one page of a list.
type page[T any] struct {
	items     []T
	truncated *bool
	marker    *string
}

// paginate cuts the page that q asks for out of a list. id gives each item an
// identity that sorts as the list does, so that a page goes on at the right
// place even when items came or went in between.
func paginate[T any](q pageQuery, all []T, id func(T) string) (page[T], error) {
	start := 0
	if q.GetMarker() != "" {
		m, ok := readMarker(q.GetMarker())
		if !ok {
			return page[T]{}, validationError("Invalid Marker.")
		}
		start = min(m.position, len(all))
		if m.after != "" {
			start = slices.IndexFunc(all, func(v T) bool { return id(v) > m.after })
		}
		if start < 0 {
			start = len(all)
		}
	}
	size := int(q.GetMaxItems())
	if size <= 0 {
		size = defaultPage
	}
	end := min(len(all), start+min(size, limits.PageSize))
	p := page[T]{items: append([]T{}, all[start:end]...), truncated: new(bool)}
	if *p.truncated = end < len(all); *p.truncated {
		m := writeMarker(id(all[end-1]), end)
		p.marker = &m
	}
	return p, nil
}

// Prefixes tell our markers from anything else that is base64. One kind holds
// the identity of the last item, the other, where that does not fit, how many
// items came before.
const (
	byIdentity = "iam1:"
	byPosition = "iam2:"
)

// longestIdentity is what fits into a marker: AWS takes 320 characters.
const longestIdentity = 220

// marker is where a list goes on: after an identity, or at a position.
type marker struct {
	after    string
	position int
}

func writeMarker(identity string, position int) string {
	text := byIdentity + identity
	if len(identity) > longestIdentity {
		text = byPosition + strconv.Itoa(position)
	}
	return base64.URLEncoding.EncodeToString([]byte(text))
}

func readMarker(given string) (m marker, ok bool) {
	raw, err := base64.URLEncoding.DecodeString(given)
	if err != nil {
		return marker{}, false
	}
	if after, ok := strings.CutPrefix(string(raw), byIdentity); ok {
		return marker{after: after}, after != ""
	}
	position, ok := strings.CutPrefix(string(raw), byPosition)
	if !ok {
		return marker{}, false
	}
	m.position, err = strconv.Atoi(position)
	return m, err == nil && m.position > 0
}

// each converts every item; the result is never nil, so that an empty list is
// printed as one.
func each[T, U any](items []T, convert func(T) U) []U {
	out := make([]U, len(items))
	for i, v := range items {
		out[i] = convert(v)
	}
	return out
}

// ptr points to a copy of v.
func ptr[T any](v T) *T { return &v }

// optional is v, or nil when it is empty.
func optional(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}
