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

// functionPolicy is the stored policy of one function, version or alias, or of a
// version of a layer. It has at least one statement.
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

// with is the policy of a resource with one more statement; p is nil where there is
// none yet.
func (p *functionPolicy) with(g *grant, resource string, name func(string) string) (*functionPolicy, error) {
	now := &functionPolicy{Revision: id.UUID()}
	if p != nil {
		now.Grants = append(now.Grants, p.Grants...)
	}
	if now.index(g.Sid) >= 0 {
		return nil, conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", g.Sid)
	}
	now.Grants = append(now.Grants, *g)
	text, err := now.text(resource, name)
	if err != nil {
		return nil, err
	}
	if len(text) > limits.FunctionPolicyBytes {
		return nil, lambdaapi.NewPolicyLengthExceededException("The final policy size (%d) is bigger than the limit (%d).", len(text), limits.FunctionPolicyBytes)
	}
	return now, nil
}

// without is the policy without a statement, nil when none is left.
func (p *functionPolicy) without(sid string) (*functionPolicy, error) {
	if p == nil {
		return nil, noPolicy()
	}
	i := p.index(sid)
	if i < 0 {
		return nil, notFound("Statement %s is not found in resource policy.", sid)
	}
	if len(p.Grants) == 1 {
		return nil, nil
	}
	return &functionPolicy{Grants: slices.Delete(slices.Clone(p.Grants), i, i+1), Revision: id.UUID()}, nil
}

func noPolicy() *api.Error { return notFound("No policy is associated with the given resource.") }

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
		now, err := old.with(g, r.arn(), s.shownPrincipal)
		if err != nil {
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
		now, err := old.without(in.GetStatementId())
		if err != nil {
			return err
		}
		// AWS's words for a stale revision here are not known today; it had
		// GetFunction/GetAlias in this place in 2022.
		if err := v.checkPolicyRevision(r, old, in.RevisionId); err != nil {
			return err
		}
		if now == nil {
			return s.policies.Delete(tx, key)
		}
		return s.policies.Put(tx, key, now)
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
	p.put(r.arn(), now, "function policy", "function "+strings.TrimSuffix(r.name+":"+r.qualifier, ":"))
}

// put keeps the policy of a resource as the gate reads it. Name and source are how
// explanations call it.
func (p *compiledPolicies) put(arn string, stored *functionPolicy, name, source string) {
	loaded := p.compile(arn, stored)
	p.mu.Lock()
	defer p.mu.Unlock()
	if loaded == nil {
		delete(p.byARN, arn)
		return
	}
	p.byARN[arn] = &policy.Attached{Policy: loaded, Name: name, Source: source}
}

func (p *compiledPolicies) compile(arn string, stored *functionPolicy) *policy.Policy {
	if stored == nil {
		return nil
	}
	text, err := stored.text(arn, func(id string) string { return id })
	if err != nil {
		p.broken(arn, err)
		return nil
	}
	loaded, err := policy.Load([]byte(text))
	if err != nil {
		p.broken(arn, err)
		return nil
	}
	return loaded
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
	if l, ok := parseLayer(arn); ok {
		return op.Facts{Account: l.account, Policy: s.compiled.of(arn)}
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
