package services

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

func ptr[T any](v T) *T { return &v }

// TestCodeFromABucketIsReadWithTheCallersRights: Lambda has none of its own
// there, and what the role may do is of no account.
func TestCodeFromABucketIsReadWithTheCallersRights(t *testing.T) {
	s := start(t)
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	do(t, s, iamapi.CreateRole, &iamapi.CreateRoleRequest{RoleName: ptr("r"), AssumeRolePolicyDocument: &trust})
	do(t, s, iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: ptr("dev")})
	user := signIn(t, s, do(t, s, iamapi.CreateAccessKey, &iamapi.CreateAccessKeyRequest{UserName: ptr("dev")}).AccessKey.GetAccessKeyId())
	may := func(statements string) {
		do(t, s, iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: ptr("dev"), PolicyName: ptr("p"), PolicyDocument: ptr(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	}
	do(t, s, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: ptr("code")})
	do(t, s, s3api.PutObject, &s3api.PutObjectRequest{Bucket: ptr("code"), Key: ptr("f.zip"), Body: api.BytesStream(zipped(t))})
	create := func(key string) error {
		_, err := op.Do(context.Background(), s.Bus, op.As{Caller: user, Region: "us-east-1"}, lambdaapi.CreateFunction, &lambdaapi.CreateFunctionRequest{
			FunctionName: ptr("f"), Role: ptr("arn:aws:iam::" + account + ":role/r"), Runtime: ptr("python3.12"), Handler: ptr("main.handler"),
			Code: &lambdaapi.FunctionCode{S3Bucket: ptr("code"), S3Key: &key},
		})
		return err
	}
	const lambdaAndRole = `{"Effect":"Allow","Action":["lambda:*","iam:PassRole"],"Resource":"*"}`
	const object = `,{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::code","arn:aws:s3:::code/*"]}`

	may(lambdaAndRole)
	told(t, create("f.zip"), 403, "AccessDeniedException", "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for code/f.zip. S3 Error Code: AccessDenied. S3 Error Message: Access Denied")
	may(lambdaAndRole + object)
	told(t, create("other.zip"), 400, "InvalidParameterValueException", "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
	if err := create("f.zip"); err != nil {
		t.Fatal(err)
	}
	got := do(t, s, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")})
	for got.GetLastUpdateStatus() != "Successful" { // within milliseconds; the test's own bound is the last one
		got = do(t, s, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: ptr("f")})
	}
	if got.GetCodeSize() != int64(len(zipped(t))) {
		t.Errorf("the function has %d bytes of code", got.GetCodeSize())
	}
	may(lambdaAndRole)
	_, err := op.Do(context.Background(), s.Bus, op.As{Caller: user, Region: "us-east-1"}, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("f"), S3Bucket: ptr("code"), S3Key: ptr("f.zip")})
	told(t, err, 403, "AccessDeniedException", "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for code/f.zip. S3 Error Code: AccessDenied. S3 Error Message: Access Denied")
}

func told(t *testing.T, err error, status int, code, text string) {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code || e.Message != text {
		t.Errorf("got %v\nwant %d %s: %s", err, status, code, text)
	}
}

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("main.py")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("def handler(e, c):\n    return e\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
