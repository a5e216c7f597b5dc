package lambda

import (
	"reflect"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/eventpattern"
	"github.com/sallyport/sallyport/internal/limits"
)

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
		types: in.FunctionResponseTypes, metrics: in.MetricsConfig, unfit: unfit(in),
	}
}

func updatesOf(in *lambdaapi.UpdateEventSourceMappingRequest) changes {
	return changes{
		batch: in.BatchSize, window: in.MaximumBatchingWindowInSeconds, scaling: in.ScalingConfig, filters: in.FilterCriteria,
		types: in.FunctionResponseTypes, metrics: in.MetricsConfig, unfit: unfit(in),
	}
}

// unfit names the settings a request gives that no queue has: those of streams,
// of Kafka, of other queues, and the key for filter criteria, which no service
// here could use. Empty ones are not given: clients send them along.
func unfit(in any) []string {
	var all []string
	v := reflect.ValueOf(in).Elem()
	for _, name := range []string{
		"AmazonManagedKafkaEventSourceConfig", "BisectBatchOnFunctionError", "DestinationConfig", "DocumentDBEventSourceConfig",
		"KMSKeyArn", "LoggingConfig", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor",
		"ProvisionedPollerConfig", "Queues", "SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig",
		"SourceAccessConfigurations", "StartingPosition", "StartingPositionTimestamp", "Topics", "TumblingWindowInSeconds",
	} {
		f := v.FieldByName(name)
		if f.IsValid() && f.Kind() == reflect.Pointer {
			f = f.Elem() // nothing, of nil
		}
		if f.IsValid() && !f.IsZero() {
			all = append(all, name)
		}
	}
	return all
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
	switch fifo := m.fifo(); {
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
