package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/conformance/client"
	"github.com/sallyport/sallyport/internal/id"
)

// admin and second are the callers that a run is given: administrators of two accounts.
const (
	admin  = "admin"
	second = "other"
)

// Caller makes requests: client.Client, or somebody else's client for its
// operations.
type Caller interface {
	Call(ctx context.Context, as client.Credentials, operation string, in map[string]any) (*client.Answer, error)
	Send(ctx context.Context, as client.Credentials, q client.Request) (*client.Answer, error)
}

// Config is what a run needs.
type Config struct {
	Client Caller
	Clock  clock.Clock
	Region string
	// Admin may do everything in its account. Second, if it has a key, may in another one.
	Admin, Second client.Credentials
	// Run chooses cases by group/name; nil is all.
	Run *regexp.Regexp
	// Patience is how long a step may take to come true where AWS does not
	// promise that it is at once.
	Patience time.Duration
	// Parallel is how many groups run at the same time.
	Parallel int
	// Provides are the conditions that cases need and the endpoint has, beside
	// those that are found out: "functions run".
	Provides map[string]bool
	// Done is told of every case as it ends; it may be called from several goroutines.
	Done func(Result)
	// Left is told of what could not be taken away again.
	Left func(what string, err error)
}

// Outcome of a case.
type Outcome string

// Outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Result is what came of a case.
type Result struct {
	Group     string    `json:"group"`
	Name      string    `json:"name"`
	About     string    `json:"about"`
	Source    string    `json:"source"`
	Certainty Certainty `json:"certainty"`
	Outcome   Outcome   `json:"outcome"`
	// Detail says what differs, or why the case was skipped.
	Detail string `json:"detail,omitempty"`
	// Step is where it differs; RequestID is that of its answer.
	Step      string `json:"step,omitempty"`
	RequestID string `json:"requestId,omitempty"`
}

// run is one under way.
type run struct {
	Config
	corpus *Corpus
	base   *scope
	have   map[string]bool

	mu sync.Mutex
	// logs are the log groups that functions of the run may have.
	logs []undo
}

// Run runs the cases and gives their results in the corpus's order. The error
// says why none could run; what is made is taken away even when ctx ends.
func Run(ctx context.Context, corpus *Corpus, c Config) ([]Result, error) {
	r := &run{Config: c, corpus: corpus, have: map[string]bool{}}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	results := make([][]Result, len(corpus.Groups))
	free := make(chan struct{}, max(1, c.Parallel))
	var all sync.WaitGroup
	for i, g := range corpus.Groups {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			results[i] = r.group(ctx, g)
		})
	}
	all.Wait()
	(&work{run: r, scope: r.base, made: r.logs}).undo(ctx)
	var flat []Result
	for _, rs := range results {
		flat = append(flat, rs...)
	}
	return flat, ctx.Err()
}

// start finds out who the callers are, and what the endpoint has.
func (r *run) start(ctx context.Context) error {
	r.base = (*scope)(nil).inner()
	for name, v := range map[string]string{"region": r.Region, "partition": "aws", "run": id.Hex(3), "zip": zipped(plainCode), "zip2": zipped(otherCode)} {
		r.base.vars[name] = v
	}
	for name := range r.Provides {
		r.have[name] = true
	}
	if err := r.introduce(ctx, admin, r.Admin, "account"); err != nil {
		return err
	}
	if r.Second.AccessKeyID == "" {
		return nil
	}
	if err := r.introduce(ctx, second, r.Second, "other"); err != nil {
		return err
	}
	r.have["second account"] = r.base.vars["other"] != r.base.vars["account"]
	r.organization(ctx)
	return nil
}

func (r *run) introduce(ctx context.Context, name string, key client.Credentials, account string) error {
	a, err := r.Client.Call(ctx, key, "sts.GetCallerIdentity", nil)
	if err == nil && a.Code != "" {
		err = errors.New(describe(a))
	}
	if err != nil {
		return fmt.Errorf("who is %s: %w", name, err)
	}
	r.base.who[name] = actor{key, name}
	r.base.vars[account], _ = a.Out["Account"].(string)
	r.base.vars[name+".arn"], _ = a.Out["Arn"].(string)
	return nil
}

// organization finds out whether both accounts are members of one.
func (r *run) organization(ctx context.Context) {
	var ids []string
	for _, key := range []client.Credentials{r.Admin, r.Second} {
		a, err := r.Client.Call(ctx, key, "organizations.DescribeOrganization", nil)
		if err != nil || a.Code != "" {
			return
		}
		found, err := at(a.Out, "Organization.Id")
		if err != nil {
			return
		}
		ids = append(ids, found)
	}
	if ids[0] == ids[1] {
		r.have["organization"] = true
		r.base.vars["org"] = ids[0]
	}
}

// group runs the cases of one file, one after the other.
func (r *run) group(ctx context.Context, g *Group) []Result {
	var chosen []*Case
	for _, k := range g.Cases {
		if r.Config.Run == nil || r.Config.Run.MatchString(g.Name+"/"+k.Name) {
			chosen = append(chosen, k)
		}
	}
	if len(chosen) == 0 {
		return nil
	}
	w := &work{run: r, scope: r.named(r.base, g.Name)}
	defer w.undo(ctx)
	var ready error
	var results []Result
	for i, k := range chosen {
		result := Result{Group: g.Name, Name: k.Name, About: k.About, Source: k.Source, Certainty: k.Certainty}
		if lacking := r.lacks(k); lacking != "" {
			result.Outcome, result.Detail = Skipped, "needs: "+lacking
		} else {
			if !w.began {
				w.began = true
				ready = w.prepare(ctx, g.Use, g.First)
			}
			r.one(ctx, w, k, ready, fmt.Sprintf("%s-%d", g.Name, i), &result)
		}
		if r.Done != nil {
			r.Done(result)
		}
		results = append(results, result)
	}
	return results
}

func (r *run) lacks(k *Case) string {
	for _, n := range k.Needs {
		if !r.have[n] {
			return n
		}
	}
	return ""
}

// named is a scope with a name for what is made in it: ${u}.
func (r *run) named(outer *scope, _ string) *scope {
	s := outer.inner()
	s.vars["u"] = "sp-" + r.base.vars["run"] + "-" + id.Hex(4)
	return s
}

// one runs a case in the group's work.
func (r *run) one(ctx context.Context, g *work, k *Case, ready error, name string, result *Result) {
	result.Outcome = Failed
	if ready != nil {
		result.Detail = "what the group needs could not be made: " + ready.Error()
		return
	}
	w := &work{run: r, scope: r.named(g.scope, name)}
	defer w.undo(ctx)
	err := w.prepare(ctx, k.Use, k.First)
	if err == nil {
		for _, step := range append([]Step{k.Step}, k.Then...) {
			if err = w.step(ctx, &step); err != nil {
				break
			}
		}
	}
	var d *difference
	switch {
	case err == nil:
		result.Outcome = Passed
	case errors.As(err, &d):
		result.Detail, result.Step, result.RequestID = d.text, d.step, d.requestID
	default:
		result.Detail = err.Error()
	}
}

// difference is an answer that is not the expected one.
type difference struct{ step, text, requestID string }

func (d *difference) Error() string { return d.step + ": " + d.text }
