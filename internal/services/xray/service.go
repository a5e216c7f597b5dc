package xray

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	xrayapi "github.com/sallyport/sallyport/internal/api/xray"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
)

// Deps is what the service is made of.
type Deps struct{ Clock clock.Clock }

// Service implements op.Service.
type Service struct {
	clock  clock.Clock
	traces *traces
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{clock: d.Clock, traces: newTraces()}
}

// API implements op.Service.
func (s *Service) API() *api.Service { return xrayapi.Service }

// Resource implements op.Service: groups and sampling rules, the resources of
// X-Ray, are not here.
func (s *Service) Resource(string, string) op.Facts { return op.Facts{} }

// Start implements op.Service; there is no background work.
func (s *Service) Start(context.Context, *op.Bus) error { return nil }

// Close implements op.Service.
func (s *Service) Close() error { return nil }

// Reset forgets all traces.
func (s *Service) Reset(context.Context) error {
	s.traces.clear()
	return nil
}

func ptr[T any](v T) *T { return &v }
