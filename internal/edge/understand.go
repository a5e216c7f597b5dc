package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/sigv4"
)

// understood brings the request into the form that its signature covers, so
// that what is routed is what was signed: for S3 as it came, with the headers
// that presigners put in the query; for others with a normal path.
func (h *Handler) understood(e *exchange) error {
	if e.headed = h.router.KeepsPath(e.given); e.headed {
		e.r = plainEncoding(sigv4.Meant(e.given))
	} else {
		e.r = normal(e.given)
	}
	return nil
}

// normal is r with its path in the form that signatures cover, so that what is
// routed is what was signed.
func normal(r *http.Request) *http.Request {
	given := r.URL.EscapedPath()
	path := sigv4.NormalPath(given)
	if path == given {
		return r
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return r // never: an escaped path decodes
	}
	changed, u := *r, *r.URL
	u.Path, u.RawPath = plain, path
	changed.URL = &u
	return &changed
}

// plainEncoding is r without aws-chunked among its content encodings: it is how
// the body came, not what the object is.
func plainEncoding(r *http.Request) *http.Request {
	given := r.Header.Values("Content-Encoding")
	if !slices.ContainsFunc(given, func(v string) bool { return strings.Contains(v, chunkedEncoding) }) {
		return r
	}
	var kept []string
	for _, v := range strings.Split(strings.Join(given, ","), ",") {
		if v = strings.TrimSpace(v); v != chunkedEncoding && v != "" {
			kept = append(kept, v)
		}
	}
	changed := r.WithContext(r.Context())
	changed.Header = r.Header.Clone()
	changed.Header.Del("Content-Encoding")
	if len(kept) > 0 {
		changed.Header.Set("Content-Encoding", strings.Join(kept, ", "))
	}
	return changed
}

const chunkedEncoding = "aws-chunked"
