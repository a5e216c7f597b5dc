package lambda

import (
	"context"
	"errors"
	"io"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// codeSource is where a request says that the code is: in it, or in a bucket.
type codeSource struct {
	zip                  []byte
	bucket, key, version *string
}

// check refuses what names no source, or two.
func (f *codeSource) check() error {
	switch {
	case f.bucket == nil && f.key == nil && f.zip == nil:
		return invalid("Please provide a source for function code.")
	case f.bucket == nil && f.key == nil:
		return nil
	case len(f.zip) > 0:
		return invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case f.bucket == nil || f.key == nil:
		return invalid("Please provide a source for function code.")
	}
	return nil
}

// read is the zip. One in a bucket is read with the rights of whoever asks for
// the function, and of nobody else: Lambda has none of its own there.
func (s *Service) read(ctx context.Context, c *op.Call, from *codeSource) ([]byte, error) {
	if from.bucket == nil {
		return from.zip, nil
	}
	as := op.As{Caller: c.Caller.OnBehalf(servicePrincipal), Region: c.Region, Parent: c.RequestID}
	got, err := op.Do(ctx, s.bus, as, s3api.GetObject, &s3api.GetObjectRequest{Bucket: from.bucket, Key: from.key, VersionId: from.version})
	if err != nil {
		return nil, from.unreadable(err)
	}
	defer got.Body.Body.Close()
	if got.Body.Length > limits.Unzipped {
		return nil, tooLargeUnzipped()
	}
	zip, err := io.ReadAll(io.LimitReader(got.Body.Body, limits.Unzipped+1))
	if err == nil && len(zip) > limits.Unzipped {
		err = tooLargeUnzipped()
	}
	return zip, err
}

// unreadable words S3's refusal (facts/execution-role.md section 1, row 9; the
// others follow the recorded pattern).
func (f *codeSource) unreadable(err error) error {
	var refused *api.Error
	switch {
	case !errors.As(err, &refused) || refused.Fault == api.Server:
		return err
	case isDenial(refused):
		return accessDenied("Your access has been denied by S3, please make sure your request credentials have permission to GetObject for " +
			*f.bucket + "/" + *f.key + ". S3 Error Code: AccessDenied. S3 Error Message: Access Denied")
	}
	return invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", refused.Code, refused.Message)
}
