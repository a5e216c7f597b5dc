package sts

import (
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations. The condition keys stand on the row of the
// action they belong to (Service Authorization Reference, AWS Security Token
// Service).
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(stsapi.AssumeRole, s.assumeRole,
			op.On("sts:AssumeRole", s.role).Bare().With(
				sessionName("sts:RoleSessionName"), externalID("sts:ExternalId"), duration("sts:DurationSeconds"),
				sourceIdentity("sts:SourceIdentity"), transitiveTagKeys("sts:TransitiveTagKeys"), requestTags),
			op.Maybe(op.On("sts:TagSession", s.roleToTag).Bare().With(
				sessionName("sts:RoleSessionName"), externalID("sts:ExternalId"),
				sourceIdentity("sts:SourceIdentity"), transitiveTagKeys("sts:TransitiveTagKeys"), requestTags)),
			op.Maybe(op.On("sts:SetSourceIdentity", s.roleToIdentify).Bare().With(
				sessionName("sts:RoleSessionName"), externalID("sts:ExternalId"),
				sourceIdentity("sts:SourceIdentity"), transitiveTagKeys("sts:TransitiveTagKeys"), requestTags)),
			op.Maybe(op.On("sts:SetContext", s.roleToContextualise).Bare()),
		),
		op.Bind(stsapi.DecodeAuthorizationMessage, s.decodeAuthorizationMessage,
			op.On("sts:DecodeAuthorizationMessage", op.Any)),
		op.Bind(stsapi.GetAccessKeyInfo, s.getAccessKeyInfo,
			op.On("sts:GetAccessKeyInfo", op.Any)),
		op.Bind(stsapi.GetCallerIdentity, s.getCallerIdentity,
			op.Nothing("AWS answers every caller whose signature is valid, even one that is denied everything")),
		op.Bind(stsapi.GetFederationToken, s.getFederationToken,
			op.On("sts:GetFederationToken", s.federatedUser).With(requestTags),
			op.Maybe(op.On("sts:TagSession", s.federatedUserToTag).With(requestTags))),
		op.Bind(stsapi.GetSessionToken, s.getSessionToken,
			op.Nothing("AWS lets every user exchange its own long-term credentials; policies cannot deny it")),
	}
}
