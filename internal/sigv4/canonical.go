package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// appendCanonical appends the canonical request to b. ok is false when the list
// of signed headers is not in order: a canonical request has it sorted, without
// anything twice.
func appendCanonical(b []byte, r *http.Request, path pathRule, query []parameter, signedHeaders, payload string) (_ []byte, ok bool) {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = path(b, wirePath(r))
	b = append(b, '\n')
	b = appendQuery(b, query)
	b = append(b, '\n')
	last := ""
	for rest := signedHeaders; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, ";")
		if name <= last {
			return b, false
		}
		last = name
		b = appendHeader(b, r, name)
	}
	b = append(b, '\n')
	b = append(b, signedHeaders...)
	b = append(b, '\n')
	return append(b, payload...), true
}

// appendHeader appends one canonical header: "name:value,value\n". A header the
// request does not have is empty.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	b = append(b, name...)
	b = append(b, ':')
	for i, value := range headerValues(r, name) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, value)
	}
	return append(b, '\n')
}

// headerValues also finds what net/http takes out of the header map.
func headerValues(r *http.Request, name string) []string {
	switch name {
	case "host":
		return []string{r.Host}
	case "transfer-encoding":
		return r.TransferEncoding
	case "content-length":
		if values := r.Header.Values(name); len(values) > 0 || r.ContentLength < 0 {
			return values
		}
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	return r.Header.Values(name)
}

// appendTrimmed appends a value without white space at its ends and with one
// space for every run of it within, quotes or not.
func appendTrimmed(b []byte, value string) []byte {
	value = strings.Trim(value, " \t")
	space := false
	for i := range len(value) {
		if c := value[i]; c == ' ' || c == '\t' {
			space = true
			continue
		}
		if space {
			b, space = append(b, ' '), false
		}
		b = append(b, value[i])
	}
	return b
}

// appendQuery appends the canonical query string: names and values encoded,
// then sorted, without the signature itself.
func appendQuery(b []byte, query []parameter) []byte {
	sorted := slices.Clone(query)
	slices.SortFunc(sorted, func(x, y parameter) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	first := true
	for _, p := range sorted {
		if p.name == "X-Amz-Signature" {
			continue
		}
		if !first {
			b = append(b, '&')
		}
		first = false
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}
