package lambda

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
)

// givenCORS is a configuration that says something; one that does not takes away
// what there was.
func givenCORS(c *lambdaapi.Cors) *lambdaapi.Cors {
	if c == nil || reflect.ValueOf(*c).IsZero() {
		return nil
	}
	return c
}

// crossOrigin gives the headers that the configuration of a URL adds to answers,
// none for pages that it does not name (AWS Lambda guide, "CORS for function URLs";
// how AWS answers those pages is not documented: without a header the browser
// refuses). The function may add such headers itself, but these count.
func crossOrigin(c *lambdaapi.Cors, p op.Preflight) map[string]string {
	every := slices.Contains(c.AllowOrigins, "*")
	if p.Origin == "" || !every && !slices.Contains(c.AllowOrigins, p.Origin) {
		return nil
	}
	headers := map[string]string{"Access-Control-Allow-Origin": p.Origin, "Vary": "Origin"}
	if every {
		headers["Access-Control-Allow-Origin"] = "*"
	}
	if c.GetAllowCredentials() {
		headers["Access-Control-Allow-Credentials"] = "true"
	}
	add := func(name string, list []string) {
		if len(list) > 0 {
			headers[name] = strings.Join(list, ",")
		}
	}
	if p.Actual {
		add("Access-Control-Expose-Headers", c.ExposeHeaders)
		return headers
	}
	add("Access-Control-Allow-Methods", c.AllowMethods)
	add("Access-Control-Allow-Headers", c.AllowHeaders)
	if c.MaxAge != nil {
		headers["Access-Control-Max-Age"] = strconv.Itoa(int(*c.MaxAge))
	}
	return headers
}
