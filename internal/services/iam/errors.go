package iam

import (
	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

// The texts below were recorded from AWS unless a comment says otherwise.

func validationError(format string, args ...any) *api.Error {
	return api.Newf(400, "ValidationError", format, args...)
}

func noSuchUser(name string) *api.Error {
	return iamapi.NewNoSuchEntityException("The user with name %s cannot be found.", name)
}

func noSuchGroup(name string) *api.Error {
	return iamapi.NewNoSuchEntityException("The group with name %s cannot be found.", name)
}

func noSuchRole(name string) *api.Error {
	return iamapi.NewNoSuchEntityException("The role with name %s cannot be found.", name)
}

func noSuchProfile(name string) *api.Error {
	return iamapi.NewNoSuchEntityException("Instance Profile %s cannot be found.", name)
}

func noSuchInlinePolicy(kind, name string) *api.Error {
	return iamapi.NewNoSuchEntityException("The %s policy with name %s cannot be found.", kind, name)
}

func noSuchPolicy(arn string) *api.Error {
	return iamapi.NewNoSuchEntityException("Policy %s was not found.", arn)
}

func noSuchVersion(arn, version string) *api.Error {
	return iamapi.NewNoSuchEntityException("Policy %s version %s does not exist or is not attachable.", arn, version)
}

func notAttachable(arn string) *api.Error {
	return iamapi.NewNoSuchEntityException("Policy %s does not exist or is not attachable.", arn)
}

func noSuchKey(id string) *api.Error {
	return iamapi.NewNoSuchEntityException("The Access Key with id %s cannot be found.", id)
}

func overQuota(quota string, limit int) *api.Error {
	return iamapi.NewLimitExceededException("Cannot exceed quota for %s: %d", quota, limit)
}

// deleteConflict says what must go before the entity can.
func deleteConflict(first string) *api.Error {
	return iamapi.NewDeleteConflictException("Cannot delete entity, must %s first.", first)
}

// protected refuses to change a service-linked role (seen on AWS).
func protected(name string) *api.Error {
	return iamapi.NewUnmodifiableEntityException("Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", name)
}

// ofAWS refuses to change an AWS managed policy, as a denial (inferred from
// the form IAM gives to denials of this kind).
func ofAWS(caller, action, arn string) *api.Error {
	return api.Newf(403, "AccessDenied", "User: %s is not authorized to perform: iam:%s on resource: policy %s", caller, action, arn)
}
