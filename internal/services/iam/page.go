package iam

import (
	"encoding/base64"
	"slices"
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
		after, ok := readMarker(q.GetMarker())
		if !ok {
			return page[T]{}, validationError("Invalid Marker.")
		}
		start = slices.IndexFunc(all, func(v T) bool { return id(v) > after })
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
		m := writeMarker(id(all[end-1]))
		p.marker = &m
	}
	return p, nil
}

// markerPrefix tells our markers from anything else that is base64.
const markerPrefix = "iam1:"

func writeMarker(id string) string {
	return base64.URLEncoding.EncodeToString([]byte(markerPrefix + id))
}

func readMarker(marker string) (id string, ok bool) {
	raw, err := base64.URLEncoding.DecodeString(marker)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(raw), markerPrefix)
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
