package policy

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"a:b":[true,1,"x"]}}}]}`,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["*"]},"NotAction":"x","NotResource":"arn:aws:s3:::${aws:username, 'a'}"}}`,
		`{"Statement":[]}`, `{`, `null`, `{"Statement":[{"Condition":{"":{"":[]}}}]}`, "\xff", `{"Id":"\ud800","Statement":[]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		printed := d.JSON()
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%s is printed as %s: %v", text, printed, err)
		}
		if !reflect.DeepEqual(d, again) || !bytes.Equal(printed, again.JSON()) {
			t.Fatalf("%s is printed as %s, and that as %s", text, printed, again.JSON())
		}
		// Whatever can be parsed can be asked, and explained.
		p := Compile(d)
		r := &Request{Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ada"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: "111111111111", Context: new(Context)}
		r.Context.Set("aws:username", "ada")
		l := &Layers{Identity: []Attached{{Policy: p}}, Resource: &Attached{Policy: p}}
		if x := Explain(r, l); x.Decision != Evaluate(r, l) || x.Text() == "" {
			t.Fatalf("explained as %+v", x)
		}
	})
}

func FuzzValidate(f *testing.F) {
	for _, seed := range []string{
		identityWith("One", "One"), identityWith("arn:aws:s3:::bucket/*", "arn:aws:iam::1:role/x"), identityWith("arn:aws:s3:::bucket/*", "arn:aws:"), identityWith("s3:GetObject", ":"),
		trustWith("Allow", "Allow"), trustWith("sts:AssumeRole", "sts"), `{"Statement":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range []Kind{KindIdentity, KindTrust, KindResource, KindSession} {
			d, err := Validate(text, kind)
			if err != nil {
				if _, ok := err.(*MalformedError); !ok || d != nil || err.Error() == "" {
					t.Fatalf("kind %d: %v, %v", kind, d, err)
				}
				continue
			}
			// What may be stored can be loaded again.
			if _, err := Load(text); err != nil {
				t.Fatalf("kind %d stores %s, which can not be loaded: %v", kind, text, err)
			}
		}
	})
}

// FuzzPattern compares with Go's regular expressions.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{{"a*b?c", "axxbyc"}, {"*", ""}, {"**?", "é"}, {"arn:*:s3:::b*", "arn:aws:s3:::bucket"}, {"a*a*a*b", "aaaaaaaa"}, {"[a", "[a"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			return
		}
		p := compilePattern(pattern, grammar{wildcards: true})
		expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(text)
		if got := matchPieces(p.pieces, text, 0, false); got != want {
			t.Fatalf("%q on %q: %v", pattern, text, got)
		}
		for free := range len(text) + 1 {
			for _, fold := range []bool{false, true} {
				if got := matchPieces(p.pieces, text, free, fold); got != matchWide(p.pieces, text, free, fold) {
					t.Fatalf("%q on %q from %d, fold %v: %v, and otherwise when followed all at once", pattern, text, free, fold, got)
				}
			}
		}
		if matchPieces(p.pieces, text, 0, false) && !matchPieces(p.pieces, text, 0, true) {
			t.Fatalf("%q on %q matches with case and not without", pattern, text)
		}
		// Within an ARN a match part by part is a match at all.
		if free := afterFifthColon(text); free >= 0 && matchPieces(p.pieces, text, free, false) && !want {
			t.Fatalf("%q on %q matches part by part only", pattern, text)
		}
	})
}

func FuzzOperands(f *testing.F) {
	for _, seed := range []string{"10", "-1.50", "2026-11-24T12:00:00.5+01:00", "1700000000", "10.0.0.0/8", "::ffff:1.2.3.4/104", "aGk=", "true", "arn:aws:s3:::b", "T", "0000-01-01", "-", "+"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := parseDecimal(text); ok && d.compare(d) != 0 {
			t.Fatalf("%q is not equal to itself", text)
		}
		if at, ok := parseInstant(text); ok && (at.compare(at) != 0 || at.nanos < 0 || at.nanos >= 1e9) {
			t.Fatalf("%q is %+v", text, at)
		}
		if p, ok := parsePrefix(text); ok && !p.Contains(p.Addr()) {
			t.Fatalf("%q is %v, which does not hold itself", text, p)
		}
		if a, ok := parseAddress(text); ok {
			p, ok := parsePrefix(text)
			if !ok || !p.Contains(a) || !p.IsSingleIP() {
				t.Fatalf("%q is the address %v and the range %v", text, a, p)
			}
		}
	})
}
