package s3

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// TestSignatureKeys: policies deny old presigned URLs, SigV2 and unsigned bodies
// by these keys, so an absent one lets a request through.
func TestSignatureKeys(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	user := caller.ForUser(caller.User{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/u", Name: "u"}, caller.Key{})
	for name, c := range map[string]struct {
		who  caller.Caller
		how  op.Signature
		want string // signatureversion, authType, signatureAge, x-amz-content-sha256
	}{
		"header":        {user, op.Signature{Version: "AWS4-HMAC-SHA256", Time: now.Add(-1500 * time.Millisecond), Payload: "abc"}, "AWS4-HMAC-SHA256 REST-HEADER 1500 abc"},
		"presigned":     {user, op.Signature{Version: "AWS4-HMAC-SHA256", Presigned: true, Time: now.Add(-time.Hour), Payload: "UNSIGNED-PAYLOAD"}, "AWS4-HMAC-SHA256 REST-QUERY-STRING 3600000 UNSIGNED-PAYLOAD"},
		"ahead of us":   {user, op.Signature{Version: "AWS4-HMAC-SHA256", Time: now.Add(time.Minute), Payload: "abc"}, "AWS4-HMAC-SHA256 REST-HEADER 0 abc"},
		"old presigned": {user, op.Signature{Version: "AWS", Presigned: true, Payload: "UNSIGNED-PAYLOAD"}, "AWS REST-QUERY-STRING - UNSIGNED-PAYLOAD"},
		"in process":    {user, op.Signature{}, "AWS4-HMAC-SHA256 - - -"},
		"anonymous":     {caller.Anonymous(), op.Signature{}, "- - - -"},
	} {
		keys := &policy.Context{}
		setSignatureKeys(&op.Call{Caller: c.who, Time: now, Origin: op.Origin{Signature: c.how}}, keys)
		var got []string
		for _, key := range []string{"s3:signatureversion", "s3:authType", "s3:signatureAge", "s3:x-amz-content-sha256"} {
			value := "-"
			if values, ok := keys.Get(key); ok {
				value = strings.Join(values, ",")
			}
			got = append(got, value)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}
