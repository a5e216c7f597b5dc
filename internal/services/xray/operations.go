package xray

import (
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations. None of their actions knows a resource type
// (Service Authorization Reference, AWS X-Ray).
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(xrayapi.BatchGetTraces, s.batchGetTraces, op.On("xray:BatchGetTraces", op.Any)),
		op.Bind(xrayapi.GetSamplingRules, s.getSamplingRules, op.On("xray:GetSamplingRules", op.Any)),
		op.Bind(xrayapi.GetSamplingTargets, s.getSamplingTargets, op.On("xray:GetSamplingTargets", op.Any)),
		op.Bind(xrayapi.GetTraceSummaries, s.getTraceSummaries, op.On("xray:GetTraceSummaries", op.Any)),
		op.Bind(xrayapi.PutTelemetryRecords, s.putTelemetryRecords, op.On("xray:PutTelemetryRecords", op.Any)),
		op.Bind(xrayapi.PutTraceSegments, s.putTraceSegments, op.On("xray:PutTraceSegments", op.Any)),
	}
}
