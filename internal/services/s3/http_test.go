package s3_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sallyport/sallyport"
)

// door is a bucket behind the HTTP edge, with one object, "k", and somebody who
// may do everything by a policy of their own.
type door struct {
	*testing.T
	endpoint   string
	root, user *s3.Client
}

func newDoor(t *testing.T) *door {
	ctx := context.Background()
	root, server := client(t, sallyport.Config{})
	key, _ := server.RootCredentials(sallyport.DefaultAccount)
	config := func(id, secret string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	}
	people := iam.NewFromConfig(config(key.AccessKeyID, key.SecretAccessKey))
	name := aws.String("ann")
	must[*iam.CreateUserOutput](t)(people.CreateUser(ctx, &iam.CreateUserInput{UserName: name}))
	must[*iam.PutUserPolicyOutput](t)(people.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: name,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)}))
	made := must[*iam.CreateAccessKeyOutput](t)(people.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name}))
	d := &door{T: t, endpoint: server.Endpoint(), root: root}
	d.user = s3.NewFromConfig(config(*made.AccessKey.AccessKeyId, *made.AccessKey.SecretAccessKey), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("bucket-a")
	must[*s3.CreateBucketOutput](t)(root.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	must[*s3.DeletePublicAccessBlockOutput](t)(root.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}))
	must[*s3.PutObjectOutput](t)(root.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader("x")}))
	return d
}

// policy is the bucket's only statement, on its objects.
func (d *door) policy(effect, principal, action, condition string) {
	d.Helper()
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"` + action + `","Resource":"arn:aws:s3:::bucket-a/*","Condition":{` + condition + `}}]}`
	must[*s3.PutBucketPolicyOutput](d.T)(d.root.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String("bucket-a"), Policy: &text}))
}

func (d *door) signed() string {
	d.Helper()
	_, err := d.user.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("bucket-a"), Key: aws.String("k")})
	if err == nil {
		return "allowed"
	}
	return code(err)
}

func (d *door) presigned() string {
	d.Helper()
	r, err := s3.NewPresignClient(d.user).PresignGetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("bucket-a"), Key: aws.String("k")})
	if err != nil {
		d.Fatal(err)
	}
	return d.plain(r.URL)
}

func (d *door) anonymous() string { return d.plain(d.endpoint + "/bucket-a/k") }

func (d *door) plain(url string) string {
	d.Helper()
	answer := must[*http.Response](d.T)(http.Get(url))
	defer answer.Body.Close()
	body := string(must[[]byte](d.T)(io.ReadAll(answer.Body)))
	switch {
	case answer.StatusCode == 200 && body == "x":
		return "allowed"
	case answer.StatusCode == 403 && strings.Contains(body, "<Code>AccessDenied</Code>"):
		return "AccessDenied"
	}
	return answer.Status + " " + body
}

// TestBucketPolicyAtTheDoor asks with every way of signing a request, under a
// bucket's policy: each denial beside what is allowed.
func TestBucketPolicyAtTheDoor(t *testing.T) {
	const yes, no, all = "allowed", "AccessDenied", `"*"`
	d := newDoor(t)
	for _, c := range []struct {
		name                                 string
		effect, principal, action, condition string
		signed, presigned, anonymous         string
	}{
		{"everybody", "Allow", all, "s3:GetObject", "", yes, yes, yes},
		{"everybody, something else", "Allow", all, "s3:PutObject", "", yes, yes, no},
		{"everybody from here", "Allow", all, "s3:GetObject", `"IpAddress":{"aws:SourceIp":"127.0.0.1"}`, yes, yes, yes},
		{"everybody from elsewhere", "Allow", all, "s3:GetObject", `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, yes, yes, no},
		{"nobody without TLS", "Deny", all, "s3:*", `"Bool":{"aws:SecureTransport":"false"}`, no, no, no},
		{"nobody with TLS", "Deny", all, "s3:*", `"Bool":{"aws:SecureTransport":"true"}`, yes, yes, no},
		{"nobody from outside a network", "Deny", all, "s3:*", `"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`, no, no, no},
		{"no presigned URLs", "Deny", all, "s3:*", `"StringEquals":{"s3:authType":"REST-QUERY-STRING"}`, yes, no, no},
		{"no signature of the last hour", "Deny", all, "s3:*", `"NumericLessThan":{"s3:signatureAge":"3600000"}`, no, no, no},
		{"no signature older than an hour", "Deny", all, "s3:*", `"NumericGreaterThan":{"s3:signatureAge":"3600000"}`, yes, yes, no},
		{"no payload that is not signed", "Deny", all, "s3:*", `"StringEquals":{"s3:x-amz-content-sha256":"UNSIGNED-PAYLOAD"}`, yes, no, no},
		{"a service for a topic", "Allow", `{"Service":"sns.amazonaws.com"}`, "s3:GetObject", `"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}`, yes, yes, no},
		{"not ann", "Deny", `{"AWS":"arn:aws:iam::` + sallyport.DefaultAccount + `:user/ann"}`, "s3:GetObject", "", no, no, no},
	} {
		d.policy(c.effect, c.principal, c.action, c.condition)
		for how, got := range map[string][2]string{"signed": {d.signed(), c.signed}, "presigned": {d.presigned(), c.presigned}, "anonymous": {d.anonymous(), c.anonymous}} {
			if got[0] != got[1] {
				t.Errorf("%s, %s: %s, want %s", c.name, how, got[0], got[1])
			}
		}
	}
}
