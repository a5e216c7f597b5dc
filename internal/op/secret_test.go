package op

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
)

var errWrongSecret = errors.New("wrong secret")

// TestASecretIsForUnsignedCallersOnly and comes before every policy.
func TestASecretIsForUnsignedCallersOnly(t *testing.T) {
	user := caller.ForUser(caller.User{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/u"}, caller.Key{})
	for _, c := range []struct {
		name    string
		who     caller.Caller
		wrong   bool
		find    Finder
		secret  string
		asked   []string
		refused error
	}{
		{"unsigned, with the secret", caller.Anonymous(), false, on("r"), "because", []string{"t:A on r"}, nil},
		{"unsigned, with a wrong one", caller.Anonymous(), true, on("r"), "", nil, errWrongSecret},
		{"unsigned, on nothing", caller.Anonymous(), false, on(), "", []string{"t:A on nothing"}, nil},
		{"signed, with the secret", user, false, on("r"), "", []string{"t:A on r"}, nil},
		{"signed, with a wrong one", user, true, on("r"), "", []string{"t:A on r"}, nil},
		{"nobody, with the secret", caller.Caller{}, false, on("r"), "", []string{"t:A on r"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			prove := func(context.Context, *Call) error {
				if c.wrong {
					return errWrongSecret
				}
				return nil
			}
			var ran bool
			g := &gate{}
			o := operation("Do")
			b := bus(t, g, Bind(o, handler(&ran), On("t:A", c.find).OrSecret("because", prove)))
			_, err := Do(context.Background(), b, As{Caller: c.who}, o, &input{})
			if err == nil || ran {
				t.Errorf("this gate allows nothing: ran %v, error %v", ran, err)
			}
			if c.refused != nil && !errors.Is(err, c.refused) {
				t.Errorf("error %v", err)
			}
			if !reflect.DeepEqual(g.asked, c.asked) || g.secret != c.secret {
				t.Errorf("asked %q with secret %q, want %q with %q", g.asked, g.secret, c.asked, c.secret)
			}
			if !b.TakesUnsigned(o.Operation) {
				t.Error("the row takes no unsigned requests")
			}
		})
	}
}

// TestAWrongSecretIsRefusedWhereEverybodyMay: policies do not matter then.
func TestAWrongSecretIsRefusedWhereEverybodyMay(t *testing.T) {
	var ran bool
	o := operation("Do")
	b := bus(t, &gate{allow: map[string]bool{"t:A": true}}, Bind(o, handler(&ran), On("t:A", on("r")).OrSecret("because", func(context.Context, *Call) error { return errWrongSecret })))
	if _, err := Do(context.Background(), b, As{Caller: caller.Anonymous()}, o, &input{}); !errors.Is(err, errWrongSecret) || ran {
		t.Errorf("ran %v, error %v", ran, err)
	}
}

func TestRowsThatNoSecretIsFor(t *testing.T) {
	var ran bool
	o := operation("Do")
	prove := func(context.Context, *Call) error { return nil }
	for name, needs := range map[string][]Need{
		"a secret beside another need": {On("t:A", on("r")).OrSecret("x", prove), On("t:B", on("r"))},
		"a secret, optionally":         {Maybe(On("t:A", on("r")).OrSecret("x", prove))},
		"a secret for nothing":         {Nothing("x").OrSecret("x", prove)},
		"a secret without a proof":     {On("t:A", on("r")).OrSecret("x", nil)},
		"a secret without a reason":    {On("t:A", on("r")).OrSecret("", prove)},
		"a secret among others":        {Either(On("t:A", on("r")).OrSecret("x", prove), On("t:B", on("r")))},
	} {
		if _, err := NewBus(Config{Gate: &gate{}, Services: []Service{&service{rows: []Row{Bind(o, handler(&ran), needs...)}}}, Clock: clock.System{}}); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	b := bus(t, &gate{}, Bind(o, handler(&ran), On("t:A", on("r"))))
	if b.TakesUnsigned(o.Operation) || b.TakesUnsigned(nil) || b.TakesUnsigned(operation("Other").Operation) {
		t.Error("a row without a secret takes unsigned requests")
	}
}
