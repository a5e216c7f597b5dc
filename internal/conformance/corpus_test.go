package conformance_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance"
	"github.com/sallyport/sallyport/internal/conformance/client"
	corpus "github.com/sallyport/sallyport/test/conformance"
)

// fewest is how many cases the corpus has at least.
const fewest = 40

func load(t *testing.T) *conformance.Corpus {
	t.Helper()
	c, err := conformance.Load(corpus.Files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// server is one with two accounts.
func server(t *testing.T) (endpoint string, first, second client.Credentials) {
	t.Helper()
	s, err := sallyport.New(sallyport.Config{Accounts: []string{"111111111111", "222222222222"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := s.Bugs(); n != 0 {
			t.Errorf("the server noticed %d faults of its own", n)
		}
	})
	key := func(account string) client.Credentials {
		c, _ := s.RootCredentials(account)
		return client.Credentials{AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey}
	}
	return s.Endpoint(), key("111111111111"), key("222222222222")
}

func TestCorpusOnSallyport(t *testing.T) {
	t.Parallel()
	all := load(t)
	if n := all.Count(); n < fewest {
		t.Errorf("%d cases, want at least %d", n, fewest)
	}
	endpoint, first, second := server(t)
	c := client.New(endpoint, "us-east-1", clock.System{}, conformance.Services())
	defer c.Close()
	results, err := conformance.Run(context.Background(), all, conformance.Config{
		Client: c, Clock: clock.System{}, Region: "us-east-1", Admin: first, Second: second, Parallel: 4,
		Left: func(what string, err error) { t.Errorf("left over: %s: %v", what, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		switch r.Outcome {
		case conformance.Failed:
			t.Errorf("%s/%s (%s; %s): %s: %s", r.Group, r.Name, r.About, r.Certainty, r.Step, r.Detail)
		case conformance.Skipped:
			t.Errorf("%s/%s: %s: a server of ours has everything", r.Group, r.Name, r.Detail)
		}
	}
}
