package sts

import (
	"context"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/op"
)

// Seconds a session lasts that a user makes of its own credentials.
const (
	defaultUserSession = 43200
	// rootSession is the longest of a root user: AWS shortens without saying so.
	rootSession = 3600
)

// federatedUser is the finder of the session to make, by its ARN.
func (s *Service) federatedUser(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*stsapi.GetFederationTokenRequest)
	if !ok {
		return nil, nil
	}
	return []op.Resource{{ARN: federatedARN(c.Account, in.GetName())}}, nil
}

// federatedUserToTag finds it when the request passes tags.
func (s *Service) federatedUserToTag(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	if in, ok := c.Input.(*stsapi.GetFederationTokenRequest); !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return s.federatedUser(ctx, c)
}

func federatedARN(account, name string) string {
	return "arn:" + op.Partition + ":sts::" + account + ":federated-user/" + name
}

func (s *Service) getFederationToken(_ context.Context, c *op.Call, in *stsapi.GetFederationTokenRequest) (*stsapi.GetFederationTokenResponse, error) {
	t, err := ownSession(c)
	if err != nil {
		return nil, err
	}
	t.Kind, t.Name = federatedToken, in.GetName()
	if t.Tags, err = requested(in.Tags); err != nil {
		return nil, err
	}
	if err := s.narrow(t, in.Policy, in.PolicyArns); err != nil {
		return nil, err
	}
	var packed int32
	if t.Policy != "" || len(t.PolicyARNs)+len(t.Tags) > 0 {
		if packed, err = packedPercent(t); err != nil {
			return nil, err
		}
	}
	credentials, err := s.issue(c, t, userSeconds(c, in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &stsapi.GetFederationTokenResponse{
		Credentials: credentials,
		FederatedUser: &stsapi.FederatedUser{
			FederatedUserId: ptr(t.Account + ":" + t.Name),
			Arn:             ptr(federatedARN(t.Account, t.Name)),
		},
		PackedPolicySize: &packed,
	}, nil
}

func (s *Service) getSessionToken(_ context.Context, c *op.Call, in *stsapi.GetSessionTokenRequest) (*stsapi.GetSessionTokenResponse, error) {
	if err := checkMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	t, err := ownSession(c)
	if err != nil {
		return nil, err
	}
	credentials, err := s.issue(c, t, userSeconds(c, in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &stsapi.GetSessionTokenResponse{Credentials: credentials}, nil
}

// ownSession begins a session of the calling user or root. Refuse let nobody
// else come here.
func ownSession(c *op.Call) (*sealed, error) {
	if user, ok := c.Caller.User(); ok {
		return &sealed{Kind: userToken, Account: user.Account, PrincipalARN: user.ARN, PrincipalID: user.ID}, nil
	}
	if !c.Caller.IsRoot() {
		return nil, withSession(c.Operation)
	}
	return &sealed{Kind: rootToken, Account: c.Caller.Account(), PrincipalARN: c.Caller.ARN(), PrincipalID: c.Caller.ID()}, nil
}

func userSeconds(c *op.Call, asked *int32) int {
	seconds := defaultUserSession
	if asked != nil {
		seconds = int(*asked)
	}
	if c.Caller.IsRoot() {
		seconds = min(seconds, rootSession)
	}
	return seconds
}

// checkMFA refuses a call that names a device: there are none here.
func checkMFA(serial, code *string) error {
	switch {
	case serial == nil && code == nil:
		return nil
	case serial == nil || code == nil:
		return accessDenied("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	}
	return accessDenied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}
