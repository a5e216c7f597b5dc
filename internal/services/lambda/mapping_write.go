package lambda

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) createEventSourceMapping(ctx context.Context, c *op.Call, in *lambdaapi.CreateEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	r, err := resolveName(c, in.GetFunctionName())
	if err != nil {
		return nil, err
	}
	if r.account != c.Account {
		return nil, foreign()
	}
	m := &mapping{
		UUID: id.UUID(), Source: in.GetEventSourceArn(), Function: r.arn(), Enabled: in.Enabled == nil || *in.Enabled,
		Batch: defaultBatch, Tags: maps.Clone(in.Tags), Modified: c.Time,
	}
	if err := errors.Join(checkEventSource(in), checkTags(in.Tags)); err != nil {
		return nil, firstOf(err)
	}
	if err := m.apply(changesOf(in)); err != nil {
		return nil, err
	}
	if err := s.checkMapping(ctx, c, m); err != nil {
		return nil, err
	}
	p := mappingID{c.Account, c.Region, m.UUID}
	if _, err := s.putMapping(ctx, p, func(*mapping) (*mapping, error) { return m, nil }); err != nil {
		return nil, err
	}
	return m.show(p, mappingCreating, ""), nil
}

func (s *Service) updateEventSourceMapping(ctx context.Context, c *op.Call, in *lambdaapi.UpdateEventSourceMappingRequest) (*lambdaapi.EventSourceMappingConfiguration, error) {
	p, err := namedMapping(c)
	if err != nil {
		return nil, err
	}
	change := func(old *mapping) (*mapping, error) {
		if old == nil {
			return nil, noMapping()
		}
		now := *old
		now.Modified = c.Time
		if in.Enabled != nil {
			now.Enabled = *in.Enabled
		}
		if in.GetFunctionName() != "" {
			r, err := resolveName(c, in.GetFunctionName())
			if err != nil {
				return nil, err
			}
			if r.account != c.Account {
				return nil, foreign()
			}
			now.Function = r.arn()
		}
		return &now, now.apply(updatesOf(in))
	}
	wanted, err := change(s.mappings.Get(p.key()))
	if err != nil {
		return nil, err
	}
	if err := s.checkMapping(ctx, c, wanted); err != nil {
		return nil, err
	}
	now, err := s.putMapping(ctx, p, change)
	if err != nil {
		return nil, err
	}
	return now.show(p, mappingUpdating, ""), nil
}

// firstOf is the first of joined errors: one answer names one mistake.
func firstOf(err error) error {
	var first *api.Error
	if errors.As(err, &first) {
		return first
	}
	return err
}

// defaultBatch is the batch size of a mapping that says none (AWS Lambda API
// reference, CreateEventSourceMapping).
const defaultBatch = 10

// changes are the settings that creating and updating share; nil leaves as is.
type changes struct {
	batch, window *int32
	scaling       *lambdaapi.ScalingConfig
	filters       *lambdaapi.FilterCriteria
	types         []string
	metrics       *lambdaapi.EventSourceMappingMetricsConfig
	// unfit are settings of other kinds of sources, by name, that were given.
	unfit []string
}

func changesOf(in *lambdaapi.CreateEventSourceMappingRequest) changes {
	return changes{
		batch: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, scaling: in.ScalingConfig, filters: in.FilterCriteria,
		types: in.FunctionResponseTypes, metrics: in.MetricsConfig,
		unfit: given(map[string]bool{
			"AmazonManagedKafkaEventSourceConfig": in.AmazonManagedKafkaEventSourceConfig != nil,
			"BisectBatchOnFunctionError":          in.GetBisectBatchOnFunctionError(),
			"DestinationConfig":                   wantsDestination(in.DestinationConfig),
			"DocumentDBEventSourceConfig":         in.DocumentDBEventSourceConfig != nil,
			"KMSKeyArn":                           in.GetKMSKeyArn() != "",
			"LoggingConfig":                       in.LoggingConfig != nil,
			"MaximumRecordAgeInSeconds":           in.MaximumRecordAgeInSeconds != nil,
			"MaximumRetryAttempts":                in.MaximumRetryAttempts != nil,
			"ParallelizationFactor":               in.ParallelizationFactor != nil,
			"ProvisionedPollerConfig":             in.ProvisionedPollerConfig != nil,
			"Queues":                              in.Queues != nil,
			"SelfManagedEventSource":              in.SelfManagedEventSource != nil,
			"SelfManagedKafkaEventSourceConfig":   in.SelfManagedKafkaEventSourceConfig != nil,
			"SourceAccessConfigurations":          len(in.SourceAccessConfigurations) > 0,
			"StartingPosition":                    in.GetStartingPosition() != "",
			"StartingPositionTimestamp":           in.StartingPositionTimestamp != nil,
			"Topics":                              in.Topics != nil,
			"TumblingWindowInSeconds":             in.GetTumblingWindowInSeconds() != 0,
		}),
	}
}

func updatesOf(in *lambdaapi.UpdateEventSourceMappingRequest) changes {
	return changes{
		batch: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, scaling: in.ScalingConfig, filters: in.FilterCriteria,
		types: in.FunctionResponseTypes, metrics: in.MetricsConfig,
		unfit: given(map[string]bool{
			"AmazonManagedKafkaEventSourceConfig": in.AmazonManagedKafkaEventSourceConfig != nil,
			"BisectBatchOnFunctionError":          in.GetBisectBatchOnFunctionError(),
			"DestinationConfig":                   wantsDestination(in.DestinationConfig),
			"DocumentDBEventSourceConfig":         in.DocumentDBEventSourceConfig != nil,
			"KMSKeyArn":                           in.GetKMSKeyArn() != "",
			"LoggingConfig":                       in.LoggingConfig != nil,
			"MaximumRecordAgeInSeconds":           in.MaximumRecordAgeInSeconds != nil,
			"MaximumRetryAttempts":                in.MaximumRetryAttempts != nil,
			"ParallelizationFactor":               in.ParallelizationFactor != nil,
			"ProvisionedPollerConfig":             in.ProvisionedPollerConfig != nil,
			"SelfManagedKafkaEventSourceConfig":   in.SelfManagedKafkaEventSourceConfig != nil,
			"SourceAccessConfigurations":          len(in.SourceAccessConfigurations) > 0,
			"TumblingWindowInSeconds":             in.GetTumblingWindowInSeconds() != 0,
		}),
	}
}

func given(settings map[string]bool) []string {
	var all []string
	for name, is := range settings {
		if is {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func wantsDestination(d *lambdaapi.DestinationConfig) bool {
	return d != nil && (d.OnFailure.GetDestination() != "" || d.OnSuccess.GetDestination() != "")
}

// apply checks what was given and changes the mapping by it.
func (m *mapping) apply(given changes) error {
	if len(given.unfit) > 0 {
		return invalid("Unsupported parameter for the event source type SQS: %s", strings.Join(given.unfit, ", "))
	}
	if given.batch != nil {
		m.Batch = *given.batch
	}
	if given.window != nil {
		m.Window = *given.window
	}
	if given.scaling != nil {
		m.Concurrency = given.scaling.GetMaximumConcurrency()
	}
	if given.types != nil {
		m.Partial = len(given.types) > 0
	}
	if given.metrics != nil {
		m.Metrics = given.metrics.Metrics
	}
	if given.filters != nil {
		filters, err := checkFilters(given.filters)
		if err != nil {
			return err
		}
		m.Filters = filters
	}
	return m.checkBatch()
}

// checkBatch holds the batch to what a queue of its kind allows (Lambda guide,
// "Using Lambda with Amazon SQS"). The words are seen in public reports.
func (m *mapping) checkBatch() error {
	switch fifo := strings.HasSuffix(m.Source, ".fifo"); {
	case fifo && m.Window > 0:
		return invalid("Batching window is not supported for FIFO queues.")
	case fifo && m.Batch > 10:
		return invalid("Maximum batch size for FIFO queues is 10.")
	case m.Batch > 10 && m.Window == 0:
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	return nil
}

func checkFilters(c *lambdaapi.FilterCriteria) ([]string, error) {
	if len(c.Filters) > limits.MappingFilters {
		return nil, invalid("The number of filters exceeds the limit of %d.", limits.MappingFilters)
	}
	var all []string
	for _, f := range c.Filters {
		if _, err := eventpattern.Parse([]byte(f.GetPattern())); err != nil {
			return nil, invalid("Invalid filter pattern definition.")
		}
		all = append(all, f.GetPattern())
	}
	return all, nil
}

// checkEventSource refuses what is not a queue.
func checkEventSource(in *lambdaapi.CreateEventSourceMappingRequest) error {
	parts := strings.Split(in.GetEventSourceArn(), ":")
	switch {
	case in.GetEventSourceArn() == "" && in.SelfManagedEventSource != nil:
		return unavailable("A self-managed Kafka event source")
	case in.GetEventSourceArn() == "":
		return invalid("Unrecognized event source.")
	case len(parts) < 6:
		return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
	}
	switch parts[2] {
	case "sqs":
		if len(parts) != 6 || !isRegion(parts[3]) || !id.IsAccount(parts[4]) || parts[5] == "" {
			return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
		}
		return nil
	case "kinesis", "dynamodb", "kafka", "mq", "rds":
		return unavailable("An event source of the service " + parts[2])
	}
	return invalid("Unrecognized event source. Unsupported source arn : %s", in.GetEventSourceArn())
}

// checkMapping asks, as the execution role, for everything that polling will
// take, in the order in which it will be needed. How AWS orders its checks is not
// public; the trust policy comes first since nothing else can be asked before.
func (s *Service) checkMapping(ctx context.Context, c *op.Call, m *mapping) error {
	r := m.function()
	if r.region != regionOf(m.Source) {
		return invalid("The event source and the function must be in one region.")
	}
	v := s.now().code(r)
	if v == nil {
		return noFunction(r.arn())
	}
	s.sessions.drop(r, v.Role) // the trust policy of this moment counts
	as, err := s.asRole(ctx, r, v.Role, c.RequestID)
	if refused := (*api.Error)(nil); errors.As(err, &refused) && refused.Fault != api.Server {
		return invalid("Please add Lambda as a Trusted Entity for %s", v.Role)
	}
	if err != nil {
		return err
	}
	url := ptr(queueURL(m.Source))
	if err := op.Try(ctx, s.bus, as, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: url}); err != nil {
		return unpollable("ReceiveMessage", err)
	}
	if err := op.Try(ctx, s.bus, as, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: url}); err != nil {
		return unpollable("DeleteMessage", err)
	}
	queue, err := op.Do(ctx, s.bus, as, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: url, AttributeNames: []string{"VisibilityTimeout"}})
	if err != nil {
		return unpollable("GetQueueAttributes", err)
	}
	if visible, err := strconv.Atoi(queue.Attributes["VisibilityTimeout"]); err == nil && visible < int(v.Timeout) {
		return invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", visible, v.Timeout)
	}
	return nil
}

// unpollable words the refusal of a poll: the role may not, or there is no queue.
func unpollable(operation string, err error) error {
	var refused *api.Error
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Status == 403 || isDenial(refused):
		return invalid("The function execution role does not have permissions to call %s on SQS", operation)
	case refused.Fault == api.Server:
		return err
	}
	code := refused.Code
	if refused.QueryCode != "" {
		code = refused.QueryCode
	}
	return invalid("Error occurred while ReceiveMessage. SQS Error Code: %s. SQS Error Message: %s", code, refused.Message)
}

// isDenial says whether an error is the gate's: services spell its code, and
// some its status, in their own ways.
func isDenial(e *api.Error) bool {
	switch e.Code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException":
		return true
	}
	return false
}

// queueURL names a queue to SQS by its ARN.
func queueURL(arn string) string {
	parts := strings.Split(arn, ":")
	return "https://sqs." + parts[3] + ".amazonaws.com/" + parts[4] + "/" + parts[5]
}

func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}
