package policy

import (
	"slices"
	"strings"
)

// FixKind says what a change does.
type FixKind string

// Kinds of change.
const (
	// AddToIdentity adds a statement to the principal's own policies.
	AddToIdentity FixKind = "add-to-identity"
	// AddToResource adds a statement to the resource-based policy.
	AddToResource FixKind = "add-to-resource"
	// AddToTrust adds a statement to the role's trust policy.
	AddToTrust FixKind = "add-to-trust"
	// AddToBoundary adds a statement to the permissions boundary.
	AddToBoundary FixKind = "add-to-boundary"
	// AddToSession adds a statement to the session policy, so the session must be made anew.
	AddToSession FixKind = "add-to-session"
	// AddToServiceControl and AddToResourceControl add a statement to a control
	// policy of the organization, AddToEndpoint to a VPC endpoint's policy.
	AddToServiceControl  FixKind = "add-to-service-control"
	AddToResourceControl FixKind = "add-to-resource-control"
	AddToEndpoint        FixKind = "add-to-endpoint"
	// NarrowDeny replaces an explicit Deny by one that spares the request.
	NarrowDeny FixKind = "narrow-deny"
	// RemoveDeny removes an explicit Deny that can not be narrowed.
	RemoveDeny FixKind = "remove-deny"
)

// Fix is a set of changes that together turn a denial into an allow. It was
// proven: the same request was evaluated with the changes made. What it allows
// is this action on this resource to this principal (to the role, for a role
// session). Where a Deny can not be narrowed to that, the change says so.
type Fix struct {
	Changes []Change `json:"changes"`
	// Text is the fix for people.
	Text string `json:"text"`
}

// Change is one change to one policy.
type Change struct {
	Layer Layer   `json:"layer"`
	Kind  FixKind `json:"kind"`
	// Target is what holds the policy to change: "user my-user".
	Target string `json:"target"`
	// Policy is the name of the policy whose Deny is replaced, Replaces that
	// statement's index; unset where a statement is only added.
	Policy   string `json:"policy,omitempty"`
	Replaces *int   `json:"replaces,omitempty"`
	// Statements are those to add, as JSON.
	Statements []string `json:"statements,omitempty"`
	// Exact says that nothing but the request is affected.
	Exact bool   `json:"exact"`
	Text  string `json:"text"`
}

// maxChanges bounds the changes of one fix.
const maxChanges = 16

// propose finds the fixes of a denial.
func propose(r *Request, l *Layers, d Decision) []Fix {
	var fixes []Fix
	if f, ok := mend(r, l, LayerIdentity); ok {
		fixes = append(fixes, f)
	}
	q := newQuestion(r, l)
	if owner, _ := q.ownership(); owner == sameAccount && d.Effect == ImplicitDeny && d.Layer == LayerIdentity && l.Resource != nil {
		if f, ok := mend(r, l, LayerResource); ok {
			fixes = append(fixes, f)
		}
	}
	return fixes
}

// mend changes a copy of the policies, one denial after the other, until the
// request is allowed. A missing identity policy is made up for in the given layer.
func mend(r *Request, l *Layers, instead Layer) (Fix, bool) {
	w := workbench{request: r, layers: copyLayers(l)}
	var f Fix
	for range maxChanges {
		d := Evaluate(r, &w.layers)
		if d.Allowed() {
			var texts []string
			for _, c := range f.Changes {
				texts = append(texts, c.Text)
			}
			f.Text = strings.Join(texts, "; and ")
			return f, len(f.Changes) > 0
		}
		layer := d.Layer
		if layer == LayerIdentity && d.Effect == ImplicitDeny {
			layer = instead
		}
		c, ok := Change{}, false
		switch {
		case layer == LayerNone:
			return Fix{}, false
		case d.Effect == ExplicitDeny:
			c = w.lift(d)
		case w.added[layer]:
			// What was added does not help, so nothing will.
			return Fix{}, false
		case layer == LayerServiceControl, layer == LayerResourceControl:
			if c, ok = w.addControl(layer); !ok {
				return Fix{}, false
			}
		default:
			c = w.add(layer)
		}
		f.Changes = append(f.Changes, c)
	}
	return Fix{}, false
}

// workbench holds policies that are being changed.
type workbench struct {
	request *Request
	layers  Layers
	// added marks the layers that got a statement.
	added [LayerEndpoint + 1]bool
}

// copyLayers copies what lift and add change. Compiled policies are shared.
func copyLayers(l *Layers) Layers {
	c := *l
	c.Identity, c.Session = slices.Clone(l.Identity), slices.Clone(l.Session)
	if l.Boundary != nil {
		b := *l.Boundary
		c.Boundary = &b
	}
	if l.Resource != nil {
		p := *l.Resource
		c.Resource = &p
	}
	if l.Endpoint != nil {
		p := *l.Endpoint
		c.Endpoint = &p
	}
	c.ServiceControl, c.ResourceControl = copyLevels(l.ServiceControl), copyLevels(l.ResourceControl)
	return c
}

func copyLevels(levels [][]Attached) [][]Attached {
	out := slices.Clone(levels)
	for i := range out {
		out[i] = slices.Clone(out[i])
	}
	return out
}

// add puts the smallest allowing statement into a layer.
func (w *workbench) add(layer Layer) Change {
	w.added[layer] = true
	s := Statement{Effect: "Allow", Action: One(w.request.Action), Resource: One(escape(w.request.Resource))}
	if w.request.Resource == "*" {
		s.Resource = One("*")
	}
	c := Change{Layer: layer, Exact: true}
	what := "allow " + w.request.Action + " on " + w.request.Resource
	switch layer {
	case LayerResource:
		c.Kind, c.Target = AddToResource, w.request.Resource
		holder := "the resource-based policy of " + c.Target
		if isTrust(w.request.Action, w.request.Resource) {
			c.Kind, c.Target, s.Resource = AddToTrust, nameOf(w.request.Resource), nil
			holder = "the trust policy of " + c.Target
			what = "allow " + w.request.Action
		}
		var who string
		s.Principal, s.Condition, who, c.Exact = w.named()
		c.Text = "in " + holder + ", " + what + " to " + who
		if w.layers.Resource == nil {
			w.layers.Resource = &Attached{Source: c.Target}
		}
		w.extend(w.layers.Resource, s)
	case LayerEndpoint:
		c.Kind, c.Target = AddToEndpoint, w.layers.Endpoint.Source
		s.Principal = &Principals{Star: true}
		s.Condition = w.pin(nil, "ArnEquals", "aws:PrincipalArn")
		c.Exact = len(s.Condition) > 0
		c.Text = "in the policy of the VPC endpoint, " + what
		w.extend(w.layers.Endpoint, s)
	case LayerBoundary:
		c.Kind, c.Target = AddToBoundary, w.owner()
		c.Text = "in the permissions boundary of " + c.Target + ", " + what
		w.extend(w.layers.Boundary, s)
	case LayerSession:
		c.Kind, c.Target = AddToSession, w.request.Principal.name()
		c.Text = "make the session " + c.Target + " anew, with a session policy to " + what
		w.layers.Session = append(w.layers.Session, Attached{Name: "new session policy", Policy: single(s)})
	default:
		c.Kind, c.Target = AddToIdentity, w.owner()
		c.Text = "in the identity-based policies of " + c.Target + ", " + what
		w.layers.Identity = append(w.layers.Identity, Attached{Name: "new policy", Policy: single(s), Source: c.Target})
	}
	c.Statements = []string{string(s.JSON())}
	return c
}

// single is a policy of one statement.
func single(s Statement) *Policy {
	return (&Policy{document: &Document{Version: Version2012}}).edit(0, 0, s)
}

// extend adds a statement to an attached policy.
func (w *workbench) extend(a *Attached, s Statement) {
	if a.Policy == nil {
		a.Policy = single(s)
		return
	}
	a.Policy = a.Policy.edit(len(a.Policy.statements), 0, s)
}

// owner names whose identity policies and boundary count: "role my-role".
func (w *workbench) owner() string {
	p := &w.request.Principal
	switch p.Kind {
	case RoleSession:
		return nameOf(p.RoleARN)
	case FederatedUser:
		return nameOf(p.UserARN)
	}
	return nameOf(p.ARN)
}

// nameOf makes "user my-user" of arn:aws:iam::111111111111:user/path/my-user.
func nameOf(arn string) string {
	name := arnPart(arn, arnParts-1)
	kind, rest, ok := strings.Cut(name, "/")
	if !ok {
		return arn
	}
	return kind + " " + rest[strings.LastIndexByte(rest, '/')+1:]
}

// escape writes a text so that a pattern of Version2012 matches it alone.
func escape(s string) string {
	if !strings.ContainsAny(s, "*?$") {
		return s
	}
	return strings.NewReplacer("*", "${*}", "?", "${?}", "${", "${$}{").Replace(s)
}

// named is the Principal element that names the caller, with the conditions
// that keep it from naming more, the caller in words, and whether nobody else
// is named.
func (w *workbench) named() (*Principals, []ConditionBlock, string, bool) {
	p := &w.request.Principal
	entry := func(kind, value string) *Principals {
		return &Principals{Entries: []PrincipalEntry{{kind, *One(value)}}}
	}
	switch p.Kind {
	case RoleSession:
		return entry("AWS", p.RoleARN), nil, nameOf(p.RoleARN), true
	case Root:
		// The root ARN names the whole account.
		pins := w.pin(nil, "ArnEquals", "aws:PrincipalArn")
		return entry("AWS", p.ARN), pins, "the root user of " + p.Account, len(pins) > 0
	case User, FederatedUser:
		return entry("AWS", p.ARN), nil, nameOf(p.ARN), true
	case Service:
		pins := w.pin(nil, "StringEquals", "AWS:SourceAccount")
		pins = w.pin(pins, "ArnLike", "AWS:SourceArn")
		who := p.Service
		if v, ok := w.request.Context.Get("aws:SourceArn"); ok {
			who += " acting for " + v[0]
		}
		return entry("Service", p.Service), pins, who, true
	case ProviderUser:
		_, host, isARN := strings.Cut(p.Provider, "oidc-provider/")
		if !isARN {
			host = p.Provider
		}
		pins := w.pin(nil, "StringEquals", host+":aud")
		pins = w.pin(pins, "StringEquals", host+":sub")
		return entry("Federated", p.Provider), pins, "users of " + p.Provider, len(pins) > 0
	}
	pins := w.pin(nil, "StringEquals", "aws:PrincipalType")
	return &Principals{Star: true}, pins, "everybody", false
}

// pin adds a condition that holds a key at the request's value, if it has one.
func (w *workbench) pin(blocks []ConditionBlock, operator, key string) []ConditionBlock {
	e := w.request.Context.find(lower(key))
	if e == nil || !e.single() {
		return blocks
	}
	value := e.values[0]
	if strings.HasPrefix(operator, "Arn") {
		value = escape(value)
	} else {
		value = strings.ReplaceAll(value, "${", "${$}{")
	}
	k := ConditionKey{Key: key, Lone: true, Values: []ConditionValue{{Text: value}}}
	for i := range blocks {
		if blocks[i].Operator == operator {
			blocks[i].Keys = append(blocks[i].Keys, k)
			return blocks
		}
	}
	return append(blocks, ConditionBlock{operator, []ConditionKey{k}})
}
