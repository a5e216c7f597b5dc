package organizations

import (
	"github.com/sallyport/sallyport/internal/api"
	orgapi "github.com/sallyport/sallyport/internal/api/organizations"
)

// Texts are as AWS words them where they were seen in public reports; the
// others follow the API reference.

func notInUse() *api.Error {
	return orgapi.NewAWSOrganizationsNotInUseException("Your account is not a member of an organization.") // seen
}

func notManagement() *api.Error {
	return orgapi.NewAccessDeniedException("You don't have permissions to access this resource.") // seen
}

func noAccount() *api.Error {
	return orgapi.NewAccountNotFoundException("You specified an account that doesn't exist.") // seen
}

func noUnit() *api.Error {
	return orgapi.NewOrganizationalUnitNotFoundException("You specified an organizational unit that doesn't exist.")
}

func noParent() *api.Error {
	return orgapi.NewParentNotFoundException("You specified parent that doesn't exist.")
}

func noPolicy() *api.Error {
	return orgapi.NewPolicyNotFoundException("You specified a policy that doesn't exist.")
}

func noRoot() *api.Error {
	return orgapi.NewRootNotFoundException("You specified a root that doesn't exist.") // seen
}

func noTarget() *api.Error {
	return orgapi.NewTargetNotFoundException("You specified a target that doesn't exist.") // seen
}

func notEnabled() *api.Error {
	return orgapi.NewPolicyTypeNotEnabledException("This operation can be performed only for enabled policy types.") // seen
}

func duplicateUnit() *api.Error {
	return orgapi.NewDuplicateOrganizationalUnitException("An OU with the same name already exists.") // seen
}

// duplicateText is what AWS says of policies and, though it does not fit, of
// attachments (seen).
const duplicateText = "A policy with the specified name and type already exists."

// notAvailable refuses the types of policy that an organization does not have.
func notAvailable() *api.Error {
	return orgapi.NewPolicyTypeNotAvailableForOrganizationException("You can't use the specified policy type with the feature set currently enabled for this organization.")
}

// malformed is AWS's only text for what is wrong with a control policy (seen).
func malformed() *api.Error {
	return orgapi.NewMalformedPolicyDocumentException("The provided policy document does not meet the requirements of the specified policy type.")
}

// Reasons of ConstraintViolationException and of InvalidInputException.
const (
	tooManyAccounts    = "ACCOUNT_NUMBER_LIMIT_EXCEEDED"
	tooManyUnits       = "OU_NUMBER_LIMIT_EXCEEDED"
	tooDeep            = "OU_DEPTH_LIMIT_EXCEEDED"
	tooManyPolicies    = "POLICY_NUMBER_LIMIT_EXCEEDED"
	tooLong            = "POLICY_CONTENT_LIMIT_EXCEEDED"
	tooManyAttached    = "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
	lastAttached       = "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
	tooManyTags        = "MAX_TAG_LIMIT_EXCEEDED"
	billingOnly        = "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"
	closesManagement   = "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
	immutablePolicy    = "IMMUTABLE_POLICY"
	nonDetachable      = "NON_DETACHABLE_POLICY"
	invalidToken       = "INVALID_PAGINATION_TOKEN"
	duplicateTag       = "DUPLICATE_TAG_KEY"
	systemTag          = "INVALID_SYSTEM_TAGS_PARAMETER"
	unknownService     = "UNRECOGNIZED_SERVICE_PRINCIPAL"
	constraintExceeded = "You have exceeded the number of %s that you can have in an organization."
)

// constraint is a ConstraintViolationException with its reason.
func constraint(reason, format string, args ...any) *api.Error {
	e := orgapi.NewConstraintViolationException(format, args...)
	e.Members = map[string]any{"Reason": reason}
	return e
}

// invalid is an InvalidInputException with its reason.
func invalid(reason, format string, args ...any) *api.Error {
	e := orgapi.NewInvalidInputException(format, args...)
	e.Members = map[string]any{"Reason": reason}
	return e
}
