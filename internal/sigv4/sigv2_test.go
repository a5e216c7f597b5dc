package sigv4

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPresignedV2 are URLs that botocore 1.43.11 made with the example key, its
// clock at s3Time, and what can be done to them.
func TestPresignedV2(t *testing.T) {
	const (
		key    = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE"
		path   = "http://s3.amazonaws.com/bucket/"
		host   = "http://bucket.s3.amazonaws.com/"
		object = "a%20b/c%2B%C3%A9?versionId=v%2F1&response-content-type=text%2Fplain%3B%20x%3Dy&" + key + "&Signature=3CZff9tnZ6gxf%2BB4FkMdtOKs3yQ%3D&Expires=1369353660"
		put    = "bucket/k?" + key + "&Signature=Fsq9Y3Wfoc8uL0egD%2FEYwS5rmnk%3D&x-amz-acl=public-read&x-amz-meta-a=b%20c&content-type=text%2Fx&Expires=1369353660"
		upload = "k?uploads&" + key + "&Signature=420rou1sSst7sL9j2ZGCflz%2BGeA%3D&Expires=1369353660"
		acl    = "?acl&" + key + "&Signature=dfCHv%2FEOO2Zue1IZtJdhuUrqRCw%3D&Expires=1369353660"
		wrong  = "403 SignatureDoesNotMatch"
	)
	for _, c := range []struct {
		name, method, url, key string
		after                  time.Duration
		change                 func(*http.Request)
		want                   string
	}{
		{"object", "GET", path + object, "a b/c+é", 0, nil, ""},
		{"object, bucket in the host", "GET", host + object, "a b/c+é", 0, nil, ""},
		{"put", "PUT", path + put, "bucket/k", 0, nil, ""},
		{"put, bucket in the host", "PUT", host + put, "bucket/k", 0, nil, ""},
		{"upload", "POST", path + upload, "k", 0, nil, ""},
		{"upload, bucket in the host", "POST", host + upload, "k", 0, nil, ""},
		{"bucket", "GET", strings.TrimSuffix(path, "/") + acl, "", 0, nil, ""},
		{"bucket with a slash", "GET", path + acl, "", 0, nil, ""},
		{"bucket in the host", "GET", host + acl, "", 0, nil, ""},
		{"to the last second", "GET", path + object, "a b/c+é", time.Minute, nil, ""},
		{"expired", "GET", path + object, "a b/c+é", 61 * time.Second, nil, "403 AccessDenied: Request has expired"},
		{"longer", "GET", strings.Replace(path+object, "1369353660", "1369353661", 1), "a b/c+é", 0, nil, wrong},
		{"no date", "GET", strings.Replace(path+object, "1369353660", "never", 1), "a b/c+é", 0, nil, "403 AccessDenied: Invalid date"},
		{"another method", "DELETE", path + object, "a b/c+é", 0, nil, wrong},
		{"another object", "GET", strings.Replace(path+object, "a%20b", "a%20c", 1), "a c/c+é", 0, nil, wrong},
		{"another version", "GET", strings.Replace(path+object, "v%2F1", "v%2F2", 1), "a b/c+é", 0, nil, wrong},
		{"no version", "GET", strings.Replace(path+object, "versionId=v%2F1&", "", 1), "a b/c+é", 0, nil, wrong},
		{"another subresource that is signed", "GET", path + object + "&acl", "a b/c+é", 0, nil, wrong},
		{"a subresource that is not", "GET", path + object + "&attributes", "a b/c+é", 0, nil, wrong},
		{"an object of the bucket named by the host", "PUT", host + "bucket/" + put, "bucket/bucket/k", 0, nil, wrong},
		{"an object whose key looks like bucket and key", "PUT", host + strings.TrimPrefix(put, "bucket/"), "k", 0, nil, wrong},
		{"a header added", "PUT", path + put, "bucket/k", 0, func(r *http.Request) { r.Header.Set("X-Amz-Tagging", "a=b") }, wrong},
		{"a parameter that stands for a header", "PUT", path + put + "&x-amz-tagging=a", "bucket/k", 0, nil, wrong},
		{"another value of one", "PUT", strings.Replace(path+put, "public-read", "private", 1), "bucket/k", 0, nil, wrong},
		{"another type", "PUT", path + put, "bucket/k", 0, func(r *http.Request) { r.Header.Set("Content-Type", "text/y") }, wrong},
		{"key of nobody", "GET", strings.Replace(path+object, "AKIAIOS", "AKIBIOS", 1), "a b/c+é", 0, nil, "403 InvalidAccessKeyId"},
		{"key without a secret", "GET", strings.Replace(path+object, "AKIAIOSFODNN7EXAMPLE", "AKIDEMPTY", 1), "a b/c+é", 0, nil, wrong},
		{"half of it", "GET", strings.Replace(path+object, key+"&", "", 1), "a b/c+é", 0, nil, "403 AccessDenied: Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"},
		{"two keys", "GET", path + object + "&" + key, "a b/c+é", 0, nil, "403 AccessDenied: Query-string authentication requires"},
		{"two ways to sign", "GET", path + object, "a b/c+é", 0, func(r *http.Request) {
			r.Header.Set("Authorization", s3Message("").signedInS3(t, "/", "").Header.Get("Authorization"))
			r.Header.Set("X-Amz-Date", "20130524T000000Z")
		}, "400 InvalidArgument: Only one auth mechanism allowed"},
		{"a token nobody has", "GET", path + object + "&x-amz-security-token=x", "a b/c+é", 0, nil, "403 InvalidAccessKeyId"},
	} {
		r, err := http.NewRequest(c.method, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			c.change(r)
		}
		who, _, f := s3Verifier(s3Time.Add(c.after)).VerifyHead(r, Expect{Service: s3API, Bucket: "bucket", Key: c.key})
		switch {
		case f != nil:
			check(t, c.name, f.Error(s3API, s3API.Protocol), c.want, "")
		case c.want != "" || who == nil || who.Owner != "bucket owner" || who.Version != Version2 || !who.Presigned:
			t.Errorf("%s: %+v verifies", c.name, who)
		}
		if f != nil && who != nil {
			t.Errorf("%s: both", c.name)
		}
	}
	r, err := http.NewRequest("PUT", path+put, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h := Meant(r).Header; h.Get("X-Amz-Acl") != "public-read" || h.Get("Content-Type") != "text/x" || h.Get("X-Amz-Meta-A") != "b c" {
		t.Errorf("headers in the query: %v", h)
	}
}

// TestV2IsForS3: no other service knows it.
func TestV2IsForS3(t *testing.T) {
	r, err := http.NewRequest("GET", "http://h/?AWSAccessKeyId="+exampleKey+"&Signature=x&Expires=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if who, failure := verifierAt(signingTime).Verify(r, nil, Expect{Service: stsAPI}); who != nil || failure != nil {
		t.Errorf("got %v, %v: a request without a signature", who, failure)
	}
}
