package resourcepolicy

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

const here, there = "111111111111", "222222222222"

// directory knows the principals of one account, by ARN.
type directory struct {
	op.Directory
	ids map[string]string
}

func (d directory) HasAccount(account string) bool { return account == here }

func (d directory) PrincipalID(arn string) (string, bool) { id, ok := d.ids[arn]; return id, ok }

func (d directory) PrincipalARN(id string) (string, bool) {
	for arn, known := range d.ids {
		if known == id {
			return arn, true
		}
	}
	return "", false
}

const alice = "arn:aws:iam::" + here + ":user/alice"

func people() directory {
	return directory{ids: map[string]string{alice: "AIDAALICE000000000000", "arn:aws:iam::" + here + ":role/path/r": "AROAROLE0000000000000"}}
}

func allowing(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sqs:SendMessage","Resource":"*"}]}`
}

func TestUsersAndRolesAreStoredByID(t *testing.T) {
	d := people()
	for given, stored := range map[string]string{
		`{"AWS":"` + alice + `"}`: `{"AWS":"AIDAALICE000000000000"}`,
		`{"AWS":["` + alice + `","arn:aws:iam::` + here + `:role/path/r"]}`: `{"AWS":["AIDAALICE000000000000","AROAROLE0000000000000"]}`,
		`{"AWS":"AIDAALICE000000000000"}`:                                   `{"AWS":"AIDAALICE000000000000"}`,
		`"*"`:                                                               `"*"`,
		`{"AWS":"*"}`:                                                       `{"AWS":"*"}`,
		`{"AWS":"` + there + `"}`:                                           `{"AWS":"` + there + `"}`,
		`{"AWS":"arn:aws:iam::` + here + `:root"}`:                          `{"AWS":"arn:aws:iam::` + here + `:root"}`,
		`{"AWS":"arn:aws:iam::` + there + `:user/bob"}`:                     `{"AWS":"arn:aws:iam::` + there + `:user/bob"}`,
		`{"Service":"sns.amazonaws.com"}`:                                   `{"Service":"sns.amazonaws.com"}`,
	} {
		p, err := New(allowing(given), policy.KindResource, d)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got := p.Stored(); got != allowing(stored) {
			t.Errorf("%s is stored as %s", given, got)
		}
		if got := p.Shown(d); got != allowing(given) && !strings.Contains(given, `"AIDAALICE000000000000"`) {
			t.Errorf("%s is shown as %s", given, got)
		}
	}
}

// TestWhoTakesANameOverIsNotMeant: and the one who is gone is shown as an id.
func TestWhoTakesANameOverIsNotMeant(t *testing.T) {
	d := people()
	p, err := New(allowing(`{"AWS":"`+alice+`"}`), policy.KindResource, d)
	if err != nil {
		t.Fatal(err)
	}
	d.ids[alice] = "AIDAOTHER000000000000"
	if p.Stored() != allowing(`{"AWS":"AIDAALICE000000000000"}`) || p.Shown(d) != allowing(`{"AWS":"AIDAALICE000000000000"}`) {
		t.Errorf("stored %s, shown %s", p.Stored(), p.Shown(d))
	}
	delete(d.ids, alice)
	d.ids["arn:aws:iam::"+here+":user/renamed"] = "AIDAALICE000000000000"
	if got := p.Shown(d); got != allowing(`{"AWS":"arn:aws:iam::`+here+`:user/renamed"}`) {
		t.Errorf("renamed, shown %s", got)
	}
}

func TestPrincipalsThatCannotBe(t *testing.T) {
	for _, given := range []string{
		`{"AWS":"arn:aws:iam::` + here + `:user/nobody"}`, `{"AWS":"arn:aws:iam::` + here + `:role/none"}`, `{"AWS":"AIDAUNKNOWN0000000000"}`,
		`{"Service":"sns.example.com"}`, `{"Service":".amazonaws.com"}`,
	} {
		_, err := New(allowing(given), policy.KindResource, people())
		if malformed := (*policy.MalformedError)(nil); !errors.As(err, &malformed) {
			t.Errorf("%s: got %v", given, err)
		}
	}
}
