package logs

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
)

// The examples of AWS's guide, "Filter pattern syntax", are among these.
func TestPatterns(t *testing.T) {
	const (
		event = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
			"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"latency":50,"cost":-1.5e3,
			"a key":"x","dotted.key":"y","user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2},{"id":3}],"coordinates":[[0,1,2],[4,5,6]]}`
		access = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	)
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{`" "`, "anything", true},
		{`""`, "anything", true},
		{"ERROR", "[ERROR 400] BAD REQUEST", true},
		{"ERROR", "[error 400] bad request", false},
		{"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
		{"ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", false},
		{`"INTERNAL SERVER ERROR"`, "[ERROR 500] INTERNAL SERVER ERROR", true},
		{`"INTERNAL SERVER ERROR"`, "[ERROR 500] SERVER INTERNAL ERROR", false},
		{`"say \"hi\""`, `they say "hi" there`, true},
		{"?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", true},
		{"?ERROR ?ARGUMENTS", "[WARN] TOO MANY ARGUMENTS", true},
		{"?ERROR ?ARGUMENTS", "[INFO] REQUEST", false},
		{"?ERROR ?WARN REQUEST", "[INFO] REQUEST", true}, // ? has no effect beside other terms
		{"?ERROR ?WARN REQUEST", "[ERROR] RESPONSE", false},
		{"ERROR -ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", true},
		{"ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false},
		{`-"a b"`, "a b", false},
		{`-"a b"`, "b a", true},
		{"%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true},
		{"%^AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", false},
		{`%10\.10\.0\.1%`, "from 10.10.0.1", true},
		{`%10\.10\.0\.1%`, "from 10-10-0-1", false},

		{`{ $.eventType = "UpdateTrail" }`, event, true},
		{`{$.eventType="UpdateTrail"}`, event, true},
		{`{ $.eventType = UpdateTrail }`, event, true},
		{`{ $.eventType = "Update*" }`, event, true},
		{`{ $.eventType = "Trail*" }`, event, false},
		{`{ $.sourceIPAddress != 123.123.* }`, event, true},
		{`{ $.sourceIPAddress != 111.111.* }`, event, false},
		{`{ $.missing != 1 }`, event, false},
		{`{ $.arrayKey[0] = "value" }`, event, true},
		{`{ $.arrayKey[1] = "value" }`, event, false},
		{`{ $.arrayKey[9] = "value" }`, event, false},
		{`{ $.arrayKey[99999999999999] = "value" }`, event, false},
		{`{ $.arrayKey[*] = "another value" }`, event, true},
		{`{ $.objectList[1].id = 2 }`, event, true},
		{`{ $.objectList[*].id = 3 }`, event, false},
		{`{ $.SomeObject IS NULL }`, event, true},
		{`{ $.ThisFlag IS NULL }`, event, false},
		{`{ $.SomeOtherObject NOT EXISTS }`, event, true},
		{`{ $.SomeObject NOT EXISTS }`, event, false},
		{`{ $.ThisFlag IS TRUE }`, event, true},
		{`{ $.ThisFlag IS FALSE }`, event, false},
		{`{ $.latency = 50 }`, event, true},
		{`{ $.latency = 5e1 }`, event, true},
		{`{ $.latency = "50" }`, event, true},
		{`{ $.latency > 49.9 }`, event, true},
		{`{ $.latency < 50 }`, event, false},
		{`{ $.latency <= 50 }`, event, true},
		{`{ $.cost < -1000 }`, event, true},
		{`{ $.eventType > 1 }`, event, false},
		{`{ $['a key'] = x }`, event, true},
		{`{ $.['dotted.key'] = "y" }`, event, true},
		{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, event, false},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.latency = 0 }`, event, true},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.latency = 0 }`, event, false},
		{`{ $.coordinates[0][1] = 1 }`, event, true},
		{`{ $.sourceIPAddress = %^111\.% }`, event, true},
		{`{ $.sourceIPAddress != %^111\.% }`, event, false},
		{`{ $.a = 1 }`, "not JSON", false},
		{`{ $.a = 1 }`, `{"a":1} and more`, false},
		{`{ $.a = 1 }`, `{"a":1}`, true},

		{"[w1=ERROR, w2]", "ERROR 400", true},
		{"[w1=ERROR, w2]", "ERROR 400 BAD", false},
		{"[w1=ERROR, w2]", "WARN 400", false},
		{"[ip, server, user, time, request, status_code = 4*, bytes]", access, true},
		{"[ip, server, user, time, request, status_code = 5*, bytes]", access, false},
		{"[ip, server, user, time, request = *.html*, status_code = 4*, bytes]", access, true},
		{"[..., request = *.html*, status_code = 4*, bytes]", access, true},
		{"[ip = 127.0.0.1, ..., bytes > 1500]", access, true},
		{"[ip = 127.0.0.1, ..., bytes > 1600]", access, false},
		{"[ip, ..., a, b, c, d, e, f, g]", access, false},
		{`[..., status_code = %4[0-9]{2}%, bytes]`, access, true},
		{"[ip != 10.*, ...]", access, true},
		{"[ip != 127.*, ...]", access, false},
		{"[w1=ERROR || w1=WARN, w2]", "WARN 1", true},
		{"[w1=ERROR || w1=WARN, w2]", "INFO 1", false},
		{"[w1!=ERROR && w1!=WARN, w2]", "INFO 1", true},
		{"[w1!=ERROR && w1!=WARN, w2]", "WARN 1", false},
		{`[w1="two words", w2]`, `"two words" 1`, true},
		{"[,w2=b]", "a b", true},
		{"[w1=1.0]", "1", true},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.match(c.message); got != c.want {
			t.Errorf("%s matches %q: %v", c.pattern, c.message, got)
		}
	}
}

func TestBrokenPatterns(t *testing.T) {
	const invalid = "Invalid filter pattern"
	for pattern, text := range map[string]string{
		"foo:bar":                              "Invalid character(s) in term 'foo:bar'",
		`"open`:                                invalid,
		"%open":                                invalid,
		"%%":                                   invalid,
		"%a!%":                                 invalid,
		"%(a)%":                                invalid,
		"%é%":                                  invalid,
		"%[%":                                  invalid,
		`%a\%`:                                 invalid,
		"%a{9999}%":                            invalid,
		"%a% %b% %c%":                          invalid,
		"? a":                                  invalid,
		"-":                                    invalid,
		"{":                                    invalid,
		"{}":                                   invalid,
		"{ $ = 1 }":                            invalid,
		"{ $.a }":                              invalid,
		"{ $.a = }":                            invalid,
		"{ $.a = 1":                            invalid,
		"{ $.a = 1 } x":                        invalid,
		"{ ($.a = 1 }":                         invalid,
		"{ $.a = 1 && }":                       invalid,
		"{ $.a > b }":                          invalid,
		"{ $.a IS MAYBE }":                     invalid,
		"{ $.a NOT }":                          invalid,
		"{ $.a[x] = 1 }":                       invalid,
		"{ $.a[99999999999999999999999] = 1 }": invalid,
		"[":                                    invalid,
		"[a":                                   invalid,
		"[a, b=]":                              invalid,
		"[a, b] c":                             invalid,
		"[..., ...]":                           invalid,
		"[a b]":                                invalid,
		"[a > b]":                              invalid,
		`[a="x]`:                               invalid,
		"[(a=1, b]":                            invalid,
	} {
		_, err := parsePattern(pattern)
		var e *api.Error
		if !errors.As(err, &e) || e.Code != "InvalidParameterException" || e.Message != text {
			t.Errorf("%s: got %v, want %q", pattern, err, text)
		}
	}
}

func TestGlobIsNotExponential(t *testing.T) {
	began := time.Now()
	if glob(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 20_000)) {
		t.Error("it does not match")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"", "ERROR -b ?c", `"a \" b"`, `%a[0-9]+%`, `{ $.a[*].b = "x*" && ($.c IS NULL || $['d e'] NOT EXISTS) }`,
		`[a, b=1 || b=%x%, ..., c >= 4, (d != "e f")]`, "{", "[", "%", `"\`, "{$.a=1", "[...",
	} {
		f.Add(seed, `{"a":[{"b":"xy"}],"c":null}`)
		f.Add(seed, `127.0.0.1 - "GET /" [x] 200`)
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		if len(text) > 1024 {
			return
		}
		p, err := parsePattern(text)
		if err != nil {
			var e *api.Error
			if !errors.As(err, &e) {
				t.Errorf("%q: %v is no error for a client", text, err)
			}
			return
		}
		if first, again := p.match(message), p.match(message); first != again {
			t.Errorf("%q: two answers for one event", text)
		}
	})
}
