package wire

import (
	"bytes"
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
)

// bodies are operations with payloads of every form, and an answer of the same
// structure where there is one.
var bodies = []struct {
	method, target string
	back           *api.Operation
	// out makes the answer from the input, to be read again.
	out func(in any) any
}{
	{"PUT", "/b?tagging", s3api.GetBucketTagging.Operation, func(in any) any {
		if t := in.(*s3api.PutBucketTaggingRequest).Tagging; t != nil {
			return &s3api.GetBucketTaggingOutput{TagSet: t.TagSet}
		}
		return nil
	}},
	{"PUT", "/b?lifecycle", s3api.GetBucketLifecycleConfiguration.Operation, func(in any) any {
		if c := in.(*s3api.PutBucketLifecycleConfigurationRequest).LifecycleConfiguration; c != nil {
			return &s3api.GetBucketLifecycleConfigurationOutput{Rules: c.Rules}
		}
		return nil
	}},
	{"PUT", "/b?acl", s3api.GetBucketAcl.Operation, func(in any) any {
		if p := in.(*s3api.PutBucketAclRequest).AccessControlPolicy; p != nil {
			return &s3api.GetBucketAclOutput{Grants: p.Grants, Owner: p.Owner}
		}
		return nil
	}},
	{"POST", "/b?delete", nil, nil},
	{"PUT", "/b?website", nil, nil},
	{"PUT", "/b?policy", nil, nil},
}

// FuzzXML reads bodies, writes what was read, and reads that again: it must be
// the same. What was read must also be XML to the standard library.
func FuzzXML(f *testing.F) {
	for _, s := range []string{
		`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`,
		`<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days><Date>2026-11-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>`,
		`<AccessControlPolicy><Owner><ID>i</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`,
		`<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>`,
		`<?xml version="1.0"?><!-- c --><Tagging><TagSet><![CDATA[ ]]></TagSet></Tagging>`, `<!DOCTYPE a><Tagging/>`, `<Tagging>`, `{}`, "<Tagging>\xff",
	} {
		for i := range bodies {
			f.Add(byte(i), []byte(s))
		}
	}
	router := NewRouter([]*api.Service{s3api.Service})
	codec := router.For(api.RESTXML)
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		q := bodies[int(which)%len(bodies)]
		r := address{q.method, "", q.target, forS3, ""}.http()
		route, _ := router.Route(r, nil)
		in, failure := codec.Decode(r, route, body)
		agree(t, in, failure)
		if failure != nil || len(body) == 0 || q.out == nil {
			return
		}
		if err := xml.Unmarshal(body, new(struct{})); err != nil {
			t.Fatalf("%q was read, and is not XML: %v", body, err)
		}
		w := httptest.NewRecorder()
		if err := codec.Encode(w, q.back, "id", q.out(in)); err != nil {
			t.Fatal(err)
		}
		again, failure := codec.Decode(r, route, w.Body.Bytes())
		if failure != nil {
			t.Fatalf("%s: %v", w.Body, failure.Cause)
		}
		once, twice := asXML(t, codec, q.back, q.out(in)), asXML(t, codec, q.back, q.out(again))
		if !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s", once, twice)
		}
	})
}

func asXML(t *testing.T, codec Codec, o *api.Operation, out any) []byte {
	w := httptest.NewRecorder()
	if err := codec.Encode(w, o, "id", out); err != nil {
		t.Fatal(err)
	}
	return w.Body.Bytes()
}

// FuzzS3Route asks of every address what must hold for all: an operation never
// has a subresource it does not know, what the router says before it read the
// body it also says after, and a key is the rest of the path.
func FuzzS3Route(f *testing.F) {
	f.Add("GET", "b.s3.localhost", "/a//b/../c", "acl", "s3")
	f.Add("DELETE", "127.0.0.1:4566", "/b", "policy&x-id=DeleteBucketPolicy", "")
	f.Add("PUT", "s3.eu-west-1.amazonaws.com", "/b/k%2F+", "partNumber=1&uploadId=u", "s3")
	f.Add("POST", "[::1]:80", "/123456789012/q", "Action=SendMessage", "sqs")
	f.Add("GET", "lambda.localhost", "/2015-03-31/functions", "", "lambda")
	f.Add("GET", ".localhost", "//", "%zz;&=", "s3")
	router := NewRouter(generated())
	f.Fuzz(func(t *testing.T, method, host, path, query, scope string) {
		r := request{method: "GET"}.http()
		plain, err := url.PathUnescape(path)
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		r.Method, r.Host, r.URL = method, host, &url.URL{Path: plain, RawPath: path, RawQuery: query}
		if scope != "" {
			r.Header.Set("Authorization", signed(scope))
		}
		streams, keeps := router.Streams(r), router.KeepsPath(r)
		router.BodyLimit(r)
		route, failure := router.Route(r, nil)
		if failure != nil {
			agree501(t, failure)
			return
		}
		isS3 := route.Service.ID == "s3"
		if route.Streams() != streams || keeps != isS3 {
			t.Fatalf("%s: streams %v then %v, keeps %v", route.Name, streams, route.Streams(), keeps)
		}
		if isS3 && scope != "" && scopeService(r) != "s3" && scopeService(r) != "" {
			t.Fatalf("signed for %s, and went to S3", scopeService(r))
		}
		if route.Operation == nil {
			agree501(t, router.Unknown(route, r))
			return
		}
		if isS3 {
			asksForNoMore(t, router, route, query)
			if key := route.Labels["Key"]; key != "" && !strings.HasSuffix(plain, key) {
				t.Fatalf("the key %q is not the end of %q", key, plain)
			}
		}
	})
}

// agree501 is agree for a refusal to route, which may also say that something is
// not implemented.
func agree501(t *testing.T, failure *api.Error) {
	t.Helper()
	if failure.Status == 501 {
		return
	}
	agree(t, nil, failure)
}

// asksForNoMore checks that every subresource in the query is the operation's.
func asksForNoMore(t *testing.T, router *Router, route Route, query string) {
	given, err := url.ParseQuery(query)
	if err != nil {
		t.Fatalf("%q was routed to %s", query, route.Name)
	}
	_, own, _ := strings.Cut(route.Operation.Path, "?")
	asked, _ := url.ParseQuery(own)
	p := (&plans{}).of(reflect.TypeOf(route.Operation.NewInput()).Elem())
	for name := range given {
		if !router.s3.buckets.names[name] || asked.Has(name) {
			continue
		}
		known := false
		for i := range p.fields {
			known = known || p.fields[i].in == inQuery && p.fields[i].name == name
		}
		if !known {
			t.Fatalf("%q was routed to %s", query, route.Name)
		}
	}
}
