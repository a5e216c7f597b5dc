package iam

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// crowded has many principals, users and roles in turn, that share their
// policies: a managed one, which is their boundary too, and an inline one.
func crowded(b *testing.B, n int) (*world, []caller.Caller) {
	w := newWorld(b)
	arn, text := w.managed("shared", allows("s3:*", "*")), allows("dynamodb:*", "*")
	callers := make([]caller.Caller, n)
	err := w.iam.store.Update(context.Background(), func(tx *store.Tx) (err error) {
		for i := range callers {
			if callers[i], err = w.crowdMember(tx, i, arn, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return w, callers
}

// crowdMember makes a principal as it is read from the database: every record
// has its own strings.
func (w *world) crowdMember(tx *store.Tx, i int, arn, text string) (caller.Caller, error) {
	p := permissions{
		Attached: []string{strings.Clone(arn)},
		Inline:   []inline{{Name: strings.Clone("inline"), Document: strings.Clone(text)}},
	}
	name, account, bound := fmt.Sprintf("order-worker-%06d", i), strings.Clone(here), strings.Clone(arn)
	if i%2 == 0 {
		u := &user{Account: account, Name: name, Path: "/", ID: fmt.Sprintf("AIDA%017d", i), Created: w.iam.now(), Boundary: bound, permissions: p}
		return caller.ForUser(caller.User{Account: here, ARN: u.arn(), Name: name, ID: strings.Clone(u.ID)}, caller.Key{}), w.iam.users.Put(tx, key(account, name), u)
	}
	r := &role{Account: account, Name: name, Path: "/", ID: fmt.Sprintf("AROA%017d", i), Created: w.iam.now(), Boundary: bound, permissions: p}
	session := caller.RoleSession{Account: here, RoleARN: r.arn(), RoleName: name, RoleID: strings.Clone(r.ID), Name: "s"}
	return caller.ForRoleSession(session, caller.Key{}), w.iam.roles.Put(tx, key(account, name), r)
}

// asking is a request as it is before IAM is asked: what it says of the caller
// was read with it.
type asking struct {
	caller  caller.Caller
	request policy.Request
}

func newAsking(c caller.Caller) asking {
	return asking{c, policy.Request{Principal: c.Principal(), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: here}}
}

// BenchmarkDecisionPrincipals finds a principal's policies and decides, asking
// for one of 100,000 over and over, and for another one each time in no order.
func BenchmarkDecisionPrincipals(b *testing.B) {
	const ahead = 128
	w, callers := crowded(b, 100_000)
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(callers))
	for _, mode := range []struct {
		name string
		next func(i int) int
	}{
		{"same", func(int) int { return order[0] }},
		{"others", func(i int) int { return order[i%len(order)] }},
	} {
		b.Run(mode.name, func(b *testing.B) {
			var ready [ahead]asking
			n := 0
			for b.Loop() {
				if n%ahead == 0 {
					b.StopTimer()
					for i := range ready {
						ready[i] = newAsking(callers[mode.next(n+i)])
					}
					b.StartTimer()
				}
				a := &ready[n%ahead]
				g, ok := w.iam.Grants(a.caller)
				if d := policy.Evaluate(&a.request, &policy.Layers{Identity: g.Identity, Boundary: g.Boundary}); !ok || !d.Allowed() {
					b.Fatalf("%+v", d)
				}
				n++
			}
		})
	}
}
