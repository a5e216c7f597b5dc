package wire

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/api"
)

// agree checks what every decoder promises: an input or an error, never both,
// and an error that a client can be shown.
func agree(t *testing.T, in any, failure *api.Error) {
	t.Helper()
	if (in == nil) == (failure == nil) {
		t.Fatalf("input %v and error %v", in, failure)
	}
	if failure != nil && (failure.Status < 400 || failure.Status > 499 || failure.Code == "" || !utf8.ValidString(failure.Message) || len(failure.Message) > 1<<20) {
		t.Fatalf("a strange error: %+v", failure)
	}
}

// FuzzJSON holds our reader against encoding/json's: both must call the same
// texts JSON, but for what we refuse on purpose.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"Text":"a\u00e9\ud83d\ude00\n","Int":1,"Double":-1.5e-3,"Bool":true,"Blob":"aGk=","When":1700000000}`,
		`{"List":["a"],"Map":{"a":"b"},"Structs":[{"Name":"a"}],"Inner":{"Items":[{"Name":"b"}]}}`, `{"a":[1,[2,{"b":null}]]}`, `{"Text":1}`, `[`, `{"Text":"\`,
	} {
		f.Add([]byte(s))
	}
	service := everythingService(api.JSON11)
	router := NewRouter([]*api.Service{service})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := request{header: map[string]string{"X-Amz-Target": "Everything.Do"}}.http()
		route, _ := router.Route(r, body)
		in, failure := router.For(api.JSON11).Decode(r, route, body)
		agree(t, in, failure)
		if len(body) == 0 {
			return
		}
		valid := json.Valid(body) && utf8.Valid(body)
		if failure == nil && !valid {
			t.Fatalf("%q was read, and is not JSON", body)
		}
		if failure != nil && valid && strings.Contains(failure.Message, " at line: ") && !strings.HasPrefix(failure.Message, "Values are nested") {
			t.Fatalf("%q was called broken: %v", body, failure)
		}
		if failure == nil {
			roundTrip(t, router, service, in)
		}
	})
}

// roundTrip writes an input as an output and reads it again.
func roundTrip(t *testing.T, router *Router, service *api.Service, in any) {
	w := httptest.NewRecorder()
	codec := router.For(service.Protocol)
	if err := codec.Encode(w, service.Operations[0], "id", in); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(w.Body.Bytes()) {
		t.Fatalf("not JSON: %s", w.Body)
	}
	r := request{header: map[string]string{"X-Amz-Target": "Everything.Do"}}.http()
	route, _ := router.Route(r, w.Body.Bytes())
	again, failure := codec.Decode(r, route, w.Body.Bytes())
	if failure != nil {
		t.Fatalf("%s: %v", w.Body, failure)
	}
	if !reflect.DeepEqual(in, again) && !strings.Contains(w.Body.String(), "NaN") && in.(*everything).When == nil {
		t.Fatalf("%+v became %+v by way of %s", in, again, w.Body)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"Text=a&Int=1&Bool=true", "List.member.1=a&List.member.2=b", "Map.entry.1.key=a&Map.entry.1.value=b", "Structs.member.1.Items.member.1.Name=b", "Flat.1=a", "List=", "Text.x=1", "%zz", "a=b=c&&&=", "List.member.99999999999=1",
	} {
		f.Add(s, "Action=Do&Version=1")
		f.Add("Action=Do&"+s, "")
	}
	router := NewRouter([]*api.Service{everythingService(api.Query)})
	f.Fuzz(func(t *testing.T, body, query string) {
		r := request{header: map[string]string{"Content-Type": formType}}.http()
		r.URL.RawQuery = query
		route, failure := router.Route(r, []byte(body))
		if failure != nil {
			agree(t, nil, failure)
			return
		}
		if route.Operation == nil {
			agree(t, nil, router.Unknown(route, r))
			return
		}
		in, failure := router.For(api.Query).Decode(r, route, []byte(body))
		agree(t, in, failure)
		w := httptest.NewRecorder()
		if failure == nil {
			if err := router.For(api.Query).Encode(w, route.Operation, "id", in); err != nil {
				t.Fatal(err)
			}
			readElement(t, xmlDecoder(w.Body), &xmlNode{})
			return
		}
		router.For(api.Query).EncodeError(w, route.Service, route.Operation, "id", failure)
		readElement(t, xmlDecoder(w.Body), &xmlNode{})
	})
}

// FuzzParams holds the sorted parameters against a plain reading of them.
func FuzzParams(f *testing.F) {
	f.Add("a.b=1&a=2&a.c.d=3&a-b=4&ab=5&a.b=6&.=7&=8&..=9")
	f.Fuzz(func(t *testing.T, body string) {
		r := request{header: map[string]string{"Content-Type": formType}}.http()
		given, failure := parseParams(r, []byte(body))
		if failure != nil {
			return
		}
		want := map[string]string{}
		for pair := range strings.SplitSeq(body, "&") {
			if p, _ := parsePair(pair); pair != "" {
				if _, twice := want[p.key]; !twice {
					want[p.key] = p.value
				}
			}
		}
		seen := 0
		for key, value := range want {
			part := given
			for name := range strings.SplitSeq(key, ".") {
				part = part.child(name)
			}
			if got, ok := part.value(); !ok || got != value {
				t.Errorf("%q is %q %v, want %q", key, got, ok, value)
			}
			seen++
		}
		if seen != len(given.all) {
			t.Errorf("%d parameters became %d", len(want), len(given.all))
		}
	})
}

func FuzzREST(f *testing.F) {
	f.Add("/do/l", "flag=true&keys=a", "h", "Sun, 01 Nov 2026 12:00:00 GMT", []byte(`{"Text":"a"}`))
	f.Add("/do/%2F", "%zz", "", "", []byte(`{`))
	router := NewRouter([]*api.Service{everythingService(api.RESTJSON)})
	f.Fuzz(func(t *testing.T, path, query, header, date string, body []byte) {
		r := request{}.http()
		r.URL = &url.URL{Path: path, RawPath: path, RawQuery: query}
		r.Header.Set("X-Header", header)
		r.Header.Set("X-Date", date)
		r.Header.Set("Authorization", header)
		router.BodyLimit(r)
		route, failure := router.Route(r, body)
		if failure != nil || route.Operation == nil {
			return
		}
		in, failure := router.For(api.RESTJSON).Decode(r, route, body)
		agree(t, in, failure)
	})
}
