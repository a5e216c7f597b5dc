package wire

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
)

// decodeS3 decodes a request that was signed for S3.
func decodeS3(t *testing.T, a address) (any, *api.Error) {
	t.Helper()
	router := NewRouter([]*api.Service{s3api.Service})
	r := a.http()
	route, failure := router.Route(r, nil)
	if failure != nil || route.Operation == nil {
		t.Fatalf("routed to %s: %v", route.Name, failure)
	}
	return router.For(route.Protocol).Decode(r, route, []byte(a.body))
}

func TestS3Bodies(t *testing.T) {
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	bucket := ptr("b")
	for name, c := range map[string]struct {
		target, body string
		want         any
	}{
		"tags": {"/b?tagging", `<Tagging` + ns + `><TagSet><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value/></Tag></TagSet></Tagging>`,
			&s3api.PutBucketTaggingRequest{Bucket: bucket, Tagging: &s3api.Tagging{TagSet: []s3api.Tag{{Key: ptr("k"), Value: ptr("v")}, {Key: ptr("l"), Value: ptr("")}}}}},
		"no namespace, with a declaration, a comment and air": {"/b?tagging", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n<Tagging>\n  <TagSet>\n </TagSet>\n</Tagging>\n",
			&s3api.PutBucketTaggingRequest{Bucket: bucket, Tagging: &s3api.Tagging{TagSet: []s3api.Tag{}}}},
		"a prefix for the namespace": {"/b?versioning", `<s:VersioningConfiguration xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Status>Enabled</s:Status></s:VersioningConfiguration>`,
			&s3api.PutBucketVersioningRequest{Bucket: bucket, VersioningConfiguration: &s3api.VersioningConfiguration{Status: ptr("Enabled")}}},
		"members in any order": {"/b/k?uploadId=u", `<CompleteMultipartUpload><Part><ETag>"e"</ETag><PartNumber> 2 </PartNumber></Part><Part><PartNumber>1</PartNumber><ETag>&quot;f&quot;</ETag></Part></CompleteMultipartUpload>`,
			&s3api.CompleteMultipartUploadRequest{Bucket: bucket, Key: ptr("k"), UploadId: ptr("u"), MultipartUpload: &s3api.CompletedMultipartUpload{
				Parts: []s3api.CompletedPart{{ETag: ptr(`"e"`), PartNumber: ptr(int32(2))}, {ETag: ptr(`"f"`), PartNumber: ptr(int32(1))}}}}},
		"flat lists between others": {"/b?delete", `<Delete><Object><Key> a&amp;b </Key></Object><Quiet>true</Quiet><Object><Key><![CDATA[<c>]]></Key><VersionId>v</VersionId></Object></Delete>`,
			&s3api.DeleteObjectsRequest{Bucket: bucket, Delete: &s3api.Delete{Quiet: ptr(true), Objects: []s3api.ObjectIdentifier{{Key: ptr(" a&b ")}, {Key: ptr("<c>"), VersionId: ptr("v")}}}}},
		"an attribute": {"/b?acl", `<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`,
			&s3api.PutBucketAclRequest{Bucket: bucket, AccessControlPolicy: &s3api.AccessControlPolicy{Grants: []s3api.Grant{{Permission: ptr("READ"), Grantee: &s3api.Grantee{Type: ptr("CanonicalUser"), ID: ptr("i")}}}}}},
		"a region": {"/b", `<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>`,
			&s3api.CreateBucketRequest{Bucket: bucket, CreateBucketConfiguration: &s3api.CreateBucketConfiguration{LocationConstraint: ptr("eu-west-1")}}},
		"a policy as it is": {"/b?policy", `{"Version":"2012-10-17"}`, &s3api.PutBucketPolicyRequest{Bucket: bucket, Policy: ptr(`{"Version":"2012-10-17"}`)}},
		"an empty element":  {"/b?notification", `<NotificationConfiguration/>`, &s3api.PutBucketNotificationConfigurationRequest{Bucket: bucket, NotificationConfiguration: &s3api.NotificationConfiguration{}}},
		"no body":           {"/b?tagging", ``, &s3api.PutBucketTaggingRequest{Bucket: bucket}},
	} {
		t.Run(name, func(t *testing.T) {
			method := "PUT"
			if strings.Contains(c.target, "delete") || strings.Contains(c.target, "uploadId") {
				method = "POST"
			}
			in, failure := decodeS3(t, address{method, "", c.target, forS3, c.body})
			if failure != nil || !reflect.DeepEqual(in, c.want) {
				t.Errorf("got %+v, %v %v", in, failure, causeOf(failure))
			}
		})
	}
}

func causeOf(e *api.Error) error {
	if e == nil {
		return nil
	}
	return e.Cause
}

// TestMalformedXML: a setting with a slip must not be taken for none.
func TestMalformedXML(t *testing.T) {
	for name, body := range map[string]string{
		"no XML":                   `{"a":1}`,
		"cut off":                  `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>`,
		"only a declaration":       `<?xml version="1.0"?>`,
		"another root":             `<PublicAccessBlock><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlock>`,
		"a member nobody knows":    `<PublicAccessBlockConfiguration><BlockPublicAcl>true</BlockPublicAcl></PublicAccessBlockConfiguration>`,
		"a member twice":           `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"not a boolean":            `<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"an element for a scalar":  `<PublicAccessBlockConfiguration><BlockPublicAcls><a/></BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"text between the members": `<PublicAccessBlockConfiguration>x<BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"text after the root":      `<PublicAccessBlockConfiguration></PublicAccessBlockConfiguration>x`,
		"two roots":                `<PublicAccessBlockConfiguration/><PublicAccessBlockConfiguration/>`,
		"mixed up tags":            `<PublicAccessBlockConfiguration><BlockPublicAcls>true</PublicAccessBlockConfiguration></BlockPublicAcls>`,
		"a type declaration":       `<!DOCTYPE a [<!ENTITY t "true">]><PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"an entity":                `<PublicAccessBlockConfiguration><BlockPublicAcls>&t;</BlockPublicAcls></PublicAccessBlockConfiguration>`,
		"not UTF-8":                "<PublicAccessBlockConfiguration>\xff</PublicAccessBlockConfiguration>",
		"another encoding":         `<?xml version="1.0" encoding="UTF-16"?><PublicAccessBlockConfiguration/>`,
		"too deep":                 strings.Repeat("<PublicAccessBlockConfiguration>", limits.NestingDepth+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, failure := decodeS3(t, address{"PUT", "", "/b?publicAccessBlock", forS3, body})
			if failure == nil || failure.Status != 400 || failure.Error() != "MalformedXML: The XML you provided was not well-formed or did not validate against our published schema" {
				t.Errorf("got %v", failure)
			}
		})
	}
	in, failure := decodeS3(t, address{"PUT", "", "/b?publicAccessBlock", forS3, `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`})
	if failure != nil || !in.(*s3api.PutPublicAccessBlockRequest).PublicAccessBlockConfiguration.GetBlockPublicAcls() {
		t.Errorf("the one without a fault: %+v %v", in, failure)
	}
}

func TestTooManyElements(t *testing.T) {
	body := "<Delete>" + strings.Repeat("<Object/>", limits.RequestElements) + "</Delete>"
	if _, failure := decodeS3(t, address{"POST", "", "/b?delete", forS3, body}); codeOf(failure) != "MalformedXML" {
		t.Errorf("got %v", failure)
	}
}

func TestS3Headers(t *testing.T) {
	header := map[string]string{
		"Authorization": signed("s3"), "x-amz-meta-Colour": "red", "X-Amz-Meta-a-b": "c, d", "Content-Type": "text/plain", "Content-Encoding": "gzip",
		"If-None-Match": "*", "x-amz-tagging": "a=b", "Expires": "never", "x-amz-object-lock-retain-until-date": "2026-11-01T12:00:00.000Z",
	}
	in, failure := decodeS3(t, address{"PUT", "", "/b/k", header, "the body is not looked at"})
	want := &s3api.PutObjectRequest{
		Bucket: ptr("b"), Key: ptr("k"), Metadata: map[string]string{"colour": "red", "a-b": "c, d"}, ContentType: ptr("text/plain"), ContentEncoding: ptr("gzip"),
		IfNoneMatch: ptr("*"), Tagging: ptr("a=b"), Expires: ptr("never"), ObjectLockRetainUntilDate: ptr(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)),
	}
	if failure != nil || !reflect.DeepEqual(in, want) {
		t.Errorf("got %+v, %v", in, failure)
	}
}

func TestArgumentsOfTheWrongType(t *testing.T) {
	for target, want := range map[string]string{
		"/b?max-keys=x":           "InvalidArgument: Provided max-keys not an integer or within integer range max-keys x",
		"/b?max-keys=99999999999": "InvalidArgument: Provided max-keys not an integer or within integer range max-keys 99999999999",
		"/b/k?partNumber=":        "InvalidArgument: Provided partNumber not an integer or within integer range partNumber ",
		"/b/%FF":                  "InvalidURI: Couldn't parse the specified URI.",
	} {
		_, failure := decodeS3(t, address{"GET", "", target, forS3, ""})
		if failure == nil || failure.Status != 400 {
			t.Errorf("%s: %v", target, failure)
			continue
		}
		got := failure.Error()
		if name, ok := failure.Members["ArgumentName"]; ok {
			got += " " + name.(string) + " " + failure.Members["ArgumentValue"].(string)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
}

func TestS3Answers(t *testing.T) {
	codec := NewRouter([]*api.Service{s3api.Service}).For(api.RESTXML)
	const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	when := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		operation *api.Operation
		out       any
		status    int
		body      string
		header    map[string]string
	}{
		"a list: times always have milliseconds": {s3api.ListBuckets.Operation, &s3api.ListBucketsOutput{Owner: &s3api.Owner{ID: ptr("i")}, Buckets: []s3api.Bucket{{Name: ptr("b"), CreationDate: &when}}}, 200,
			`<ListAllMyBucketsResult` + ns + `><Buckets><Bucket><CreationDate>2026-11-01T12:00:00.000Z</CreationDate><Name>b</Name></Bucket></Buckets><Owner><ID>i</ID></Owner></ListAllMyBucketsResult>`,
			map[string]string{"Content-Type": "application/xml"}},
		"flat lists": {s3api.ListObjectsV2.Operation, &s3api.ListObjectsV2Output{Name: ptr("b"), Prefix: ptr(""), KeyCount: ptr(int32(1)), Contents: []s3api.Object{{Key: ptr("a<b"), Size: ptr(int64(1)), ETag: ptr(`"e"`)}}, CommonPrefixes: []s3api.CommonPrefix{{Prefix: ptr("p/")}}}, 200,
			`<ListBucketResult` + ns + `><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><Contents><ETag>&quot;e&quot;</ETag><Key>a&lt;b</Key><Size>1</Size></Contents><KeyCount>1</KeyCount><Name>b</Name><Prefix></Prefix></ListBucketResult>`, nil},
		"the region of a bucket":   {s3api.GetBucketLocation.Operation, &s3api.GetBucketLocationOutput{LocationConstraint: ptr("eu-west-1")}, 200, `<LocationConstraint` + ns + `>eu-west-1</LocationConstraint>`, nil},
		"that of one in us-east-1": {s3api.GetBucketLocation.Operation, &s3api.GetBucketLocationOutput{}, 200, `<LocationConstraint` + ns + `></LocationConstraint>`, nil},
		"a payload names its root": {s3api.GetPublicAccessBlock.Operation, &s3api.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &s3api.PublicAccessBlockConfiguration{BlockPublicAcls: ptr(true)}}, 200, `<PublicAccessBlockConfiguration` + ns + `><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`, nil},
		"an attribute": {s3api.GetBucketAcl.Operation, &s3api.GetBucketAclOutput{Grants: []s3api.Grant{{Grantee: &s3api.Grantee{Type: ptr("Group"), URI: ptr("u")}, Permission: ptr("READ")}}}, 200,
			`<AccessControlPolicy` + ns + `><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`, nil},
		"a policy is JSON": {s3api.GetBucketPolicy.Operation, &s3api.GetBucketPolicyOutput{Policy: ptr(`{"a":"<"}`)}, 200, `{"a":"<"}`, map[string]string{"Content-Type": "application/json"}},
		"nothing":          {s3api.DeleteBucket.Operation, &api.Empty{}, 204, ``, map[string]string{"Content-Type": ""}},
		"headers only":     {s3api.PutObject.Operation, &s3api.PutObjectOutput{ETag: ptr(`"e"`), VersionId: ptr("v")}, 200, ``, map[string]string{"ETag": `"e"`, "x-amz-version-id": "v", "Content-Length": "0", "Content-Type": ""}},
		"HEAD: the object's own length": {s3api.HeadObject.Operation, &s3api.HeadObjectOutput{ContentLength: ptr(int64(7)), ContentType: ptr("text/plain"), LastModified: &when, Metadata: map[string]string{"a": "b"}}, 200, ``,
			map[string]string{"Content-Length": "7", "Content-Type": "text/plain", "Last-Modified": "Sun, 01 Nov 2026 12:00:00 GMT", "x-amz-meta-a": "b"}},
		"HEAD of a part":   {s3api.HeadObject.Operation, &s3api.HeadObjectOutput{ContentLength: ptr(int64(2)), ContentRange: ptr("bytes 0-1/7")}, 206, ``, map[string]string{"Content-Length": "2", "Content-Range": "bytes 0-1/7"}},
		"HEAD of a bucket": {s3api.HeadBucket.Operation, &s3api.HeadBucketOutput{BucketRegion: ptr("eu-west-1")}, 200, ``, map[string]string{"x-amz-bucket-region": "eu-west-1", "Content-Length": ""}},
		"an object":        {s3api.GetObject.Operation, &s3api.GetObjectOutput{Body: newStreamed([]byte("hello")), ContentType: ptr("text/plain")}, 200, `hello`, map[string]string{"Content-Length": "5", "Content-Type": "text/plain"}},
		"a part of one":    {s3api.GetObject.Operation, &s3api.GetObjectOutput{Body: newStreamed([]byte("he")), ContentRange: ptr("bytes 0-1/5")}, 206, `he`, map[string]string{"Content-Length": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := codec.Encode(w, c.operation, testRequestID, c.out); err != nil {
				t.Fatal(err)
			}
			body := strings.TrimPrefix(w.Body.String(), xmlDeclaration)
			if w.Code != c.status || body != c.body {
				t.Errorf("got  %d %s\nwant %d %s", w.Code, body, c.status, c.body)
			}
			for k, want := range c.header {
				got := w.Header().Get(k)
				if strings.HasPrefix(k, "x-amz-meta-") {
					got = strings.Join(w.Header()[k], ",") // in small letters, as S3 writes them
				}
				if got != want {
					t.Errorf("header %s is %q, want %q", k, got, want)
				}
			}
			if w.Header().Get("x-amz-request-id") != testRequestID || w.Header().Get("x-amz-id-2") == "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestErrorsOfS3(t *testing.T) {
	codec := NewRouter([]*api.Service{s3api.Service}).For(api.RESTXML)
	noKey := s3api.NewNoSuchKey("The specified key does not exist.")
	noKey.Members = map[string]any{"Key": "a&b"}
	ids := "<RequestId>" + testRequestID + "</RequestId><HostId>" + hostID(testRequestID) + "</HostId></Error>"
	for name, c := range map[string]struct {
		operation *api.Operation
		e         *api.Error
		status    int
		body      string
		header    map[string]string
	}{
		"one with its own member": {s3api.GetObject.Operation, noKey, 404, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key>" + ids, map[string]string{"Content-Type": "application/xml"}},
		"no operation":            {nil, api.Newf(405, "MethodNotAllowed", "no"), 405, "<Error><Code>MethodNotAllowed</Code><Message>no</Message>" + ids, nil},
		"HEAD":                    {s3api.HeadObject.Operation, noKey, 404, "", map[string]string{"Content-Type": "application/xml", "Content-Length": ""}},
		"not modified":            {s3api.GetObject.Operation, &api.Error{Code: "NotModified", Status: 304, Headers: map[string]string{"ETag": `"e"`}}, 304, "", map[string]string{"ETag": `"e"`, "Content-Type": ""}},
		"look elsewhere":          {s3api.GetObject.Operation, &api.Error{Code: "PermanentRedirect", Status: 301, Message: "x", Headers: map[string]string{"x-amz-bucket-region": "eu-west-1"}}, 301, "<Error><Code>PermanentRedirect</Code><Message>x</Message>" + ids, map[string]string{"x-amz-bucket-region": "eu-west-1"}},
		"a fault of ours":         {nil, &api.Error{Code: "InternalFailure", Status: 500, Message: "x"}, 500, "<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message>" + ids, nil},
		"without a status":        {nil, &api.Error{Code: "X", NullMessage: true}, 500, "<Error><Code>X</Code>" + ids, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			codec.EncodeError(w, s3api.Service, c.operation, testRequestID, c.e)
			if body := strings.TrimPrefix(w.Body.String(), xmlDeclaration); w.Code != c.status || body != c.body {
				t.Errorf("got  %d %s\nwant %d %s", w.Code, body, c.status, c.body)
			}
			for k, want := range c.header {
				got := w.Header().Get(k)
				if strings.HasPrefix(k, "x-amz-meta-") {
					got = strings.Join(w.Header()[k], ",") // in small letters, as S3 writes them
				}
				if got != want {
					t.Errorf("header %s is %q, want %q", k, got, want)
				}
			}
			if w.Header().Get("x-amz-request-id") != testRequestID {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}
