package conformance_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance"
	"github.com/sallyport/sallyport/internal/conformance/client"
	corpus "github.com/sallyport/sallyport/test/conformance"
)

// fewest is how many cases the corpus has at least.
const fewest = 300

func load(t *testing.T) *conformance.Corpus {
	t.Helper()
	c, err := conformance.Load(corpus.Files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rootOf(s *sallyport.Server, account string) client.Credentials {
	k, _ := s.RootCredentials(account)
	return client.Credentials{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey}
}

// server is one of our own.
func server(t *testing.T) *sallyport.Server {
	t.Helper()
	s, err := sallyport.New(sallyport.Config{})
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
	return s
}

func TestCorpusOnSallyport(t *testing.T) {
	t.Parallel()
	all := load(t)
	if n := all.Count(); n < fewest {
		t.Errorf("%d cases, want at least %d", n, fewest)
	}
	s := server(t)
	c := client.New(s.Endpoint(), "us-east-1", clock.System{}, conformance.Services())
	defer c.Close()
	account, err := conformance.Unite(context.Background(), c, clock.System{}, rootOf(s, sallyport.DefaultAccount))
	if err != nil {
		t.Fatal(err)
	}
	_, noPython := exec.LookPath("python3")
	runs := noPython == nil
	results, err := conformance.Run(context.Background(), all, conformance.Config{
		Client: c, Clock: clock.System{}, Region: "us-east-1", Admin: rootOf(s, sallyport.DefaultAccount), Second: rootOf(s, account), Parallel: 4,
		Provides: map[string]bool{"functions run": runs},
		Left:     func(what string, err error) { t.Errorf("left over: %s: %v", what, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		switch r.Outcome {
		case conformance.Failed:
			t.Errorf("%s/%s (%s; %s): %s: %s", r.Group, r.Name, r.About, r.Certainty, r.Step, r.Detail)
		case conformance.Skipped:
			if !runs && strings.Contains(r.Detail, "functions run") {
				t.Logf("%s/%s: %s: python3 is not installed", r.Group, r.Name, r.Detail)
				continue
			}
			t.Errorf("%s/%s: %s: a server of ours has everything", r.Group, r.Name, r.Detail)
		}
	}
}
