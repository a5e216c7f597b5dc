package policy

import (
	"cmp"
	"net/netip"
	"strings"
	"time"
)

// decimal is a number kept as its digits, so that comparing loses nothing.
type decimal struct {
	negative bool
	// whole has no leading zeros, fraction no trailing ones.
	whole, fraction string
}

// parseDecimal reads an integer or a decimal: no exponent, no blanks.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" && fraction == "" || point && fraction == "" || !digits(whole) || !digits(fraction) {
		return decimal{}, false
	}
	d.whole, d.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (d decimal) compare(o decimal) int {
	switch {
	case d.negative != o.negative:
		if d.negative {
			return -1
		}
		return 1
	case d.negative:
		return -magnitude(d, o)
	}
	return magnitude(d, o)
}

func magnitude(a, b decimal) int {
	if c := cmp.Compare(len(a.whole), len(b.whole)); c != 0 {
		return c
	}
	if c := strings.Compare(a.whole, b.whole); c != 0 {
		return c
	}
	return strings.Compare(a.fraction, b.fraction)
}

// instant is a point in time.
type instant struct{ seconds, nanos int64 }

func (t instant) compare(o instant) int {
	if c := cmp.Compare(t.seconds, o.seconds); c != 0 {
		return c
	}
	return cmp.Compare(t.nanos, o.nanos)
}

// parseInstant reads the W3C profile of ISO 8601 (a year, a month, a day, or a
// time with or without seconds and zone) or seconds since 1970. Four digits
// are a year. A time without zone is UTC.
func parseInstant(s string) (instant, bool) {
	if s == "" {
		return instant{}, false
	}
	if len(s) != 4 && len(s) <= 18 && digits(strings.TrimPrefix(s, "-")) && s != "-" {
		return instant{seconds: number(strings.TrimPrefix(s, "-"), s[0] == '-')}, true
	}
	date, clock, hasClock := strings.Cut(s, "T")
	if !hasClock {
		date, clock, hasClock = strings.Cut(s, "t")
	}
	year, month, day, ok := parseDay(date)
	if !ok || hasClock && len(date) != len("2006-01-02") {
		return instant{}, false
	}
	var seconds, nanos, zone int64
	if hasClock {
		if seconds, nanos, zone, ok = parseClock(clock); !ok {
			return instant{}, false
		}
	}
	at := time.Date(int(year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	if at.Day() != int(day) || at.Month() != time.Month(month) {
		return instant{}, false
	}
	return instant{at.Unix() + seconds - zone, nanos}, true
}

// number is the value of a text of at most 18 digits.
func number(s string, negative bool) int64 {
	var n int64
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	if negative {
		return -n
	}
	return n
}

func parseDay(s string) (year, month, day int64, ok bool) {
	month, day = 1, 1
	switch len(s) {
	case len("2006"):
	case len("2006-01"), len("2006-01-02"):
		if s[4] != '-' || !digits(s[5:7]) {
			return 0, 0, 0, false
		}
		month = number(s[5:7], false)
		if len(s) == len("2006-01-02") {
			if s[7] != '-' || !digits(s[8:]) {
				return 0, 0, 0, false
			}
			day = number(s[8:], false)
		}
	default:
		return 0, 0, 0, false
	}
	if !digits(s[:4]) {
		return 0, 0, 0, false
	}
	return number(s[:4], false), month, day, month >= 1 && month <= 12 && day >= 1
}

// parseClock reads hh:mm[:ss[.fraction]][zone] into seconds of the day,
// nanoseconds and the zone's distance from UTC in seconds.
func parseClock(s string) (seconds, nanos, zone int64, ok bool) {
	body := s
	if i := strings.IndexAny(s, "Zz+-"); i >= 0 {
		body = s[:i]
		if zone, ok = parseZone(s[i:]); !ok {
			return 0, 0, 0, false
		}
	}
	body, fraction, point := strings.Cut(body, ".")
	if point && (len(body) != len("15:04:05") || fraction == "" || len(fraction) > 18 || !digits(fraction)) {
		return 0, 0, 0, false
	}
	for i := range fraction[:min(len(fraction), 9)] {
		nanos = nanos*10 + int64(fraction[i]-'0')
	}
	for range 9 - min(len(fraction), 9) {
		nanos *= 10
	}
	if len(body) != len("15:04") && len(body) != len("15:04:05") {
		return 0, 0, 0, false
	}
	for i := 0; i < len(body); i += 3 {
		if !digits(body[i:i+2]) || i > 0 && body[i-1] != ':' {
			return 0, 0, 0, false
		}
		part := number(body[i:i+2], false)
		if part > 59 || i == 0 && part > 23 {
			return 0, 0, 0, false
		}
		seconds = seconds*60 + part
	}
	if len(body) == len("15:04") {
		seconds *= 60
	}
	return seconds, nanos, zone, true
}

func parseZone(s string) (int64, bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	sign, s := s[0], s[1:]
	if len(s) == len("00:00") && s[2] == ':' {
		if !digits(s[:2]) || !digits(s[3:]) {
			return 0, false
		}
	} else if len(s) != len("00") || !digits(s) {
		return 0, false
	}
	hours, minutes := number(s[:2], false), int64(0)
	if len(s) > 2 {
		minutes = number(s[3:], false)
	}
	zone := hours*3600 + minutes*60
	if sign == '-' {
		zone = -zone
	}
	return zone, sign != 'Z' && sign != 'z' && hours <= 23 && minutes <= 59
}

// parsePrefix reads an address or a CIDR range; a bare address is a range of one.
func parsePrefix(s string) (netip.Prefix, bool) {
	if !strings.Contains(s, "/") {
		a, ok := parseAddress(s)
		if !ok {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// parseAddress reads an IPv4 or IPv6 address; a mapped IPv4 address is that address.
func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}
