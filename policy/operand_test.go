package policy

import (
	"testing"
	"time"
)

func TestDecimals(t *testing.T) {
	order := []string{"-1000", "-10.5", "-10", "-0.1", "0", "0.01", "0.1", "9", "10", "10.49", "10.5", "100", "123456789012345678901234567890"}
	for i, a := range order {
		for j, b := range order {
			x, _ := parseDecimal(a)
			y, _ := parseDecimal(b)
			if got, want := x.compare(y), sign(i-j); sign(got) != want {
				t.Errorf("%s to %s: %d, want %d", a, b, got, want)
			}
		}
	}
	same := [][2]string{{"10", "10.0"}, {"10", "+10"}, {"007", "7"}, {"-0", "0"}, {".5", "0.5"}, {"0.50", "0.5"}}
	for _, s := range same {
		x, okX := parseDecimal(s[0])
		y, okY := parseDecimal(s[1])
		if !okX || !okY || x.compare(y) != 0 {
			t.Errorf("%s is not %s", s[0], s[1])
		}
	}
	for _, s := range []string{"", "-", ".", "5.", "1e3", "0x10", "1,5", " 1", "1 ", "--1", "ten", "1.2.3", "١"} {
		if d, ok := parseDecimal(s); ok {
			t.Errorf("%q is read as %+v", s, d)
		}
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func TestInstants(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	tests := map[string]time.Time{
		"2026-11-24T12:00:00Z":            noon,
		"2026-11-24t12:00:00z":            noon,
		"2026-11-24T12:00Z":               noon,
		"2026-11-24T12:00:00":             noon,
		"2026-11-24T13:00:00+01:00":       noon,
		"2026-11-24T13:00:00+01":          noon,
		"2026-11-24T06:30:00-05:30":       noon,
		"2026-11-24T12:00:00.5Z":          noon.Add(500 * time.Millisecond),
		"2026-11-24T12:00:00.123456789Z":  noon.Add(123456789),
		"2026-11-24T12:00:00.1234567890Z": noon.Add(123456789),
		"2026-11-24":                      noon.Truncate(24 * time.Hour),
		"2026-11":                         time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026":                            time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		"2024-02-29":                      time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"1700000000":                      time.Unix(1700000000, 0),
		"0":                               time.Unix(0, 0),
		"-1":                              time.Unix(-1, 0),
	}
	for text, want := range tests {
		got, ok := parseInstant(text)
		if !ok || got.seconds != want.Unix() || got.nanos != int64(want.Nanosecond()) {
			t.Errorf("%s: %+v, want %v", text, got, want)
		}
	}
	for _, text := range []string{
		"", "-", "now", "2026-13-01", "2026-00-01", "2026-02-29", "2026-11-31", "2026-11-24T24:00:00Z", "2026-11-24T12:60Z", "2026-11-24T12:00:60Z",
		"2026-11-24T12Z", "2026-11T12:00Z", "2026-11-24 12:00:00Z", "2026-11-24T12:00:00.Z", "2026-11-24T12:00.5Z", "2026-11-24T12:00:00+25:00",
		"2026-11-24T12:00:00+0100", "2026-11-24T12:00:00ZZ", "1700000000.5", "1e9", "12345678901234567890", "24/11/2026", "2026-1-1", "26-11-24",
	} {
		if at, ok := parseInstant(text); ok {
			t.Errorf("%q is read as %+v", text, at)
		}
	}
	a, _ := parseInstant("2026-11-24T12:00:00.1Z")
	b, _ := parseInstant("2026-11-24T12:00:00.2Z")
	if a.compare(b) >= 0 || b.compare(a) <= 0 || a.compare(a) != 0 {
		t.Error("fractions of a second do not count")
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct {
		prefix, address string
		want            bool
	}{
		{"10.0.0.0/8", "10.255.0.1", true}, {"10.0.0.0/8", "11.0.0.1", false}, {"10.1.2.3/8", "10.9.9.9", true},
		{"203.0.113.9", "203.0.113.9", true}, {"203.0.113.9", "203.0.113.8", false}, {"0.0.0.0/0", "1.2.3.4", true},
		{"0.0.0.0/0", "::1", false}, {"::/0", "1.2.3.4", false}, {"2001:db8::/32", "2001:db8:1::1", true}, {"2001:DB8::/32", "2001:0db8::1", true},
		{"10.0.0.0/8", "::ffff:10.0.0.1", true}, {"::ffff:10.0.0.0/104", "10.0.0.1", true}, {"::1", "::1", true},
	}
	for _, test := range tests {
		p, ok := parsePrefix(test.prefix)
		a, okA := parseAddress(test.address)
		if !ok || !okA || p.Contains(a) != test.want {
			t.Errorf("%s in %s: want %v", test.address, test.prefix, test.want)
		}
	}
	for _, text := range []string{"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/8/8", "010.0.0.1", "::1%eth0", "host", "10.0.0.*", "2001:db8::/129"} {
		if p, ok := parsePrefix(text); ok {
			t.Errorf("%q is read as %v", text, p)
		}
	}
}

func TestOperators(t *testing.T) {
	tests := map[string]operator{
		"StringEquals":                      {family: familyString},
		"StringNotEqualsIgnoreCase":         {family: familyStringFold, negated: true},
		"StringLikeIfExists":                {family: familyStringLike, ifExists: true},
		"ForAllValues:StringLike":           {family: familyStringLike, set: forAllValues},
		"ForAnyValue:StringNotLikeIfExists": {family: familyStringLike, set: forAnyValue, negated: true, ifExists: true},
		"NumericLessThanEquals":             {family: familyNumeric, compare: lessOrEqual},
		"NumericNotEquals":                  {family: familyNumeric, negated: true},
		"DateGreaterThan":                   {family: familyDate, compare: greater},
		"DateGreaterThanEqualsIfExists":     {family: familyDate, compare: greaterOrEqual, ifExists: true},
		"NumericLessThan":                   {family: familyNumeric, compare: less},
		"BoolIfExists":                      {family: familyBool, ifExists: true},
		"BinaryEquals":                      {family: familyBinary},
		"NotIpAddress":                      {family: familyAddress, negated: true},
		"ArnEquals":                         {family: familyARN},
		"ArnLike":                           {family: familyARN},
		"ArnNotEquals":                      {family: familyARN, negated: true},
		"ArnNotLike":                        {family: familyARN, negated: true},
		"Null":                              {family: familyNull},
	}
	for name, want := range tests {
		if got := parseOperator(name); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, name := range []string{
		"", "IfExists", "stringequals", "StringEqual", "NumericLike", "DateLike", "NotBool", "BoolNotEquals", "StringEqualsIfExistsIfExists", "NullIfExists",
		"ForAllValues:Null", "ForAnyValue:NullIfExists", "ForAllValues:", "ForAllValues:ForAnyValue:StringEquals", "forallvalues:StringEquals", "IpAddressNot", " StringEquals",
		"StringNotLikeIgnoreCase", "Numeric", "Date",
	} {
		if got := parseOperator(name); got.family != familyUnknown {
			t.Errorf("%q is read as %+v", name, got)
		}
	}
}
