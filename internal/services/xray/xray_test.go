package xray

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
)

const trace1 = "1-65600000-0123456789abcdef01234567"

// document is a segment of trace1 with more members.
func document(id, more string) string {
	return `{"trace_id":"` + trace1 + `","id":"` + id + `","name":"f","start_time":1700790272.5,"end_time":1700790273` + more + `}`
}

// TestActionsKnowNoResource: a policy that names a resource allows nothing here.
func TestActionsKnowNoResource(t *testing.T) {
	w := newWorld(t)
	in := &xrayapi.PutTraceSegmentsRequest{TraceSegmentDocuments: []string{document("0123456789abcdef", "")}}
	for resource, allowed := range map[string]bool{"*": true, "arn:aws:xray:us-east-1:" + here + ":group/*": false} {
		_, err := call(w, w.user("u", "xray:PutTraceSegments", resource), xrayapi.PutTraceSegments, in)
		if allowed != (err == nil) {
			t.Errorf("on %s: %v", resource, err)
		}
	}
	var denied *api.Error
	_, err := call(w, w.user("u", "xray:Get*", "*"), xrayapi.PutTraceSegments, in)
	if !errors.As(err, &denied) || denied.Code != "AccessDeniedException" || denied.Status != 403 {
		t.Errorf("got %v", err)
	}
}

// TestBadSegmentsAreNamed: the good ones of a request are kept all the same.
func TestBadSegmentsAreNamed(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ document, code, kind string }{
		"no JSON":              {`{`, "ParseError", "segment"},
		"no id":                {`{}`, "MissingId", "segment"},
		"an id of words":       {`{"id":"x"}`, "InvalidId", "segment"},
		"no name":              {`{"id":"0123456789abcdef"}`, "MissingName", "segment"},
		"a name in brackets":   {`{"id":"0123456789abcdef","type":"subsegment","name":"<f>"}`, "InvalidName", "subsegment"},
		"no trace":             {`{"id":"0123456789abcdef","name":"f"}`, "MissingTraceId", "segment"},
		"a trace of long ago":  {strings.Replace(document("0123456789abcdef", ""), "1-6560", "1-5759", 1), "InvalidTraceId", "segment"},
		"a trace of next year": {strings.Replace(document("0123456789abcdef", ""), "1-6560", "1-6760", 1), "InvalidTraceId", "segment"},
		"no begin":             {`{"id":"0123456789abcdef","name":"f","trace_id":"` + trace1 + `"}`, "MissingStartTime", "segment"},
		"no end":               {`{"id":"0123456789abcdef","name":"f","trace_id":"` + trace1 + `","start_time":1}`, "MissingEndTime", "segment"},
		"a lonely subsegment":  {document("0123456789abcdef", `,"type":"subsegment"`), "MissingParentId", "subsegment"},
	} {
		bad := w.put(c.document, document("aaaaaaaaaaaaaaaa", ""))
		if len(bad) != 1 || bad[0].GetErrorCode() != c.code || bad[0].GetMessage() != "Invalid "+c.kind+". ErrorCode: "+c.code {
			t.Errorf("%s: got %+v", name, bad)
		}
	}
	if got := w.get(trace1); len(got) != 1 || len(got[0].Segments) != 1 {
		t.Errorf("got %+v", got)
	}
}

// TestTraceIsItsAccounts: nobody reads the traces of another account.
func TestTraceIsItsAccounts(t *testing.T) {
	w := newWorld(t)
	w.put(document("aaaaaaaaaaaaaaaa", ""), document("bbbbbbbbbbbbbbbb", `,"parent_id":"aaaaaaaaaaaaaaaa","fault":true`))
	got := w.get(trace1)
	if len(got) != 1 || got[0].GetDuration() != .5 || len(got[0].Segments) != 2 || *got[0].Segments[1].Id != "bbbbbbbbbbbbbbbb" {
		t.Errorf("got %+v", got)
	}
	theirs, err := call(w, caller.Root(there, caller.Key{}), xrayapi.BatchGetTraces, &xrayapi.BatchGetTracesRequest{TraceIds: []string{trace1}})
	if err != nil || len(theirs.Traces) != 0 {
		t.Errorf("got %+v %v", theirs, err)
	}
}

// TestSegmentInProgressEnds: the second document of a segment takes the first one's place.
func TestSegmentInProgressEnds(t *testing.T) {
	w := newWorld(t)
	w.put(`{"trace_id":"` + trace1 + `","id":"aaaaaaaaaaaaaaaa","name":"f","start_time":1700790272,"in_progress":true}`)
	if one := w.summary(); !one.GetIsPartial() {
		t.Errorf("got %+v", one)
	}
	w.put(document("aaaaaaaaaaaaaaaa", `,"error":true,"origin":"AWS::Lambda","http":{"response":{"status":200}}`))
	one := w.summary()
	if one.GetIsPartial() || !one.GetHasError() || one.GetHasFault() || one.EntryPoint.GetType() != "AWS::Lambda" || one.Http.GetHttpStatus() != 200 || one.GetRevision() != 2 {
		t.Errorf("got %+v", one)
	}
}

func (w *world) summary() xrayapi.TraceSummary {
	w.Helper()
	now := w.clock.Now()
	out := must(w, xrayapi.GetTraceSummaries, &xrayapi.GetTraceSummariesRequest{StartTime: ptr(now.Add(-time.Hour)), EndTime: ptr(now.Add(time.Hour))})
	if len(out.TraceSummaries) != 1 {
		w.Fatalf("got %+v", out)
	}
	return out.TraceSummaries[0]
}

// TestSummariesComeInPages, and only those of the time that was asked for.
func TestSummariesComeInPages(t *testing.T) {
	w := newWorld(t)
	for i := range limits.TracesPerPage + 1 {
		w.put(strings.Replace(document("aaaaaaaaaaaaaaaa", ""), "01234567\"", fmt.Sprintf("%08x\"", i), 1))
	}
	from, to := ptr(time.Unix(0x6560_0000, 0)), ptr(time.Unix(0x6560_0010, 0))
	in := &xrayapi.GetTraceSummariesRequest{StartTime: from, EndTime: to}
	first := must(w, xrayapi.GetTraceSummaries, in)
	in.NextToken = first.NextToken
	second := must(w, xrayapi.GetTraceSummaries, in)
	if len(first.TraceSummaries) != limits.TracesPerPage || len(second.TraceSummaries) != 1 || second.NextToken != nil {
		t.Errorf("got %d and %d", len(first.TraceSummaries), len(second.TraceSummaries))
	}
	if out := must(w, xrayapi.GetTraceSummaries, &xrayapi.GetTraceSummariesRequest{StartTime: to, EndTime: ptr(to.Add(time.Hour))}); len(out.TraceSummaries) != 0 {
		t.Errorf("got %+v", out)
	}
}

// TestOldestTraceGoes: what an account keeps is bounded, however many regions it
// says it is in; what another account keeps is not touched.
func TestOldestTraceGoes(t *testing.T) {
	kept, at := newTraces(), place{here, "us-east-1"}
	for _, other := range []place{{here, "us-west-2"}, {there, "us-east-1"}} {
		one, _ := parse(document("aaaaaaaaaaaaaaaa", ""), time.Unix(0x6560_0000, 0))
		kept.put(other, one)
		if id := one.TraceID; kept.get(at, id) != nil || len(kept.all(at, 0, 1e12)) != 0 || kept.get(other, id) == nil || len(kept.all(other, 0, 1e12)) != 1 {
			t.Errorf("a trace of %v is not there, or elsewhere too", other)
		}
	}
	for i := range limits.TracesKept + 1 {
		one, problem := parse(strings.Replace(document("aaaaaaaaaaaaaaaa", ""), "01234567\"", fmt.Sprintf("%08x\"", i), 1), time.Unix(0x6560_0000, 0))
		if problem != "" {
			t.Fatal(problem)
		}
		kept.put(at, one)
	}
	if gone, stays := kept.get(at, trace1[:27]+"00000000"), kept.get(at, trace1[:27]+"00000001"); gone != nil || stays == nil {
		t.Errorf("got %v and %v", gone, stays)
	}
	if gone, stays := kept.all(place{here, "us-west-2"}, 0, 1e12), kept.all(place{there, "us-east-1"}, 0, 1e12); len(gone) != 0 || len(stays) != 1 {
		t.Errorf("in other places: %d and %d", len(gone), len(stays))
	}
}

// TestDefaultRule is the one that every account has.
func TestDefaultRule(t *testing.T) {
	w := newWorld(t)
	rules := must(w, xrayapi.GetSamplingRules, &xrayapi.GetSamplingRulesRequest{}).SamplingRuleRecords
	if len(rules) != 1 || rules[0].SamplingRule.GetRuleName() != "Default" || rules[0].SamplingRule.GetFixedRate() != 0.05 || rules[0].SamplingRule.GetReservoirSize() != 1 {
		t.Errorf("got %+v", rules)
	}
	targets := must(w, xrayapi.GetSamplingTargets, &xrayapi.GetSamplingTargetsRequest{SamplingStatisticsDocuments: []xrayapi.SamplingStatisticsDocument{
		{RuleName: ptr("Default"), ClientID: ptr("c")}, {RuleName: ptr("mine"), ClientID: ptr("c")},
	}})
	if len(targets.SamplingTargetDocuments) != 1 || len(targets.UnprocessedStatistics) != 1 {
		t.Errorf("got %+v", targets)
	}
}
