package services

import (
	"os"
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

// TestEveryOperationOfLambdaIsBoundOrExplained reads ARCHITECTURE.md: an operation
// of Lambda's API that has no row stands there, with the reason, and no other does.
func TestEveryOperationOfLambdaIsBoundOrExplained(t *testing.T) {
	raw, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(raw), "## What of Lambda is not here")
	if !found {
		t.Fatal("ARCHITECTURE.md has no section on what of Lambda is not here")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, u := range lambdaapi.Service.Unbound {
		if !strings.Contains(section, "`"+u.Name+"`") {
			t.Errorf("%s is neither bound nor explained", u.Name)
		}
	}
	for _, o := range lambdaapi.Service.Operations {
		if strings.Contains(section, "`"+o.Name+"`") {
			t.Errorf("%s is bound, and said not to be here", o.Name)
		}
	}
	if n := len(lambdaapi.Service.Unbound) + len(lambdaapi.Service.Operations); n < 85 {
		t.Errorf("the model has %d operations, and had 85: is it whole?", n)
	}
}
