package xray

import (
	"context"
	"time"

	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/op"
)

// The Default rule, which every account has: the first request of a second, and
// five percent of the others (X-Ray developer guide, "Configuring sampling rules").
const (
	defaultRule     = "Default"
	defaultRate     = 0.05
	defaultQuota    = 1
	defaultPriority = 10_000
	// targetInterval is after how many seconds a client is to report again.
	targetInterval = 10
)

func (s *Service) getSamplingRules(_ context.Context, c *op.Call, _ *xrayapi.GetSamplingRulesRequest) (*xrayapi.GetSamplingRulesResult, error) {
	return &xrayapi.GetSamplingRulesResult{SamplingRuleRecords: []xrayapi.SamplingRuleRecord{{
		CreatedAt: ptr(time.Unix(0, 0).UTC()), ModifiedAt: ptr(time.Unix(0, 0).UTC()),
		SamplingRule: &xrayapi.SamplingRule{
			RuleName: ptr(defaultRule), RuleARN: ptr("arn:" + op.Partition + ":xray:" + c.Region + ":" + c.Account + ":sampling-rule/" + defaultRule),
			ResourceARN: ptr("*"), ServiceName: ptr("*"), ServiceType: ptr("*"), Host: ptr("*"), HTTPMethod: ptr("*"), URLPath: ptr("*"),
			Priority: ptr(int32(defaultPriority)), FixedRate: ptr(defaultRate), ReservoirSize: ptr(int32(defaultQuota)), Version: ptr(int32(1)),
			Attributes: map[string]string{},
		},
	}}}, nil
}

// getSamplingTargets gives each client the whole of the rule: there is no other
// client to share it with that would be known here.
func (s *Service) getSamplingTargets(_ context.Context, c *op.Call, in *xrayapi.GetSamplingTargetsRequest) (*xrayapi.GetSamplingTargetsResult, error) {
	out := &xrayapi.GetSamplingTargetsResult{
		LastRuleModification: ptr(time.Unix(0, 0).UTC()), SamplingTargetDocuments: []xrayapi.SamplingTargetDocument{}, UnprocessedStatistics: []xrayapi.UnprocessedStatistics{},
	}
	for _, of := range in.SamplingStatisticsDocuments {
		if of.GetRuleName() != defaultRule {
			out.UnprocessedStatistics = append(out.UnprocessedStatistics, xrayapi.UnprocessedStatistics{
				RuleName: of.RuleName, ErrorCode: ptr("400"), Message: ptr("Unknown rule"),
			})
			continue
		}
		out.SamplingTargetDocuments = append(out.SamplingTargetDocuments, xrayapi.SamplingTargetDocument{
			RuleName: of.RuleName, FixedRate: ptr(defaultRate), ReservoirQuota: ptr(int32(defaultQuota)),
			ReservoirQuotaTTL: ptr(c.Time.Add(targetInterval * time.Second)), Interval: ptr(int32(targetInterval)),
		})
	}
	return out, nil
}
