package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// The longest policy that is stored, and the longest value a request brings: a header.
const (
	longestStored = 20_480
	longestValue  = 65_536
)

// long repeats a text inside a frame until the document is that long.
func long(size int, frame, one, separator string) string {
	n := (size - len(frame)) / (len(one) + len(separator))
	return fmt.Sprintf(frame, strings.Repeat(one+separator, n-1)+one)
}

// longPolicies are policies of a size, each long in another way.
func longPolicies(size int) map[string]string {
	const (
		all       = `{"Version":"2012-10-17","Statement":[%s]}`
		actions   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[%s],"Resource":"*"}]}`
		resources = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":[%s]}]}`
		excepted  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","NotResource":[%s]}]}`
		resource  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::%s"}]}`
		values    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringLike":{"aws:UserAgent":[%s]}}}]}`
		pattern   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringNotLike":{"aws:UserAgent":"*%sz"}}}]}`
		principal = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":[%s]},"Action":"s3:*","Resource":"*"}]}`
		nested    = `{"Version":"2012-10-17","Statement":%s}`
	)
	keys := strings.Builder{}
	for i := 0; keys.Len() < size-200; i++ {
		fmt.Fprintf(&keys, `"k:%d":"v",`, i)
	}
	return map[string]string{
		"statements":         long(size, all, `{"Effect":"Allow","Action":"s3:Put*","Resource":"*"}`, ","),
		"denials":            long(size, all, `{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"a:b":"c"}}}`, ","),
		"actions":            long(size, actions, `"s3:*x?*"`, ","),
		"resources":          long(size, resources, `"arn:aws:s3:::*x*"`, ","),
		"NotResource":        long(size, excepted, `"arn:aws:s3:::b*?"`, ","),
		"values":             long(size, values, `"*z*"`, ","),
		"one pattern":        long(size, pattern, `b?`, ""),
		"stars":              long(size, resource, `*?`, ""),
		"variables":          long(size, resource, `${aws:UserAgent}*`, ""),
		"other variables":    long(size, resource, `${aws:username, 'a'}`, ""),
		"unclear variables":  long(size, resource, `${a, 'x}`, ""),
		"unclosed variables": long(size, resource, `${`, ""),
		"principals":         long(size, principal, `"arn:aws:iam::111111111111:user/x"`, ","),
		"keys":               fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{%s}}}]}`, strings.TrimSuffix(keys.String(), ",")),
		"lists in lists":     fmt.Sprintf(nested, strings.Repeat("[", size/2)+strings.Repeat("]", size/2)),
		"objects in objects": fmt.Sprintf(nested, strings.Repeat(`{"Condition":`, size/16)+"1"+strings.Repeat("}", size/16)),
	}
}

// TestLongPolicies puts policies as long as may be through everything: none
// panics, each is answered, and explained as it was answered. What takes more
// than its bound makes this test take longer than anybody waits.
func TestLongPolicies(t *testing.T) {
	const size = longestStored
	r := &policy.Request{
		Principal: policy.Principal{Kind: policy.User, Account: here, ARN: "arn:aws:iam::" + here + ":user/ada"},
		Action:    "s3:GetObject", Resource: "arn:aws:s3:::b/" + strings.Repeat("k", 1024), ResourceAccount: here, Context: new(policy.Context),
	}
	r.Context.Set("aws:UserAgent", strings.Repeat("b", longestValue))
	for name, text := range longPolicies(size) {
		for _, kind := range []policy.Kind{policy.KindIdentity, policy.KindTrust, policy.KindResource, policy.KindSession} {
			if d, err := policy.Validate([]byte(text), kind); (d == nil) != (err != nil) {
				t.Errorf("%s: validated as %v, %v", name, d, err)
			}
		}
		d, err := policy.Parse([]byte(text))
		if nested := strings.Contains(name, " in "); nested != (err != nil) {
			t.Errorf("%s: parsed with %v", name, err)
		}
		if err != nil {
			continue
		}
		if again, err := policy.Parse(d.JSON()); err != nil || len(again.Statements) != len(d.Statements) {
			t.Errorf("%s: printed, it is parsed with %v", name, err)
		}
		a := policy.Attached{Policy: policy.Compile(d), Name: name}
		for _, l := range []*policy.Layers{{Identity: []policy.Attached{a}}, {Resource: &a}, {Identity: []policy.Attached{a}, Boundary: &a}} {
			x := policy.Explain(r, l)
			if x.Decision != policy.Evaluate(r, l) || x.Text() == "" || len(x.Text()) > 64*size {
				t.Errorf("%s: explained as %v in %d bytes", name, x.Decision, len(x.Text()))
			}
		}
	}
}
