package lambda

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// functionPolicy is the stored policy of one function, version or alias. It
// has at least one statement.
type functionPolicy struct {
	Grants   []grant
	Revision string
}

// text prints the policy of a resource.
func (p *functionPolicy) text(resource string, name func(string) string) (string, error) {
	d := document{Version: "2012-10-17", ID: "default"}
	for i := range p.Grants {
		d.Statement = append(d.Statement, p.Grants[i].print(resource, name))
	}
	return compact(d)
}

func (p *functionPolicy) index(sid string) int {
	return slices.IndexFunc(p.Grants, func(g grant) bool { return g.Sid == sid })
}

func staleTo(call string) *api.Error {
	return lambdaapi.NewPreconditionFailedException("The Revision Id provided does not match the latest Revision Id. Call the %s API to retrieve the latest Revision Id", call)
}

func (s *Service) addPermission(ctx context.Context, c *op.Call, in *lambdaapi.AddPermissionRequest) (*lambdaapi.AddPermissionResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	if r.qualifier == latest {
		return nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	if err := s.now().mayHavePolicy(r); err != nil {
		return nil, err
	}
	g, err := s.newGrant(in)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		if err := v.mayHavePolicy(r); err != nil {
			return err
		}
		old := s.policies.GetIn(tx, r.part(r.qualifier))
		if err := v.checkPolicyRevision(r, old, in.RevisionId); err != nil {
			return err
		}
		now := &functionPolicy{Revision: id.UUID()}
		if old != nil {
			now.Grants = append(now.Grants, old.Grants...)
		}
		if now.index(g.Sid) >= 0 {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", g.Sid)
		}
		now.Grants = append(now.Grants, *g)
		if err := s.checkPolicySize(now, r); err != nil {
			return err
		}
		return s.policies.Put(tx, r.part(r.qualifier), now)
	})
	if err != nil {
		return nil, err
	}
	text, err := compact(g.print(r.arn(), s.shownPrincipal))
	return &lambdaapi.AddPermissionResponse{Statement: &text}, err
}

// mayHavePolicy refuses what a permission cannot be added to because it is not there.
func (v view) mayHavePolicy(r ref) error {
	switch {
	case v.function(r) == nil:
		return noFunction(r.unqualified())
	case r.qualifier == "":
		return nil
	case isAlias(r.qualifier):
		if v.alias(r, r.qualifier) == nil {
			return noAlias(r.arn())
		}
	case v.version(r, r.qualifier) == nil:
		return noFunction(r.arn())
	}
	return nil
}

// checkPolicyRevision compares the revision the caller knows. A policy has its
// own; where there is none yet an alias's own revision counts (recorded from
// AWS), and nothing else does (inferred).
func (v view) checkPolicyRevision(r ref, p *functionPolicy, revision *string) error {
	if revision == nil {
		return nil
	}
	current := ""
	if p != nil {
		current = p.Revision
	} else if a := v.alias(r, r.qualifier); r.qualifier != "" && a != nil {
		current = a.Revision
	}
	if *revision != current {
		return staleTo("GetPolicy")
	}
	return nil
}

func (s *Service) checkPolicySize(p *functionPolicy, r ref) error {
	text, err := p.text(r.arn(), s.shownPrincipal)
	if err != nil {
		return err
	}
	if len(text) > limits.FunctionPolicyBytes {
		return lambdaapi.NewPolicyLengthExceededException("The final policy size (%d) is bigger than the limit (%d).", len(text), limits.FunctionPolicyBytes)
	}
	return nil
}

func (s *Service) removePermission(ctx context.Context, c *op.Call, in *lambdaapi.RemovePermissionRequest) (*api.Empty, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		v := view{s, tx}
		if v.function(r) == nil {
			return notFound("No policy found for: %s", r.unqualified())
		}
		if isAlias(r.qualifier) && v.alias(r, r.qualifier) == nil {
			return noAlias(r.arn())
		}
		key := r.part(r.qualifier)
		old := s.policies.GetIn(tx, key)
		if old == nil {
			return notFound("No policy is associated with the given resource.")
		}
		i := old.index(in.GetStatementId())
		if i < 0 {
			return notFound("Statement %s is not found in resource policy.", in.GetStatementId())
		}
		// AWS's words for a stale revision here are not known today; it had
		// GetFunction/GetAlias in this place in 2022.
		if err := v.checkPolicyRevision(r, old, in.RevisionId); err != nil {
			return err
		}
		if len(old.Grants) == 1 {
			return s.policies.Delete(tx, key)
		}
		return s.policies.Put(tx, key, &functionPolicy{Grants: slices.Delete(slices.Clone(old.Grants), i, i+1), Revision: id.UUID()})
	})
	return &api.Empty{}, err
}

func (s *Service) getPolicy(_ context.Context, c *op.Call, _ *lambdaapi.GetPolicyRequest) (*lambdaapi.GetPolicyResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	p := s.policies.Get(r.part(r.qualifier))
	if p == nil {
		return nil, notFound("The resource you requested does not exist.")
	}
	text, err := p.text(r.arn(), s.shownPrincipal)
	return &lambdaapi.GetPolicyResponse{Policy: &text, RevisionId: &p.Revision}, err
}

// permissionKeys says whom a permission is for: on adding as the request says,
// on removing as the stored statement does, so that a policy that denies one
// kind of principal protects its statements too.
func (s *Service) permissionKeys(principalKey, authTypeKey string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		var given, authType string
		switch in := c.Input.(type) {
		case *lambdaapi.AddPermissionRequest:
			given, authType = in.GetPrincipal(), in.GetFunctionUrlAuthType()
		case *lambdaapi.RemovePermissionRequest:
			r, err := target(c)
			if err != nil {
				return
			}
			p := s.policies.Get(r.part(r.qualifier))
			if p == nil || p.index(in.GetStatementId()) < 0 {
				return
			}
			g := p.Grants[p.index(in.GetStatementId())]
			given, authType = g.Principal.Given, g.AuthType
		}
		setKey(keys, principalKey, given)
		setKey(keys, authTypeKey, authType)
	}
}

func setKey(keys *policy.Context, key, value string) {
	if value != "" {
		keys.Set(key, value)
	}
}

// compiledPolicies are the policies as the gate reads them, by the ARN of
// exactly what they belong to.
type compiledPolicies struct {
	mu    sync.RWMutex
	byARN map[string]*policy.Attached
	// broken are policies that did not compile: a fault of ours. They grant nothing.
	broken func(arn string, err error)
}

func newCompiledPolicies(broken func(string, error)) *compiledPolicies {
	return &compiledPolicies{byARN: map[string]*policy.Attached{}, broken: broken}
}

// shown follows the policies table.
func (p *compiledPolicies) shown(key string, _, now *functionPolicy) {
	r := keyRef(key)
	attached := p.compile(r, now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if attached == nil {
		delete(p.byARN, r.arn())
		return
	}
	p.byARN[r.arn()] = attached
}

func (p *compiledPolicies) compile(r ref, stored *functionPolicy) *policy.Attached {
	if stored == nil {
		return nil
	}
	text, err := stored.text(r.arn(), func(id string) string { return id })
	if err != nil {
		p.broken(r.arn(), err)
		return nil
	}
	loaded, err := policy.Load([]byte(text))
	if err != nil {
		p.broken(r.arn(), err)
		return nil
	}
	return &policy.Attached{Policy: loaded, Name: "function policy", Source: "function " + strings.TrimSuffix(r.name+":"+r.qualifier, ":")}
}

func (p *compiledPolicies) of(arn string) *policy.Attached {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byARN[arn]
}

// Resource implements op.Service. The policy is that of exactly the qualifier
// addressed; nothing can be attached to $LATEST. The tags are the function's,
// whatever the qualifier, so that none gets round a denial by tag (inferred).
func (s *Service) Resource(_, arn string) op.Facts {
	if p, ok := parseMapping(arn); ok {
		facts := op.Facts{Account: p.account}
		if m := s.mappings.Get(p.key()); m != nil {
			facts.Tags = m.Tags
		}
		return facts
	}
	if p, ok := parseSigning(arn); ok {
		facts := op.Facts{Account: p.account}
		if g := s.signing.Get(p.key()); g != nil {
			facts.Tags = g.Tags
		}
		return facts
	}
	r, ok := parseName(arn)
	if !ok || r.account == "" || r.region == "" {
		return op.Facts{}
	}
	facts := op.Facts{Account: r.account, Policy: s.compiled.of(arn)}
	if f := s.functions.Get(r.key()); f != nil {
		facts.Tags = f.Tags
	}
	return facts
}
