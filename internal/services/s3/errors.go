package s3

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

var _ op.Wording = (*Service)(nil)

// with adds the members that S3 prints beside an error's code and message
// ("Error responses", Amazon S3 API Reference).
func with(e *api.Error, pairs ...string) *api.Error {
	if e.Members == nil {
		e.Members = map[string]any{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Members[pairs[i]] = pairs[i+1]
	}
	return e
}

func noSuchBucket(name string) *api.Error {
	return with(s3api.NewNoSuchBucket("The specified bucket does not exist"), "BucketName", name)
}

func noSuchKey(key string) *api.Error {
	return with(s3api.NewNoSuchKey("The specified key does not exist."), "Key", key)
}

func noSuchVersion(key, version string) *api.Error {
	return with(api.Newf(404, "NoSuchVersion", "The specified version does not exist."), "Key", key, "VersionId", version)
}

func noSuchUpload(id string) *api.Error {
	return with(s3api.NewNoSuchUpload("The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."), "UploadId", id)
}

func invalidArgument(name, value, format string, args ...any) *api.Error {
	return with(api.Newf(400, "InvalidArgument", format, args...), "ArgumentName", name, "ArgumentValue", value)
}

func invalidRequest(format string, args ...any) *api.Error {
	return s3api.NewInvalidRequest(format, args...)
}

func malformedXML() *api.Error {
	return api.Newf(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func accessDenied() *api.Error { return api.Newf(403, "AccessDenied", "Access Denied") }

// notImplemented refuses what is not here, so that nobody takes its silence
// for support.
func notImplemented(header string) *api.Error {
	return with(api.Newf(501, "NotImplemented", "A header you provided implies functionality that is not implemented"), "Header", header)
}

func preconditionFailed(condition string) *api.Error {
	return with(api.Newf(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"), "Condition", condition)
}

// unset is how S3 says that a bucket lacks a setting.
func unset(code, message, bucket string) *api.Error {
	return with(api.Newf(404, code, "%s", message), "BucketName", bucket)
}

func methodNotAllowed(method, kind string) *api.Error {
	return with(api.Newf(405, "MethodNotAllowed", "The specified method is not allowed against this resource."), "Method", method, "ResourceType", kind)
}

func ptr[T any](v T) *T { return &v }

// optional is nil for the zero value: an absent member.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func number(n any) string { return fmt.Sprint(n) }

// WordDenial implements op.Wording: S3 tells the reason to callers of the
// owner's account or organization, and puts the ARN in quotation marks
// ("Troubleshoot access denied (403 Forbidden) errors in Amazon S3").
func (s *Service) WordDenial(text, resource string, together bool) string {
	if !together {
		return accessDenied().Message
	}
	return strings.Replace(text, "on resource: "+resource, `on resource: "`+resource+`"`, 1)
}
