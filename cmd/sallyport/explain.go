package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
)

// ExplainCmd says why.
type ExplainCmd struct {
	connectFlags
	Encoded bool   `help:"Print the denial as the message that aws sts decode-authorization-message decodes, and nothing else."`
	Request string `arg:"" name:"request" help:"Request id, which every AWS client prints with an error, or last: the newest denial."`
}

// Run explains.
func (e *ExplainCmd) Run(ctx context.Context, c *console) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	var out sallyportapi.ExplainDecisionResponse
	raw, err := cl.call(ctx, sallyportapi.ExplainDecision.Name, &sallyportapi.ExplainDecisionRequest{RequestId: &e.Request, Encoded: &e.Encoded}, &out)
	if err != nil {
		return err
	}
	if c.JSON {
		return printExplanations(c, raw)
	}
	if e.Encoded {
		return printEncoded(c, &out)
	}
	printChain(c, &out)
	return nil
}

// printAsked prints the decisions of the request itself.
func printAsked(c *console, out *sallyportapi.ExplainDecisionResponse) {
	denied := false
	for i := range out.Decisions {
		denied = denied || !out.Decisions[i].Decision.GetAllowed()
	}
	for i := range out.Decisions {
		d := &out.Decisions[i]
		if i > 0 {
			c.printf("\n")
		}
		if denied && d.Decision.GetAllowed() {
			// What was allowed on the way to a denial is not the question.
			c.printf("%s\n", line(d.Decision))
			continue
		}
		c.printf("%s\n", strings.TrimRight(d.GetText(), "\n"))
	}
}

// printEncoded prints the encoded message of each denial on a line.
func printEncoded(c *console, out *sallyportapi.ExplainDecisionResponse) error {
	found := false
	for i := range out.Decisions {
		if message := out.Decisions[i].GetEncoded(); message != "" {
			c.printf("%s\n", message)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("nothing that policies denied in request %s: only a denial can be encoded", out.GetRequestId())
	}
	return nil
}

// printExplanations prints the answer with the trees as JSON, not as text of JSON.
func printExplanations(c *console, raw json.RawMessage) error {
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return err
	}
	for _, list := range []string{"Decisions", "Causes", "Consequences"} {
		decisions, _ := out[list].([]any)
		for _, d := range decisions {
			if d, ok := d.(map[string]any); ok {
				if tree, ok := d["Tree"].(string); ok {
					d["Tree"] = json.RawMessage(tree)
				}
			}
		}
	}
	return c.printJSON(out)
}
