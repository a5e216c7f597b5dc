package iam

import (
	"context"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// getAccountSummary counts what the account has. The entries, and the quotas
// that nothing here is bound by, are those recorded from AWS.
func (s *Service) getAccountSummary(_ context.Context, c *op.Call, _ *api.Empty) (*iamapi.GetAccountSummaryResponse, error) {
	policies := list(s.policies, c.Account, nil)
	versions := 0
	for _, m := range policies {
		versions += len(m.Versions)
	}
	return &iamapi.GetAccountSummaryResponse{SummaryMap: map[string]int32{
		"Users":                             int32(count(s.users, c.Account)),
		"UsersQuota":                        limits.UsersPerAccount,
		"Groups":                            int32(count(s.groups, c.Account)),
		"GroupsQuota":                       limits.GroupsPerAccount,
		"Roles":                             int32(count(s.roles, c.Account)),
		"RolesQuota":                        limits.RolesPerAccount,
		"Policies":                          int32(len(policies)),
		"PoliciesQuota":                     limits.PoliciesPerAccount,
		"PolicyVersionsInUse":               int32(versions),
		"PolicyVersionsInUseQuota":          10_000,
		"InstanceProfiles":                  int32(count(s.profiles, c.Account)),
		"InstanceProfilesQuota":             limits.InstanceProfilesPerAccount,
		"AccountAccessKeysPresent":          int32(min(1, len(s.keysOf(c.Account, c.Account)))),
		"AccessKeysPerUserQuota":            limits.AccessKeysPerUser,
		"GroupsPerUserQuota":                limits.GroupsPerUser,
		"AttachedPoliciesPerUserQuota":      limits.AttachedPolicies,
		"AttachedPoliciesPerGroupQuota":     limits.AttachedPolicies,
		"AttachedPoliciesPerRoleQuota":      limits.AttachedPolicies,
		"PolicySizeQuota":                   limits.ManagedPolicy,
		"UserPolicySizeQuota":               limits.UserInlinePolicies,
		"GroupPolicySizeQuota":              limits.GroupInlinePolicies,
		"RolePolicySizeQuota":               limits.RoleInlinePolicies,
		"AssumeRolePolicySizeQuota":         limits.TrustPolicy,
		"VersionsPerPolicyQuota":            limits.PolicyVersions,
		"GlobalEndpointTokenVersion":        1,
		"AccountMFAEnabled":                 0,
		"AccountPasswordPresent":            0,
		"AccountSigningCertificatesPresent": 0,
		"MFADevices":                        0,
		"MFADevicesInUse":                   0,
		"Providers":                         0,
		"ServerCertificates":                0,
		"ServerCertificatesQuota":           20,
		"SigningCertificatesPerUserQuota":   2,
	}}, nil
}
