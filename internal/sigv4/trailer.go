package sigv4

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

const trailerSignature = "x-amz-trailer-signature"

// trailers reads what follows the last chunk: the trailer that the headers
// named and no other, the last one where it came more than once, and the
// signature over it. The empty line at the end may be missing.
func (c *chunked) trailers() error {
	came := map[string]string{}
	for range limits.Trailers {
		line, err := c.line()
		if err != nil && err != io.EOF {
			return broken(err)
		}
		if line == "" {
			return c.finish(came)
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return errTrailer()
		}
		came[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return errTrailer()
}

// finish checks the trailers and gives io.EOF when all is right.
func (c *chunked) finish(came map[string]string) error {
	given, signed := came[trailerSignature]
	delete(came, trailerSignature)
	if c.p.signed && (!signed || c.p.trailer == "") {
		return errIncomplete() // seen of AWS
	}
	if !c.promised(came) {
		return errTrailer()
	}
	if c.p.signed {
		if failure := c.p.chain.trailer(canonicalTrailers(came), given); failure != nil {
			return failure
		}
	} else if signed {
		return errTrailer()
	}
	if len(came) > 0 {
		c.out.Trailers = came
	}
	return c.done()
}

// promised says whether exactly the trailer that the headers name has come.
func (c *chunked) promised(came map[string]string) bool {
	if c.p.trailer == "" {
		return len(came) == 0
	}
	_, ok := came[c.p.trailer]
	return ok && len(came) == 1
}

// canonicalTrailers is "name:value\n" for each, by name.
func canonicalTrailers(came map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(came)) {
		b.WriteString(name + ":" + came[name] + "\n")
	}
	return b.String()
}

func errTrailer() *api.Error {
	return s3Error(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
