package lambda

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	"github.com/sallyport/sallyport/internal/op"
)

// httpEvent is what a function gets of a request to its URL: payload format 2.0
// (AWS Lambda guide, "Invoking Lambda function URLs").
type httpEvent struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	Query          map[string]string `json:"queryStringParameters,omitempty"`
	Context        httpContext       `json:"requestContext"`
	Body           *string           `json:"body,omitempty"`
	Base64         bool              `json:"isBase64Encoded"`
}

type httpContext struct {
	AccountID    string          `json:"accountId"`
	APIID        string          `json:"apiId"`
	Authorizer   *httpAuthorizer `json:"authorizer,omitempty"`
	DomainName   string          `json:"domainName"`
	DomainPrefix string          `json:"domainPrefix"`
	HTTP         httpDetails     `json:"http"`
	RequestID    string          `json:"requestId"`
	RouteKey     string          `json:"routeKey"`
	Stage        string          `json:"stage"`
	Time         string          `json:"time"`
	TimeEpoch    int64           `json:"timeEpoch"`
}

type httpDetails struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type httpAuthorizer struct {
	IAM httpCaller `json:"iam"`
}

// httpCaller is who signed the request; the members without a value are null.
type httpCaller struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"`
	PrincipalOrgID  *string `json:"principalOrgId"`
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// onlyRoute is the name of the one route and the one stage of a function URL.
const onlyRoute = "$default"

// urlEvent is the payload of an invoke through a URL. AWS documents whose account
// accountId is, the function owner's, and sends "anonymous" where nobody signed
// (seen in published events).
func urlEvent(c *op.Call, in *functionurlapi.Request, u knownURL, trace string) ([]byte, error) {
	e := httpEvent{
		Version: "2.0", RouteKey: onlyRoute, RawPath: in.Path, RawQueryString: in.Query,
		Headers: urlHeaders(in.Header), Cookies: cookies(in.Header), Query: queryOf(in.Query),
		Context: httpContext{
			AccountID: "anonymous", APIID: in.ID, DomainName: in.Domain, DomainPrefix: in.ID, RequestID: c.RequestID, RouteKey: onlyRoute, Stage: onlyRoute,
			Time: c.Time.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: c.Time.UnixMilli(),
			HTTP: httpDetails{Method: in.Method, Path: in.Path, Protocol: in.Protocol, SourceIP: c.Origin.SourceIP, UserAgent: c.Origin.UserAgent},
		},
	}
	e.Headers["x-amzn-trace-id"], _, _ = strings.Cut(trace, ";")
	if !u.isPublic() {
		e.Context.AccountID = u.of.account
		e.Context.Authorizer = &httpAuthorizer{httpCaller{
			AccessKey: c.Caller.Key().AccessKeyID, AccountID: c.Caller.Account(), CallerID: c.Caller.ID(), UserARN: c.Caller.ARN(), UserID: c.Caller.ID(),
		}}
	}
	if len(in.Body) > 0 {
		text := string(in.Body)
		if e.Base64 = !isText(in.Header.Get("Content-Type")) || !utf8.Valid(in.Body); e.Base64 {
			text = base64.StdEncoding.EncodeToString(in.Body)
		}
		e.Body = &text
	}
	return json.Marshal(e)
}

// urlHeaders are the headers by their names in lower case, several of one name
// joined by commas, but for cookies, which have a member of their own.
func urlHeaders(all http.Header) map[string]string {
	joined := make(map[string]string, len(all)+1)
	for name, values := range all {
		if name != "Cookie" {
			joined[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return joined
}

func cookies(h http.Header) (all []string) {
	for _, line := range h.Values("Cookie") {
		for one := range strings.SplitSeq(line, ";") {
			if one = strings.TrimSpace(one); one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// queryOf are the decoded parameters, several of one name joined by commas in the
// order in which they came. What does not decode is left as it came.
func queryOf(raw string) map[string]string {
	all := map[string]string{}
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		name, value = unescaped(name), unescaped(value)
		if before, ok := all[name]; ok {
			value = before + "," + value
		}
		all[name] = value
	}
	return all
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// isText says whether a body of a content type is put into the event as it is.
// Everything else is binary to AWS, a form too, and a body without a type (seen in
// published events; AWS has no list).
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml") ||
		slices.Contains([]string{jsonContent, "application/javascript", "application/xml"}, kind)
}
