package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// encodes is a service that says its denials are encoded.
type encodes struct{ *owner }

func (encodes) EncodesDenials() {}

// keeper plays STS: it says what it was given to seal.
type keeper struct {
	encodes
	fails bool
}

func (*keeper) API() *api.Service { return &api.Service{ID: "sts"} }

func (k *keeper) EncodeDenial(account string, r *policy.Request, l *policy.Layers) (string, error) {
	if k.fails {
		return "", errors.New("no key")
	}
	return account + "|" + r.Action + "|" + r.Resource + "|" + policy.Evaluate(r, l).Effect.String(), nil
}

// TestDenialsAreEncodedForServicesThatSaySo: EC2's denials end in an encoded
// message (repost.aws), those of others do not; what cannot be encoded is
// denied all the same.
func TestDenialsAreEncodedForServicesThatSaySo(t *testing.T) {
	const plain = "User: arn:aws:iam::" + here + ":user/u is not authorized to perform: lambda:InvokeFunction on resource: " + function +
		" with an explicit deny in an identity-based policy"
	for _, c := range []struct {
		name     string
		services func(*owner, *keeper) []op.Service
		fails    bool
		want     string
		bugs     int64
	}{
		{"a service that says so", func(o *owner, k *keeper) []op.Service { return []op.Service{encodes{o}, k} }, false,
			"You are not authorized to perform this operation. " + plain + ". Encoded authorization failure message: " + here + "|lambda:InvokeFunction|" + function + "|explicitDeny", 0},
		{"one that does not", func(o *owner, k *keeper) []op.Service { return []op.Service{o, k} }, false, plain, 0},
		{"without an encoder", func(o *owner, _ *keeper) []op.Service { return []op.Service{encodes{o}} }, false, plain, 0},
		{"an encoder that fails", func(o *owner, k *keeper) []op.Service { return []op.Service{encodes{o}, k} }, true, plain, 1},
	} {
		w := newWorld(t)
		w.gate = New(w.iam, c.services(w.owner, &keeper{encodes{w.owner}, c.fails}), w.trail, w.bugs)
		err := w.admit(question(w.user(here, "u", statement("Deny", "*", "*", ""))))
		var e *api.Error
		if !errors.As(err, &e) || e.Message != c.want || e.Status != 403 {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
		if got := w.last().Message; strings.Contains(got, "ncoded") || got != plain {
			t.Errorf("%s: recorded %q", c.name, got)
		}
		if got := w.bugs.Count(); got != c.bugs {
			t.Errorf("%s: %d bugs", c.name, got)
		}
		list := question(w.user(here, "u", statement("Deny", "*", "*", "")))
		list.Resource.ARN = "*"
		if err := w.admit(list); err == nil || strings.Contains(err.Error(), "ncoded") {
			t.Errorf("%s: of a list: %v", c.name, err)
		}
		if err := w.admit(question(w.user(here, "ok", allow("*", "*")))); err != nil {
			t.Errorf("%s: what is allowed was refused: %v", c.name, err)
		}
	}
}
