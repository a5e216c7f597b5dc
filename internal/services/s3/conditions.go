package s3

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
)

// readConditions are the conditional headers of a read (RFC 9110, and
// "Conditional reads" of the S3 guide).
type readConditions struct {
	ifMatch, ifNoneMatch               string
	ifModifiedSince, ifUnmodifiedSince *time.Time
}

// check is nil to read, else 412 or 304. If-Match that holds outweighs
// If-Unmodified-Since, If-None-Match that fails outweighs If-Modified-Since.
func (r *readConditions) check(v *version) error {
	switch {
	case r.ifMatch != "":
		if !matches(r.ifMatch, v.ETag) {
			return preconditionFailed("If-Match")
		}
	case r.ifUnmodifiedSince != nil && v.Modified.After(*r.ifUnmodifiedSince):
		return preconditionFailed("If-Unmodified-Since")
	}
	switch {
	case r.ifNoneMatch != "":
		if matches(r.ifNoneMatch, v.ETag) {
			return notModified(v)
		}
	case r.ifModifiedSince != nil && !v.Modified.After(*r.ifModifiedSince):
		return notModified(v)
	}
	return nil
}

// checkCopy is check for the source of a copy, where every failure is 412.
func (r *readConditions) checkCopy(v *version) error {
	err := r.check(v)
	if e, ok := err.(*api.Error); ok && e.Status == 304 {
		if r.ifNoneMatch != "" {
			return preconditionFailed("x-amz-copy-source-If-None-Match")
		}
		return preconditionFailed("x-amz-copy-source-If-Modified-Since")
	} else if ok {
		return preconditionFailed("x-amz-copy-source-" + e.Members["Condition"].(string))
	}
	return err
}

func notModified(v *version) *api.Error {
	e := api.Newf(304, "NotModified", "Not Modified")
	e.Headers = map[string]string{"ETag": `"` + v.ETag + `"`, "Last-Modified": httpTime(v.Modified)}
	return e
}

func httpTime(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

// matches compares an ETag with the list of a conditional header.
func matches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || strings.Trim(one, `"`) == etag {
			return true
		}
	}
	return false
}

// checkWriteHeaders refuses conditional writes that S3 does not know.
func checkWriteHeaders(ifMatch, ifNoneMatch string) error {
	switch {
	case ifNoneMatch != "" && ifNoneMatch != "*":
		return with(api.Newf(501, "NotImplemented", "A header you provided implies functionality that is not implemented"), "Header", "If-None-Match", "additionalMessage", "We don't accept the provided value of If-None-Match header for this API")
	case ifMatch != "" && ifNoneMatch != "":
		return with(api.Newf(501, "NotImplemented", "A header you provided implies functionality that is not implemented"), "Header", "If-Match,If-None-Match", "additionalMessage", "Multiple conditional request headers present in the request")
	case ifMatch == "*":
		return with(api.Newf(501, "NotImplemented", "A header you provided implies functionality that is not implemented"), "Header", "If-Match", "additionalMessage", "We don't accept the provided value of If-Match header for this API")
	}
	return nil
}

// checkWrite is asked in the transaction of a write ("Conditional writes").
func checkWrite(old *version, key, ifMatch, ifNoneMatch string) error {
	if old != nil && old.Marker {
		old = nil
	}
	switch {
	case ifNoneMatch != "" && old != nil:
		return preconditionFailed("If-None-Match")
	case ifMatch != "" && old == nil:
		return noSuchKey(key)
	case ifMatch != "" && !matches(ifMatch, old.ETag):
		return preconditionFailed("If-Match")
	}
	return nil
}
