package xray

import (
	"context"

	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// putTraceSegments keeps the good documents and names the others.
func (s *Service) putTraceSegments(_ context.Context, c *op.Call, in *xrayapi.PutTraceSegmentsRequest) (*xrayapi.PutTraceSegmentsResult, error) {
	if len(in.TraceSegmentDocuments) > limits.TraceSegmentsPut {
		return nil, invalid("A request may have at most %d segment documents.", limits.TraceSegmentsPut)
	}
	at := place{c.Account, c.Region}
	out := &xrayapi.PutTraceSegmentsResult{UnprocessedTraceSegments: []xrayapi.UnprocessedTraceSegment{}}
	for _, document := range in.TraceSegmentDocuments {
		one, problem := parse(document, c.Time)
		if problem == "" {
			s.traces.put(at, one)
			continue
		}
		bad := xrayapi.UnprocessedTraceSegment{ErrorCode: &problem, Message: ptr("Invalid " + one.kind() + ". ErrorCode: " + problem)}
		if one.ID != "" {
			bad.Id = &one.ID
		}
		out.UnprocessedTraceSegments = append(out.UnprocessedTraceSegments, bad)
	}
	return out, nil
}

// kind is how X-Ray's texts call it.
func (s *segment) kind() string {
	if s.Type == "subsegment" {
		return "subsegment"
	}
	return "segment"
}

// putTelemetryRecords takes what a daemon says of itself; nothing shows it.
func (s *Service) putTelemetryRecords(_ context.Context, _ *op.Call, in *xrayapi.PutTelemetryRecordsRequest) (*xrayapi.PutTelemetryRecordsResult, error) {
	if len(in.TelemetryRecords) > limits.TraceTelemetry {
		return nil, invalid("A request may have at most %d telemetry records.", limits.TraceTelemetry)
	}
	return &xrayapi.PutTelemetryRecordsResult{}, nil
}
