package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// TourCmd plays the whole story on a server of its own.
type TourCmd struct{}

// Help is shown below the command's usage.
func (TourCmd) Help() string {
	return `Starts an ephemeral server and plays, with the real AWS SDK against a real
function, who may invoke it and what it may do; how topics and buckets push to
it, how it pulls from a queue, and how it writes to a bucket; who may open its URL, and
who may give it a layer. Every step shows what was asked,
what was decided and why, and for each denial the smallest change that would
allow it. Exits with 1 if a decision differs from what AWS would decide.`
}

// Run plays the tour.
func (TourCmd) Run(ctx context.Context, c *console) (err error) {
	s, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.server.Close()) }()
	t := &tour{out: c.Out, stage: s, told: map[string]int{}, quiet: c.JSON}
	t.open()
	for _, ch := range story() {
		if err := t.tell(ctx, ch); err != nil {
			return err
		}
	}
	if c.JSON {
		return errors.Join(json.NewEncoder(c.Out).Encode(t.answers), t.verdict())
	}
	return t.verdict()
}

// tell plays a chapter and shows its table.
func (t *tour) tell(ctx context.Context, ch chapter) error {
	if ch.opening != "" {
		t.printf("\n%s\n\n", ch.opening)
	}
	from := len(t.answers)
	for _, st := range ch.steps {
		number := len(t.answers) + 1
		a, err := t.play(ctx, number, st)
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", number, st.ask, err)
		}
		a.Chapter = ch.name
		t.answers = append(t.answers, a)
	}
	t.table(ch, t.answers[from:])
	return nil
}

// tour is one performance.
type tour struct {
	out     io.Writer
	stage   *stage
	answers []answer
	// told are the caveats that were printed, with the step.
	told  map[string]int
	quiet bool
}

// answer is what one step found.
type answer struct {
	Step     int      `json:"step"`
	Chapter  string   `json:"chapter"`
	Gate     string   `json:"gate"`
	Change   string   `json:"change,omitempty"`
	Ask      string   `json:"ask"`
	Action   string   `json:"action"`
	Resource string   `json:"resource"`
	Allowed  bool     `json:"allowed"`
	Expected bool     `json:"expected"`
	Why      string   `json:"why"`
	Message  string   `json:"message,omitempty"`
	Nearly   []string `json:"nearly,omitempty"`
	Fix      []string `json:"fix,omitempty"`
	Caveats  []string `json:"caveats,omitempty"`
	Request  string   `json:"requestId"`
}

func (t *tour) printf(format string, args ...any) {
	if !t.quiet {
		fmt.Fprintf(t.out, format, args...)
	}
}

func (t *tour) open() {
	t.printf("A Lambda function has two gates: who may invoke it, and what it may do.\n")
	t.printf("This is a server at %s with two accounts, the real AWS SDK, and a %s function.\n", t.stage.server.Endpoint(), t.stage.language)
	t.printf("Here %s.\n\n", t.stage.server.Functions())
}

// play makes the change of a step, asks, and explains the answer.
func (t *tour) play(ctx context.Context, number int, st step) (answer, error) {
	if st.prepare != nil {
		if err := st.prepare(ctx, t.stage); err != nil {
			return answer{}, err
		}
	}
	id, err := st.do(ctx, t.stage)
	if err != nil {
		return answer{}, err
	}
	e, err := t.stage.decision(ctx, id, st.action)
	if err != nil {
		return answer{}, err
	}
	a := answer{
		Step: number, Gate: "invoke", Change: st.change, Ask: st.ask, Action: st.action, Expected: st.allowed,
		Resource: e.Decision.GetResource(), Allowed: e.Decision.GetAllowed(), Why: e.GetSummary(), Message: e.GetMessage(), Request: e.Decision.GetRequestId(),
		Nearly: nearly(e),
	}
	if st.role {
		a.Gate = "role"
	}
	if len(e.Fixes) > 0 {
		for _, s := range e.Fixes[0].Steps {
			if s.GetCommand() != "" {
				a.Fix = append(a.Fix, s.GetCommand())
			} else {
				a.Fix = append(a.Fix, s.GetSentence())
			}
		}
	}
	for _, c := range e.Caveats {
		a.Caveats = append(a.Caveats, c.GetSentence()+" ("+c.GetCertainty()+")")
	}
	t.show(a)
	return a, nil
}

func (t *tour) show(a answer) {
	if a.Change != "" {
		t.printf("    (%s)\n", a.Change)
	}
	mark, decided := "✗", "denied"
	if a.Allowed {
		mark, decided = "✓", "allowed"
	}
	t.printf("%2d %s %s: %s\n", a.Step, mark, a.Ask, reason(decided, a))
	for _, n := range a.Nearly {
		t.printf("     nearly: %s\n", n)
	}
	for _, f := range a.Fix {
		t.printf("     to allow it: %s\n", f)
	}
	for _, c := range a.Caveats {
		if first, told := t.told[c]; told {
			c = "as in step " + strconv.Itoa(first)
		} else {
			t.told[c] = a.Step
		}
		t.printf("     not certain: %s\n", c)
	}
	if a.Allowed != a.Expected {
		t.printf("     WRONG: AWS would decide otherwise\n")
	}
}

// reason is the decision with its action, and why.
func reason(decided string, a answer) string {
	why := strings.TrimLeft(strings.TrimPrefix(a.Why, decided), ": ")
	return decided + ", " + a.Action + ": " + why
}

// table is the two gates side by side.
func (t *tour) table(ch chapter, answers []answer) {
	var gates [2][]string
	for _, a := range answers {
		mark, column := "✗ ", 0
		if a.Allowed {
			mark = "✓ "
		}
		if a.Gate == "role" {
			column = 1
		}
		gates[column] = append(gates[column], mark+a.Ask)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 4, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", ch.left, ch.right)
	for i := range max(len(gates[0]), len(gates[1])) {
		fmt.Fprintf(w, "%s\t%s\n", at(gates[0], i), at(gates[1], i))
	}
	_ = w.Flush()
	t.printf("\n%s", b.String())
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// verdict is an error if any decision was not AWS's.
func (t *tour) verdict() error {
	wrong := 0
	for _, a := range t.answers {
		if a.Allowed != a.Expected {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d decisions differ from what AWS would decide", wrong, len(t.answers))
	}
	t.printf("\nAll %d decisions are those AWS would make.\n", len(t.answers))
	return nil
}
