package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) deleteFunction(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteFunctionRequest) (*lambdaapi.DeleteFunctionResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	// What has a grant is seen in the transaction: an update may have made a new one.
	var gone []config
	note := func() { gone = s.keyed(r) }
	switch {
	case r.qualifier == "":
		err = s.deleteWhole(ctx, r, note)
	case r.qualifier == latest:
		err = invalid("$LATEST version cannot be deleted without deleting the function.")
	case !isVersion(r.qualifier):
		err = invalid("Deletion of aliases is not currently supported.")
	default:
		err = s.deleteVersion(ctx, r, note)
	}
	if err != nil {
		return nil, err
	}
	s.retireStale()
	s.release(ctx, r, c.RequestID, gone...)
	s.detach(ctx, r, c.RequestID)
	s.warmUp(r)
	s.tidyZips(ctx)
	return &lambdaapi.DeleteFunctionResponse{StatusCode: ptr(int32(204))}, nil
}

// deleteWhole removes a function and everything it has, so that a new one of
// the same name inherits no policy and no queued event.
func (s *Service) deleteWhole(ctx context.Context, r ref, note func()) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		note()
		if s.functions.GetIn(tx, r.key()) == nil {
			return noFunction(r.arn())
		}
		if err := s.dropEvents(tx, r); err != nil {
			return err
		}
		return errors.Join(
			s.functions.Delete(tx, r.key()),
			under(tx, s.versions, r), under(tx, s.aliases, r), under(tx, s.policies, r), under(tx, s.settings, r), under(tx, s.urlConfigs, r), under(tx, s.provisioned, r),
		)
	})
}

// under deletes all rows of one function.
func under[T any](tx *store.Tx, t *store.Table[T], r ref) error {
	for key := range t.All(r.prefix(), "") {
		if err := t.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) deleteVersion(ctx context.Context, r ref, note func()) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		note()
		v := view{s, tx}
		if v.function(r) == nil {
			return noFunction(r.arn())
		}
		if v.version(r, r.qualifier) == nil {
			return nil // deleted already
		}
		if by := s.aliasesOf(r); len(by) > 0 {
			return conflict("Version %s cannot be deleted: the following aliases point to it: [%s]", r.qualifier, strings.Join(by, ", "))
		}
		key := versionKey(r, r.qualifier)
		return s.deletePart(tx, r.part(r.qualifier), func(tx *store.Tx, _ string) error { return s.versions.Delete(tx, key) })
	})
}

// deletePart removes a version or an alias with its policy and settings; key is
// that of its qualifier.
func (s *Service) deletePart(tx *store.Tx, key string, remove func(*store.Tx, string) error) error {
	return errors.Join(remove(tx, key), s.policies.Delete(tx, key), s.settings.Delete(tx, key), s.provisioned.Delete(tx, key))
}

// aliasesOf are the aliases that lead to a version.
func (s *Service) aliasesOf(r ref) []string {
	var names []string
	for _, a := range s.aliases.All(r.prefix(), "") {
		if _, weighed := a.Weights[r.qualifier]; weighed || a.Version == r.qualifier {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names
}
