package sigv4

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// wirePath is the path as it came over the wire, still encoded: net/http
// decodes it, and encodes it again in its own way.
func wirePath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// rawQuery is the query string as it came over the wire.
func rawQuery(r *http.Request) string { return r.URL.RawQuery }

// NormalPath is an encoded path without empty, "." and ".." segments; a slash
// at its end stays. S3's paths are not brought into this form. The signature covers a path in this form, so it is also the
// form to route: otherwise a path that was never signed could be reached.
func NormalPath(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && strings.HasPrefix(path, "/") {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	normal := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") && len(kept) > 0 {
		normal += "/"
	}
	return normal
}

// appendPath appends the canonical path: normal, and encoded once more. Every
// service but S3 has its path encoded twice.
func appendPath(b []byte, path string) []byte {
	path = NormalPath(path)
	for i := range len(path) {
		if c := path[i]; unreserved(c) || c == '/' {
			b = append(b, c)
		} else {
			b = appendEscape(b, c)
		}
	}
	return b
}

// pathRule appends the canonical form of an encoded path.
type pathRule func(b []byte, path string) []byte

func pathRuleOf(s *api.Service) pathRule {
	if IsS3(s) {
		return appendKeyPath
	}
	return appendPath
}

// appendKeyPath appends S3's canonical path: every segment as it is, also ".."
// and none at all, as keys may have them, and encoded once. A client may have
// encoded more or less than it signed. An encoded slash stays one: it is no
// border between bucket and key, and must not be signed as if it were.
func appendKeyPath(b []byte, path string) []byte {
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b = append(b, '/')
		}
		b = append(b, encoded(segment, false)...)
	}
	return b
}

// parameter is one query parameter, both parts in canonical encoding.
type parameter struct{ name, value string }

// parseQuery splits a query string. Nothing is left out but empty pieces: what
// does not decode is part of what is signed as it stands.
func parseQuery(raw string) []parameter {
	if raw == "" {
		return nil
	}
	query := make([]parameter, 0, strings.Count(raw, "&")+1)
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		query = append(query, parameter{canonical(name), canonical(value)})
	}
	return query
}

// canonical encodes a piece of a query string anew: every byte that is not
// unreserved as %XX. A plus sign stands for a space, as in every form.
func canonical(piece string) string { return encoded(piece, true) }

// encoded encodes a piece anew; form says that a plus sign stands for a space.
func encoded(piece string, form bool) string {
	plain := true
	for i := range len(piece) {
		plain = plain && unreserved(piece[i])
	}
	if plain {
		return piece
	}
	b := make([]byte, 0, len(piece)+16)
	for i := 0; i < len(piece); i++ {
		c := piece[i]
		if c == '%' && i+2 < len(piece) && hexDigit(piece[i+1]) && hexDigit(piece[i+2]) {
			c = unhex(piece[i+1])<<4 | unhex(piece[i+2])
			i += 2
		} else if c == '+' && form {
			c = ' '
		}
		if unreserved(c) {
			b = append(b, c)
		} else {
			b = appendEscape(b, c)
		}
	}
	return string(b)
}

// has says whether a parameter is there, empty or not.
func has(query []parameter, name string) bool {
	_, times := find(query, name)
	return times > 0
}

// find gives a parameter's decoded value, the first one's, and how often it is there.
func find(query []parameter, name string) (value string, times int) {
	for _, p := range query {
		if p.name != name {
			continue
		}
		if times++; times == 1 {
			value, _ = url.PathUnescape(p.value) // canonical encoding always decodes
		}
	}
	return value, times
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

const upperHex = "0123456789ABCDEF"

func appendEscape(b []byte, c byte) []byte { return append(b, '%', upperHex[c>>4], upperHex[c&15]) }

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
