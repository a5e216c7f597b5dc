package sns

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
)

// The texts of refusals are those recorded from AWS by public test suites
// (LocalStack's snapshots, moto), where they are known.

func invalid(format string, args ...any) *api.Error {
	return snsapi.NewInvalidParameterException("Invalid parameter: %s", fmt.Sprintf(format, args...))
}

// invalidValue is the refusal of what a message carries.
func invalidValue(format string, args ...any) *api.Error {
	return snsapi.NewInvalidParameterValueException(format, args...)
}

func noTopic() *api.Error { return snsapi.NewNotFoundException("Topic does not exist") }

func noSubscription() *api.Error { return snsapi.NewNotFoundException("Subscription does not exist") }

// notYours is what AWS says of a subscription of somebody else.
func notYours() *api.Error {
	return snsapi.NewAuthorizationErrorException("Not authorized to access this subscription")
}

// noResource is what the tag operations say of a topic that is not there.
func noResource() *api.Error { return snsapi.NewResourceNotFoundException("Resource does not exist") }

// unavailable refuses what is not here, so that nobody takes silence for support.
func unavailable(what string) *api.Error {
	return invalid("%s is not available: Sallyport refuses what it would silently drop", what)
}

// wrongSetting is the refusal of an attribute's value. Operations that take many
// attributes at once say so in front of it.
type wrongSetting string

func (w wrongSetting) Error() string { return string(w) }

func wrong(format string, args ...any) error { return wrongSetting(fmt.Sprintf(format, args...)) }

// settingError words a refusal for an operation that sets one attribute, or many.
func settingError(err error, many bool) error {
	w, ok := err.(wrongSetting)
	switch {
	case !ok:
		return err
	case many:
		return invalid("Attributes Reason: %s", string(w))
	}
	return invalid("%s", string(w))
}

func ptr[T any](v T) *T { return &v }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func joined(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
