package edge

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/sallyport/sallyport/internal/op"
)

// TestCrossOrigin: the service says what a page may do, whoever asks; no other
// service has a door for pages.
func TestCrossOrigin(t *testing.T) {
	w, p := s3World(t)
	ask := func(method, path string, header map[string]string) (int, http.Header, string) {
		r, err := http.NewRequest(method, w.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			r.Header.Set(name, value)
		}
		return w.do(r)
	}
	page := map[string]string{"Origin": "https://page.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-acl, content-type"}
	if status, h, body := ask("OPTIONS", "/bucket/a/b", page); status != 403 || s3Failed(body) != "AccessForbidden" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %s", status, body)
	}
	p.cors = func(op.Preflight) (map[string]string, error) {
		return map[string]string{"Access-Control-Allow-Origin": "https://page.example", "Vary": "Origin"}, nil
	}
	p.asked = nil
	if status, h, body := ask("OPTIONS", "/bucket/a/b", page); status != 200 || body != "" || h.Get("Access-Control-Allow-Origin") != "https://page.example" {
		t.Errorf("got %d %v %s", status, h, body)
	}
	want := op.Preflight{Bucket: "bucket", Origin: "https://page.example", Method: "PUT", Headers: []string{"x-amz-acl", "content-type"}}
	if len(p.asked) != 1 || fmt.Sprint(p.asked[0]) != fmt.Sprint(want) {
		t.Errorf("asked %+v", p.asked)
	}
	// The page's request: denied as any other, and the page may read so.
	p.asked = nil
	if status, h, _ := ask("GET", "/bucket/a/b", map[string]string{"Origin": "https://page.example"}); status != 403 || h.Get("Access-Control-Allow-Origin") != "https://page.example" {
		t.Errorf("got %d %v", status, h)
	}
	if len(p.asked) != 1 || !p.asked[0].Actual || p.asked[0].Method != "GET" {
		t.Errorf("asked %+v", p.asked)
	}
	for _, c := range []struct{ method, path string }{
		{"OPTIONS", "/2015-03-31/functions"}, {"OPTIONS", "/"}, {"GET", "/2015-03-31/functions"}, {"GET", "/"},
	} {
		p.asked = nil
		if status, h, _ := ask(c.method, c.path, page); status < 400 || h.Get("Access-Control-Allow-Origin") != "" || len(p.asked) != 0 {
			t.Errorf("%s %s: got %d %v", c.method, c.path, status, h)
		}
	}
	if w.noted() != nil {
		t.Error("a page's question ran a handler")
	}
}
