package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// Told is one decision as it is told to a person.
type Told struct {
	Principal policy.Principal
	// SourceARN is what a service principal acts for, SourceAccount who has it;
	// empty if unknown.
	SourceARN, SourceAccount string
	// Action may be empty for an operation that needs none: then Operation
	// stands for it, "sts GetCallerIdentity".
	Action, Operation, Resource string
	// Account is the one that an action without resource is judged in.
	Account string
	Allowed bool
	// Gate is at which of a function's gates it was asked, in words.
	Gate string
	// Summary is the reason in one sentence.
	Summary string
	// Lines follow: when, as what request, what AWS says.
	Lines []Line
	// Tree is nil when there is nothing to show of policies.
	Tree  *policy.Explanation
	Fixes []Advice
	// ARNOf names the principal behind a unique id; it may be nil.
	ARNOf func(id string) (arn string, ok bool)
}

// Line is one more line of the head of a decision.
type Line struct{ Name, Text string }

// String tells the decision: what was asked at which gate, the answer and its
// reason, what each policy says, and what would allow it.
func (t *Told) String() string {
	var b strings.Builder
	t.head(&b)
	if t.Tree != nil && len(t.Tree.Layers) > 0 {
		b.WriteString("\nWhat the policies say\n")
		for i := range t.Tree.Layers {
			t.layer(&b, &t.Tree.Layers[i])
		}
	}
	if t.Tree != nil && len(t.Tree.Caveats) > 0 {
		b.WriteString("\nNot certain: AWS leaves this open\n")
		for _, c := range t.Tree.Caveats {
			fmt.Fprintf(&b, "  %s (%s)\n", c.Sentence, c.Certainty)
		}
	}
	t.advice(&b)
	return b.String()
}

func (t *Told) head(b *strings.Builder) {
	verdict, action := "DENIED", t.Action
	if t.Allowed {
		verdict = "ALLOWED"
	}
	if action == "" {
		action = t.Operation
	}
	fmt.Fprintf(b, "%s  %s", verdict, action)
	if t.Gate != "" {
		fmt.Fprintf(b, "  at %s", t.Gate)
	}
	b.WriteByte('\n')
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %-8s %s\n", name, value)
		}
	}
	line("who", t.who())
	line("on", t.on())
	line("why", t.Summary)
	for _, l := range t.Lines {
		line(l.Name, l.Text)
	}
}

// who is the principal with what kind it is.
func (t *Told) who() string {
	p := &t.Principal
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
		if t.SourceARN != "" {
			return p.Service + " (an AWS service, for " + Source(t.SourceARN, t.SourceAccount) + ")"
		}
		return p.Service + " (an AWS service)"
	}
	return "a request that nobody signed"
}

// Source names what a service acts for, with the account that has it where the
// ARN does not say that (a bucket's does not).
func Source(arn, account string) string {
	if account != "" && segment(arn, 4) == "" {
		return arn + " of account " + account
	}
	return arn
}

func (t *Told) on() string {
	switch {
	case t.Resource == "":
		return ""
	case t.Resource == "*" && t.Account == "":
		return "* (the action knows no resource)"
	case t.Resource == "*":
		return "account " + t.Account + " (the action knows no resource)"
	}
	on := t.Resource
	if t.Tree == nil {
		return on
	}
	switch t.Tree.Accounts {
	case "cross":
		on += "\n           (of another account, so the resource's side and the caller's side must both allow)"
	case "none":
		on += "\n           (the caller has no account: only the policy of the resource can let it in)"
	}
	return on
}

// layerName is what AWS calls the policies of a layer.
func (t *Told) layerName(l policy.Layer) string {
	switch l {
	case policy.LayerResource:
		if strings.HasPrefix(t.Action, "sts:") {
			return "trust policy"
		}
		return "resource-based policy"
	case policy.LayerBoundary:
		return "permissions boundary"
	case policy.LayerSession:
		return "session policies"
	case policy.LayerServiceControl:
		return "service control policies"
	case policy.LayerResourceControl:
		return "resource control policies"
	case policy.LayerEndpoint:
		return "VPC endpoint policy"
	}
	return "identity-based policies"
}

// layer tells what one kind of policies says, and of each policy the
// statements that applied or nearly did.
func (t *Told) layer(b *strings.Builder, l *policy.LayerExplanation) {
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
		says = silence(l)
	}
	fmt.Fprintf(b, "  %s: %s\n", t.layerName(l.Layer), says)
	for i := range l.Policies {
		t.policy(b, &l.Policies[i])
	}
}

// silence says that policies do not allow it. Of control policies each level of
// the organization must, and here some do: then it says which does not.
func silence(l *policy.LayerExplanation) string {
	const nothing = "nothing allows it"
	if l.Layer != policy.LayerServiceControl && l.Layer != policy.LayerResourceControl {
		return nothing
	}
	var sources, allowing []string
	for i := range l.Policies {
		p := &l.Policies[i]
		if !slices.Contains(sources, p.Source) {
			sources = append(sources, p.Source)
		}
		if slices.ContainsFunc(p.Statements, func(s policy.StatementExplanation) bool { return s.Applies && s.Effect == "Allow" }) {
			allowing = append(allowing, p.Source)
		}
	}
	lacking := slices.DeleteFunc(sources, func(s string) bool { return s == "" || slices.Contains(allowing, s) })
	switch {
	case len(allowing) == 0:
		return nothing
	case len(lacking) == 0:
		// It has no policy at all, or policies do not say where they are from.
		return "allowed at some levels, and nothing allows it at another: every level must"
	}
	return "nothing allows it at " + strings.Join(lacking, " and ") + ": every level must"
}

func (t *Told) root(l policy.Layer) bool {
	return l == policy.LayerIdentity && t.Principal.Kind == policy.Root
}

func (t *Told) policy(b *strings.Builder, p *policy.PolicyExplanation) {
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

func (t *Told) statement(b *strings.Builder, title string, s *policy.StatementExplanation) {
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
		if p := &s.Parts[i]; p.Holds != policy.VerdictYes || len(p.Notes) > 0 {
			t.part(b, p)
		}
	}
}

// part tells what a statement demands and what the request brings.
func (t *Told) part(b *strings.Builder, p *policy.Part) {
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
func (t *Told) values(all []string) string {
	const most = 4
	var out []string
	for i, v := range all {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(all)-most))
			break
		}
		if _, id, ok := strings.Cut(v, ": "); ok && t.ARNOf != nil {
			if arn, known := t.ARNOf(id); known {
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
func (t *Told) advice(b *strings.Builder) {
	if t.Allowed {
		return
	}
	if len(t.Fixes) == 0 {
		if t.Tree != nil {
			b.WriteString("\nNo single change of a policy that AWS offers would allow it.\n")
		}
		return
	}
	b.WriteString("\nWhat would allow it\n")
	for i := range t.Fixes {
		f := &t.Fixes[i]
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
