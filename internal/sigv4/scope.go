package sigv4

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

const terminator = "aws4_request"

// globalRegion is where the calls of global services happen.
const globalRegion = "us-east-1"

// scope is a credential: the key, and what its signature is good for.
type scope struct{ accessKeyID, date, region, service string }

// scope reads the credential and checks it against the date and what was
// routed. All that is wrong is told in one text.
func (a *authorization) scope(e Expect) (scope, *Failure) {
	parts := strings.Split(a.credential, "/")
	if len(parts) != 5 {
		return scope{}, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", a.credential).inS3(a.errCredential(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`))
	}
	s := scope{accessKeyID: parts[0], date: parts[1], region: parts[2], service: parts[3]}
	var wrong strings.Builder
	if !validRegion(s.region) || e.Region != "" && s.region != e.Region {
		wrong.WriteString(wrongRegion(e.Service, s.region))
	}
	if e.Service == nil || s.service != e.Service.SigningName {
		fmt.Fprintf(&wrong, "Credential should be scoped to correct service: '%s'. ", signingName(e.Service))
	}
	if parts[4] != terminator {
		fmt.Fprintf(&wrong, "Credential should be scoped with a valid terminator: '%s', not '%s'. ", terminator, parts[4])
	}
	if day := a.time.Format("20060102"); s.date != day {
		fmt.Fprintf(&wrong, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'. ", s.date, day, format(a.time))
	}
	if wrong.Len() > 0 {
		return scope{}, mismatch("%s", wrong.String()).inS3(a.errScope(s, parts[4]))
	}
	return s, nil
}

func signingName(s *api.Service) string {
	if s == nil {
		return ""
	}
	return s.SigningName
}

// wrongRegion is worded as recorded: STS leaves out the region since 2026.
func wrongRegion(s *api.Service, region string) string {
	if speaksQuery(s) {
		return "Credential should be scoped to a valid region. "
	}
	return fmt.Sprintf("Credential should be scoped to a valid region, not '%s'. ", region)
}

// callRegion is the region of the call.
func (s scope) callRegion(service *api.Service) string {
	if service.Global {
		return globalRegion
	}
	return s.region
}

// validRegion says whether a name has the form of a region of the partition
// "aws": us-east-1. Those of other partitions (cn-north-1, us-gov-west-1) do
// not: their ARNs would be of another partition too. The form is that of
// botocore's partitions.json.
func validRegion(region string) bool {
	area, rest, _ := strings.Cut(region, "-")
	switch area {
	case "us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx":
	default:
		return false
	}
	place, number, ok := strings.Cut(rest, "-")
	return ok && within(place, 'a', 'z') && within(number, '0', '9') && len(region) <= len("ap-southeast-99")
}

func within(s string, low, high byte) bool {
	for i := range len(s) {
		if s[i] < low || s[i] > high {
			return false
		}
	}
	return s != ""
}
