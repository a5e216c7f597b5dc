package s3

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/op"
)

var _ op.CrossOrigin = (*Service)(nil)

// Preflight implements op.CrossOrigin: the first rule that fits counts
// ("How does Amazon S3 evaluate the CORS configuration on a bucket?").
func (s *Service) Preflight(p op.Preflight) (map[string]string, error) {
	if p.Origin == "" {
		return nil, api.Newf(400, "BadRequest", "Insufficient information. Origin request header needed.")
	}
	b := s.buckets.Get(p.Bucket)
	if b == nil || len(b.CORS) == 0 {
		return nil, forbidden(p, "CORSResponse: CORS is not enabled for this bucket.")
	}
	for i := range b.CORS {
		if headers := allowed(&b.CORS[i], p); headers != nil {
			return headers, nil
		}
	}
	return nil, forbidden(p, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.")
}

func forbidden(p op.Preflight, text string) error {
	return with(api.Newf(403, "AccessForbidden", "%s", text), "Method", p.Method, "ResourceType", "BUCKET")
}

// allowed is what a rule lets a page have, nil for nothing.
func allowed(r *s3api.CORSRule, p op.Preflight) map[string]string {
	origin := fitting(r.AllowedOrigins, p.Origin)
	if origin == "" || !isOneOf(p.Method, r.AllowedMethods) {
		return nil
	}
	for _, h := range p.Headers {
		if fitting(lowered(r.AllowedHeaders), strings.ToLower(h)) == "" {
			return nil
		}
	}
	headers := map[string]string{
		"Access-Control-Allow-Origin": p.Origin, "Access-Control-Allow-Methods": strings.Join(r.AllowedMethods, ", "),
		"Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
	}
	if origin == "*" {
		headers["Access-Control-Allow-Origin"] = "*"
	} else {
		headers["Access-Control-Allow-Credentials"] = "true"
	}
	if len(p.Headers) > 0 {
		headers["Access-Control-Allow-Headers"] = strings.ToLower(strings.Join(p.Headers, ", "))
	}
	if len(r.ExposeHeaders) > 0 {
		headers["Access-Control-Expose-Headers"] = strings.Join(r.ExposeHeaders, ", ")
	}
	if r.MaxAgeSeconds != nil {
		headers["Access-Control-Max-Age"] = strconv.Itoa(int(*r.MaxAgeSeconds))
	}
	return headers
}

// fitting is the pattern, with at most one asterisk, that fits a text.
func fitting(patterns []string, text string) string {
	for _, p := range patterns {
		head, tail, wild := strings.Cut(p, "*")
		if p == text || wild && len(text) >= len(head)+len(tail) && strings.HasPrefix(text, head) && strings.HasSuffix(text, tail) {
			return p
		}
	}
	return ""
}

func lowered(all []string) []string {
	var low []string
	for _, one := range all {
		low = append(low, strings.ToLower(one))
	}
	return low
}
