package wire

import (
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// isS3 says that a request is for S3, whatever its path: it is signed for it,
// or it is unsigned and has a host of S3's. What is signed for another service
// is never S3's.
func (t *Router) isS3(r *http.Request) bool {
	if t.s3 == nil {
		return false
	}
	scope := scopeService(r)
	if scope != "" {
		return scope == t.s3.SigningName
	}
	_, named := t.bucketOfHost(r)
	return named
}

// KeepsPath says that a request's path names an object, whose key is taken as it
// is: no part of it may be cleaned away.
func (t *Router) KeepsPath(r *http.Request) bool {
	switch {
	case t.s3 == nil || isTarget(r):
		return false
	case t.isS3(r):
		return true
	case scopeService(r) != "" || t.isQuery(r):
		return false
	}
	route, _ := t.byPath(r)
	return route.Service == t.s3.Service
}

// bucketOfHost reads a host. The bucket is empty for requests in path style;
// named says that the host is S3's and no other service's.
//
// S3 has BUCKET.s3.REGION.amazonaws.com and its older forms; we have the same
// below localhost, and BUCKET.localhost, which may also be what somebody calls the
// whole server: what other services take unsigned stays theirs there. Addresses
// and all other names are of the path style.
func (t *Router) bucketOfHost(r *http.Request) (bucket string, named bool) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return "", false
	}
	labels := strings.Split(host, ".")
	for i := len(labels) - 1; i >= 0; i-- {
		if s3Label(labels[i]) && s3Domain(labels[i+1:]) {
			return strings.Join(labels[:i], "."), true
		}
	}
	bucket, local := strings.CutSuffix(host, ".localhost")
	if !local || scopeService(r) == "" && t.hasService(labels[0]) {
		return "", false // sts.localhost, for one
	}
	return bucket, false
}

// hasService says whether a label of a host names a service.
func (t *Router) hasService(label string) bool {
	return slices.ContainsFunc(t.services, func(s *service) bool { return s.ID == label || s.SigningName == label })
}

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

// s3Label says whether a label of a host stands for S3.
func s3Label(label string) bool {
	older, hyphen := strings.CutPrefix(label, "s3-")
	return label == "s3" || hyphen && (older == "fips" || older == "external-1" || region.MatchString(older))
}

// s3Domain says whether the labels are what may come after S3's.
func s3Domain(labels []string) bool {
	if len(labels) > 0 && labels[0] == "dualstack" {
		labels = labels[1:]
	}
	if len(labels) > 0 && region.MatchString(labels[0]) {
		labels = labels[1:]
	}
	switch strings.Join(labels, ".") {
	case "amazonaws.com", "amazonaws.com.cn", "localhost":
		return true
	}
	return false
}
