package conformance

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance/client"
)

// accountTime is how long the making of an account may take.
const accountTime = 20 * time.Second

// Unite makes an organization of the first account's, with a second account in
// it. It is for servers that were started for a run: AWS keeps organizations and
// accounts.
func Unite(ctx context.Context, c Caller, now clock.Clock, first client.Credentials) (account string, err error) {
	call := func(operation string, in map[string]any) (*client.Answer, error) {
		a, err := c.Call(ctx, first, operation, in)
		if err == nil && a.Code != "" {
			err = fmt.Errorf("%s: %s", operation, describe(a))
		}
		return a, err
	}
	if _, err := call("organizations.CreateOrganization", map[string]any{"FeatureSet": "ALL"}); err != nil {
		return "", err
	}
	made, err := call("organizations.CreateAccount", map[string]any{"AccountName": "second", "Email": "second@example.com"})
	if err != nil {
		return "", err
	}
	request, err := at(made.Out, "CreateAccountStatus.Id")
	if err != nil {
		return "", err
	}
	for until := now.Now().Add(accountTime); account == ""; {
		status, err := call("organizations.DescribeCreateAccountStatus", map[string]any{"CreateAccountRequestId": request})
		if err != nil {
			return "", err
		}
		if account, err = at(status.Out, "CreateAccountStatus.AccountId"); err == nil {
			break
		}
		if !now.Now().Before(until) {
			return "", fmt.Errorf("a second account: %w", err)
		}
		select {
		case <-now.After(5 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return account, nil
}
