package policy

import "strings"

// question is a request with what is worked out once for all statements.
type question struct {
	request *Request
	layers  *Layers
	// layer is the one being judged.
	layer Layer
	// free is the offset in the resource from which wildcards may match colons.
	free int
	// anyResource says the action knows no resource: the request says "*".
	anyResource bool
	// keys find the statements to look at.
	keys keys
	// problem is why the request can not be judged, empty if it can.
	problem string
}

func newQuestion(r *Request, l *Layers) question {
	var q question
	q.ask(r, l)
	return q
}

// ask is newQuestion in place.
func (q *question) ask(r *Request, l *Layers) {
	q.request, q.layers = r, l
	q.free, q.anyResource = afterFifthColon(r.Resource), r.Resource == "*"
	q.keys.setResource(r.Resource)
	p := &r.Principal
	switch {
	case !q.keys.setAction(r.Action):
		q.problem = "the action is not service:Name"
	case q.free < 0 && !q.anyResource:
		q.problem = "the resource is neither an ARN nor *"
	case p.hasAccount() && (p.Account == "" || p.ARN == ""),
		p.Kind == RoleSession && p.RoleARN == "",
		p.Kind == FederatedUser && p.UserARN == "",
		p.Kind == Service && p.Service == "",
		p.Kind == ProviderUser && p.Provider == "",
		p.Kind > ProviderUser:
		q.problem = "the principal is incomplete"
	}
}

// ownership is how the principal's account and the resource's relate.
type ownership uint8

const (
	// sameAccount: either side may allow.
	sameAccount ownership = iota
	// crossAccount: both sides must allow.
	crossAccount
	// noAccount: the principal belongs to no account, only the resource's side can allow.
	noAccount
)

// ownership compares the accounts. A resource without an owner in its ARN, or
// one of AWS's own, is nobody's: without a policy it is judged as the
// principal's, with one as somebody else's.
func (q *question) ownership() (ownership, CaveatSet) {
	if !q.request.Principal.hasAccount() {
		return noAccount, 0
	}
	owner := q.request.ResourceAccount
	if owner == "" {
		owner = arnAccount(q.request.Resource)
	}
	switch {
	case owner == q.request.Principal.Account:
		return sameAccount, 0
	case owner != "" && owner != "aws":
		return crossAccount, 0
	case q.layers.Resource == nil:
		return sameAccount, 0
	}
	return crossAccount, CaveatUnknownOwner
}

// identityUnlimited says that the principal needs no identity policy: the root
// user, and a federated session made by the root user.
func (q *question) identityUnlimited() bool {
	p := &q.request.Principal
	return p.Kind == Root || p.Kind == FederatedUser && strings.HasSuffix(p.UserARN, ":root")
}
