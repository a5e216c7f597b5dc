package sallyport

import (
	"context"
	"log/slog"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

// Deps is what the service is made of.
type Deps struct {
	Clock clock.Clock
	Bug   *bug.Reporter
	Log   *slog.Logger
	Trail *trail.Trail
	// Directory names the principals behind unique ids.
	Directory op.Directory
	// Encoder seals why a request was denied; nil leaves it out.
	Encoder op.Encoder
	// Accounts are those of the server.
	Accounts func() []string
	// Functions says how functions run here, and what an account's event source
	// mappings did; it becomes JSON.
	Functions func(account string) any
	// DataDir keeps the state, empty for a server that keeps none.
	DataDir string
	// Reset empties every service, and keeps the root users' keys.
	Reset func(ctx context.Context) error
}

// Service implements op.Service.
type Service struct{ Deps }

// New makes the service. It keeps nothing of its own.
func New(_ context.Context, d Deps) (*Service, error) { return &Service{d}, nil }

// API implements op.Service.
func (s *Service) API() *api.Service { return sallyportapi.Service }

// Resource implements op.Service: there are no resources.
func (s *Service) Resource(_, _ string) op.Facts { return op.Facts{} }

// Start implements op.Service.
func (s *Service) Start(context.Context, *op.Bus) error { return nil }

// Close implements op.Service.
func (s *Service) Close() error { return nil }

func ptr[T any](v T) *T { return &v }

// text leaves an empty string out of an answer.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
