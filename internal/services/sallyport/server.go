package sallyport

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/sallyport/sallyport/internal/api"
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/op"
)

// enforcing is the only mode there is: every call is decided, every denial holds.
const enforcing = "enforcing"

func (s *Service) describeServer(_ context.Context, c *op.Call, _ *api.Empty) (*sallyportapi.DescribeServerResponse, error) {
	out := &sallyportapi.DescribeServerResponse{
		Version: ptr(version()), Accounts: s.Accounts(), Mode: ptr(enforcing),
		Ephemeral: ptr(s.DataDir == ""), DataDirectory: text(s.DataDir),
		Bugs: ptr(s.Bug.Count()), LostDecisions: ptr(int64(s.Trail.Lost())), LastDecision: ptr(int64(s.Trail.Last())),
	}
	if s.Functions != nil {
		raw, err := json.Marshal(s.Functions(c.Caller.Account()))
		if err != nil {
			return nil, fmt.Errorf("how functions run: %w", err)
		}
		out.Functions = ptr(string(raw))
	}
	return out, nil
}

// version is that of the module, "(devel)" for a build from a work tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// reset empties the server. A policy can keep a root user from it only through
// an organization, which does not exist here; a policy cannot give it to anybody else.
func (s *Service) reset(ctx context.Context, c *op.Call, _ *api.Empty) (*api.Empty, error) {
	if !c.Caller.IsRoot() {
		return nil, sallyportapi.NewAccessDeniedException("Only the root user of an account may reset the server: %s is not one. Sign with a root key (sallyport env prints one).", c.Caller.ARN())
	}
	if err := s.Reset(ctx); err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	return &api.Empty{}, nil
}
