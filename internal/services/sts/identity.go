package sts

import (
	"context"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

func (s *Service) getCallerIdentity(_ context.Context, c *op.Call, _ *stsapi.GetCallerIdentityRequest) (*stsapi.GetCallerIdentityResponse, error) {
	return &stsapi.GetCallerIdentityResponse{
		UserId: ptr(c.Caller.ID()), Account: ptr(c.Caller.Account()), Arn: ptr(c.Caller.ARN()),
	}, nil
}

// getAccessKeyInfo reads the account out of the key id; the key need not exist.
// The text for an id that carries no account is ours.
func (s *Service) getAccessKeyInfo(_ context.Context, _ *op.Call, in *stsapi.GetAccessKeyInfoRequest) (*stsapi.GetAccessKeyInfoResponse, error) {
	account, ok := id.KeyAccount(in.GetAccessKeyId())
	if !ok {
		return nil, validationError("%s is not a valid access key id", in.GetAccessKeyId())
	}
	return &stsapi.GetAccessKeyInfoResponse{Account: &account}, nil
}
