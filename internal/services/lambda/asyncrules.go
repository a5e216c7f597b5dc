package lambda

import (
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
)

// asyncRules are the settings in force for a function's events.
type asyncRules struct {
	retries int
	age     time.Duration
	// onSuccess and onFailure are ARNs, empty for none.
	onSuccess, onFailure string
}

// rules are those of exactly what the invoke addressed.
func (s *Service) rules(r ref) asyncRules {
	rules := asyncRules{retries: limits.AsyncRetries, age: limits.AsyncAge}
	if own := s.settings.Get(r.part(settingsName(r.qualifier))); own != nil {
		if own.Retries != nil {
			rules.retries = int(*own.Retries)
		}
		if own.Age != nil {
			rules.age = time.Duration(*own.Age) * time.Second
		}
		rules.onSuccess, rules.onFailure = own.OnSuccess, own.OnFailure
	}
	return rules
}

// asyncSettings is a stored FunctionEventInvokeConfig; nil is AWS's default.
type asyncSettings struct {
	Modified     time.Time
	Retries, Age *int32
	// OnSuccess and OnFailure are the ARNs of destinations, empty for none.
	OnSuccess string `json:",omitempty"`
	OnFailure string `json:",omitempty"`
}

// send sets the destinations that a request names; one it leaves out stays.
func (a *asyncSettings) send(to *lambdaapi.DestinationConfig) {
	if to == nil {
		return
	}
	if to.OnSuccess != nil {
		a.OnSuccess = to.OnSuccess.GetDestination()
	}
	if to.OnFailure != nil {
		a.OnFailure = to.OnFailure.GetDestination()
	}
}

// settingsName is the name under which settings are kept: those of the
// unqualified function and of $LATEST are the same.
func settingsName(qualifier string) string {
	if qualifier == "" {
		return latest
	}
	return qualifier
}

func (a *asyncSettings) show(r ref) *lambdaapi.FunctionEventInvokeConfig {
	return &lambdaapi.FunctionEventInvokeConfig{
		LastModified: &a.Modified, FunctionArn: ptr(r.with(settingsName(r.qualifier)).arn()),
		MaximumRetryAttempts: a.Retries, MaximumEventAgeInSeconds: a.Age,
		DestinationConfig: &lambdaapi.DestinationConfig{
			OnSuccess: &lambdaapi.OnSuccess{Destination: optional(a.OnSuccess)}, OnFailure: &lambdaapi.OnFailure{Destination: optional(a.OnFailure)},
		},
	}
}
