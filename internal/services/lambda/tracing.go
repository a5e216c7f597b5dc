package lambda

import "context"

// checkTracing is where active tracing will be checked; a request for it is
// refused before (settings.features).
func (s *Service) checkTracing(context.Context, *change) error { return nil }
