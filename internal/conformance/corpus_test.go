package conformance_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance"
	"github.com/sallyport/sallyport/internal/conformance/client"
	corpus "github.com/sallyport/sallyport/test/conformance"
)

// fewest is how many cases the corpus has at least.
const fewest = 400

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

// play runs the corpus on a server of ours, by way of the caller that make gives,
// and says what came of each case.
func play(t *testing.T, all *conformance.Corpus, make func(s *sallyport.Server, plain *client.Client) conformance.Caller) map[string]conformance.Result {
	t.Helper()
	s := server(t)
	plain := client.New(s.Endpoint(), "us-east-1", clock.System{}, conformance.Services())
	defer plain.Close()
	account, err := conformance.Unite(context.Background(), plain, clock.System{}, rootOf(s, sallyport.DefaultAccount))
	if err != nil {
		t.Fatal(err)
	}
	_, noPython := exec.LookPath("python3")
	results, err := conformance.Run(context.Background(), all, conformance.Config{
		Client: make(s, plain), Clock: clock.System{}, Region: "us-east-1", Parallel: 4,
		Admin: rootOf(s, sallyport.DefaultAccount), Second: rootOf(s, account),
		Provides: map[string]bool{"functions run": noPython == nil},
		Left:     func(what string, err error) { t.Errorf("left over: %s: %v", what, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	nothingIsLeft(t, plain, rootOf(s, sallyport.DefaultAccount), rootOf(s, account))
	byName := map[string]conformance.Result{}
	for _, r := range results {
		byName[r.Group+"/"+r.Name] = r
		switch {
		case r.Outcome == conformance.Failed:
			t.Errorf("%s/%s (%s; %s): %s: %s", r.Group, r.Name, r.About, r.Certainty, r.Step, r.Detail)
		case r.Outcome == conformance.Skipped && noPython != nil && strings.Contains(r.Detail, "functions run"):
			t.Logf("%s/%s: %s: python3 is not installed", r.Group, r.Name, r.Detail)
		case r.Outcome == conformance.Skipped:
			t.Errorf("%s/%s: %s: a server of ours has everything", r.Group, r.Name, r.Detail)
		}
	}
	return byName
}

// nothingIsLeft looks for what a run made and did not take away.
func nothingIsLeft(t *testing.T, c *client.Client, accounts ...client.Credentials) {
	t.Helper()
	for _, as := range accounts {
		for operation, in := range map[string]map[string]any{
			"lambda.ListFunctions": nil, "lambda.ListLayers": nil, "lambda.ListEventSourceMappings": nil, "lambda.ListCodeSigningConfigs": nil,
			"iam.ListUsers": nil, "iam.ListRoles": nil, "iam.ListPolicies": {"Scope": "Local"}, "sqs.ListQueues": nil, "sns.ListTopics": nil, "logs.DescribeLogGroups": nil,
		} {
			a, err := c.Call(context.Background(), as, operation, in)
			if err != nil || a.Code != "" {
				t.Fatalf("%s: %v %v", operation, a, err)
			}
			raw, err := json.Marshal(a.Out)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), "sp-") || strings.Contains(string(raw), "csc-") {
				t.Errorf("%s: a run left %s", operation, raw)
			}
		}
	}
}

func TestCorpusOnSallyport(t *testing.T) {
	t.Parallel()
	all := load(t)
	if n := all.Count(); n < fewest {
		t.Errorf("%d cases, want at least %d", n, fewest)
	}
	play(t, all, func(_ *sallyport.Server, plain *client.Client) conformance.Caller { return plain })
}

// TestFactsWithTheSDK plays the corpus with AWS's own SDK, and looks for every
// row of our tables of AWS's answers in it.
func TestFactsWithTheSDK(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	results := play(t, load(t), func(s *sallyport.Server, plain *client.Client) conformance.Caller {
		return &sdk{plain, s.Endpoint(), &made}
	})
	if made.Load() < 500 {
		t.Errorf("%d calls were answered through the SDK: most went round it", made.Load())
	}
	for _, row := range facts {
		if len(row.cases) == 0 && row.elsewhere == "" {
			t.Errorf("%s: no case shows it", row.fact)
		}
		for _, name := range row.cases {
			if _, ok := results[name]; !ok {
				t.Errorf("%s: there is no case %s", row.fact, name)
			}
		}
	}
}
