package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance"
	apiclient "github.com/sallyport/sallyport/internal/conformance/client"
	corpus "github.com/sallyport/sallyport/test/conformance"
)

// ConformanceCmd runs the corpus of cases against an endpoint.
type ConformanceCmd struct {
	Endpoint      string        `env:"SALLYPORT_CONFORMANCE_ENDPOINT" placeholder:"URL" help:"What to try: the address of a server, or \"aws\" for AWS itself (default: a server of its own)."`
	Region        string        `placeholder:"REGION" help:"Region to work in (default: that of the environment, else us-east-1)."`
	Profile       string        `placeholder:"NAME" help:"Profile of an administrator (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)."`
	SecondProfile string        `placeholder:"NAME" help:"Profile of an administrator of a second account; cases that need one are skipped without."`
	Only          string        `name:"run" placeholder:"REGEXP" help:"Cases to run, by GROUP/NAME."`
	List          bool          `help:"List the cases in place of running them."`
	Patience      time.Duration `default:"-1s" placeholder:"TIME" help:"How long changes may take to have effect (default: 0s on this machine, 60s elsewhere)."`
	Yes           bool          `short:"y" help:"Do not ask before making users, roles and functions elsewhere than on this machine."`
}

// Help is shown below the command's usage.
func (ConformanceCmd) Help() string {
	return `Each case is a few requests and the answer that AWS gives, with how that is
known: recorded, documented, seen or inferred (test/conformance/README.md).

Everything that a case makes has a name of this run's own, beginning with sp-,
and is taken away again, on an interrupt too; nothing else is touched. The
callers must be administrators: cases make users, roles, functions, queues and
keys. AWS charges for some of them (a key of KMS, for the days until it is gone).`
}

// Run runs or lists the cases.
func (m *ConformanceCmd) Run(ctx context.Context, c *console) error {
	all, err := conformance.Load(corpus.Files)
	if err != nil {
		return err
	}
	config := conformance.Config{Clock: clock.System{}, Region: cmp.Or(m.Region, region()), Patience: m.Patience, Parallel: 4}
	if m.Only != "" {
		if config.Run, err = regexp.Compile(m.Only); err != nil {
			return usagef("--run: %w", err)
		}
	}
	if m.List {
		return list(c, all, config.Run)
	}
	closeServer, err := m.connect(ctx, c, &config)
	if err != nil {
		return err
	}
	results, err := m.run(ctx, c, all, config)
	if err := errors.Join(err, closeServer()); err != nil {
		return err
	}
	if len(results) == 0 {
		return fmt.Errorf("no case matches --run %s: --list shows all", m.Only)
	}
	return report(c, results)
}

// connect finds the endpoint and the keys of the run.
func (m *ConformanceCmd) connect(ctx context.Context, c *console, config *conformance.Config) (closeServer func() error, err error) {
	if m.Endpoint == "" {
		return m.own(ctx, config)
	}
	endpoint := m.Endpoint
	config.Provides = map[string]bool{"functions run": true}
	if err := m.keys(config); err != nil {
		return nil, err
	}
	here, err := onThisMachine(endpoint)
	if err != nil {
		return nil, err
	}
	if !here {
		config.Parallel = 2 // an account's own limits are the bound there
	}
	if config.Patience < 0 {
		config.Patience = 0
		if !here {
			config.Patience = time.Minute
		}
	}
	if !here && !m.Yes {
		ask := &console{Out: c.Err}
		ask.printf("This makes users, roles, functions, queues and keys at %s, and takes them away again.\nType yes to go on: ", endpoint)
		answer, _ := bufio.NewReader(c.In).ReadString('\n')
		if strings.TrimSpace(answer) != "yes" {
			return nil, errors.New("nothing was made: the answer was not yes (--yes does not ask)")
		}
	}
	config.Client = apiclient.New(endpoint, config.Region, config.Clock, conformance.Services())
	return func() error { return nil }, nil
}

// own starts a server for the run, with an organization of two accounts.
func (m *ConformanceCmd) own(ctx context.Context, config *conformance.Config) (closeServer func() error, err error) {
	if m.Profile != "" || m.SecondProfile != "" {
		return nil, usagef("--profile and --second-profile go with --endpoint: a server of its own has keys of its own")
	}
	server, err := sallyport.New(sallyport.Config{})
	if err != nil {
		return nil, err
	}
	root := func(account string) apiclient.Credentials {
		k, _ := server.RootCredentials(account)
		return apiclient.Credentials{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey}
	}
	_, noPython := exec.LookPath("python3")
	config.Provides = map[string]bool{"functions run": noPython == nil}
	config.Patience = max(0, config.Patience)
	config.Client = apiclient.New(server.Endpoint(), config.Region, config.Clock, conformance.Services())
	config.Admin = root(sallyport.DefaultAccount)
	account, err := conformance.Unite(ctx, config.Client, config.Clock, config.Admin)
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	config.Second = root(account)
	return server.Close, nil
}

// onThisMachine says whether an endpoint is a server that may be played with
// without asking.
func onThisMachine(endpoint string) (bool, error) {
	if endpoint == apiclient.AWS {
		return false, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, usagef("--endpoint %s: it is an address that begins with http:// or https://, or \"aws\"", endpoint)
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback(), nil
}

// run runs the cases and says on standard error how far it is.
func (m *ConformanceCmd) run(ctx context.Context, c *console, all *conformance.Corpus, config conformance.Config) ([]conformance.Result, error) {
	var mu sync.Mutex
	done := 0
	config.Done = func(r conformance.Result) {
		mu.Lock()
		defer mu.Unlock()
		done++
		if r.Outcome == conformance.Failed {
			fmt.Fprintf(c.Err, "failed   %s/%s\n", r.Group, r.Name)
		} else if done%50 == 0 {
			fmt.Fprintf(c.Err, "%d cases\n", done)
		}
	}
	config.Left = func(what string, err error) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(c.Err, "not taken away: %s: %v\n", what, err)
	}
	return conformance.Run(ctx, all, config)
}

// list prints the cases.
func list(c *console, all *conformance.Corpus, chosen *regexp.Regexp) error {
	var cases []conformance.Result
	for _, g := range all.Groups {
		for _, k := range g.Cases {
			if chosen == nil || chosen.MatchString(g.Name+"/"+k.Name) {
				cases = append(cases, conformance.Result{Group: g.Name, Name: k.Name, About: k.About, Source: k.Source, Certainty: k.Certainty})
			}
		}
	}
	if c.JSON {
		return c.printJSON(cases)
	}
	for _, k := range cases {
		c.printf("%-10s  %s/%s\n            %s\n", k.Certainty, k.Group, k.Name, k.About)
	}
	c.printf("%d cases\n", len(cases))
	return nil
}

// report prints what came of the cases; a failed one is exit code 1.
func report(c *console, results []conformance.Result) error {
	failed := 0
	for _, r := range results {
		if r.Outcome == conformance.Failed {
			failed++
		}
	}
	var err error
	if failed > 0 {
		err = exitCode(exitFailure)
	}
	if c.JSON {
		return errors.Join(c.printJSON(results), err)
	}
	for _, r := range results {
		if r.Outcome == conformance.Failed {
			c.printf("FAILED  %s/%s\n  %s\n  %s: %s\n", r.Group, r.Name, r.About, r.Certainty, r.Source)
			c.printf("  %s: %s\n", cmp.Or(r.Step, "before"), r.Detail)
			if r.RequestID != "" {
				c.printf("  request %s\n", r.RequestID)
			}
		}
	}
	summary(c, results)
	return err
}

// summary prints a line for each group and one for all.
func summary(c *console, results []conformance.Result) {
	var groups []string
	count := map[string]map[conformance.Outcome]int{}
	skipped := map[string]int{}
	for _, r := range results {
		if count[r.Group] == nil {
			groups = append(groups, r.Group)
			count[r.Group] = map[conformance.Outcome]int{}
		}
		for _, g := range []string{r.Group, ""} {
			if count[g] == nil {
				count[g] = map[conformance.Outcome]int{}
			}
			count[g][r.Outcome]++
		}
		if r.Outcome == conformance.Skipped {
			skipped[r.Detail]++
		}
	}
	c.printf("%-28s  passed  failed  skipped\n", "group")
	for _, g := range append(groups, "") {
		n := count[g]
		c.printf("%-28s  %6d  %6d  %7d\n", cmp.Or(g, "all"), n[conformance.Passed], n[conformance.Failed], n[conformance.Skipped])
	}
	for why, n := range skipped {
		c.printf("%d skipped, %s\n", n, why)
	}
}
