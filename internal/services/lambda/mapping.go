package lambda

import (
	"context"
	"errors"
	"strings"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// mapping is a stored event source mapping: a queue that is polled with the
// function's execution role.
type mapping struct {
	UUID string
	// Source is the queue's ARN, Function the function's as it was addressed.
	Source, Function string
	Enabled          bool
	// Batch is the most messages of one invoke, Window how many seconds they may
	// gather, Concurrency the most invokes at a time (0 for no bound of its own).
	Batch, Window, Concurrency int32
	// Partial says that the function reports the messages that it failed on.
	Partial bool     `json:",omitempty"`
	Filters []string `json:",omitempty"`
	Metrics []string `json:",omitempty"`
	Tags    map[string]string
	// Modified is when it was changed last; Changes counts so that a poller can
	// tell that it is of an older state.
	Modified time.Time
}

// States of a mapping, as its answers show them. Here each takes effect at once:
// the passing ones are shown only by the call that brings them about.
const (
	mappingCreating = "Creating"
	mappingUpdating = "Updating"
	mappingDeleting = "Deleting"
	mappingEnabled  = "Enabled"
	mappingDisabled = "Disabled"
)

func (m *mapping) state() string {
	if m.Enabled {
		return mappingEnabled
	}
	return mappingDisabled
}

// mappingID is a mapping's account, region and id.
type mappingID struct{ account, region, uuid string }

func (p mappingID) key() string { return store.Key(p.account, p.region, p.uuid) }

func (p mappingID) arn() string {
	return "arn:" + op.Partition + ":lambda:" + p.region + ":" + p.account + mappingKind + p.uuid
}

// mappingKind is what tells a mapping's ARN from a function's.
const mappingKind = ":event-source-mapping:"

// keyMapping is the mapping of a mapping's key.
func keyMapping(key string) mappingID {
	parts := strings.SplitN(key, "\x00", 3)
	return mappingID{parts[0], parts[1], parts[2]}
}

// parseMapping reads a mapping's ARN.
func parseMapping(arn string) (mappingID, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "lambda" || parts[5] != "event-source-mapping" ||
		!isRegion(parts[3]) || !id.IsAccount(parts[4]) || !isWord(parts[6], "-") {
		return mappingID{}, false
	}
	return mappingID{parts[4], parts[3], parts[6]}, true
}

// function is what a mapping invokes.
func (m *mapping) function() ref {
	r, _ := parseName(m.Function)
	return r
}

// show is the mapping as its operations answer it. The problem is that of the
// last poll, empty for none: SQS mappings show no other result on AWS.
func (m *mapping) show(p mappingID, state, problem string) *lambdaapi.EventSourceMappingConfiguration {
	out := &lambdaapi.EventSourceMappingConfiguration{
		UUID: &m.UUID, EventSourceMappingArn: ptr(p.arn()), EventSourceArn: &m.Source, FunctionArn: &m.Function,
		BatchSize: &m.Batch, MaximumBatchingWindowInSeconds: &m.Window, LastModified: &m.Modified,
		State: &state, StateTransitionReason: ptr("USER_INITIATED"), LastProcessingResult: optional(problem), FunctionResponseTypes: []string{},
	}
	if m.Partial {
		out.FunctionResponseTypes = []string{reportFailures}
	}
	if m.Concurrency > 0 {
		out.ScalingConfig = &lambdaapi.ScalingConfig{MaximumConcurrency: &m.Concurrency}
	}
	if len(m.Filters) > 0 {
		out.FilterCriteria = &lambdaapi.FilterCriteria{}
		for _, f := range m.Filters {
			out.FilterCriteria.Filters = append(out.FilterCriteria.Filters, lambdaapi.Filter{Pattern: &f})
		}
	}
	if m.Metrics != nil {
		out.MetricsConfig = &lambdaapi.EventSourceMappingMetricsConfig{Metrics: m.Metrics}
	}
	return out
}

// reportFailures is the one response type.
const reportFailures = "ReportBatchItemFailures"

// namedMapping is the mapping that a request names by its id.
func namedMapping(c *op.Call) (mappingID, error) {
	in, ok := c.Input.(interface{ GetUUID() string })
	if !ok || !isWord(in.GetUUID(), "-") {
		return mappingID{}, noMapping()
	}
	return mappingID{c.Account, c.Region, in.GetUUID()}, nil
}

func noMapping() error { return notFound("The resource you requested does not exist.") }

// aMapping finds the mapping that a request names.
func (s *Service) aMapping(_ context.Context, c *op.Call) ([]op.Resource, error) {
	p, err := namedMapping(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: p.arn(), Account: p.account}}, nil
}

// mappedFunction says which function a mapping is of: the one in the request,
// or else the stored mapping's.
func (s *Service) mappedFunction(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(interface{ GetFunctionName() string }); ok && in.GetFunctionName() != "" {
			if r, err := resolveName(c, in.GetFunctionName()); err == nil {
				keys.Set(key, r.arn())
			}
			return
		}
		p, err := namedMapping(c)
		if err != nil {
			return
		}
		if m := s.mappings.Get(p.key()); m != nil {
			keys.Set(key, m.Function)
		}
	}
}

func (s *Service) getEventSourceMapping(_ context.Context, c *op.Call, _ *lambdaapi.GetEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	p, err := namedMapping(c)
	if err != nil {
		return nil, err
	}
	m := s.mappings.Get(p.key())
	if m == nil {
		return nil, noMapping()
	}
	return m.show(p, m.state(), s.pollers.problem(p.key())), nil
}

func (s *Service) deleteEventSourceMapping(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	p, err := namedMapping(c)
	if err != nil {
		return nil, err
	}
	var was *mapping
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if was = s.mappings.GetIn(tx, p.key()); was == nil {
			return noMapping()
		}
		return s.mappings.Delete(tx, p.key())
	})
	if err != nil {
		return nil, err
	}
	return was.show(p, mappingDeleting, ""), nil
}

func (s *Service) listEventSourceMappings(_ context.Context, c *op.Call, in *lambdaapi.ListEventSourceMappingsRequest) (*lambdaapi.ListEventSourceMappingsResponse, error) {
	var function string
	if in.GetFunctionName() != "" {
		r, err := resolveName(c, in.GetFunctionName())
		if err != nil {
			return nil, err
		}
		if s.now().function(r) == nil {
			return nil, noFunction(r.arn())
		}
		function = r.arn()
	}
	pg, err := newPage(mappingPage, in.Marker, in.MaxItems, mappingsPerPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListEventSourceMappingsResponse{EventSourceMappings: []lambdaapi.EventSourceMappingConfiguration{}}
	prefix := store.Prefix(c.Account, c.Region)
	for key, m := range s.mappings.All(prefix, pg.after(prefix)) {
		if function != "" && m.Function != function || in.GetEventSourceArn() != "" && m.Source != in.GetEventSourceArn() {
			continue
		}
		p := keyMapping(key)
		if !pg.take(p.uuid) {
			break
		}
		out.EventSourceMappings = append(out.EventSourceMappings, *m.show(p, m.state(), s.pollers.problem(key)))
	}
	out.NextMarker = pg.next()
	return out, nil
}

// mappingsPerPage is the most that one page holds, whatever MaxItems says (AWS
// Lambda API reference, ListEventSourceMappings).
const mappingsPerPage = 100

// duplicate is the mapping of the same queue and function, if there is one.
func (s *Service) duplicate(tx *store.Tx, p mappingID, m *mapping) error {
	for key, other := range s.mappings.All(store.Prefix(p.account, p.region), "") {
		now := s.mappings.GetIn(tx, key)
		if now == nil || other.UUID == m.UUID || now.Source != m.Source || now.Function != m.Function {
			continue
		}
		return conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the existing mapping with UUID %s", m.Source, m.function().name, now.UUID)
	}
	return nil
}

// putMapping stores what change makes of a mapping, unless another one has its
// queue and function.
func (s *Service) putMapping(ctx context.Context, p mappingID, change func(old *mapping) (*mapping, error)) (*mapping, error) {
	var now *mapping
	err := s.store.Update(ctx, func(tx *store.Tx) (err error) {
		if now, err = change(s.mappings.GetIn(tx, p.key())); err != nil {
			return err
		}
		return errors.Join(s.duplicate(tx, p, now), s.mappings.Put(tx, p.key(), now))
	})
	return now, err
}
