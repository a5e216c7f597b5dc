package logs

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"pgregory.net/rapid"
)

func TestBatchRules(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	big := strings.Repeat("x", limits.LogEventBytes-26)
	for _, c := range []struct {
		name   string
		events []logsapi.InputLogEvent
		text   string
	}{
		{"not in order", []logsapi.InputLogEvent{w.input(1, "a"), w.input(0, "b")}, "Log events in a single PutLogEvents request must be in chronological order."},
		{"24 hours and more", []logsapi.InputLogEvent{w.input(-24*3600*1000-1, "a"), w.input(0, "b")}, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
		{"24 hours", []logsapi.InputLogEvent{w.input(-24*3600*1000, "a"), w.input(0, "b")}, ""},
		{"an event too large", []logsapi.InputLogEvent{w.input(0, "%sy", big)}, "Log event too large: 1048577 bytes exceeds limit of 1048576"},
		{"the largest event", []logsapi.InputLogEvent{w.input(0, "%s", big)}, ""},
		{"a batch too large", []logsapi.InputLogEvent{w.input(0, "%s", big), w.input(0, "y")}, "Upload too large: 1048603 bytes exceeds limit of 1048576"},
		{"too many", slices.Repeat([]logsapi.InputLogEvent{w.input(0, "y")}, 10001), "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := call(w, root, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: ptr("g"), LogStreamName: ptr("s"), LogEvents: c.events})
			if c.text != "" {
				refused(t, err, "InvalidParameterException", c.text)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	_, err := call(w, root, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: ptr("h"), LogStreamName: ptr("s"), LogEvents: []logsapi.InputLogEvent{w.input(0, "y")}})
	refused(t, err, "ResourceNotFoundException", "The specified log group does not exist.")
	_, err = call(w, root, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: ptr("g"), LogStreamName: ptr("t"), LogEvents: []logsapi.InputLogEvent{w.input(0, "y")}})
	refused(t, err, "ResourceNotFoundException", "The specified log stream does not exist.")
}

func TestRejectedEvents(t *testing.T) {
	const hour, day = int64(3600 * 1000), int64(24 * 3600 * 1000)
	for _, c := range []struct {
		name                string
		retention           int32
		at                  []int64
		old, expired, newer int32 // -1: absent
		kept                int
	}{
		{"all good", 0, []int64{-day / 2, 0, 2 * hour}, -1, -1, -1, 3},
		{"too new", 0, []int64{0, 2*hour + 1, 3 * hour}, -1, -1, 1, 1},
		{"too old", 0, []int64{-14*day - 1, -14 * day}, 1, -1, -1, 1},
		{"expired", 1, []int64{-day - 2, -day - 1, -day}, -1, 2, -1, 1},
		{"expired and too old", 1, []int64{-15 * day, -14 * day}, 1, 2, -1, 0},
		{"all too new", 0, []int64{3 * hour}, -1, -1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.makeGroup("g")
			w.makeStream("g", "s")
			if c.retention > 0 {
				must(w, logsapi.PutRetentionPolicy, &logsapi.PutRetentionPolicyRequest{LogGroupName: ptr("g"), RetentionInDays: &c.retention})
			}
			var events []logsapi.InputLogEvent
			for _, at := range c.at {
				events = append(events, w.input(at, "x"))
			}
			out := w.put("g", "s", events...)
			got := out.RejectedLogEventsInfo
			if got == nil {
				got = &logsapi.RejectedLogEventsInfo{}
			}
			index := func(p *int32) int32 {
				if p == nil {
					return -1
				}
				return *p
			}
			if index(got.TooOldLogEventEndIndex) != c.old || index(got.ExpiredLogEventEndIndex) != c.expired || index(got.TooNewLogEventStartIndex) != c.newer {
				t.Errorf("rejected %d %d %d", index(got.TooOldLogEventEndIndex), index(got.ExpiredLogEventEndIndex), index(got.TooNewLogEventStartIndex))
			}
			if kept := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")}); len(kept) != c.kept {
				t.Errorf("%d events kept, want %d", len(kept), c.kept)
			}
			if out.NextSequenceToken == nil || len(*out.NextSequenceToken) != 56 {
				t.Error("no sequence token")
			}
		})
	}
}

func (w *world) get(in logsapi.GetLogEventsRequest) (messages string, out *logsapi.GetLogEventsResponse) {
	w.Helper()
	in.LogGroupName, in.LogStreamName = ptr("g"), ptr("s")
	out = must(w, logsapi.GetLogEvents, &in)
	for _, e := range out.Events {
		messages += *e.Message
	}
	return messages, out
}

func TestGetLogEventsTokens(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	_, empty := w.get(logsapi.GetLogEventsRequest{})
	w.put("g", "s", w.input(0, "a"), w.input(0, "b"), w.input(1, "c"), w.input(2, "d"), w.input(3, "e"))
	if got, _ := w.get(logsapi.GetLogEventsRequest{NextToken: empty.NextForwardToken}); got != "abcde" {
		t.Errorf("the forward token of an empty stream leads to %q", got)
	}
	two := ptr(int32(2))
	got, tail := w.get(logsapi.GetLogEventsRequest{Limit: two})
	if got != "de" {
		t.Errorf("without startFromHead: %q", got)
	}
	got, before := w.get(logsapi.GetLogEventsRequest{Limit: two, NextToken: tail.NextBackwardToken})
	if got != "bc" {
		t.Errorf("backward: %q", got)
	}
	got, first := w.get(logsapi.GetLogEventsRequest{Limit: two, NextToken: before.NextBackwardToken})
	if got != "a" {
		t.Errorf("backward again: %q", got)
	}
	got, begin := w.get(logsapi.GetLogEventsRequest{Limit: two, NextToken: first.NextBackwardToken})
	if got != "" || *begin.NextBackwardToken != *first.NextBackwardToken {
		t.Errorf("at the beginning: %q, token changed: %v", got, *begin.NextBackwardToken != *first.NextBackwardToken)
	}
	if got, _ = w.get(logsapi.GetLogEventsRequest{NextToken: begin.NextForwardToken}); got != "abcde" {
		t.Errorf("forward from before the beginning: %q", got)
	}
	got, end := w.get(logsapi.GetLogEventsRequest{NextToken: tail.NextForwardToken})
	if got != "" || *end.NextForwardToken != *tail.NextForwardToken {
		t.Errorf("at the end: %q, token changed: %v", got, *end.NextForwardToken != *tail.NextForwardToken)
	}
	if got, _ = w.get(logsapi.GetLogEventsRequest{NextToken: end.NextBackwardToken}); got != "abcde" {
		t.Errorf("backward from the end: %q", got)
	}
	w.put("g", "s", w.input(3, "f"))
	if got, _ = w.get(logsapi.GetLogEventsRequest{NextToken: end.NextForwardToken}); got != "f" {
		t.Errorf("what came after the end: %q", got)
	}
	now := w.clock.Now().UnixMilli()
	if got, _ = w.get(logsapi.GetLogEventsRequest{StartTime: &now, EndTime: ptr(now + 2), StartFromHead: ptr(true)}); got != "abc" {
		t.Errorf("start is included, end is not: %q", got)
	}
	for _, token := range []string{"f", "f//s", "x" + (*tail.NextForwardToken)[1:], (*tail.NextForwardToken)[:59] + "t", strings.Replace(*tail.NextForwardToken, "/3", "/9", 1), strings.Repeat("f", 60)} {
		_, err := call(w, root, logsapi.GetLogEvents, &logsapi.GetLogEventsRequest{LogGroupName: ptr("g"), LogStreamName: ptr("s"), NextToken: &token})
		refused(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
	}
}

func TestPagesAreAtMostOneMegabyte(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	for i := range 3 {
		w.put("g", "s", w.input(int64(i), "%d%s", i, strings.Repeat("x", 400_000)))
	}
	_, out := w.get(logsapi.GetLogEventsRequest{StartFromHead: ptr(true)})
	if len(out.Events) != 2 {
		t.Errorf("%d events on the first page", len(out.Events))
	}
	_, out = w.get(logsapi.GetLogEventsRequest{NextToken: out.NextForwardToken})
	if len(out.Events) != 1 || (*out.Events[0].Message)[0] != '2' {
		t.Errorf("%d events on the second page", len(out.Events))
	}
	if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")}); len(got) != 3 {
		t.Errorf("%d events by filter", len(got))
	}
}

func TestFilterInterleavesStreams(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	for _, name := range []string{"a1", "a2", "b1", "never"} {
		w.makeStream("g", name)
	}
	w.put("g", "a1", w.input(0, "1"), w.input(4, "5"))
	w.put("g", "b1", w.input(1, "2"), w.input(3, "4"))
	w.put("g", "a2", w.input(2, "3"), w.input(4, "6"))
	now := w.clock.Now().UnixMilli()
	for want, in := range map[string]logsapi.FilterLogEventsRequest{
		"1 2 3 4 5 6": {},
		"1 3 5 6":     {LogStreamNamePrefix: ptr("a")},
		"2 3 4 6":     {LogStreamNames: []string{"b1", "a2", "b1"}},
		"3 4":         {StartTime: ptr(now + 2), EndTime: ptr(now + 3)}, // both included
		"4 5":         {FilterPattern: ptr("?4 ?5")},
		"":            {FilterPattern: ptr("nothing")},
	} {
		in.LogGroupName, in.Limit = ptr("g"), ptr(int32(2))
		if got := strings.Join(w.filter(&in), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	out := must(w, logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")})
	ids := map[string]bool{}
	for _, e := range out.Events {
		ids[*e.EventId] = len(*e.EventId) == 56
	}
	if len(ids) != 6 || *out.Events[2].LogStreamName != "a2" || out.NextToken != nil || out.SearchedLogStreams == nil {
		t.Errorf("ids %v", ids)
	}
	for _, c := range []struct {
		in         logsapi.FilterLogEventsRequest
		code, text string
	}{
		{logsapi.FilterLogEventsRequest{LogStreamNames: []string{"zzz"}}, "ResourceNotFoundException", "The specified log stream does not exist."},
		{logsapi.FilterLogEventsRequest{LogStreamNames: []string{"a1"}, LogStreamNamePrefix: ptr("a")}, "InvalidParameterException", "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."},
		{logsapi.FilterLogEventsRequest{NextToken: ptr("x")}, "InvalidParameterException", "The specified nextToken is invalid."},
		{logsapi.FilterLogEventsRequest{FilterPattern: ptr("{")}, "InvalidParameterException", "Invalid filter pattern"},
	} {
		c.in.LogGroupName = ptr("g")
		_, err := call(w, root, logsapi.FilterLogEvents, &c.in)
		refused(t, err, c.code, c.text)
	}
}

func TestFilterGivesUpAfterBoundedWorkAndGoesOn(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	for range limits.LogScanBytes/(1<<20) + 1 {
		w.put("g", "s", w.input(0, "%s", strings.Repeat("x", 1<<20-26)))
	}
	w.put("g", "s", w.input(1, "needle"))
	out := must(w, logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupName: ptr("g"), FilterPattern: ptr("needle")})
	if len(out.Events) != 0 || out.NextToken == nil {
		t.Errorf("%d events, token %v", len(out.Events), out.NextToken)
	}
	if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g"), FilterPattern: ptr("needle")}); !slices.Equal(got, []string{"needle"}) {
		t.Errorf("found %q", got)
	}
}

// TestTail does what "aws logs tail --follow" does: poll from the newest time
// seen, and drop the ids already printed.
func TestTail(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	in := &logsapi.FilterLogEventsRequest{LogGroupName: ptr("g"), Interleaved: ptr(true), StartTime: ptr(w.clock.Now().UnixMilli() - 600_000)}
	seen := map[string]bool{}
	poll := func() (printed string) {
		for in.NextToken = nil; ; {
			out := must(w, logsapi.FilterLogEvents, in)
			for _, e := range out.Events {
				if !seen[*e.EventId] {
					seen[*e.EventId] = true
					printed += *e.Message
				}
				in.StartTime = ptr(max(*in.StartTime, *e.Timestamp))
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return printed
			}
		}
	}
	w.put("g", "s", w.input(0, "a"), w.input(1, "b"))
	if got := poll(); got != "ab" {
		t.Errorf("first %q", got)
	}
	if got := poll(); got != "" {
		t.Errorf("nothing new, but %q", got)
	}
	w.put("g", "s", w.input(1, "c"), w.input(2, "d"))
	if got := poll(); got != "cd" {
		t.Errorf("then %q", got)
	}
}

// TestPageWalksSeeEveryEventOnce writes batches in any order of time to several
// streams and walks them in pages of every size, both ways.
func TestPageWalksSeeEveryEventOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		w.makeGroup("g")
		streams := []string{"s", "t", "u"}
		for _, name := range streams {
			w.makeStream("g", name)
		}
		type placed struct {
			at   int64
			text string
		}
		var all []placed
		ofS := 0
		for range rapid.IntRange(1, 8).Draw(r, "batches") {
			name := rapid.SampledFrom(streams).Draw(r, "stream")
			times := rapid.SliceOfN(rapid.Int64Range(-20, 20), 1, 12).Draw(r, "times")
			slices.Sort(times)
			var events []logsapi.InputLogEvent
			for _, at := range times {
				text := fmt.Sprintf("%s%d ", name, len(all))
				events = append(events, w.input(at, "%s", text))
				all = append(all, placed{at, text})
				if name == "s" {
					ofS++
				}
			}
			w.put("g", name, events...)
		}
		slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
		var want, wantS []string
		for _, p := range all {
			want = append(want, p.text)
			if p.text[0] == 's' {
				wantS = append(wantS, p.text)
			}
		}
		limit := ptr(rapid.Int32Range(1, 9).Draw(r, "limit"))
		if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g"), Limit: limit}); !slices.Equal(got, want) {
			r.Fatalf("filter: %q, want %q", got, want)
		}
		for _, fromHead := range []bool{true, false} {
			var got []string
			for in := (logsapi.GetLogEventsRequest{Limit: limit, StartFromHead: &fromHead}); ; {
				_, out := w.get(in)
				var texts []string
				for _, e := range out.Events {
					texts = append(texts, *e.Message)
				}
				next := out.NextForwardToken
				if fromHead {
					got = append(got, texts...)
				} else {
					got, next = append(texts, got...), out.NextBackwardToken
				}
				if in.NextToken != nil && *next == *in.NextToken {
					break
				}
				in.NextToken = next
			}
			if !slices.Equal(got, wantS) {
				r.Fatalf("from head %v: %q, want %q", fromHead, got, wantS)
			}
		}
	})
}

func TestPositionsKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		draw := func(name string) position {
			return position{rapid.Int64Range(0, math.MaxInt64).Draw(r, name), rapid.Uint64().Draw(r, name)}
		}
		a, b := draw("a"), draw("b")
		if a.compare(b) != strings.Compare(a.key(), b.key()) || a.compare(b) != strings.Compare(a.digits(), b.digits()) {
			r.Fatalf("%v and %v sort differently as text", a, b)
		}
		if got, ok := positionOf(a.key()); !ok || got != a {
			r.Fatalf("key of %v gives %v", a, got)
		}
		if got, ok := parseDigits(a.digits()); !ok || got != a || len(a.digits()) != 56 {
			r.Fatalf("digits of %v give %v", a, got)
		}
		for token, want := range map[string]bool{forwardToken(a): true, backwardToken(a): false} {
			if got, forward, ok := parseToken(token); !ok || got != a || forward != want {
				r.Fatalf("token %s gives %v %v", token, got, forward)
			}
		}
	})
}

// TestNumbersAreNeverUsedTwice starts the service again and again on one data
// directory; an event written with a number in use would replace another.
func TestNumbersAreNeverUsedTwice(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	var last uint64
	for i := range 3 {
		st, err := store.Open(ctx, store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		s, err := openSequence(ctx, st)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 10, block, 3} {
			err := st.Update(ctx, func(tx *store.Tx) error {
				first, err := s.take(tx, n)
				if first <= last {
					t.Errorf("start %d: number %d after %d", i, first, last)
				}
				last = first + uint64(n) - 1
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPutLogEvents(b *testing.B) {
	w := newWorld(b)
	w.makeGroup("g")
	w.makeStream("g", "s")
	events := []logsapi.InputLogEvent{w.input(0, "START RequestId: x Version: 1"), w.input(1, "END RequestId: x"), w.input(2, "REPORT RequestId: x")}
	b.ReportAllocs()
	for b.Loop() {
		w.put("g", "s", events...)
	}
}
