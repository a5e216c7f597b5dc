package lambda

import (
	"encoding/json"
	"slices"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
)

// settings are the members that CreateFunction and UpdateFunctionConfiguration
// have in common; nil leaves a setting as it is.
type settings struct {
	runtime, role, handler, description *string
	timeout, memory                     *int32
	environment                         *lambdaapi.Environment
	storage                             *lambdaapi.EphemeralStorage
	logging                             *lambdaapi.LoggingConfig
	layers                              []string
	key                                 *string
	dead                                *lambdaapi.DeadLetterConfig
	image                               *lambdaapi.ImageConfig
	vpc                                 *lambdaapi.VpcConfig
	tracing                             *lambdaapi.TracingConfig
	// asked names each feature of the request that is not here.
	asked []string
}

func settingsOfCreate(in *lambdaapi.CreateFunctionRequest) *settings {
	w := &settings{
		runtime: in.Runtime, role: in.Role, handler: in.Handler, description: in.Description, timeout: in.Timeout, memory: in.MemorySize,
		environment: in.Environment, storage: in.EphemeralStorage, logging: in.LoggingConfig, layers: in.Layers, key: in.KMSKeyArn, dead: in.DeadLetterConfig, image: in.ImageConfig, vpc: in.VpcConfig, tracing: in.TracingConfig,
	}
	w.features(in.SnapStart, len(in.FileSystemConfigs), in.CapacityProviderConfig, in.DurableConfig)
	w.ask(in.TenancyConfig != nil, "TenancyConfig")
	w.ask(in.PublishTo != nil, "PublishTo")
	return w
}

func settingsOfUpdate(in *lambdaapi.UpdateFunctionConfigurationRequest) *settings {
	w := &settings{
		runtime: in.Runtime, role: in.Role, handler: in.Handler, description: in.Description, timeout: in.Timeout, memory: in.MemorySize,
		environment: in.Environment, storage: in.EphemeralStorage, logging: in.LoggingConfig, layers: in.Layers, key: in.KMSKeyArn, dead: in.DeadLetterConfig, image: in.ImageConfig, vpc: in.VpcConfig, tracing: in.TracingConfig,
	}
	w.features(in.SnapStart, len(in.FileSystemConfigs), in.CapacityProviderConfig, in.DurableConfig)
	return w
}

// features notes what is asked for and not here. Members that switch a feature
// off ask for nothing: tools send them always.
func (w *settings) features(snap *lambdaapi.SnapStart,
	fileSystems int, capacity *lambdaapi.CapacityProviderConfig, durable *lambdaapi.DurableConfig,
) {
	w.ask(snap.GetApplyOn() == "PublishedVersions", "SnapStart")
	w.ask(fileSystems > 0, "FileSystemConfigs")
	w.ask(capacity != nil, "CapacityProviderConfig")
	w.ask(durable != nil, "DurableConfig")
	if w.logging != nil {
		w.ask(w.logging.GetLogFormat() == "JSON", "LogFormat JSON")
		w.ask(w.logging.ApplicationLogLevel != nil || w.logging.SystemLogLevel != nil, "a log level, which only LogFormat JSON has,")
	}
}

func (w *settings) ask(asked bool, feature string) {
	if asked {
		w.asked = append(w.asked, feature)
	}
}

// check refuses what no function can have. It looks at nothing but the request.
func (w *settings) check() error {
	if len(w.asked) > 0 {
		return unavailable(w.asked[0])
	}
	if w.runtime != nil && !slices.Contains(knownRuntimes, *w.runtime) {
		return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", *w.runtime, strings.Join(knownRuntimes, ", "))
	}
	if w.memory != nil && *w.memory > maxMemory {
		return invalid("'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to %d", maxMemory)
	}
	if w.timeout != nil && *w.timeout > maxTimeout {
		return validation(decimal(*w.timeout), "timeout", "Member must have value less than or equal to "+decimal(maxTimeout))
	}
	if w.logging != nil && strings.HasPrefix(strings.ToLower(w.logging.GetLogGroup()), "aws/") {
		return invalid("Log groups starting with AWS/ are reserved for AWS.")
	}
	if err := checkPlace(w.vpc); err != nil {
		return err
	}
	return w.checkVariables()
}

// Bounds of a function's settings (AWS Lambda quotas).
const (
	defaultMemory  = 128
	maxMemory      = 10_240 // MB
	defaultTimeout = 3
	maxTimeout     = 900 // seconds
	defaultStorage = 512 // MB
)

// reserved are the variables Lambda sets itself (AWS Lambda guide, "Defined
// runtime environment variables").
func reserved(name string) bool {
	switch name {
	case "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
		"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API",
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR":
		return true
	}
	return false
}

func (w *settings) checkVariables() error {
	if w.environment == nil {
		return nil
	}
	var taken []string
	size := 0
	for name, value := range w.environment.Variables {
		size += len(name) + len(value)
		if reserved(name) {
			taken = append(taken, name)
		}
	}
	if len(taken) > 0 {
		slices.Sort(taken)
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	if size > limits.EnvironmentBytes {
		text, err := json.Marshal(w.environment.Variables)
		if err != nil {
			return err
		}
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %s", text)
	}
	return nil
}

// apply puts the settings into a version.
func (w *settings) apply(c *config) {
	set(&c.Runtime, w.runtime)
	set(&c.Role, w.role)
	set(&c.Handler, w.handler)
	set(&c.Description, w.description)
	set(&c.Timeout, w.timeout)
	set(&c.Memory, w.memory)
	if w.environment != nil {
		c.Variables = w.environment.Variables
	}
	set(&c.Key, w.key)
	c.Image = c.Image.with(w.image)
	if w.tracing.GetMode() != "" {
		c.Tracing = w.tracing.GetMode() == traceActive
	}
	if w.dead != nil {
		c.DeadLetters = w.dead.GetTargetArn()
	}
	if given(w.vpc) {
		c.Network = networkOf(w.vpc)
	}
	if w.storage != nil {
		set(&c.Storage, w.storage.Size)
	}
	if w.logging != nil {
		set(&c.LogGroup, w.logging.LogGroup)
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// knownRuntimes are the identifiers AWS knows, in the order of its API model.
var knownRuntimes = []string{
	"nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x",
	"java8", "java8.al2", "java11", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9",
	"dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "dotnet8", "nodejs4.3-edge", "go1.x",
	"ruby2.5", "ruby2.7", "provided", "provided.al2", "nodejs18.x", "python3.10", "java17", "ruby3.2", "ruby3.3", "ruby3.4",
	"python3.11", "nodejs20.x", "provided.al2023", "python3.12", "java21", "python3.13", "nodejs22.x", "nodejs24.x",
	"python3.14", "java25", "dotnet10", "ruby4.0",
}
