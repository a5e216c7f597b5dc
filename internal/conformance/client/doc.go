// Package client makes requests to AWS APIs from plain JSON, and gives back the
// answer as plain JSON: what a file of conformance cases can say.
//
// It knows an API by its description (internal/api/SERVICE): where each member
// travels and what the protocol is. It checks nothing: a request that AWS would
// refuse is sent as it is, since the refusal is what is tested.
package client
