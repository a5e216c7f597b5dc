package sallyport

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/advice"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// told is one decision as it is told to a person.
type told struct {
	record  *trail.Record
	gate    gateName
	summary string
	// tree is nil when there is nothing to show of policies.
	tree  *policy.Explanation
	fixes []advice.Advice
	arnOf func(id string) (string, bool)
}

// text tells the decision: what was asked at which gate, the answer and its
// reason, what each policy says, and what would allow it.
func (t *told) text() string {
	var b strings.Builder
	t.head(&b)
	if t.tree != nil && len(t.tree.Layers) > 0 {
		b.WriteString("\nWhat the policies say\n")
		for i := range t.tree.Layers {
			t.layer(&b, &t.tree.Layers[i])
		}
	}
	if t.tree != nil && len(t.tree.Caveats) > 0 {
		b.WriteString("\nNot certain: AWS leaves this open\n")
		for _, c := range t.tree.Caveats {
			fmt.Fprintf(&b, "  %s (%s)\n", c.Sentence, c.Certainty)
		}
	}
	t.advice(&b)
	return b.String()
}

func (t *told) head(b *strings.Builder) {
	r := t.record
	verdict, action := "DENIED", r.Action
	if r.Allowed {
		verdict = "ALLOWED"
	}
	if action == "" {
		action = r.Service + " " + r.Operation
	}
	fmt.Fprintf(b, "%s  %s", verdict, action)
	if t.gate != "" {
		fmt.Fprintf(b, "  at %s", t.gate.says())
	}
	b.WriteByte('\n')
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %-8s %s\n", name, value)
		}
	}
	line("who", t.who())
	line("on", t.on())
	line("why", t.summary)
	line("when", r.Time.UTC().Format(time.RFC3339)+", request "+r.RequestID+" ("+r.Service+" "+r.Operation+")")
	if r.Parent != "" {
		line("caused by", "request "+r.Parent)
	}
	line("AWS says", r.Message)
}

// who is the principal with what kind it is.
func (t *told) who() string {
	p := &t.record.Principal
	switch p.Kind {
	case policy.Root:
		return p.ARN + " (the root user)"
	case policy.User:
		return p.ARN
	case policy.RoleSession:
		return p.ARN + " (a session of " + p.RoleARN + ")"
	case policy.FederatedUser:
		return p.ARN + " (made by " + p.UserARN + ")"
	case policy.Service:
		if v := t.record.Context["aws:SourceArn"]; len(v) == 1 {
			return p.Service + " (an AWS service, for " + v[0] + ")"
		}
		return p.Service + " (an AWS service)"
	}
	return "a request that nobody signed"
}

func (t *told) on() string {
	switch t.record.Resource {
	case "":
		return ""
	case "*":
		return "account " + t.record.Account + " (the action knows no resource)"
	}
	on := t.record.Resource
	if t.tree == nil {
		return on
	}
	switch t.tree.Accounts {
	case "cross":
		on += "\n           (of another account, so the resource's side and the caller's side must both allow)"
	case "none":
		on += "\n           (the caller has no account, so only the resource's side can allow)"
	}
	return on
}

// layerName is what AWS calls the policies of a layer.
func (t *told) layerName(l policy.Layer) string {
	switch l {
	case policy.LayerResource:
		if strings.HasPrefix(t.record.Action, "sts:") {
			return "trust policy"
		}
		return "resource-based policy"
	case policy.LayerBoundary:
		return "permissions boundary"
	case policy.LayerSession:
		return "session policies"
	}
	return "identity-based policies"
}

// layer tells what one kind of policies says, and of each policy the
// statements that applied or nearly did.
func (t *told) layer(b *strings.Builder, l *policy.LayerExplanation) {
	if !l.Present && len(l.Policies) == 0 {
		return
	}
	says := map[string]string{"allow": "allows it", "deny": "DENIES it"}[l.Says]
	switch {
	case says != "":
	case len(l.Policies) == 0 && t.root(l.Layer):
		says = "not needed: the root user has every right in its own account"
	case len(l.Policies) == 0 && (l.Layer == policy.LayerIdentity || l.Layer == policy.LayerSession):
		says = "there are none"
	case len(l.Policies) == 0:
		says = "there is none"
	default:
		says = "nothing allows it"
	}
	fmt.Fprintf(b, "  %s: %s\n", t.layerName(l.Layer), says)
	for i := range l.Policies {
		t.policy(b, &l.Policies[i])
	}
}

func (t *told) root(l policy.Layer) bool {
	return l == policy.LayerIdentity && t.record.Principal.Kind == policy.Root
}

func (t *told) policy(b *strings.Builder, p *policy.PolicyExplanation) {
	title := p.Name
	if title == "" {
		title = "policy"
	}
	if p.Source != "" && p.Source != p.Name {
		title += " (" + p.Source + ")"
	}
	if p.Digest == "" {
		fmt.Fprintf(b, "    %s: gone, so it allows nothing\n", title)
		return
	}
	shown := 0
	for i := range p.Statements {
		s := &p.Statements[i]
		if s.Applies || s.NearMiss || s.Never != "" {
			t.statement(b, title, s)
			shown++
		}
	}
	if shown == 0 {
		fmt.Fprintf(b, "    %s: says nothing about this\n", title)
	}
}

func (t *told) statement(b *strings.Builder, title string, s *policy.StatementExplanation) {
	name := fmt.Sprintf("%s, statement %d", title, s.Index+1)
	if s.SID != "" {
		name += " (" + s.SID + ")"
	}
	switch {
	case s.Never != "":
		fmt.Fprintf(b, "    %s: can never apply, since %s\n", name, s.Never)
	case s.Applies && s.Effect == "Deny":
		fmt.Fprintf(b, "    %s: denies it\n", name)
	case s.Applies:
		fmt.Fprintf(b, "    %s: allows it\n", name)
	default:
		fmt.Fprintf(b, "    %s: would allow it, but for\n", name)
	}
	for i := range s.Parts {
		if p := &s.Parts[i]; p.Holds != "yes" || len(p.Notes) > 0 {
			t.part(b, p)
		}
	}
}

// part tells what a statement demands and what the request brings.
func (t *told) part(b *strings.Builder, p *policy.Part) {
	name := p.Element
	if p.Operator != "" {
		name = p.Operator + " " + p.Key
	}
	seen := "the request has " + t.values(p.Seen)
	if p.Absent {
		seen = "the request does not have it"
	}
	fmt.Fprintf(b, "      %s: the policy wants %s, %s\n", name, t.values(p.Wanted), seen)
	for _, n := range p.Notes {
		fmt.Fprintf(b, "        (%s)\n", n)
	}
}

// values prints the first few, with the names behind unique ids.
func (t *told) values(all []string) string {
	const most = 4
	var out []string
	for i, v := range all {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(all)-most))
			break
		}
		if _, id, ok := strings.Cut(v, ": "); ok && t.arnOf != nil {
			if arn, known := t.arnOf(id); known {
				v = strings.TrimSuffix(v, id) + arn
			}
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

// advice tells what would allow a denied request.
func (t *told) advice(b *strings.Builder) {
	if t.record.Allowed {
		return
	}
	if len(t.fixes) == 0 {
		if t.tree != nil {
			b.WriteString("\nNo single change of a policy that AWS offers would allow it.\n")
		}
		return
	}
	b.WriteString("\nWhat would allow it\n")
	for i := range t.fixes {
		f := &t.fixes[i]
		if i > 0 {
			b.WriteString("  or\n")
		}
		for j, s := range f.Steps {
			if j > 0 {
				b.WriteString("  and\n")
			}
			fmt.Fprintf(b, "  %s\n", s.Sentence)
			if s.Command != "" {
				fmt.Fprintf(b, "    (with credentials of account %s)\n    %s\n", s.Account, s.Command)
				continue
			}
			for _, st := range s.Statements {
				fmt.Fprintf(b, "    %s\n", st)
			}
		}
		if !f.Exact {
			b.WriteString("    (this allows more than the denied request)\n")
		}
	}
}
