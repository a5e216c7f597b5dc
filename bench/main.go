// Command bench compares the policy engine of Sallyport with cedar-go and OPA,
// all in one process, and weighs principals that share their policies. It is a
// module of its own, so that the product depends on neither. See README.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
)

// report is everything that was measured.
type report struct {
	Go      string    `json:"go"`
	CPUs    int       `json:"cpus"`
	Rounds  int       `json:"rounds"`
	Results []*result `json:"results"`
	Crowds  []crowd   `json:"principals,omitempty"`
}

func main() {
	rounds := flag.Int("rounds", 200, "how often each is measured; the lowest counts")
	principals := flag.Int("principals", 100_000, "how many principals are made to weigh them; 0 for none")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	r, err := run(context.Background(), *rounds, *principals)
	if err == nil {
		err = print(os.Stdout, r, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds, principals int) (*report, error) {
	if rounds < 1 || principals < 0 {
		return nil, fmt.Errorf("%d rounds, %d principals: neither can be", rounds, principals)
	}
	r := &report{Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Rounds: rounds}
	var err error
	if r.Results, err = measure(rounds); err != nil || principals == 0 {
		return r, err
	}
	// A hundredth of them fits in a processor's cache, the whole does not.
	for _, n := range []int{1, max(1, principals/100), principals} {
		c, err := measureCrowd(ctx, n, rounds)
		if err != nil {
			return nil, err
		}
		r.Crowds = append(r.Crowds, c)
	}
	return r, nil
}

func print(w io.Writer, r *report, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintf(w, "%s, %d CPUs, the lowest of %d rounds\n\n", r.Go, r.CPUs, r.Rounds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "workload\tquestion\tengine\tns\tallocs\tratio")
	for _, m := range r.Results {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%.0f\t%.1f\n", m.Workload, m.Question, m.Engine, m.NS, m.Allocs, m.Ratio)
	}
	if err := t.Flush(); err != nil || len(r.Crowds) == 0 {
		return err
	}
	fmt.Fprintln(t, "\nprincipals\tbytes each\tonce asked for\tns, the same one\tns, another each time")
	for _, c := range r.Crowds {
		fmt.Fprintf(t, "%d\t%d\t%d\t%.0f\t%.0f\n", c.Principals, c.AtRest, c.Asked, c.Same, c.Other)
	}
	return t.Flush()
}
