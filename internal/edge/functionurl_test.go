package edge

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWhatIsAddressedToAURL: hosts and paths of that form, and no others. What has
// the form is never routed as anything else.
func TestWhatIsAddressedToAURL(t *testing.T) {
	id := strings.Repeat("a1", 16)
	for _, c := range []struct {
		target string
		ok     bool
		want   at
	}{
		{"http://" + id + ".lambda-url.us-east-1.localhost:4566/a/b?c", true, at{id, "us-east-1", id + ".lambda-url.us-east-1.localhost", "/a/b"}},
		{"http://" + id + ".lambda-url.us-east-1.on.aws", true, at{id, "us-east-1", id + ".lambda-url.us-east-1.on.aws", "/"}},
		{"http://" + strings.ToUpper(id) + ".Lambda-URL.US-East-1.localhost/", true, at{id, "us-east-1", id + ".lambda-url.us-east-1.localhost", "/"}},
		{"http://" + id + ".lambda-url.us-east-1.localhost/_sallyport/health", true, at{id, "us-east-1", id + ".lambda-url.us-east-1.localhost", "/_sallyport/health"}},
		{"http://" + id + ".lambda-url.us-east-1", false, at{}},
		{"http://" + id + ".lambda-url.us-east-1.", false, at{}},
		{"http://" + id + ".lambda-url.", false, at{}},
		{"http://" + id[1:] + ".lambda-url.us-east-1.localhost/", false, at{}},
		{"http://" + id[1:] + "-.lambda-url.us-east-1.localhost/", false, at{}},
		{"http://x." + id[2:] + ".lambda-url.us-east-1.localhost/", false, at{}},
		{"http://" + id + ".s3.us-east-1.localhost/", false, at{}},
		{"http://localhost/_sallyport/url/" + id + "/a//b/%2e%2e/c", true, at{id: id, path: "/a//b/%2e%2e/c"}},
		{"http://localhost/_sallyport/url/" + id, true, at{id: id, path: "/"}},
		{"http://localhost/_sallyport/url/" + id + "?a", true, at{id: id, path: "/"}},
		{"http://localhost/_sallyport/url/" + id[1:] + "/", true, at{}},
		{"http://localhost/_sallyport/url/../url/" + id + "/", true, at{}},
		// What is signed for one URL must not reach another one, nor another path.
		{"http://localhost/_sallyport/url/" + id + "/../" + strings.Repeat("b2", 16) + "/x", true, at{}},
		{"http://localhost/_sallyport/url/" + id + "/a/../../" + id + "/x", true, at{}},
		{"http://localhost/_sallyport/url/" + id + "/..", true, at{}},
		{"http://localhost/_sallyport/url/" + id + "/a/../b/.", true, at{id: id, path: "/a/../b/."}},
		{"http://localhost/_sallyport/url/" + id + "//", true, at{id: id, path: "//"}},
		{"http://localhost/_sallyport%2Furl/" + id + "/", true, at{}},
		{"http://localhost/_sallyport/url", false, at{}},
		{"http://localhost//_sallyport/url/" + id + "/", false, at{}},
		{"http://localhost/2015-03-31/functions", false, at{}},
	} {
		got, ok := addressed(httptest.NewRequest("GET", c.target, nil))
		if ok != c.ok || got != c.want {
			t.Errorf("%s: %+v, %v", c.target, got, ok)
		}
	}
}

func FuzzAddressed(f *testing.F) {
	id := strings.Repeat("a1", 16)
	f.Add(id+".lambda-url.us-east-1.localhost", "/")
	f.Add("localhost", "/_sallyport/url/"+id+"/%2e%2e/x")
	f.Fuzz(func(t *testing.T, host, path string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.RequestURI, r.URL.Path = host, path, path
		where, ok := addressed(r)
		if !ok && where != (at{}) || where.id != "" && (!isURLID(where.id) || !strings.HasPrefix(where.path, "/") && strings.HasPrefix(path, "/")) {
			t.Errorf("%q %q: %+v, %v", host, path, where, ok)
		}
	})
}
