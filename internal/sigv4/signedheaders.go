package sigv4

import (
	"net/http"
	"slices"
	"strings"
)

// coversMeaning refuses a signature that leaves out the host, or a header that
// changes what the request asks for: whoever sees such a request could send it
// elsewhere or make it another one.
//
// AWS's rule is that the host and every x-amz-* header are signed; its text is
// known for the host only (in this form since 2022), and is used for the others
// too. S3 names all that are left out.
func (a *authorization) coversMeaning(h http.Header) *Failure {
	if !a.signs("host") {
		return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.").inS3(errNotSigned("host"))
	}
	var left []string
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-") && !signedAnyway(name) && !a.signs(strings.ToLower(name)) {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		return nil
	}
	slices.Sort(left)
	return mismatch("'%s' must be a 'SignedHeader' in the AWS Authorization.", left[0]).inS3(errNotSigned(strings.ToLower(strings.Join(left, ", "))))
}

// signedAnyway are headers that are part of what is signed without being listed
// (date and body hash), or that nothing here reads.
func signedAnyway(name string) bool {
	return name == "X-Amz-Date" || name == "X-Amz-Content-Sha256" || name == "X-Amz-User-Agent"
}

// signs says whether the list of signed headers has name, in lower case.
func (a *authorization) signs(name string) bool {
	for rest := a.signedHeaders; rest != ""; {
		var one string
		if one, rest, _ = strings.Cut(rest, ";"); one == name {
			return true
		}
	}
	return false
}
