package organizations

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// trustedService is a service with trusted access.
type trustedService struct {
	Principal string
	Enabled   time.Time
}

// serviceDomain is how service principals end; which of them know of
// organizations is not told apart.
const serviceDomain = ".amazonaws.com"

func byPrincipal(t trustedService, principal string) int {
	return strings.Compare(t.Principal, principal)
}

// trust edits the services with trusted access. Doing it twice is no mistake.
func (s *Service) trust(ctx context.Context, c *op.Call, principal string, trusted bool) (*api.Empty, error) {
	return s.change(ctx, c, func(tx *store.Tx, o *organization) error {
		switch {
		case o.FeatureSet != allFeatures:
			return constraint(billingOnly, "You attempted to perform an operation that requires the organization to be configured to support all features.")
		case !strings.HasSuffix(principal, serviceDomain) || principal == serviceDomain:
			return invalid(unknownService, "You specified an unrecognized service principal.") // seen
		}
		next := *o
		next.Services = slices.Clone(o.Services)
		at, found := slices.BinarySearchFunc(next.Services, principal, byPrincipal)
		switch {
		case found == trusted:
			return nil
		case !trusted:
			next.Services = slices.Delete(next.Services, at, at+1)
		case len(next.Services) >= limits.TrustedServices:
			return invalid(unknownService, "Sallyport keeps at most %d services with trusted access.", limits.TrustedServices)
		default:
			next.Services = slices.Insert(next.Services, at, trustedService{principal, c.Time})
		}
		return s.organizations.Put(tx, next.ID, &next)
	})
}

func (s *Service) enableServiceAccess(ctx context.Context, c *op.Call, in *orgapi.EnableAWSServiceAccessRequest) (*api.Empty, error) {
	return s.trust(ctx, c, in.GetServicePrincipal(), true)
}

func (s *Service) disableServiceAccess(ctx context.Context, c *op.Call, in *orgapi.DisableAWSServiceAccessRequest) (*api.Empty, error) {
	return s.trust(ctx, c, in.GetServicePrincipal(), false)
}

func (s *Service) listServiceAccess(_ context.Context, c *op.Call, in *orgapi.ListAWSServiceAccessForOrganizationRequest) (*orgapi.ListAWSServiceAccessForOrganizationResponse, error) {
	o, err := s.managed(nil, c)
	if err != nil {
		return nil, err
	}
	p, err := paginate(in, o.Services, func(t trustedService) string { return t.Principal })
	if err != nil {
		return nil, err
	}
	show := func(t trustedService) orgapi.EnabledServicePrincipal {
		return orgapi.EnabledServicePrincipal{ServicePrincipal: &t.Principal, DateEnabled: &t.Enabled}
	}
	return &orgapi.ListAWSServiceAccessForOrganizationResponse{EnabledServicePrincipals: each(p.items, show), NextToken: p.next}, nil
}

// listDelegatedAdministrators answers from the empty state: none can be made.
func (s *Service) listDelegatedAdministrators(_ context.Context, c *op.Call, _ *orgapi.ListDelegatedAdministratorsRequest) (*orgapi.ListDelegatedAdministratorsResponse, error) {
	if _, err := s.managed(nil, c); err != nil {
		return nil, err
	}
	return &orgapi.ListDelegatedAdministratorsResponse{DelegatedAdministrators: []orgapi.DelegatedAdministrator{}}, nil
}
