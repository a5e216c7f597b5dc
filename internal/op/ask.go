package op

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// Supposed is a question nobody asked yet: what would be decided. Answering it
// changes nothing, records nothing, and lets nobody in.
type Supposed struct {
	// Principal is the ARN of a root user, user or role, an account id, a
	// service principal, or "anonymous". A role stands for its sessions.
	Principal string
	// Action is service:Name, Resource an ARN or "*".
	Action, Resource string
	// Account is whose resource "*" is when the principal has no account.
	Account string
	Region  string
	Origin  Origin
	Time    time.Time
	// Change adds or takes away context keys, after those that the gate fills
	// in; it may be nil.
	Change func(*policy.Context)
}

// Answer is what a question is decided on, and the decision.
type Answer struct {
	Request policy.Request
	Layers  policy.Layers
	// Decision is zero, which denies, when Refused says why no policy was asked.
	Decision policy.Decision
	Refused  string
}

// Asker answers what would be decided, with what Gate decides on.
type Asker interface {
	// Ask answers; the error is an *api.Error that says what is wrong with the
	// question.
	Ask(ctx context.Context, s Supposed) (Answer, error)
	// Principals are the ARNs of the root users, users and roles of an account.
	Principals(account string) []string
}

// Asker is the gate's, for services that answer questions about decisions.
func (b *Bus) Asker() (Asker, error) {
	a, ok := b.gate.(Asker)
	if !ok {
		return nil, fmt.Errorf("op: the gate %T answers no supposed questions", b.gate)
	}
	return a, nil
}

// Census is a Directory that can list its principals.
type Census interface {
	// PrincipalARNs are the root user, the users and the roles of an account,
	// sorted; none for an account that is closed or not here.
	PrincipalARNs(account string) []string
}

// Guardian is a Service whose resources have policies of their own.
type Guardian interface {
	// Guarded are the ARNs of the resources that have one, of every account and
	// region, sorted.
	Guarded() []string
}
