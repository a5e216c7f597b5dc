package main

import (
	"bufio"
	"context"
	"errors"
	"strings"
)

// ResetCmd empties a running server.
type ResetCmd struct {
	connectFlags
	Yes bool `short:"y" help:"Do not ask."`
}

// Help is shown below the command's usage.
func (ResetCmd) Help() string {
	return `Removes every user, role, policy, function and log of every account. The root
users' keys stay, and so does the record of decisions.`
}

// Run asks, and resets.
func (r *ResetCmd) Run(ctx context.Context, c *console) error {
	cl, err := r.client()
	if err != nil {
		return err
	}
	server, err := cl.describe(ctx)
	if err != nil {
		return err
	}
	if !r.Yes {
		state := "in memory"
		if server.DataDirectory != nil {
			state = server.GetDataDirectory()
		}
		// On standard error: standard output is for the result.
		ask := &console{Out: c.Err}
		ask.printf("This removes everything in the accounts %s of the server at %s (%s).\nType yes to go on: ", strings.Join(server.Accounts, ", "), cl.endpoint, state)
		answer, _ := bufio.NewReader(c.In).ReadString('\n')
		if strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing was removed: the answer was not yes (--yes does not ask)")
		}
	}
	if err := cl.reset(ctx); err != nil {
		return err
	}
	if c.JSON {
		return c.printJSON(map[string]any{"endpoint": cl.endpoint, "accounts": server.Accounts, "reset": true})
	}
	c.printf("The server at %s is empty.\n", cl.endpoint)
	return nil
}
