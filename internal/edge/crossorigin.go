package edge

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// preflight answers a browser that asks whether a page may send a request to a
// bucket; false for every other request. AWS asks nobody's permission for the
// answer, and it says nothing but what the bucket's configuration allows.
func (h *Handler) preflight(w http.ResponseWriter, r *http.Request) bool {
	method := r.Header.Get("Access-Control-Request-Method")
	if r.Method != http.MethodOptions || method == "" {
		return false
	}
	e := &exchange{w: newAnswer(w), given: r, r: r, requestID: id.UUID()}
	meant := r.WithContext(r.Context())
	meant.Method = http.MethodGet // a method that every address has
	if !h.router.KeepsPath(meant) {
		return false
	}
	route, failure := h.router.Route(meant, nil)
	asked, ok := h.origins[route.Service]
	if failure != nil || !ok || route.Labels["Bucket"] == "" {
		return false
	}
	defer h.recovered(e)
	e.headed, e.route = true, route
	headers, err := asked.Preflight(op.Preflight{
		Bucket: route.Labels["Bucket"], Origin: r.Header.Get("Origin"), Method: method,
		Headers: list(r.Header.Values("Access-Control-Request-Headers")),
	})
	if err != nil {
		h.refuse(e, err)
		return true
	}
	e.unfinished()
	allow(w.Header(), headers)
	w.WriteHeader(http.StatusOK)
	return true
}

// shareWithOrigin adds to the answer of a page's request that the page may read
// it, where the bucket's configuration says so.
func (h *Handler) shareWithOrigin(e *exchange) {
	origin, bucket := e.given.Header.Get("Origin"), e.route.Labels["Bucket"]
	asked, ok := h.origins[e.route.Service]
	if !ok || origin == "" || bucket == "" || e.given.Method == http.MethodOptions {
		return
	}
	headers, err := asked.Preflight(op.Preflight{Bucket: bucket, Origin: origin, Method: e.given.Method, Actual: true})
	if refusal := (*api.Error)(nil); err != nil && !errors.As(err, &refusal) {
		h.bug.Report(e.r.Context(), "request %s: %v", e.requestID, err)
	}
	if err == nil {
		allow(e.w.Header(), headers)
	}
}

func allow(h http.Header, headers map[string]string) {
	for name, value := range headers {
		h.Set(name, value)
	}
}

// list splits the values of a header that is a list.
func list(values []string) (all []string) {
	for _, line := range values {
		for value := range strings.SplitSeq(line, ",") {
			if value = strings.TrimSpace(value); value != "" {
				all = append(all, value)
			}
		}
	}
	return all
}
