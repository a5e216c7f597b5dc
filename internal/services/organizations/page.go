package organizations

import (
	"encoding/base64"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// pageQuery is what the inputs of listing operations have.
type pageQuery interface {
	GetNextToken() string
	GetMaxResults() int32
}

// page is one page of a list.
type page[T any] struct {
	items []T
	next  *string
}

// tokenMark tells our tokens from anything else that is base64.
const tokenMark = "organizations:"

// paginate cuts the page that q asks for out of a list. id gives each item an
// identity; the list goes on after the one the token holds, or at its end if
// that one is gone.
func paginate[T any](q pageQuery, all []T, id func(T) string) (page[T], error) {
	start := 0
	if q.GetNextToken() != "" {
		raw, err := base64.URLEncoding.DecodeString(q.GetNextToken())
		after, ours := strings.CutPrefix(string(raw), tokenMark)
		if err != nil || !ours {
			return page[T]{}, invalid(invalidToken, "You provided a value for NextToken that is not from the response to a previous call of the operation.")
		}
		for start < len(all) && id(all[start]) <= after {
			start++
		}
	}
	size := int(q.GetMaxResults())
	if size <= 0 {
		size = limits.OrganizationPage
	}
	end := min(len(all), start+size)
	p := page[T]{items: all[start:end]}
	if end < len(all) {
		token := base64.URLEncoding.EncodeToString([]byte(tokenMark + id(all[end-1])))
		p.next = &token
	}
	return p, nil
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
