package wire

import (
	"fmt"
	"regexp"
	"strings"
)

// compilePattern makes the matcher of a model's pattern. AWS's framework
// matches the whole text, with Java's regular expressions. What Go's cannot
// say stands in byHand; that every pattern of the bound operations is one or
// the other is checked by a test. A pattern that is neither panics.
func compilePattern(pattern string) func(string) bool {
	if matches, ok := byHand[pattern]; ok {
		return matches
	}
	re, err := regexp.Compile(`\A(?:` + translatePattern(pattern) + `)\z`)
	if err != nil {
		panic(fmt.Sprintf("wire: pattern %s: %v", pattern, err))
	}
	return re.MatchString
}

// javaAstral is how the models write the characters beyond the basic plane.
const javaAstral = `\u10000-\u10FFFF`

var javaEscape = regexp.MustCompile(`\\(\\|u[0-9A-Fa-f]{4})`)

// translatePattern writes Java's \uXXXX as Go's \x{XXXX}.
func translatePattern(pattern string) string {
	pattern = strings.ReplaceAll(pattern, javaAstral, `\x{10000}-\x{10FFFF}`)
	return javaEscape.ReplaceAllStringFunc(pattern, func(escape string) string {
		if escape == `\\` {
			return escape
		}
		return `\x{` + escape[2:] + `}`
	})
}

// byHand are the patterns that look ahead or behind, which Go's regular
// expressions cannot do.
var byHand = map[string]func(string) bool{
	// An alias, and a qualifier of a function URL: not all digits.
	`(?!^[0-9]+$)([a-zA-Z0-9-_]+)`: isAlias,
	`((?!^\d+$)^[0-9a-zA-Z-_]+$)`:  isAlias,
	// An account alias: no hyphen at the ends, no two in a row.
	`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`: func(s string) bool {
		return len(s) >= 3 && len(s) <= 63 && only(s, lower+digits+"-") &&
			s[0] != '-' && s[len(s)-1] != '-' && !strings.Contains(s, "--")
	},
	// A collection of a DocumentDB database: none of the system's own.
	`(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)`: func(s string) bool {
		return s != "" && only(s[:1], letters+digits+"_") && !strings.HasPrefix(s, "system.") && !strings.Contains(s, "$")
	},
	// A bucket: no dot at its end.
	`[0-9A-Za-z\.\-_]*(?<!\.)`: func(s string) bool {
		return (s == "" || only(s, letters+digits+".-_")) && !strings.HasSuffix(s, ".")
	},
}

func isAlias(s string) bool { return only(s, letters+digits+"-_") && strings.Trim(s, digits) != "" }

const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only says whether s consists of the given characters, at least one.
func only(s, characters string) bool {
	return s != "" && strings.Trim(s, characters) == ""
}
