package lambda

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/trail"
)

// paced is a world in which lines gather until the clock is moved, with an
// environment whose log is quiet.
func paced(t *testing.T) *world {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	w.lambda.logs.pace = limits.LogPace
	w.logging("f", echo)
	if out, err := w.invoke(root, "f", "{}"); err != nil || out.FunctionError != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	w.eventually("all is written, and nobody waits for more", func() bool {
		w.clock.Advance(limits.LogPace)
		return w.wrote() && w.logged("END RequestId: ")
	})
	return w
}

// print is what the executor does with a line of the environment.
func (w *world) print(line string) {
	w.lambda.logs.mu.Lock()
	var l *logStream
	for _, l = range w.lambda.logs.streams {
	}
	w.lambda.logs.mu.Unlock()
	w.lambda.logs.add(l.ref, l.group, l.stream, l.session, []executor.LogEvent{{Time: w.clock.Now(), Message: line}})
}

func (w *world) logged(text string) bool {
	return strings.Contains(strings.Join(w.all("/aws/lambda/f"), ""), text)
}

// puts is how often logs:PutLogEvents was decided.
func (w *world) puts() int {
	return len(w.trail.After(0, trail.Filter{Action: "logs:PutLogEvents"}, math.MaxInt))
}

func TestLinesGatherAfterAWrite(t *testing.T) {
	w := paced(t)
	before := w.puts()
	w.print("first")
	w.eventually("a line of a quiet log is written though the clock stands still", func() bool { return w.logged("first") })
	w.print("second")
	w.print("third")
	if w.logged("second") {
		t.Error("lines were written before they were due")
	}
	w.eventually("they are written when the clock says so", func() bool {
		w.clock.Advance(limits.LogPace)
		return w.logged("third")
	})
	if !w.logged("second") {
		t.Error("a line is missing")
	}
	if n := w.puts() - before; n != 2 {
		t.Errorf("the gate was asked %d times, want once for the first line and once for the others", n)
	}
}

// TestGatheredLinesAreJudgedWhenTheyAreWritten: what gathers has no decision yet.
func TestGatheredLinesAreJudgedWhenTheyAreWritten(t *testing.T) {
	w := paced(t)
	w.print("first")
	w.eventually("it is written", func() bool { return w.logged("first") })
	w.print("second")
	w.iam.grant("arn:aws:iam::"+here+":role/f-role", statementOf("Deny", "logs:*", "*", ""))
	w.eventually("writing was tried", func() bool {
		w.clock.Advance(limits.LogPace)
		return w.wrote()
	})
	if w.logged("second") {
		t.Error("written against the role's policies")
	}
}

func TestClosingWritesWhatGathers(t *testing.T) {
	w := paced(t)
	w.print("first")
	w.eventually("it is written", func() bool { return w.logged("first") })
	w.print("last")
	if w = w.reopen(); !w.logged("last") {
		t.Error("an orderly stop lost a line")
	}
}

func TestAWholeBatchDoesNotWaitForTheClock(t *testing.T) {
	w := paced(t)
	w.print("first")
	w.eventually("it is written", func() bool { return w.logged("first") })
	for range limits.LogPageEvents {
		w.print("of many")
	}
	w.eventually("it is written", func() bool { return w.logged("of many") })
}

func TestResetForgetsWhatGathers(t *testing.T) {
	w := paced(t)
	w.print("first")
	w.eventually("it is written", func() bool { return w.logged("first") })
	w.print("second")
	if err := w.lambda.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.eventually("nothing is left to write", func() bool {
		w.clock.Advance(limits.LogPace)
		return w.wrote()
	})
	if w.logged("second") {
		t.Error("a line of a function that was removed was written")
	}
}
