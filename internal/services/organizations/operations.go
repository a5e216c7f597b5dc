package organizations

import (
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, AWS Organizations).
func (s *Service) Rows() []op.Row {
	policyType, trusted := s.policyType("organizations:PolicyType"), servicePrincipal("organizations:ServicePrincipal")
	return []op.Row{
		op.Bind(orgapi.AttachPolicy, s.attachPolicy,
			op.On("organizations:AttachPolicy", s.namedPolicy).With(policyType),
			op.On("organizations:AttachPolicy", s.namedTarget).With(policyType)),
		op.Bind(orgapi.CloseAccount, s.closeAccount, op.On("organizations:CloseAccount", s.namedAccount)),
		op.Bind(orgapi.CreateAccount, s.createAccount,
			op.On("organizations:CreateAccount", op.Any).With(requestTags),
			op.Maybe(op.On("organizations:TagResource", s.taggedAtCreation).With(requestTags))),
		op.Bind(orgapi.CreateOrganization, s.createOrganization, op.On("organizations:CreateOrganization", op.Any)),
		op.Bind(orgapi.CreateOrganizationalUnit, s.createUnit,
			op.On("organizations:CreateOrganizationalUnit", s.namedParent).With(requestTags),
			op.Maybe(op.On("organizations:TagResource", s.taggedAtCreation).With(requestTags))),
		op.Bind(orgapi.CreatePolicy, s.createPolicy,
			op.On("organizations:CreatePolicy", op.Any).With(policyType, requestTags),
			op.Maybe(op.On("organizations:TagResource", s.taggedAtCreation).With(requestTags))),
		op.Bind(orgapi.DeleteOrganization, s.deleteOrganization, op.On("organizations:DeleteOrganization", op.Any)),
		op.Bind(orgapi.DeleteOrganizationalUnit, s.deleteUnit, op.On("organizations:DeleteOrganizationalUnit", s.namedUnit)),
		op.Bind(orgapi.DeletePolicy, s.deletePolicy, op.On("organizations:DeletePolicy", s.namedPolicy).With(policyType)),
		op.Bind(orgapi.DescribeAccount, s.describeAccount, op.On("organizations:DescribeAccount", s.namedAccount)),
		op.Bind(orgapi.DescribeCreateAccountStatus, s.describeCreateAccountStatus, op.On("organizations:DescribeCreateAccountStatus", op.Any)),
		op.Bind(orgapi.DescribeOrganization, s.describeOrganization, op.On("organizations:DescribeOrganization", op.Any)),
		op.Bind(orgapi.DescribeOrganizationalUnit, s.describeUnit, op.On("organizations:DescribeOrganizationalUnit", s.namedUnit)),
		op.Bind(orgapi.DescribePolicy, s.describePolicy, op.On("organizations:DescribePolicy", s.namedPolicy).With(policyType)),
		op.Bind(orgapi.DetachPolicy, s.detachPolicy,
			op.On("organizations:DetachPolicy", s.namedPolicy).With(policyType),
			op.On("organizations:DetachPolicy", s.namedTarget).With(policyType)),
		op.Bind(orgapi.DisableAWSServiceAccess, s.disableServiceAccess, op.On("organizations:DisableAWSServiceAccess", op.Any).With(trusted)),
		op.Bind(orgapi.DisablePolicyType, s.disablePolicyType, op.On("organizations:DisablePolicyType", s.namedRoot).With(policyType)),
		op.Bind(orgapi.EnableAWSServiceAccess, s.enableServiceAccess, op.On("organizations:EnableAWSServiceAccess", op.Any).With(trusted)),
		op.Bind(orgapi.EnablePolicyType, s.enablePolicyType, op.On("organizations:EnablePolicyType", s.namedRoot).With(policyType)),
		op.Bind(orgapi.ListAWSServiceAccessForOrganization, s.listServiceAccess, op.On("organizations:ListAWSServiceAccessForOrganization", op.Any)),
		op.Bind(orgapi.ListAccounts, s.listAccounts, op.On("organizations:ListAccounts", op.Any)),
		op.Bind(orgapi.ListAccountsForParent, s.listAccountsForParent, op.On("organizations:ListAccountsForParent", s.namedParent)),
		op.Bind(orgapi.ListChildren, s.listChildren, op.On("organizations:ListChildren", s.namedParent)),
		op.Bind(orgapi.ListCreateAccountStatus, s.listCreateAccountStatus, op.On("organizations:ListCreateAccountStatus", op.Any)),
		op.Bind(orgapi.ListDelegatedAdministrators, s.listDelegatedAdministrators, op.On("organizations:ListDelegatedAdministrators", op.Any).With(trusted)),
		op.Bind(orgapi.ListOrganizationalUnitsForParent, s.listUnitsForParent, op.On("organizations:ListOrganizationalUnitsForParent", s.namedParent)),
		op.Bind(orgapi.ListParents, s.listParents, op.On("organizations:ListParents", s.namedChild)),
		op.Bind(orgapi.ListPolicies, s.listPolicies, op.On("organizations:ListPolicies", op.Any).With(policyType)),
		op.Bind(orgapi.ListPoliciesForTarget, s.listPoliciesForTarget, op.On("organizations:ListPoliciesForTarget", s.namedTarget).With(policyType)),
		op.Bind(orgapi.ListRoots, s.listRoots, op.On("organizations:ListRoots", op.Any)),
		op.Bind(orgapi.ListTagsForResource, s.listTagsForResource, op.On("organizations:ListTagsForResource", s.namedResource)),
		op.Bind(orgapi.ListTargetsForPolicy, s.listTargetsForPolicy, op.On("organizations:ListTargetsForPolicy", s.namedPolicy).With(policyType)),
		op.Bind(orgapi.MoveAccount, s.moveAccount,
			op.On("organizations:MoveAccount", s.namedAccount),
			op.On("organizations:MoveAccount", s.sourceParent),
			op.On("organizations:MoveAccount", s.destinationParent)),
		op.Bind(orgapi.RemoveAccountFromOrganization, s.removeAccount, op.On("organizations:RemoveAccountFromOrganization", s.namedAccount)),
		op.Bind(orgapi.TagResource, s.tagResource, op.On("organizations:TagResource", s.namedResource).With(requestTags)),
		op.Bind(orgapi.UntagResource, s.untagResource, op.On("organizations:UntagResource", s.namedResource).With(requestTags)),
		op.Bind(orgapi.UpdateOrganizationalUnit, s.updateUnit, op.On("organizations:UpdateOrganizationalUnit", s.namedUnit)),
		op.Bind(orgapi.UpdatePolicy, s.updatePolicy, op.On("organizations:UpdatePolicy", s.namedPolicy).With(policyType)),
	}
}
