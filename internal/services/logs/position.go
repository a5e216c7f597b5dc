package logs

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// position is an event's place: its time in milliseconds, and its number, which
// is 1 or more and different for every event. A position with number 0 lies
// before all events of its time.
type position struct {
	time   int64
	number uint64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.time, q.time), cmp.Compare(p.number, q.number))
}

// next is the first position after p.
func (p position) next() position { return position{p.time, p.number + 1} }

// previous is the last position before p, or the very first.
func (p position) previous() position {
	switch {
	case p.number > 0:
		return position{p.time, p.number - 1}
	case p.time > 0:
		return position{p.time - 1, math.MaxUint64 - 1}
	}
	return position{}
}

// key orders positions as bytes.
func (p position) key() string { return fmt.Sprintf("%016x%016x", uint64(p.time), p.number) }

func positionOf(key string) (p position, ok bool) {
	if len(key) != 32 {
		return p, false
	}
	t, err := strconv.ParseUint(key[:16], 16, 63)
	n, err2 := strconv.ParseUint(key[16:], 16, 64)
	return position{int64(t), n}, err == nil && err2 == nil
}

// digits is the position in 56 digits, the form of AWS's event ids and tokens.
func (p position) digits() string { return fmt.Sprintf("3%020d%035d", p.time, p.number) }

func parseDigits(s string) (p position, ok bool) {
	if len(s) != 56 || s[0] != '3' || strings.Trim(s, "0123456789") != "" {
		return p, false
	}
	t, err := strconv.ParseInt(s[1:21], 10, 64)
	n, err2 := strconv.ParseUint(s[21:], 10, 64)
	return position{t, n}, err == nil && err2 == nil
}

// Tokens of GetLogEvents: a forward token leads to what comes after its
// position, a backward token to what comes before it.

func forwardToken(p position) string  { return "f/" + p.digits() + "/s" }
func backwardToken(p position) string { return "b/" + p.digits() + "/s" }

func parseToken(token string) (p position, forward, ok bool) {
	if len(token) != 60 || !strings.HasSuffix(token, "/s") {
		return p, false, false
	}
	forward = strings.HasPrefix(token, "f/")
	if !forward && !strings.HasPrefix(token, "b/") {
		return p, false, false
	}
	p, ok = parseDigits(token[2:58])
	return p, forward, ok
}

// Tokens of lists: a kind and the name after which the next page begins.

func pageToken(kind, after string) *string {
	return ptr(base64.RawURLEncoding.EncodeToString([]byte(kind + after)))
}

func parsePage(kind string, token *string) (after string, err error) {
	if token == nil {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*token)
	after, ok := strings.CutPrefix(string(raw), kind)
	if err != nil || !ok || after == "" {
		return "", invalidToken()
	}
	return after, nil
}
