package wire

import (
	"net/http"
	"strings"
)

// scopeService is the service a request says it was signed for, empty when it
// says none. It only helps to route: whether the signature is right, and meant
// for what was routed, is checked elsewhere.
func scopeService(r *http.Request) string {
	credential := ""
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(rest, ",")
		credential, _, _ = strings.Cut(credential, " ")
	} else if strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(credential, "/")
	if n := len(parts); n >= 4 && parts[n-1] == "aws4_request" {
		return parts[n-2]
	}
	return ""
}
