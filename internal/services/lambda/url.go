package lambda

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
)

// functionURL is the stored URL of a function or of one of its aliases. Its id
// never changes; a deleted one never comes back.
type functionURL struct {
	ID, AuthType string
	// Mode is the InvokeMode, empty where none was given.
	Mode              string          `json:",omitempty"`
	Cors              *lambdaapi.Cors `json:",omitempty"`
	Created, Modified time.Time
}

// streaming is the InvokeMode of URLs whose answers come while the function runs.
const streaming = "RESPONSE_STREAM"

// urlIDLength and urlIDLetters are the form of URL ids (facts:
// lambda-permissions.md section 9).
const (
	urlIDLength  = 32
	urlIDLetters = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// newURLID makes an id that nobody can guess: knowing it is not a right, but an
// address that was never told should not be found.
func newURLID() string {
	// Whatever is not below the largest multiple of the number of letters would
	// make some of them likelier.
	const even = 256 - 256%len(urlIDLetters)
	made := make([]byte, 0, urlIDLength)
	for raw := make([]byte, urlIDLength); ; {
		_, _ = rand.Read(raw) // never fails: it ends the process instead
		for _, b := range raw {
			if int(b) < even {
				made = append(made, urlIDLetters[int(b)%len(urlIDLetters)])
			}
			if len(made) == urlIDLength {
				return string(made)
			}
		}
	}
}

// urlLabel stands between id and region in the host of a function URL.
const urlLabel = ".lambda-url."

// urlAddress is the address of a URL, by the way in which the client asks for it:
// one that leads to this server. AWS's own is of on.aws.
func urlAddress(o op.Origin, id, region string) string {
	scheme := "http://"
	if o.Secure {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(o.Host)
	if err != nil {
		host, port = strings.Trim(o.Host, "[]"), ""
	} else {
		port = ":" + port
	}
	address, failed := netip.ParseAddr(host)
	switch {
	case host == "" || host == "amazonaws.com" || strings.HasSuffix(host, ".amazonaws.com"):
		return "https://" + id + urlLabel + region + ".on.aws/"
	case failed != nil:
	case address.IsLoopback():
		host = "localhost"
	default:
		// No name below an address: the path form.
		return scheme + o.Host + op.FunctionURLPath + id + "/"
	}
	return scheme + id + urlLabel + region + "." + host + port + "/"
}

// urlKey is the key of the URL of a function or alias, urlOwner the way back.
func urlKey(r ref) string { return r.part(settingsName(r.qualifier)) }

func urlOwner(key string) ref {
	r := keyRef(key)
	if r.qualifier == latest {
		r.qualifier = ""
	}
	return r
}

// urlIndex finds function URLs by their ids.
type urlIndex struct {
	mu   sync.RWMutex
	byID map[string]knownURL
}

// knownURL is a URL and what it is of: a function, or with a qualifier an alias.
type knownURL struct {
	of ref
	*functionURL
}

func newURLIndex() *urlIndex { return &urlIndex{byID: map[string]knownURL{}} }

// shown follows the table of URLs.
func (x *urlIndex) shown(key string, old, now *functionURL) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if old != nil {
		delete(x.byID, old.ID)
	}
	if now != nil {
		x.byID[now.ID] = knownURL{urlOwner(key), now}
	}
}

func (x *urlIndex) find(id string) (knownURL, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	u, ok := x.byID[id]
	return u, ok
}

// urlService is the API of function URLs themselves: Lambda's state, under a name
// of its own.
type urlService struct{ lambda *Service }

// URLs are function URLs as a service of the bus.
func (s *Service) URLs() op.Service { return urlService{s} }

// FunctionURL implements op.FunctionURLs.
func (u urlService) FunctionURL(id, region string) (op.FunctionURL, bool) {
	known, ok := u.lambda.urls.find(id)
	if !ok || region != "" && region != known.of.region {
		return op.FunctionURL{}, false
	}
	out := op.FunctionURL{Account: known.of.account, Region: known.of.region, AuthType: known.AuthType}
	if known.Cors != nil {
		out.Share = func(p op.Preflight) map[string]string { return crossOrigin(known.Cors, p) }
	}
	return out, true
}

// forbidden is the text of every refusal of a request to a function URL (recorded
// from AWS in November 2025).
const forbidden = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"

// WordDenial implements op.Wording: the client learns nothing of policies.
func (urlService) WordDenial(string, string, bool) string { return forbidden }

var (
	_ op.FunctionURLs = urlService{}
	_ op.Wording      = urlService{}
)

// typeOfURL is the AuthType that a URL has after a request.
func typeOfURL(given *string, u *functionURL) string {
	switch {
	case given != nil:
		return *given
	case u != nil:
		return u.AuthType
	}
	return ""
}

// isPublic says whether unsigned requests are looked at.
func (u *functionURL) isPublic() bool { return u.AuthType == functionurlapi.None }

// API implements op.Service.
func (urlService) API() *api.Service { return functionurlapi.Service }

// Resource implements op.Service: what URLs are judged on is Lambda's.
func (urlService) Resource(_, _ string) op.Facts { return op.Facts{} }

// Start and Close implement op.Service: Lambda does the work.
func (urlService) Start(context.Context, *op.Bus) error { return nil }

// Close implements op.Service.
func (urlService) Close() error { return nil }
