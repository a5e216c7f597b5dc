package xray

import (
	"context"
	"math"
	"strconv"
	"time"

	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) batchGetTraces(_ context.Context, c *op.Call, in *xrayapi.BatchGetTracesRequest) (*xrayapi.BatchGetTracesResult, error) {
	if len(in.TraceIds) == 0 || len(in.TraceIds) > limits.TracesGet {
		return nil, invalid("A request asks for one to %d traces.", limits.TracesGet)
	}
	out := &xrayapi.BatchGetTracesResult{Traces: []xrayapi.Trace{}, UnprocessedTraceIds: []string{}}
	seen := map[string]bool{}
	for _, id := range in.TraceIds {
		if !traceID.MatchString(id) {
			return nil, invalid("Invalid trace id: %s", id)
		}
		if t := s.traces.get(place{c.Account, c.Region}, id); t != nil && !seen[id] {
			out.Traces = append(out.Traces, t.show())
		}
		seen[id] = true
	}
	return out, nil
}

func (t *trace) show() xrayapi.Trace {
	out := xrayapi.Trace{Id: &t.id, Duration: ptr(t.duration()), LimitExceeded: &t.full}
	for _, s := range t.segments {
		out.Segments = append(out.Segments, xrayapi.Segment{Id: &s.ID, Document: &s.document})
	}
	return out
}

// getTraceSummaries lists what began within a time. The token counts what was listed.
func (s *Service) getTraceSummaries(_ context.Context, c *op.Call, in *xrayapi.GetTraceSummariesRequest) (*xrayapi.GetTraceSummariesResult, error) {
	from, to := in.GetStartTime(), in.GetEndTime()
	switch {
	case in.GetFilterExpression() != "":
		return nil, invalid("Filter expressions are not available here.")
	case to.Before(from):
		return nil, invalid("StartTime must be before EndTime.")
	case to.Sub(from) > limits.TraceSpan:
		return nil, invalid("Time range cannot be longer than 24 hours.")
	}
	skip := 0
	if in.NextToken != nil {
		var err error
		if skip, err = strconv.Atoi(*in.NextToken); err != nil || skip < 0 {
			return nil, invalid("Invalid NextToken.")
		}
	}
	all := s.traces.all(place{c.Account, c.Region}, seconds(from), seconds(to))
	out := &xrayapi.GetTraceSummariesResult{ApproximateTime: &c.Time, TracesProcessedCount: ptr(int64(len(all))), TraceSummaries: []xrayapi.TraceSummary{}}
	for i := skip; i < len(all); i++ {
		if i == skip+limits.TracesPerPage {
			out.NextToken = ptr(strconv.Itoa(i))
			break
		}
		out.TraceSummaries = append(out.TraceSummaries, all[i].summary())
	}
	return out, nil
}

// summary is what the segments of a trace say together.
func (t *trace) summary() xrayapi.TraceSummary {
	out := xrayapi.TraceSummary{
		Id: &t.id, Duration: ptr(t.duration()), StartTime: ptr(moment(t.start())), Revision: &t.revision,
		HasError: new(bool), HasFault: new(bool), HasThrottle: new(bool), IsPartial: new(bool),
	}
	root := t.root()
	known := map[xrayID]bool{}
	for _, s := range t.segments {
		*out.HasError = *out.HasError || s.Error
		*out.HasFault = *out.HasFault || s.Fault
		*out.HasThrottle = *out.HasThrottle || s.Throttle
		*out.IsPartial = *out.IsPartial || s.End == nil
		if s.Type == "subsegment" {
			continue
		}
		name, kind := s.service()
		if key := (xrayID{name, kind}); !known[key] {
			known[key] = true
			out.ServiceIds = append(out.ServiceIds, xrayapi.ServiceId{Name: &name, Names: []string{name}, Type: &kind})
		}
		if arn := s.arn(); arn != "" {
			out.ResourceARNs = append(out.ResourceARNs, xrayapi.ResourceARNDetail{ARN: &arn})
		}
	}
	if root != nil {
		name, kind := root.service()
		out.EntryPoint = &xrayapi.ServiceId{Name: &name, Names: []string{name}, Type: &kind}
		out.ResponseTime = ptr(max(0, root.end()-root.start()))
		out.Http = root.http()
	}
	return out
}

type xrayID struct{ name, kind string }

// root is the segment that no other one of the trace caused.
func (t *trace) root() *segment {
	known := map[string]bool{}
	for _, s := range t.segments {
		known[s.ID] = true
	}
	for _, s := range t.segments {
		if s.Type != "subsegment" && !known[s.ParentID] {
			return s
		}
	}
	return nil
}

func (s *segment) arn() string {
	if s.Resource != "" {
		return s.Resource
	}
	return s.AWS.Resource
}

func (s *segment) http() *xrayapi.Http {
	r := s.HTTP.Request
	out := &xrayapi.Http{HttpStatus: s.HTTP.Response.Status}
	for to, text := range map[**string]string{&out.HttpMethod: r.Method, &out.HttpURL: r.URL, &out.UserAgent: r.UserAgent, &out.ClientIp: r.ClientIP} {
		if text != "" {
			*to = &text
		}
	}
	return out
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func moment(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC()
}
