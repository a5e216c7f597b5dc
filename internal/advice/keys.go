package advice

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// multivalued are the condition keys that AWS calls multivalued, of those a
// person may want to give ("AWS global condition context keys", and the pages
// of Lambda and STS in the Service Authorization Reference).
var multivalued = []string{
	"aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist", "aws:resourceorgpaths", "aws:sourceorgpaths", "aws:tagkeys",
	"lambda:layer", "lambda:securitygroupids", "lambda:subnetids", "sts:transitivetagkeys",
}

// SetKeys puts condition keys into a context in place of those it has: one with
// several values, or one that AWS calls multivalued, as a list; one without any
// value is taken away.
func SetKeys(c *policy.Context, keys map[string][]string) {
	for name, values := range keys {
		switch {
		case len(values) == 0:
			c.Delete(name)
		case len(values) > 1 || slices.Contains(multivalued, strings.ToLower(name)):
			c.SetList(name, values)
		default:
			c.Set(name, values[0])
		}
	}
}
