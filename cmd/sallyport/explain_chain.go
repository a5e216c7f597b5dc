package main

import (
	"encoding/json"
	"fmt"
	"strings"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/policy"
)

// printChain explains a request, how it came about, and what it led to.
func printChain(c *console, out *sallyportapi.ExplainDecisionResponse) {
	if len(out.Decisions) == 0 {
		c.printf("Request %s asked for nothing itself, as when Lambda brings messages of a queue to a function.\n", out.GetRequestId())
	}
	printAsked(c, out)
	printCauses(c, out)
	printConsequences(c, out)
}

// printCauses prints how the request came about, the first cause first.
func printCauses(c *console, out *sallyportapi.ExplainDecisionResponse) {
	parent := ""
	for i := range out.Decisions {
		parent = out.Decisions[i].Decision.GetParent()
	}
	if len(out.Causes) == 0 && parent == "" {
		return
	}
	c.printf("\nWhat led to it\n")
	if len(out.Causes) == 0 {
		c.printf("  request %s, which asked for nothing (as when Lambda brings messages of a queue to a function), or concerns other accounts only\n", parent)
	}
	for i := range out.Causes {
		printStep(c, "  ", &out.Causes[i])
	}
}

// printConsequences prints what the request led to: each step under the one
// before, and what would let a denied one through.
func printConsequences(c *console, out *sallyportapi.ExplainDecisionResponse) {
	if len(out.Consequences) == 0 {
		return
	}
	c.printf("\nWhat followed\n")
	depth := map[string]int{out.GetRequestId(): 0}
	for i := range out.Consequences {
		d := &out.Consequences[i]
		at := depth[d.Decision.GetParent()] + 1
		depth[d.Decision.GetRequestId()] = at
		printStep(c, strings.Repeat("  ", at), d)
	}
}

// printStep prints one decision of a chain: what was asked and answered, by whom,
// why, and of a denial the smallest change that would allow it.
func printStep(c *console, indent string, e *sallyportapi.ExplainedDecision) {
	d := e.Decision
	head := verdict(d) + "  " + asked(d)
	if r := d.GetResource(); r != "" && r != "*" {
		head += "  on " + r
	}
	c.printf("%s%s%s\n", indent, head, tried(d))
	indent += "         "
	c.printf("%sby %s, request %s\n", indent, who(d), d.GetRequestId())
	if why := e.GetSummary(); why != "" {
		if pushed(d) {
			why += ": it was not delivered"
		}
		c.printf("%s%s\n", indent, why)
	}
	for _, n := range nearly(e) {
		c.printf("%snearly: %s\n", indent, n)
	}
	if d.GetAllowed() || len(e.Fixes) == 0 {
		return
	}
	for i, s := range e.Fixes[0].Steps {
		if i > 0 {
			c.printf("%sand\n", indent)
		}
		c.printf("%sto allow it, as account %s: %s\n", indent, s.GetAccount(), s.GetSentence())
		if s.GetCommand() != "" {
			c.printf("%s  %s\n", indent, s.GetCommand())
		}
	}
}

// pushed says that a service was denied what it brings from elsewhere.
func pushed(d *sallyportapi.Decision) bool {
	source := d.Context["aws:SourceArn"]
	return !d.GetAllowed() && !d.GetTrial() && d.GetPrincipalType() == policy.Service.String() && len(source) == 1 && !strings.Contains(source[0], ":lambda:")
}

// nearly are the statements that would have allowed a denied request but for one
// condition, in words.
func nearly(e *sallyportapi.ExplainedDecision) []string {
	var tree struct {
		Layers []struct {
			Policies []struct {
				Source     string
				Statements []struct {
					NearMiss bool
					Parts    []struct {
						Operator, Key, Holds string
						Wanted, Seen         []string
						Absent               bool
					}
				}
			}
		}
	}
	if e.Decision.GetAllowed() || json.Unmarshal([]byte(e.GetTree()), &tree) != nil {
		return nil
	}
	var all []string
	for _, l := range tree.Layers {
		for _, p := range l.Policies {
			for _, s := range p.Statements {
				for _, d := range s.Parts {
					if !s.NearMiss || d.Key == "" || d.Holds == "yes" {
						continue
					}
					has := "has " + strings.Join(d.Seen, ", ")
					if d.Absent {
						has = "does not have it"
					}
					all = append(all, fmt.Sprintf("the policy of %s wants %s %s %s, and the request %s", p.Source, d.Operator, d.Key, strings.Join(d.Wanted, ", "), has))
				}
			}
		}
	}
	return all
}
