package sts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/policy"
)

// denial is a request of ann's that a policy denies.
func denial(policies ...string) (*policy.Request, *policy.Layers) {
	keys := &policy.Context{}
	keys.Set("aws:UserAgent", "a&b <1>")
	keys.SetList("aws:TagKeys", []string{"one", "two"})
	l := &policy.Layers{}
	for _, p := range policies {
		l.Identity = append(l.Identity, policy.Attached{Policy: load(p), Name: "p"})
	}
	return &policy.Request{
		Principal: policy.Principal{Kind: policy.User, Account: here, ARN: "arn:aws:iam::111111111111:user/path/ann", UniqueID: "AIDAANN"},
		Action:    "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-1:111111111111:function:f", ResourceAccount: here, Context: keys,
	}, l
}

func (w *world) encoded(account string, r *policy.Request, l *policy.Layers) string {
	w.Helper()
	encoded, err := w.sts.EncodeDenial(account, r, l)
	if err != nil {
		w.Fatal(err)
	}
	return encoded
}

func (w *world) decode(as caller.Caller, encoded string) (string, error) {
	w.Helper()
	out, err := call(w, as, stsapi.DecodeAuthorizationMessage, &stsapi.DecodeAuthorizationMessageRequest{EncodedMessage: &encoded})
	if err != nil {
		return "", err
	}
	return out.GetDecodedMessage(), nil
}

func (w *world) decoder(account, name string) caller.Caller {
	return w.user(account, name, statement("Allow", "", `"sts:DecodeAuthorizationMessage"`, "*", ""))
}

func mustNotBeValid(t *testing.T, err error) {
	t.Helper()
	refused(t, err, 400, "InvalidAuthorizationMessageException", "Message is not valid.")
}

// TestDecodedMessages holds the whole JSON: tools read it by AWS's names.
func TestDecodedMessages(t *testing.T) {
	w := newWorld(t)
	dan := w.decoder(here, "dan")
	const context = `"context":{"principal":{"id":"AIDAANN","name":"ann","arn":"arn:aws:iam::111111111111:user/path/ann"},` +
		`"action":"lambda:InvokeFunction","resource":"arn:aws:lambda:us-east-1:111111111111:function:f",` +
		`"conditions":{"items":[{"key":"aws:TagKeys","values":{"items":[{"value":"one"},{"value":"two"}]}},{"key":"aws:UserAgent","values":{"items":[{"value":"a&b <1>"}]}}]}}}`
	for _, c := range []struct{ name, policy, want string }{
		{"nothing allows it", statement("Allow", "", `"s3:*"`, "*", ""),
			`{"allowed":false,"explicitDeny":false,"matchedStatements":{"items":[]},"failures":{"items":[]},` + context},
		{"a statement denies it", `{"Version":"2012-10-17","Statement":[{"Sid":"Office","Effect":"Deny","Action":["lambda:*"],"NotResource":"arn:aws:lambda:*:*:function:g","Condition":{"StringLike":{"aws:UserAgent":"a*"}}}]}`,
			`{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[{"statementId":"Office","effect":"DENY",` +
				`"principals":{"items":[{"value":"AIDAANN"}]},"principalGroups":{"items":[]},"actions":{"items":[{"value":"lambda:*"}]},` +
				`"resources":{"items":[]},"notResources":{"items":[{"value":"arn:aws:lambda:*:*:function:g"}]},` +
				`"conditions":{"items":[{"key":"aws:UserAgent","values":{"items":[{"value":"a*"}]}}]}}]},"failures":{"items":[]},` + context},
	} {
		r, l := denial(c.policy)
		got, err := w.decode(dan, w.encoded(here, r, l))
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

// TestDecodingIsAPermission: the message says what its reader may not know.
func TestDecodingIsAPermission(t *testing.T) {
	w := newWorld(t)
	r, l := denial()
	encoded := w.encoded(here, r, l)
	_, err := w.decode(w.user(here, "bob", ""), encoded)
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/bob is not authorized to perform: sts:DecodeAuthorizationMessage because no identity-based policy allows the sts:DecodeAuthorizationMessage action")
	_, err = w.decode(w.decoder(there, "eve"), encoded)
	mustNotBeValid(t, err)
}

func TestMessagesThatAreNotValid(t *testing.T) {
	w := newWorld(t)
	dan := w.decoder(here, "dan")
	r, l := denial(statement("Allow", "", `"s3:*"`, "*", ""))
	encoded := w.encoded(here, r, l)
	if _, err := w.decode(dan, encoded); err != nil {
		t.Fatal(err)
	}
	session, err := call(w, dan, stsapi.GetSessionToken, &stsapi.GetSessionTokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	token := *session.Credentials.SessionToken
	for name, message := range map[string]string{
		"an example of AWS's manual":  "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn-abcdefghijklmn-abcdefghijklmn",
		"nothing but a space":         " ",
		"a line break at the end":     encoded + "\n",
		"a line break within":         encoded[:10] + "\r\n" + encoded[10:],
		"padding":                     encoded + "=",
		"one character less":          encoded[:len(encoded)-1],
		"one character more":          encoded + "A",
		"twice":                       encoded + encoded,
		"the other alphabet":          strings.NewReplacer("-", "+", "_", "/").Replace(encoded) + "+",
		"a session token":             token,
		"a session token's box":       strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(token), "="),
		"another server's":            newWorld(t).encoded(here, r, l),
		"longer than messages can be": strings.Repeat("A", limits.EncodedMessage+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.decode(dan, message)
			mustNotBeValid(t, err)
		})
	}
	if err := w.sts.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = w.decode(dan, encoded)
	mustNotBeValid(t, err)
}

// TestEveryChangedCharacterOfAMessageIsNoticed also holds that a message is
// no session token, whatever is done to it.
func TestEveryChangedCharacterOfAMessageIsNoticed(t *testing.T) {
	w := newWorld(t)
	r, l := denial()
	encoded := w.encoded(here, r, l)
	for i := range encoded {
		other := byte('A')
		if encoded[i] == other {
			other = 'B'
		}
		if m, err := w.sts.decode(encoded[:i] + string(other) + encoded[i+1:]); err == nil {
			t.Fatalf("character %d was changed, and the message still says %s", i, m.Message)
		}
	}
	raw, err := encoding().DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.sts.ring.Load().sealer.unbox(raw); err == nil {
		t.Error("the key of tokens opens messages")
	}
}

// TestMessagesSurviveARestart: they are sealed with a key that is kept.
func TestMessagesSurviveARestart(t *testing.T) {
	w := newWorld(t)
	r, l := denial()
	encoded := w.encoded(here, r, l)
	// Opening a service with the stored key is all that a start does.
	again := &Service{}
	if err := again.use(w.sts.keys.Get(currentKey).Key); err != nil {
		t.Fatal(err)
	}
	if m, err := again.decode(encoded); err != nil || m.Account != here {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestLongMessagesAreShortened: whatever the request brings, the message is one
// that can be decoded, and says the most of what it can.
func TestLongMessagesAreShortened(t *testing.T) {
	w := newWorld(t)
	dan := w.decoder(here, "dan")
	r, l := denial()
	for i := range 60 {
		r.Context.Set(fmt.Sprintf("aws:PrincipalTag/t%02d", i), noise(i, 256))
	}
	for i := range 40 {
		l.Identity = append(l.Identity, policy.Attached{Policy: load(statement("Deny", "", `"lambda:*"`, "arn:aws:lambda:*:*:function:*"+strings.ToLower(noise(i, 400))+"*", "")), Name: "p"})
	}
	l.Identity = append(l.Identity, policy.Attached{Policy: load(statement("Deny", "", `"*"`, "*", "")), Name: "p"})
	encoded := w.encoded(here, r, l)
	if n := len(encoded); n > limits.EncodedMessage || n < limits.EncodedMessage*8/10 {
		t.Errorf("%d characters", n)
	}
	text, err := w.decode(dan, encoded)
	if err != nil {
		t.Fatal(err)
	}
	var m authorizationMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if !m.ExplicitDeny || m.Context.Resource != r.Resource || len(m.MatchedStatements.Items) != 1 {
		t.Errorf("%s", text)
	}
	r.Resource = "arn:aws:s3:::" + noise(1, 20_000)
	if _, err := w.sts.EncodeDenial(here, r, &policy.Layers{}); err == nil {
		t.Error("a resource longer than any message was encoded")
	}
}

// FuzzDecodeMessage: what was not sealed here says nothing, and nobody's input
// ends the server.
func FuzzDecodeMessage(f *testing.F) {
	w := newWorld(f)
	r, l := denial()
	encoded := w.encoded(here, r, l)
	for _, s := range []string{"", encoded, encoded[:20], encoded + "=", "AQ", strings.Repeat("-", 80), "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := w.sts.decode(s); err == nil && s != encoded {
			t.Errorf("%q says %q", s, m.Message)
		}
	})
}

// FuzzEncodeMessage: every request that can be judged can be encoded and
// comes back as it was.
func FuzzEncodeMessage(f *testing.F) {
	w := newWorld(f)
	f.Add("arn:aws:s3:::b/k", "aws:UserAgent", "x", "Sid1")
	f.Add("*", "", "\x00\xff<&>", "")
	f.Fuzz(func(t *testing.T, resource, key, value, sid string) {
		if len(resource) > 2_048 {
			return
		}
		r, l := denial()
		r.Resource = resource
		r.Context.Set(key, value)
		document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*"}})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := policy.Load(document); err == nil {
			l.Identity = append(l.Identity, policy.Attached{Policy: p})
		}
		encoded, err := w.sts.EncodeDenial(here, r, l)
		if err != nil {
			t.Fatal(err)
		}
		if len(encoded) > limits.EncodedMessage {
			t.Errorf("%d characters", len(encoded))
		}
		m, err := w.sts.decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var back authorizationMessage
		if err := json.Unmarshal([]byte(m.Message), &back); err != nil {
			t.Fatalf("%s: %v", m.Message, err)
		}
		// Bytes that are no UTF-8 come back as JSON has them.
		if utf8.ValidString(resource) && back.Context.Resource != resource {
			t.Errorf("resource %q came back as %q", resource, back.Context.Resource)
		}
	})
}
