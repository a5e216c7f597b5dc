package iam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
)

func TestServiceLinkedRole(t *testing.T) {
	w := newWorld(t)
	made := must(w, iamapi.CreateServiceLinkedRole, &iamapi.CreateServiceLinkedRoleRequest{AWSServiceName: ptr("lambda.amazonaws.com"), Description: ptr("d")}).Role
	equal(t, "ARN", *made.Arn, "arn:aws:iam::111111111111:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda")
	equal(t, "trust policy", document(t, made.AssumeRolePolicyDocument), trusts(forLambda))
	equal(t, "policies", must(w, iamapi.ListAttachedRolePolicies, &iamapi.ListAttachedRolePoliciesRequest{RoleName: made.RoleName}).AttachedPolicies,
		[]iamapi.AttachedPolicy{{PolicyName: ptr("AWSLambdaServiceRolePolicy"), PolicyArn: ptr("arn:aws:iam::aws:policy/aws-service-role/AWSLambdaServiceRolePolicy")}})
	if role, ok := w.iam.Role(*made.Arn); !ok || !role.ServiceLinked {
		t.Errorf("what STS sees: %+v", role)
	}
	name, r := made.RoleName, root(here)
	const text = "Cannot perform the operation on the protected role 'AWSServiceRoleForLambda' - this role is only modifiable by AWS"
	readOnly := ptr("arn:aws:iam::aws:policy/ReadOnlyAccess")
	refuses(w, r, iamapi.DeleteRole, &iamapi.DeleteRoleRequest{RoleName: name}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.AttachRolePolicy, &iamapi.AttachRolePolicyRequest{RoleName: name, PolicyArn: readOnly}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.DetachRolePolicy, &iamapi.DetachRolePolicyRequest{RoleName: name, PolicyArn: ptr("arn:aws:iam::aws:policy/aws-service-role/AWSLambdaServiceRolePolicy")}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.PutRolePolicy, &iamapi.PutRolePolicyRequest{RoleName: name, PolicyName: ptr("p"), PolicyDocument: ptr(allows("*", "*"))}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.PutRolePermissionsBoundary, &iamapi.PutRolePermissionsBoundaryRequest{RoleName: name, PermissionsBoundary: readOnly}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.UpdateAssumeRolePolicy, &iamapi.UpdateAssumeRolePolicyRequest{RoleName: name, PolicyDocument: ptr(trusts(`"*"`))}, 400, "UnmodifiableEntity", text)
	refuses(w, r, iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: name, MaxSessionDuration: ptr(int32(7200))}, 400, "UnmodifiableEntity", text)
	must(w, iamapi.CreateInstanceProfile, &iamapi.CreateInstanceProfileRequest{InstanceProfileName: ptr("p")})
	refuses(w, r, iamapi.AddRoleToInstanceProfile, &iamapi.AddRoleToInstanceProfileRequest{InstanceProfileName: ptr("p"), RoleName: name}, 400, "UnmodifiableEntity", text)
	must(w, iamapi.UpdateRole, &iamapi.UpdateRoleRequest{RoleName: name, Description: ptr("mine")})
	must(w, iamapi.TagRole, &iamapi.TagRoleRequest{RoleName: name, Tags: []iamapi.Tag{{Key: ptr("k"), Value: ptr("v")}}})

	task := must(w, iamapi.DeleteServiceLinkedRole, &iamapi.DeleteServiceLinkedRoleRequest{RoleName: name}).DeletionTaskId
	if !strings.HasPrefix(*task, "task/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda/") {
		t.Errorf("task %s", *task)
	}
	equal(t, "status", *must(w, iamapi.GetServiceLinkedRoleDeletionStatus, &iamapi.GetServiceLinkedRoleDeletionStatusRequest{DeletionTaskId: task}).Status, "SUCCEEDED")
	refuses(w, r, iamapi.GetRole, &iamapi.GetRoleRequest{RoleName: name}, 404, "NoSuchEntity", "The role with name AWSServiceRoleForLambda cannot be found.")
	equal(t, "uses of its policy", w.iam.index.usesOf(here, "arn:aws:iam::aws:policy/aws-service-role/AWSLambdaServiceRolePolicy"), uses{})
}

func TestServiceLinkedRoleErrors(t *testing.T) {
	w := newWorld(t)
	r := root(here)
	w.role(here, "plain", forLambda)
	create := func(service, suffix string) *iamapi.CreateServiceLinkedRoleRequest {
		return &iamapi.CreateServiceLinkedRoleRequest{AWSServiceName: &service, CustomSuffix: optional(suffix)}
	}
	refuses(w, r, iamapi.CreateServiceLinkedRole, create("none.amazonaws.com", ""), 400, "InvalidInput", "Sallyport knows no service-linked role of none.amazonaws.com.")
	refuses(w, r, iamapi.CreateServiceLinkedRole, create("ecs.amazonaws.com", "x"), 400, "InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com")
	equal(t, "suffix", *must(w, iamapi.CreateServiceLinkedRole, create("autoscaling.amazonaws.com", "x")).Role.RoleName, "AWSServiceRoleForAutoScaling_x")
	must(w, iamapi.CreateServiceLinkedRole, create("ecs.amazonaws.com", ""))
	refuses(w, r, iamapi.CreateServiceLinkedRole, create("ecs.amazonaws.com", ""), 400, "InvalidInput", "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.")
	refuses(w, r, iamapi.DeleteServiceLinkedRole, &iamapi.DeleteServiceLinkedRoleRequest{RoleName: ptr("plain")}, 400, "InvalidInput", "The role plain is not a service-linked role.")
	refuses(w, r, iamapi.DeleteServiceLinkedRole, &iamapi.DeleteServiceLinkedRoleRequest{RoleName: ptr("none")}, 404, "NoSuchEntity", "The role with name none cannot be found.")
	for _, task := range []string{"nonsense", "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/00000000-0000-0000-0000-000000000000"} {
		refuses(w, r, iamapi.GetServiceLinkedRoleDeletionStatus, &iamapi.GetServiceLinkedRoleDeletionStatusRequest{DeletionTaskId: &task}, 404, "NoSuchEntity", "The deletion task with id "+task+" cannot be found.")
	}
}

func TestDeletionTasksAreBounded(t *testing.T) {
	w := newWorld(t)
	task := func(i int) string { return fmt.Sprint("task/", i) }
	err := w.iam.store.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 1_000 {
			d := &deletion{Account: here, Task: task(i), Ended: w.clock.Now().Add(time.Duration(i-500) * time.Second)}
			if err := w.iam.tasks.Put(tx, store.Key(here, d.Task), d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	must(w, iamapi.CreateServiceLinkedRole, &iamapi.CreateServiceLinkedRoleRequest{AWSServiceName: ptr("ecs.amazonaws.com")})
	must(w, iamapi.DeleteServiceLinkedRole, &iamapi.DeleteServiceLinkedRoleRequest{RoleName: ptr("AWSServiceRoleForECS")})
	equal(t, "tasks kept", count(w.iam.tasks, here), 1_000)
	if w.iam.tasks.Get(store.Key(here, task(0))) != nil || w.iam.tasks.Get(store.Key(here, task(1))) == nil {
		t.Error("the oldest task was not the one to go")
	}
}

func TestEveryLinkedServiceHasItsPolicy(t *testing.T) {
	l := managedpolicy.New()
	names := map[string]string{}
	for service, r := range serviceLinkedRoles {
		if l.Find(managedpolicy.Prefix+serviceLinkedPath+r.policy) == nil {
			t.Errorf("%s: AWS has no policy %s for service-linked roles", service, r.policy)
		}
		if names[r.role] != "" {
			t.Errorf("%s and %s have the same role", service, names[r.role])
		}
		names[r.role] = service
		if !strings.HasPrefix(r.role, "AWSServiceRoleFor") || !resourcepolicy.IsService(service) {
			t.Errorf("%s: %s", service, fmt.Sprintf("%+v", r))
		}
	}
}
