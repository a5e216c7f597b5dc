package wire

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/limits"
)

// address is a request to S3 as a client would write it.
type address struct {
	method, host, target string
	header               map[string]string
	body                 string
}

func (a address) http() *http.Request {
	r := request{method: a.method, target: a.target, body: a.body, header: a.header}.http()
	r.Host = or(a.host, "127.0.0.1:4566")
	return r
}

// heading says where a request goes: "s3:GetObject bucket/key".
func heading(router *Router, r *http.Request, body string) string {
	route, failure := router.Route(r, []byte(body))
	if failure != nil {
		return route.Service.ID + " refuses: " + failure.Code
	}
	out := route.Service.ID + ":" + route.Name
	switch {
	case route.Unbound:
		out += " unbound"
	case route.Operation == nil:
		out += " unknown"
	}
	if b, ok := route.Labels["Bucket"]; ok {
		out += " " + b
	}
	if k, ok := route.Labels["Key"]; ok {
		out += "/" + k
	}
	return out
}

var (
	forS3  = map[string]string{"Authorization": signed("s3")}
	copied = map[string]string{"Authorization": signed("s3"), "X-Amz-Copy-Source": "/a/b"}
)

func TestS3Operations(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		address
		want string
	}{
		"all buckets":                            {address{"GET", "", "/", forS3, ""}, "s3:ListBuckets"},
		"a bucket":                               {address{"PUT", "", "/b", forS3, ""}, "s3:CreateBucket b"},
		"a slash after it says nothing":          {address{"DELETE", "", "/b/", forS3, ""}, "s3:DeleteBucket b"},
		"the older list":                         {address{"GET", "", "/b?prefix=a&delimiter=%2F&max-keys=1&encoding-type=url", forS3, ""}, "s3:ListObjects b"},
		"the newer list":                         {address{"GET", "", "/b?list-type=2&prefix=", forS3, ""}, "s3:ListObjectsV2 b"},
		"a list of another type":                 {address{"GET", "", "/b?list-type=3", forS3, ""}, "s3: unknown b"},
		"versions":                               {address{"GET", "", "/b?versions&key-marker=a", forS3, ""}, "s3:ListObjectVersions b"},
		"a subresource":                          {address{"GET", "", "/b?policy", forS3, ""}, "s3:GetBucketPolicy b"},
		"a subresource with an equals sign":      {address{"GET", "", "/b?policy=", forS3, ""}, "s3:GetBucketPolicy b"},
		"the name the SDK adds":                  {address{"DELETE", "", "/b?policy&x-id=DeleteBucketPolicy", forS3, ""}, "s3:DeleteBucketPolicy b"},
		"many at once":                           {address{"POST", "", "/b?delete", forS3, ""}, "s3:DeleteObjects b"},
		"an object":                              {address{"GET", "", "/b/k", forS3, ""}, "s3:GetObject b/k"},
		"a version of it":                        {address{"GET", "", "/b/k?versionId=v", forS3, ""}, "s3:GetObject b/k"},
		"a part of it":                           {address{"GET", "", "/b/k?partNumber=1", forS3, ""}, "s3:GetObject b/k"},
		"with the headers to answer":             {address{"GET", "", "/b/k?response-content-type=text%2Fplain", forS3, ""}, "s3:GetObject b/k"},
		"presigned":                              {address{"GET", "", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20261101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0", nil, ""}, "s3:GetObject b/k"},
		"a parameter that AWS ignores":           {address{"GET", "", "/b/k?v=1", forS3, ""}, "s3:GetObject b/k"},
		"HEAD":                                   {address{"HEAD", "", "/b/k", forS3, ""}, "s3:HeadObject b/k"},
		"an upload":                              {address{"PUT", "", "/b/k", forS3, ""}, "s3:PutObject b/k"},
		"a copy":                                 {address{"PUT", "", "/b/k", copied, ""}, "s3:CopyObject b/k"},
		"a part":                                 {address{"PUT", "", "/b/k?partNumber=1&uploadId=u", forS3, ""}, "s3:UploadPart b/k"},
		"a part that is copied":                  {address{"PUT", "", "/b/k?uploadId=u&partNumber=1", copied, ""}, "s3:UploadPartCopy b/k"},
		"the copy header makes no ACL a copy":    {address{"PUT", "", "/b/k?acl", copied, ""}, "s3:PutObjectAcl b/k"},
		"the parts":                              {address{"GET", "", "/b/k?uploadId=u", forS3, ""}, "s3:ListParts b/k"},
		"an upload that is given up":             {address{"DELETE", "", "/b/k?uploadId=u", forS3, ""}, "s3:AbortMultipartUpload b/k"},
		"a part without its number is no object": {address{"PUT", "", "/b/k?uploadId=u", forS3, ""}, "s3: unknown b/k"},
		"a part without its upload either":       {address{"PUT", "", "/b/k?partNumber=1", forS3, ""}, "s3: unknown b/k"},
		"two subresources are none":              {address{"DELETE", "", "/b?policy&tagging", forS3, ""}, "s3: unknown b"},
		"analytics are not the list":             {address{"GET", "", "/b?analytics&id=1", forS3, ""}, "s3:GetBucketAnalyticsConfiguration unbound b"},
		"a torrent is not the object":            {address{"GET", "", "/b/k?torrent", forS3, ""}, "s3:GetObjectTorrent unbound b/k"},
		"a bucket's setting is not the bucket":   {address{"DELETE", "", "/b?inventory&id=1", forS3, ""}, "s3:DeleteBucketInventoryConfiguration unbound b"},
		"nor a method it does not have":          {address{"DELETE", "", "/b?acl", forS3, ""}, "s3: unknown b"},
		"nor one of an object":                   {address{"DELETE", "", "/b?torrent", forS3, ""}, "s3: unknown b"},
		"nor one that came after this was built": {address{"DELETE", "", "/b?shinyNewThing", forS3, ""}, "s3:?shinyNewThing unbound b"},
		"nor is a slip in its name":              {address{"DELETE", "", "/b?Policy", forS3, ""}, "s3:?Policy unbound b"},
		"a query that cannot be read":            {address{"DELETE", "", "/b?policy;x", forS3, ""}, "s3 refuses: InvalidURI"},
		"an older name of a bound operation":     {address{"GET", "", "/b?notification", forS3, ""}, "s3:GetBucketNotificationConfiguration b"},
		"a browser's form":                       {address{"POST", "", "/b", map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, ""}, "s3:PostObject unbound b"},
		"a form signed for S3":                   {address{"POST", "", "/b/k?uploads", map[string]string{"Authorization": signed("s3"), "Content-Type": formType}, ""}, "s3:CreateMultipartUpload b/k"},
		"an Action signed for S3":                {address{"GET", "", "/?Action=GetUser&Version=2010-05-08", forS3, ""}, "s3:ListBuckets"},
		"no bucket but a key":                    {address{"GET", "", "//k", forS3, ""}, "s3 refuses: InvalidURI"},
		"a method nobody has":                    {address{"PATCH", "", "/b/k", forS3, ""}, "s3: unknown b/k"},
		"a preflight still tells its bucket":     {address{"OPTIONS", "", "/b/k", nil, ""}, "s3: unknown b/k"},
		"unsigned":                               {address{"GET", "", "/b/k", nil, ""}, "s3:GetObject b/k"},
		"unsigned, but Lambda's path":            {address{"GET", "", "/2015-03-31/functions/", nil, ""}, "lambda:ListFunctions"},
		"Lambda's path, signed for S3":           {address{"GET", "", "/2015-03-31/functions/", forS3, ""}, "s3:GetObject 2015-03-31/functions/"},
		"signed for another service":             {address{"GET", "", "/b/k", map[string]string{"Authorization": signed("lambda")}, ""}, "lambda:GET /b/k unknown"},
		"signed for one that is not here":        {address{"GET", "b.s3.localhost", "/k", map[string]string{"Authorization": signed("glacier")}, ""}, " refuses: UnknownOperationException"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := heading(router, c.address.http(), c.body); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestS3Hosts(t *testing.T) {
	router := NewRouter(generated())
	for host, want := range map[string]string{
		"b.s3.eu-west-1.amazonaws.com":           "b",
		"b.s3.amazonaws.com":                     "b",
		"b.s3-eu-west-1.amazonaws.com":           "b",
		"b.s3.dualstack.eu-west-1.amazonaws.com": "b",
		"b.s3.cn-north-1.amazonaws.com.cn":       "b",
		"B.S3.LocalHost:4566":                    "b",
		"b.s3.eu-west-1.localhost:4566":          "b",
		"b.localhost:4566":                       "b",
		"a.b.localhost":                          "a.b",
		"my.s3.bucket.s3.localhost":              "my.s3.bucket",
		"my.s3.bucket.localhost":                 "my.s3.bucket",
		"b.s3.localhost.":                        "b",
		"logs.localhost":                         "logs", // signed for S3: a bucket of that name
		"s3.eu-west-1.amazonaws.com":             "path",
		"s3.amazonaws.com":                       "path",
		"s3.localhost:4566":                      "path",
		"s3.eu-west-1.localhost":                 "path",
		"s3-eu-west-1.amazonaws.com":             "path",
		"localhost:4566":                         "path",
		"127.0.0.1:4566":                         "path",
		"[::1]:4566":                             "path",
		"[::1]":                                  "path",
		"10.0.0.1":                               "path",
		"sallyport:4566":                         "path",
		"b.s3-control.eu-west-1.amazonaws.com":   "path",
		"b.s3.example.com":                       "path",
		"":                                       "path",
	} {
		t.Run(host, func(t *testing.T) {
			r := address{"GET", "", "/path/k", forS3, ""}.http()
			r.Host = host
			got, _ := router.Route(r, nil)
			if got.Labels["Bucket"] != want {
				t.Errorf("bucket %q, want %q", got.Labels["Bucket"], want)
			}
		})
	}
}

// TestHostsOfOtherServices: a name below localhost is a bucket only where no
// service has it.
func TestHostsOfOtherServices(t *testing.T) {
	router := NewRouter(generated())
	form := map[string]string{"Content-Type": formType}
	for name, c := range map[string]struct {
		address
		want string
	}{
		"STS's own":                      {address{"POST", "sts.localhost", "/", form, "Action=GetCallerIdentity&Version=2011-06-15"}, "sts:GetCallerIdentity"},
		"STS's own in a region":          {address{"POST", "sts.us-east-1.localhost", "/", form, "Action=GetCallerIdentity&Version=2011-06-15"}, "sts:GetCallerIdentity"},
		"Lambda's":                       {address{"GET", "lambda.localhost", "/2015-03-31/functions", nil, ""}, "lambda:ListFunctions"},
		"S3's, unsigned":                 {address{"GET", "s3.localhost", "/2015-03-31/functions", nil, ""}, "s3:GetObject 2015-03-31/functions"},
		"a bucket's, unsigned":           {address{"GET", "b.s3.localhost", "/2015-03-31/functions", nil, ""}, "s3:GetObject b/2015-03-31/functions"},
		"a bucket's in short, unsigned":  {address{"GET", "b.localhost", "/k", nil, ""}, "s3:GetObject b/k"},
		"a name for the whole server":    {address{"POST", "sallyport.localhost", "/", form, "Action=GetCallerIdentity&Version=2011-06-15"}, "sts:GetCallerIdentity"},
		"a bucket's, signed for another": {address{"POST", "b.localhost", "/", map[string]string{"Content-Type": formType, "Authorization": signed("iam")}, "Action=GetUser&Version=2010-05-08"}, "iam:GetUser"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := heading(router, c.address.http(), c.body); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestKeysKeepTheirBytes: what looks like a path is one name.
func TestKeysKeepTheirBytes(t *testing.T) {
	router := NewRouter(generated())
	deep := strings.Repeat("a/", limits.PathSegments*4) + "z"
	for escaped, key := range map[string]string{
		"k/":             "k/",
		"/k":             "/k",
		"//":             "//",
		"a//b":           "a//b",
		"./a":            "./a",
		"../a":           "../a",
		"a/../b/.":       "a/../b/.",
		"a%2Fb":          "a/b",
		"a%2fb":          "a/b",
		"a+b":            "a+b",
		"a%20b":          "a b",
		"a%2Bb":          "a+b",
		"100%25":         "100%",
		"%E2%82%AC":      "€",
		"a;b=c&d":        "a;b=c&d",
		"a%3Facl":        "a?acl",
		"a:b@c,d'!*()~$": "a:b@c,d'!*()~$",
		"%00":            "\x00",
		deep:             deep,
	} {
		for _, c := range []address{{"GET", "", "/b/" + escaped, forS3, ""}, {"GET", "b.s3.localhost", "/" + escaped, forS3, ""}} {
			route, failure := router.Route(c.http(), nil)
			if failure != nil || route.Name != "GetObject" || route.Labels["Bucket"] != "b" || route.Labels["Key"] != key {
				t.Errorf("%s at %s: %s %q %v", escaped, c.host, route.Name, route.Labels, failure)
			}
			if !router.KeepsPath(c.http()) {
				t.Errorf("%s may be cleaned", escaped)
			}
		}
	}
	if router.KeepsPath(request{method: "GET", target: "/2015-03-31/functions", header: map[string]string{"Authorization": signed("lambda")}}.http()) {
		t.Error("Lambda's paths are kept as they are")
	}
}

func TestLengthOfKeys(t *testing.T) {
	router := NewRouter(generated())
	for n, want := range map[int]string{limits.ObjectKey: "", limits.ObjectKey + 1: "KeyTooLongError"} {
		r := address{"GET", "", "/b/" + strings.Repeat("k", n), forS3, ""}.http()
		route, _ := router.Route(r, nil)
		_, failure := router.For(route.Protocol).Decode(r, route, nil)
		if got := codeOf(failure); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestS3RefusesInItsOwnWords(t *testing.T) {
	router := NewRouter(generated())
	for target, want := range map[string]string{
		"/b/k?torrent":         "501 NotImplemented: A header you provided implies functionality that is not implemented: Sallyport does not have s3:GetObjectTorrent yet.",
		"/b?x":                 "501 NotImplemented: A header you provided implies functionality that is not implemented: Sallyport does not have s3:?x yet.",
		"/b?delete":            "405 MethodNotAllowed: The specified method is not allowed against this resource.",
		"/b?acl&" + long("a="): "405 MethodNotAllowed: The specified method is not allowed against this resource.",
	} {
		r := address{"GET", "", target, forS3, ""}.http()
		if strings.Contains(target, "acl") {
			r.Method = "HEAD"
		}
		route, failure := router.Route(r, nil)
		if failure != nil || route.Operation != nil {
			t.Fatalf("%s: %+v %v", target, route, failure)
		}
		e := router.Unknown(route, r)
		if got := itoa(e.Status) + " " + e.Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func long(s string) string { return s + strings.Repeat("x", 2000) }

func TestWhichBodiesStream(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		address
		streams bool
		limit   int64
	}{
		"an upload":               {address{"PUT", "", "/b/k", forS3, ""}, true, limits.ObjectBody},
		"unsigned":                {address{"PUT", "b.s3.localhost", "/k", nil, ""}, true, limits.ObjectBody},
		"a part":                  {address{"PUT", "", "/b/k?partNumber=1&uploadId=u", forS3, ""}, true, limits.ObjectBody},
		"a copy":                  {address{"PUT", "", "/b/k", copied, ""}, false, limits.RequestBody},
		"a bucket":                {address{"PUT", "", "/b", forS3, ""}, false, limits.RequestBody},
		"a list of keys":          {address{"POST", "", "/b?delete", forS3, ""}, false, limits.RequestBody},
		"an unknown subresource":  {address{"PUT", "", "/b/k?x", forS3, ""}, false, limits.RequestBody},
		"an object's subresource": {address{"PUT", "", "/b/k?tagging", forS3, ""}, false, limits.RequestBody},
		"a path of nobody's":      {address{"PUT", "", "/b/k", map[string]string{"Authorization": signed("lambda")}, ""}, false, limits.RequestBody},
		"a message to a queue":    {address{"POST", "", "/123456789012/q", map[string]string{"Content-Type": formType}, ""}, false, limits.QueryBody},
		"as JSON":                 {address{"POST", "", "/123456789012/q", map[string]string{"X-Amz-Target": "AmazonSQS.SendMessage"}, ""}, false, limits.RequestBody},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.address.http()
			if got := router.Streams(r); got != c.streams {
				t.Errorf("streams: %v", got)
			}
			if got := router.BodyLimit(r); got != c.limit {
				t.Errorf("limit %d, want %d", got, c.limit)
			}
			if route, _ := router.Route(r, nil); route.Streams() != c.streams {
				t.Errorf("the route says %v", route.Streams())
			}
		})
	}
}
