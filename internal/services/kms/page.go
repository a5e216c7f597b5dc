package kms

import (
	"encoding/base64"
	"strings"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
)

// page collects what a list shows: up to most of what follows after.
type page struct {
	prefix, after, last string
	most, taken         int
	more                bool
}

// newPage reads Limit and Marker. A marker is the rest of a key of the table,
// whose prefix only the request's account and region, or key, give.
func newPage(limit *int32, marker *string, usual int, prefix string) (*page, error) {
	p := &page{prefix: prefix, most: usual}
	if limit != nil {
		p.most = int(*limit)
	}
	if marker != nil {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(*marker)
		if err != nil || len(raw) == 0 {
			return nil, kmsapi.NewInvalidMarkerException("Could not deserialize marker '%s'", *marker)
		}
		p.after = prefix + string(raw)
	}
	return p, nil
}

// take counts one more; false says that the page is full.
func (p *page) take(at string) bool {
	if p.taken == p.most {
		p.more = true
		return false
	}
	p.taken, p.last = p.taken+1, at
	return true
}

// end is what a list says of its end.
func (p *page) end() (truncated *bool, next *string) {
	if p.more {
		next = ptr(base64.RawURLEncoding.EncodeToString([]byte(strings.TrimPrefix(p.last, p.prefix))))
	}
	return &p.more, next
}
