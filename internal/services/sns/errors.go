package sns

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
)

func invalid(format string, args ...any) *api.Error {
	return snsapi.NewInvalidParameterException("Invalid parameter: %s", fmt.Sprintf(format, args...))
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
	return invalid("%s is not available: Sallyport refuses it rather than drop messages", what)
}

func ptr[T any](v T) *T { return &v }
