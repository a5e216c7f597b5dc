package sts

import (
	"context"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/op"
)

// decodeAuthorizationMessage refuses every message: AWS encodes the reason of a
// denial in the answers of a few services, EC2 above all, and none of those is
// here. Denials say their reason in the open. The words are ours.
func (s *Service) decodeAuthorizationMessage(_ context.Context, _ *op.Call, _ *stsapi.DecodeAuthorizationMessageRequest) (*stsapi.DecodeAuthorizationMessageResponse, error) {
	return nil, stsapi.NewInvalidAuthorizationMessageException("The message is not one that this server encoded.")
}
