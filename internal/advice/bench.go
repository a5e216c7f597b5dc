package advice

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// bench is where one fix is carried out.
type bench struct {
	Denial
	// layers are the policies as the steps so far leave them.
	layers policy.Layers
	steps  []Step
	exact  bool
}

// copyLayers copies what steps replace. Policies themselves never change.
func copyLayers(l *policy.Layers) policy.Layers {
	c := *l
	c.Identity, c.Session = slices.Clone(l.Identity), slices.Clone(l.Session)
	if l.Boundary != nil {
		b := *l.Boundary
		c.Boundary = &b
	}
	if l.Resource != nil {
		r := *l.Resource
		c.Resource = &r
	}
	c.ServiceControl, c.ResourceControl = copyLevels(l.ServiceControl), copyLevels(l.ResourceControl)
	return c
}

// apply makes one change. It says false when there is no way to make it.
func (b *bench) apply(c *policy.Change, verdict policy.Decision) bool {
	b.exact = b.exact && c.Exact
	switch c.Kind {
	case policy.AddToIdentity:
		return b.addToIdentity(c)
	case policy.AddToResource:
		return b.addToResource(c)
	case policy.AddToTrust:
		return b.addToTrust(c)
	case policy.AddToBoundary:
		return b.addToBoundary(c)
	case policy.AddToSession:
		return b.addToSession(c)
	case policy.AddToServiceControl, policy.AddToResourceControl:
		return b.addToControl(c)
	case policy.NarrowDeny, policy.RemoveDeny:
		return b.lift(c, verdict)
	}
	return false
}

// step notes a change. A further change of a policy that a step before made
// anew becomes part of that step, whose command then writes both.
func (b *bench) step(s Step) bool {
	for i := range b.steps {
		earlier := &b.steps[i]
		if earlier.policy == nil || earlier.policy != s.policy {
			continue
		}
		earlier.Sentence += "; and " + s.Sentence
		earlier.Command = s.Command
		earlier.Statements = append(earlier.Statements, s.Statements...)
		return true
	}
	b.steps = append(b.steps, s)
	return true
}

// statements reads those of a change.
func statements(c *policy.Change) ([]policy.Statement, bool) {
	if len(c.Statements) == 0 {
		return nil, true
	}
	text := `{"Version":"` + policy.Version2012 + `","Statement":[` + strings.Join(c.Statements, ",") + `]}`
	d, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, false
	}
	return d.Statements, true
}

// document is a copy of an attached policy for editing, with ARNs in place of
// unique ids, as AWS shows it and takes it back.
func (b *bench) document(a *policy.Attached) *policy.Document {
	if a == nil || a.Policy == nil {
		return &policy.Document{Version: policy.Version2012}
	}
	d := a.Policy.Document().Clone()
	d.Lone = false
	for i := range d.Statements {
		b.showARNs(d.Statements[i].Principal)
		b.showARNs(d.Statements[i].NotPrincipal)
	}
	return d
}

func (b *bench) showARNs(p *policy.Principals) {
	if p == nil || b.ARNOf == nil {
		return
	}
	for i := range p.Entries {
		values := p.Entries[i].Values.Items
		for j, v := range values {
			if arn, ok := b.ARNOf(v); ok {
				values[j] = arn
			}
		}
	}
}

// extend appends statements to what is attached.
func (b *bench) extend(a *policy.Attached, added []policy.Statement) *policy.Document {
	d := b.document(a)
	d.Statements = append(d.Statements, added...)
	a.Policy = policy.Compile(d)
	return d
}

// single is a document of these statements alone.
func single(s []policy.Statement) *policy.Document {
	return &policy.Document{Version: policy.Version2012, Statements: s}
}

// at is where the policy that decided is attached.
func (b *bench) at(d policy.Decision) *policy.Attached {
	switch {
	case d.Layer == policy.LayerResource:
		return b.layers.Resource
	case d.Layer == policy.LayerBoundary:
		return b.layers.Boundary
	case d.Layer == policy.LayerSession && d.Policy >= 0 && d.Policy < len(b.layers.Session):
		return &b.layers.Session[d.Policy]
	case d.Layer == policy.LayerIdentity && d.Policy >= 0 && d.Policy < len(b.layers.Identity):
		return &b.layers.Identity[d.Policy]
	}
	return atLevels(b.controls(d.Layer), d.Policy)
}
