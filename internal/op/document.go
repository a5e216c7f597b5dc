package op

// Publisher is a service with documents that are for everybody: the certificate
// that messages of SNS are verified with. A service that implements it is asked by
// the door before a request is routed.
//
// A document is no operation and is judged by no policy. It must hold nothing that
// is anybody's own, and its path must not be one that a request could mean
// something else by.
type Publisher interface {
	// Document is what stands at a path. It is read-only and does no I/O.
	Document(path string) (contentType string, body []byte, ok bool)
}
