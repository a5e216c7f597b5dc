package op

// CrossOrigin is a service whose resources say which pages of other origins may
// read its answers: S3, by a bucket's CORS configuration. A service that
// implements it is asked by the door; for all others no answer carries a CORS
// header.
//
// AWS asks nobody's permission for this, so it is no operation and is judged by
// no policy. It must tell nothing but what the configuration says: a bucket that
// is not there is answered as one without a configuration. Letting a page read an
// answer lets nobody in: the request itself is signed, judged and recorded as any
// other.
type CrossOrigin interface {
	// Preflight gives the headers that allow what p asks (names as sent:
	// Access-Control-Allow-Origin, Vary, ...), or else the refusal, an *api.Error.
	// It is read-only and does no I/O.
	Preflight(p Preflight) (headers map[string]string, err error)
}

// Preflight is what a browser asks about a page's request, or tells with it.
type Preflight struct {
	// Bucket is the bucket of the request.
	Bucket string
	// Origin is the page's: "https://example.com"; empty when it was not told.
	Origin string
	// Method is the method of the page's request, Headers the headers it wants to
	// send, as written.
	Method  string
	Headers []string
	// Actual says that this is the page's request itself, not an OPTIONS request
	// ahead of it: a refusal then only means that no header is added.
	Actual bool
}
