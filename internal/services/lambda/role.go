package lambda

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

const servicePrincipal = "lambda.amazonaws.com"

// sessionSeconds is how long an environment's credentials live: the longest
// that STS gives. The role's own maximum does not bind a service.
const sessionSeconds = 12 * 3600

// passedRole finds the role that a request gives to a function.
func (s *Service) passedRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetRole() string })
	if !ok || in.GetRole() == "" {
		return nil, nil
	}
	parts := strings.SplitN(in.GetRole(), ":", 6)
	if len(parts) != 6 {
		return nil, validation(in.GetRole(), "role", `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`)
	}
	if parts[4] != c.Account {
		return nil, accessDenied("Cross-account pass role is not allowed.")
	}
	return []op.Resource{{ARN: in.GetRole(), Account: parts[4]}}, nil
}

// passedTo says to which service and for which resource a role is passed.
func passedTo(service, resource string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		keys.Set(service, servicePrincipal)
		if r, err := target(c); err == nil {
			keys.Set(resource, r.unqualified())
		}
	}
}

// assume performs sts:AssumeRole on a function's role, as the service. With
// into set the credentials are those of an environment of the function.
func (s *Service) assume(ctx context.Context, r ref, role, parent string, into bool) (*stsapi.Credentials, error) {
	as := caller.Service{Principal: servicePrincipal, SourceARN: r.unqualified(), SourceAccount: r.account}
	in := &stsapi.AssumeRoleRequest{RoleArn: &role, RoleSessionName: ptr(sessionName(r.name))}
	if into {
		as.ForFunction = r.unqualified()
		in.DurationSeconds = ptr(int32(sessionSeconds))
	}
	out, err := op.Do(ctx, s.bus, op.As{Caller: caller.ForService(as), Region: r.region, Parent: parent}, stsapi.AssumeRole, in)
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}

// sessionName is the function's name, made long enough for STS (recorded from AWS).
func sessionName(function string) string {
	if len(function) == 1 {
		return function + "@lambda_function"
	}
	return function
}

// checkTrust tries whether Lambda may assume the role. AWS words a missing role
// and a missing trust alike.
func (s *Service) checkTrust(ctx context.Context, c *op.Call, r ref, role string) error {
	_, err := s.assume(ctx, r, role, c.RequestID, false)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Fault != api.Server {
		return invalid(notAssumable)
	}
	return err
}

// environmentCredentials are made anew for every environment of a version, so
// that the trust policy is judged each time.
func (s *Service) environmentCredentials(r ref, role string, keep *session) func(context.Context) (executor.Credentials, error) {
	return func(ctx context.Context) (executor.Credentials, error) {
		parent, _ := ctx.Value(parentKey{}).(string)
		got, err := s.assume(context.WithoutCancel(ctx), r, role, parent, true)
		if err != nil {
			return executor.Credentials{}, err
		}
		made := executor.Credentials{
			AccessKeyID: got.GetAccessKeyId(), SecretAccessKey: got.GetSecretAccessKey(), SessionToken: got.GetSessionToken(),
			Expires: expiry(got, s.clock.Now()),
		}
		keep.put(made)
		return made, nil
	}
}

func expiry(c *stsapi.Credentials, now time.Time) time.Time {
	if c.Expiration != nil {
		return *c.Expiration
	}
	return now.Add(sessionSeconds * time.Second)
}
