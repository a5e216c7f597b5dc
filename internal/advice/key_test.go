package advice

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestAdviceForKeys: a key policy is written whole, but never with grants in it.
func TestAdviceForKeys(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:111111111111:key/k"
	account := `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}`
	for name, want := range map[string]string{
		"key policy": "aws kms put-key-policy --key-id " + key + " --policy-name default --policy '" +
			`{"Version":"2012-10-17","Statement":[` + account + `,{"Effect":"Allow","Principal":{"AWS":"` + otherARN + `"},"Action":"kms:Decrypt","Resource":"` + key + `"}]}' --region eu-west-1`,
		"key policy and grants": "",
	} {
		l := &policy.Layers{
			Identity: []policy.Attached{{Policy: load(t, allow("kms:*", "*")), Name: "all", Source: "user bob"}}, ResourceMustAllow: true,
			Resource: &policy.Attached{Policy: load(t, `{"Version":"2012-10-17","Statement":[`+account+`]}`), Name: name, Source: "key k"},
		}
		d, fixes := deny(t, Denial{Request: &policy.Request{Principal: bob, Action: "kms:Decrypt", Resource: key, ResourceAccount: mine}, Layers: l})
		all := For(d, fixes)
		if len(all) != 1 {
			t.Fatalf("%s: %+v", name, all)
		}
		s := all[0].Steps[len(all[0].Steps)-1]
		if s.Command != want || !strings.Contains(s.Sentence, "in the resource-based policy of key k, allow kms:Decrypt to ") {
			t.Errorf("%s: got %s\n%s\nwant %s", name, s.Sentence, s.Command, want)
		}
	}
}
