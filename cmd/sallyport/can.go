package main

import (
	"context"
	"encoding/json"
	"strings"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// CanCmd says what would be decided.
type CanCmd struct {
	connectFlags
	Who      bool     `xor:"list" help:"List who may: --who ACTION [RESOURCE]."`
	What     bool     `xor:"list" help:"List what somebody may: --what PRINCIPAL."`
	Policies string   `type:"path" placeholder:"PATH" help:"Ask a folder of policy files, or one file, and no server."`
	Context  []string `sep:"none" placeholder:"KEY=VALUE" help:"Condition key of the request, in place of the one that would be there; given again it has several values, without = it is absent."`
	Question []string `arg:"" optional:"" name:"question" help:"PRINCIPAL ACTION [RESOURCE]; without a resource it is *."`
}

// Help is shown below the command's usage.
func (CanCmd) Help() string {
	return `PRINCIPAL is an ARN, user/NAME, role/NAME or root of the account, an account, a
service such as sns.amazonaws.com, or anonymous. Nothing is called and nothing
recorded. The exit code is 0 if it is allowed (if anybody is, or anything is),
and 3 if it is denied.

A folder of --policies has any of these, and nothing else:
  identity/*.json          identity-based policies
  boundary.json            permissions boundary
  session/*.json           session policies
  resource.json            resource-based policy of the resource
  owner.txt                account that owns the resource, where its ARN names
                           none, as that of an S3 bucket: without the file it
                           is the principal's (--account says that one)
  trust.json               trust policy, for sts:AssumeRole on a role
  endpoint.json            policy of the VPC endpoint the request goes through
                           (--context aws:SourceVpce=vpce-... tells which)
  scp/LEVEL/*.json         service control policies, levels in order of their names
  rcp/LEVEL/*.json         resource control policies, the same way
  users/NAME/, roles/NAME/ identity/, boundary.json (and trust.json) of one
                           user or role, beside identity/ and boundary.json above
One file is an identity-based policy, or a resource-based one if it names
principals.`
}

// exitDenied is the exit code of a question that is answered with no.
const exitDenied = 3

// exitCode ends a command that has said all there is to say.
type exitCode int

func (exitCode) Error() string { return "denied" }

// question is a command line of can.
type question struct {
	principal, action, resource string
	keys                        map[string][]string
}

// answerer has the answers: a server, or files.
type answerer interface {
	// ask gives the answer also as JSON.
	ask(ctx context.Context, q question) (*sallyportapi.ExplainedDecision, json.RawMessage, error)
	who(ctx context.Context, q question) ([]sallyportapi.Who, error)
	what(ctx context.Context, q question) (*sallyportapi.ListWhatResponse, error)
}

// Run asks.
func (cmd *CanCmd) Run(ctx context.Context, c *console) error {
	q, err := cmd.read()
	if err != nil {
		return err
	}
	a, err := cmd.answerer(q)
	if err != nil {
		return err
	}
	switch {
	case cmd.Who:
		return cmd.runWho(ctx, c, a, q)
	case cmd.What:
		return cmd.runWhat(ctx, c, a, q)
	}
	d, raw, err := a.ask(ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printExplanation(c, raw)
	} else {
		c.printf("%s\n", strings.TrimRight(d.GetText(), "\n"))
	}
	return denied(err, d.Decision.GetAllowed())
}

func denied(err error, allowed bool) error {
	if err == nil && !allowed {
		return exitCode(exitDenied)
	}
	return err
}

func (cmd *CanCmd) answerer(q question) (answerer, error) {
	if cmd.Policies == "" {
		cl, err := cmd.client()
		if err != nil {
			return nil, err
		}
		return remote{cl}, nil
	}
	if cmd.Endpoint != "" || cmd.Data != "" {
		return nil, usagef("--policies asks files and no server: leave out --endpoint and --data")
	}
	return openFiles(cmd.Policies, cmd.Account, q)
}

// read takes the command line apart.
func (cmd *CanCmd) read() (q question, err error) {
	words := cmd.Question
	take := func() string {
		if len(words) == 0 {
			return ""
		}
		word := words[0]
		words = words[1:]
		return word
	}
	form := "PRINCIPAL ACTION [RESOURCE]"
	switch {
	case cmd.Who:
		form = "--who ACTION [RESOURCE]"
		q.action, q.resource = take(), take()
	case cmd.What:
		form = "--what PRINCIPAL"
		q.principal = take()
	default:
		q.principal, q.action, q.resource = take(), take(), take()
	}
	if len(words) > 0 || !cmd.Who && q.principal == "" || !cmd.What && q.action == "" {
		return q, usagef("the question is %s", form)
	}
	if q.resource == "" {
		q.resource = "*"
	}
	q.keys, err = keys(cmd.Context)
	return q, err
}

// keys reads --context.
func keys(given []string) (map[string][]string, error) {
	all := map[string][]string{}
	for _, text := range given {
		name, value, has := strings.Cut(text, "=")
		values, known := all[name]
		switch {
		case name == "":
			return nil, usagef("--context %s: a condition key such as aws:SourceIp=203.0.113.7", text)
		case known && (!has || len(values) == 0):
			return nil, usagef("--context %s: the key can not have a value and be absent", name)
		case !has:
			all[name] = []string{}
		default:
			all[name] = append(values, value)
		}
	}
	return all, nil
}

// printExplanation prints one decision with its tree as JSON, not as text of JSON.
func printExplanation(c *console, raw json.RawMessage) error {
	var d map[string]any
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	if tree, ok := d["Tree"].(string); ok {
		d["Tree"] = json.RawMessage(tree)
	}
	return c.printJSON(d)
}

func (cmd *CanCmd) runWho(ctx context.Context, c *console, a answerer, q question) error {
	list, err := a.who(ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		type who struct {
			Principal string `json:"principal"`
			Type      string `json:"type"`
			Layer     string `json:"layer"`
			Summary   string `json:"summary"`
		}
		out := []who{}
		for i := range list {
			out = append(out, who{list[i].GetPrincipal(), list[i].GetPrincipalType(), list[i].GetLayer(), list[i].GetSummary()})
		}
		return denied(c.printJSON(out), len(list) > 0)
	}
	for i := range list {
		c.printf("%s\n  %s\n", list[i].GetPrincipal(), list[i].GetSummary())
	}
	if len(list) == 0 {
		c.printf("Nobody may %s on %s.\n", q.action, q.resource)
	}
	return denied(nil, len(list) > 0)
}

func (cmd *CanCmd) runWhat(ctx context.Context, c *console, a answerer, q question) error {
	found, err := a.what(ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		type what struct {
			Actions   []string `json:"actions"`
			Resource  string   `json:"resource"`
			Except    []string `json:"except,omitempty"`
			Condition string   `json:"condition,omitempty"`
		}
		list := func(all []sallyportapi.What) []what {
			out := []what{}
			for i := range all {
				out = append(out, what{all[i].Actions, all[i].GetResource(), all[i].Except, all[i].GetCondition()})
			}
			return out
		}
		return denied(c.printJSON(map[string]any{"allowed": list(found.Allowed), "conditional": list(found.Conditional)}), len(found.Allowed) > 0)
	}
	for i := range found.Allowed {
		printAbility(c, &found.Allowed[i])
	}
	if len(found.Allowed) == 0 {
		c.printf("%s may do nothing as things are.\n", q.principal)
	}
	if len(found.Conditional) > 0 {
		c.printf("\nUnder a condition that does not hold now (--context gives keys)\n")
		for i := range found.Conditional {
			printAbility(c, &found.Conditional[i])
		}
	}
	return denied(nil, len(found.Allowed) > 0)
}

func printAbility(c *console, a *sallyportapi.What) {
	c.printf("%s\n%s\n", a.GetResource(), wrap(strings.Join(a.Actions, ", "), "  "))
	for _, e := range a.Except {
		c.printf("  but not on %s\n", e)
	}
	if a.GetCondition() != "" {
		c.printf("  if %s\n", a.GetCondition())
	}
}
