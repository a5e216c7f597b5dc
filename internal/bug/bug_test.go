package bug

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func TestReportCountsAndLogsWithTheStack(t *testing.T) {
	var out bytes.Buffer
	r := &Reporter{Log: slog.New(slog.NewTextHandler(&out, nil))}
	r.Report(context.Background(), "%d is not %s", 1, "two")
	if r.Count() != 1 || !strings.Contains(out.String(), "bug: 1 is not two") || !strings.Contains(out.String(), "bug_test.go") {
		t.Errorf("%d bugs, log %q", r.Count(), out.String())
	}
}

func TestReportPanicsInTests(t *testing.T) {
	r := &Reporter{Panic: true}
	defer func() {
		if p := recover(); p != "bug: broken" || r.Count() != 1 {
			t.Errorf("recovered %v, %d bugs", p, r.Count())
		}
	}()
	r.Report(context.Background(), "broken")
	t.Error("went on")
}

// TestReporterCanBeMissing: whoever forgot to set one still sees the bug.
func TestReporterCanBeMissing(t *testing.T) {
	var out bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	defer slog.SetDefault(old)
	var none *Reporter
	none.Report(context.Background(), "first")
	(&Reporter{}).Report(context.Background(), "second")
	if none.Count() != 0 || !strings.Contains(out.String(), "bug: first") || !strings.Contains(out.String(), "bug: second") {
		t.Errorf("log %q", out.String())
	}
}

func TestReportsFromEverywhereAreCounted(t *testing.T) {
	r := &Reporter{Log: slog.New(slog.DiscardHandler)}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				r.Report(context.Background(), "x")
			}
		})
	}
	wg.Wait()
	if r.Count() != 80 {
		t.Errorf("%d", r.Count())
	}
}
