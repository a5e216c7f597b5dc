package lambda

import (
	"maps"
	"slices"

	"github.com/sallyport/sallyport/internal/op"
)

var _ op.Guardian = (*Service)(nil)

// Guarded implements op.Guardian: functions, versions and aliases that have a
// policy, and versions of layers.
func (s *Service) Guarded() []string {
	s.compiled.mu.RLock()
	defer s.compiled.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.compiled.byARN))
}
