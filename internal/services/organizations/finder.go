package organizations

import (
	"context"
	"strings"

	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
)

// named makes the resource that an id of the input stands for. Its form says
// what it is, so that whether it exists does not show. Every organization's
// resources count as the caller's own: AWS refuses members in the operation
// itself, with a text of its own. Outside an organization there are none.
func (s *Service) named(c *op.Call, id string) ([]op.Resource, error) {
	if id == "" {
		return nil, nil
	}
	o, err := s.ours(nil, c.Account)
	if err != nil {
		return []op.Resource{{ARN: "*"}}, nil
	}
	return []op.Resource{{ARN: s.arn(o, id), Account: c.Account}}, nil
}

// arn is the ARN of what an id stands for.
func (s *Service) arn(o *organization, id string) string {
	switch {
	case strings.HasPrefix(id, "r-"):
		return arnOf(o, kindRoot, id)
	case strings.HasPrefix(id, "ou-"):
		return arnOf(o, kindUnit, id)
	case strings.HasPrefix(id, "p-"):
		if p := s.policy(nil, o, id); p != nil {
			return p.arn(o)
		}
		return arnOf(o, kindPolicy, typeSegment(serviceControl)+"/"+id)
	}
	return arnOf(o, kindAccount, id)
}

// namedPolicy finds the policy of PolicyId.
func (s *Service) namedPolicy(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetPolicyId() string }).GetPolicyId())
}

// namedTarget finds the root, organizational unit or account of TargetId.
func (s *Service) namedTarget(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetTargetId() string }).GetTargetId())
}

// namedAccount finds the account of AccountId.
func (s *Service) namedAccount(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetAccountId() string }).GetAccountId())
}

// namedParent finds the root or organizational unit of ParentId.
func (s *Service) namedParent(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetParentId() string }).GetParentId())
}

// namedUnit finds the organizational unit of OrganizationalUnitId.
func (s *Service) namedUnit(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetOrganizationalUnitId() string }).GetOrganizationalUnitId())
}

// namedRoot finds the root of RootId.
func (s *Service) namedRoot(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetRootId() string }).GetRootId())
}

// namedChild finds the organizational unit or account of ChildId.
func (s *Service) namedChild(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetChildId() string }).GetChildId())
}

// namedResource finds the root, organizational unit, account or policy of ResourceId.
func (s *Service) namedResource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(interface{ GetResourceId() string }).GetResourceId())
}

// sourceParent finds the root or organizational unit an account leaves.
func (s *Service) sourceParent(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(*orgapi.MoveAccountRequest).GetSourceParentId())
}

// destinationParent finds the root or organizational unit an account comes to.
func (s *Service) destinationParent(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return s.named(c, c.Input.(*orgapi.MoveAccountRequest).GetDestinationParentId())
}

// taggedAtCreation finds what is made with tags, if there are any: tagging is
// asked for too. It has no id yet.
func (s *Service) taggedAtCreation(_ context.Context, c *op.Call) ([]op.Resource, error) {
	kind, id, tags := "", "*", 0
	switch in := c.Input.(type) {
	case *orgapi.CreateAccountRequest:
		kind, tags = kindAccount, len(in.Tags)
	case *orgapi.CreateOrganizationalUnitRequest:
		kind, tags = kindUnit, len(in.Tags)
	case *orgapi.CreatePolicyRequest:
		kind, id, tags = kindPolicy, typeSegment(in.GetType())+"/*", len(in.Tags)
	}
	if tags == 0 {
		return nil, nil
	}
	o, err := s.ours(nil, c.Account)
	if err != nil {
		return []op.Resource{{ARN: "*"}}, nil
	}
	return []op.Resource{{ARN: arnOf(o, kind, id), Account: c.Account}}, nil
}

// Resource implements op.Service: everything in an organization can have tags.
func (s *Service) Resource(_, arn string) op.Facts {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return op.Facts{}
	}
	o := s.organizations.Get(parts[1])
	if o == nil {
		return op.Facts{}
	}
	id := parts[len(parts)-1]
	if p := s.policy(nil, o, id); p != nil {
		if p.arn(o) == arn {
			return op.Facts{Tags: tagMap(p.Tags)}
		}
		return op.Facts{}
	}
	if t := s.target(nil, o, id); t != nil && arnOf(o, t.kind, id) == arn {
		return op.Facts{Tags: tagMap(*t.tags)}
	}
	return op.Facts{}
}
