package iam

import (
	"context"
	"strings"
	"time"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// serviceLinkedPath begins the paths of service-linked roles and of their policies.
const serviceLinkedPath = "/aws-service-role/"

// linked is what a service's role is like.
type linked struct {
	// role is the name, without a suffix; policy the AWS managed policy.
	role, policy string
	// suffix says that the service may have several roles, told apart by a suffix.
	suffix bool
}

// deletion is a deletion of a service-linked role, stored under key(Account, Task).
type deletion struct {
	Account, Task string
	Ended         time.Time
}

// linkedRole is the name and path of the role CreateServiceLinkedRole would make.
func linkedRole(in *iamapi.CreateServiceLinkedRoleRequest) (name, path string, l linked, ok bool) {
	l, ok = serviceLinkedRoles[in.GetAWSServiceName()]
	name, path = l.role, serviceLinkedPath+in.GetAWSServiceName()+"/"
	if in.GetCustomSuffix() != "" {
		name += "_" + in.GetCustomSuffix()
	}
	return name, path, l, ok
}

func (s *Service) newLinkedRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	name, path, _, ok := linkedRole(c.Input.(*iamapi.CreateServiceLinkedRoleRequest))
	if !ok {
		name = "*" // whichever role the service would have
	}
	return one(arnOf(c.Account, typeRole, path, name)), nil
}

func (s *Service) createServiceLinkedRole(ctx context.Context, c *op.Call, in *iamapi.CreateServiceLinkedRoleRequest) (*iamapi.CreateServiceLinkedRoleResponse, error) {
	name, path, l, ok := linkedRole(in)
	switch {
	case !ok:
		// The words are ours.
		return nil, iamapi.NewInvalidInputException("Sallyport knows no service-linked role of %s.", in.GetAWSServiceName())
	case in.GetCustomSuffix() != "" && !l.suffix:
		return nil, iamapi.NewInvalidInputException("Custom suffix is not allowed for %s", in.GetAWSServiceName())
	}
	r := &role{
		Account: c.Account, Name: name, Path: path, ID: id.Unique(id.Role), Created: s.now(), Description: in.GetDescription(),
		ServiceLinked: in.GetAWSServiceName(), Trust: trustOf(linkedTrust(in.GetAWSServiceName())),
	}
	r.Attached = []string{managedpolicy.Prefix + serviceLinkedPath + l.policy}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.roles.GetIn(tx, key(r.Account, r.Name)) != nil {
			return iamapi.NewInvalidInputException("Service role name %s has been taken in this account, please try a different suffix.", r.Name)
		}
		if err := s.mayAddRole(tx, r); err != nil {
			return err
		}
		return s.roles.Put(tx, key(r.Account, r.Name), r)
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.CreateServiceLinkedRoleResponse{Role: ptr(s.showRole(r))}, nil
}

// linkedTrust is the trust policy of a service's role.
func linkedTrust(service string) string { return trusting("Service", service) }

// trusting is the trust policy of a role that AWS makes; the order of its
// elements is that of AWS.
func trusting(kind, principal string) string {
	d := policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
		Effect:    "Allow",
		Principal: &policy.Principals{Entries: []policy.PrincipalEntry{{Type: kind, Values: *policy.One(principal)}}},
		Action:    policy.One(assumeRole),
	}}}
	return string(d.JSON())
}

// deleteServiceLinkedRole always succeeds at once: no service here keeps
// resources that would need the role.
func (s *Service) deleteServiceLinkedRole(ctx context.Context, c *op.Call, in *iamapi.DeleteServiceLinkedRoleRequest) (*iamapi.DeleteServiceLinkedRoleResponse, error) {
	var task string
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		r := s.roles.GetIn(tx, key(c.Account, in.GetRoleName()))
		if r == nil {
			return noSuchRole(in.GetRoleName())
		}
		if r.ServiceLinked == "" {
			// The words are ours.
			return iamapi.NewInvalidInputException("The role %s is not a service-linked role.", r.Name)
		}
		if err := s.forgetDeletions(tx, c.Account); err != nil {
			return err
		}
		task = "task" + r.Path + r.Name + "/" + id.UUID()
		if err := s.tasks.Put(tx, store.Key(c.Account, task), &deletion{Account: c.Account, Task: task, Ended: s.now()}); err != nil {
			return err
		}
		return s.roles.Delete(tx, key(r.Account, r.Name))
	})
	if err != nil {
		return nil, err
	}
	return &iamapi.DeleteServiceLinkedRoleResponse{DeletionTaskId: &task}, nil
}

// forgetDeletions makes room for one more.
func (s *Service) forgetDeletions(tx *store.Tx, account string) error {
	all := list(s.tasks, account, nil)
	for len(all) >= limits.DeletionTasks {
		oldest := 0
		for i := range all {
			if all[i].Ended.Before(all[oldest].Ended) {
				oldest = i
			}
		}
		if err := s.tasks.Delete(tx, store.Key(account, all[oldest].Task)); err != nil {
			return err
		}
		all = append(all[:oldest], all[oldest+1:]...)
	}
	return nil
}

// deletedRole finds the role a deletion task is about: its name is in the id.
func (s *Service) deletedRole(_ context.Context, c *op.Call) ([]op.Resource, error) {
	task := c.Input.(*iamapi.GetServiceLinkedRoleDeletionStatusRequest).GetDeletionTaskId()
	rest, ok := strings.CutPrefix(task, "task"+serviceLinkedPath)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return nil, noSuchTask(task)
	}
	return one(arnOf(c.Account, typeRole, serviceLinkedPath+parts[0]+"/", parts[1])), nil
}

// noSuchTask has words of ours.
func noSuchTask(task string) error {
	return iamapi.NewNoSuchEntityException("The deletion task with id %s cannot be found.", task)
}

func (s *Service) getServiceLinkedRoleDeletionStatus(_ context.Context, c *op.Call, in *iamapi.GetServiceLinkedRoleDeletionStatusRequest) (*iamapi.GetServiceLinkedRoleDeletionStatusResponse, error) {
	if s.tasks.Get(store.Key(c.Account, in.GetDeletionTaskId())) == nil {
		return nil, noSuchTask(in.GetDeletionTaskId())
	}
	return &iamapi.GetServiceLinkedRoleDeletionStatusResponse{Status: ptr("SUCCEEDED")}, nil
}
