package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is the explanation for people: the decision, what each layer said, the
// statements that applied or nearly did, and what would change it.
func (e *Explanation) Text() string {
	var b strings.Builder
	word := "DENIED"
	if e.Decision.Allowed() {
		word = "ALLOWED"
	}
	fmt.Fprintf(&b, "%s %s on %s\n  by %s\n  %s\n", word, e.Action, e.Resource, e.Principal, e.Summary)
	for i := range e.Layers {
		e.Layers[i].text(&b, &e.Decision)
	}
	for _, c := range e.Caveats {
		fmt.Fprintf(&b, "caveat %s (%s): %s\n", c.ID, c.Certainty, c.Sentence)
	}
	for i := range e.Fixes {
		fmt.Fprintf(&b, "fix: %s\n", e.Fixes[i].Text)
		for _, c := range e.Fixes[i].Changes {
			for _, s := range c.Statements {
				fmt.Fprintf(&b, "  %s\n", s)
			}
		}
	}
	return b.String()
}

func (x *LayerExplanation) text(b *strings.Builder, d *Decision) {
	if !x.Present {
		return
	}
	fmt.Fprintf(b, "%s: says %s\n", x.Layer, x.Says)
	for i := range x.Policies {
		p := &x.Policies[i]
		shown := false
		for j := range p.Statements {
			s := &p.Statements[j]
			if !s.Applies && !s.NearMiss && s.Never == "" && !s.open() {
				continue
			}
			if !shown {
				fmt.Fprintf(b, "  %s\n", p.title())
				shown = true
			}
			s.text(b)
		}
		if !shown {
			fmt.Fprintf(b, "  %s: nothing about this\n", p.title())
		}
	}
}

func (p *PolicyExplanation) title() string {
	title := p.Name
	if title == "" {
		title = "policy"
	}
	if p.Source != "" {
		title += " (" + p.Source + ")"
	}
	return title
}

// open says that only rules AWS leaves open decide whether the statement applies.
func (s *StatementExplanation) open() bool {
	for i := range s.Parts {
		if s.Parts[i].Holds == no && s.Parts[i].Caveats == 0 {
			return false
		}
	}
	return true
}

func (s *StatementExplanation) text(b *strings.Builder) {
	fmt.Fprintf(b, "    statement %s %s", ordinal(s.Index), s.Effect)
	if s.SID != "" {
		fmt.Fprintf(b, " (%s)", s.SID)
	}
	switch {
	case s.Never != "":
		fmt.Fprintf(b, " never applies: %s\n", s.Never)
	case s.Applies:
		b.WriteString(" applies\n")
	case s.NearMiss:
		b.WriteString(" nearly applies\n")
	default:
		b.WriteString(" does not apply\n")
	}
	for i := range s.Parts {
		if p := &s.Parts[i]; p.Holds != yes || len(p.Notes) > 0 {
			fmt.Fprintf(b, "      %s\n", p.text())
		}
	}
}

func (p *Part) text() string {
	name := p.Element
	if p.Operator != "" {
		name = p.Operator + " " + p.Key
	}
	seen := "absent"
	if !p.Absent {
		seen = list(p.Seen)
	}
	text := fmt.Sprintf("%s: %s; wants %s, saw %s", name, p.Holds, list(p.Wanted), seen)
	return strings.Join(append([]string{text}, p.Notes...), "; ")
}

// list prints values, the first few only.
func list(values []string) string {
	const most = 4
	quoted := make([]string, 0, most+1)
	for i, v := range values {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(values)-most))
			break
		}
		quoted = append(quoted, strconv.Quote(v))
	}
	if len(quoted) == 0 {
		return "nothing"
	}
	return strings.Join(quoted, ", ")
}

// ordinal counts statements from one, as people do.
func ordinal(index int) string { return strconv.Itoa(index + 1) }
