package lambda

import (
	"context"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// change is a new function, or new settings of one, on its way through the
// checks.
type change struct {
	call  *op.Call
	ref   ref
	asked *settings
	// before is the unpublished version as it is, nil for a new function; after
	// is what it will be. A check may complete it, and changes nothing else.
	before, after *config
	// finish, where checks added to it, is run on the version that is stored:
	// it may have been changed since by somebody else.
	finish []func(*config)
	// confirm, where checks added to it, is asked once more in the transaction that
	// stores the version: what others own may have gone since.
	confirm []func(*store.Tx) error
}

// complete sets what a check found out, in the version that was checked and in
// the one that will be stored.
func (w *change) complete(set func(*config)) {
	set(w.after)
	w.finish = append(w.finish, set)
}

// confirmed says whether what was checked is still so.
func (w *change) confirmed(tx *store.Tx) error {
	for _, confirm := range w.confirm {
		if err := confirm(tx); err != nil {
			return err
		}
	}
	return nil
}

// check asks all that stands between a request and its function, once the
// caller's own rights were judged and before anything is stored. AWS's order is
// not public: this is the one of the facts, by the rule that what belongs to the
// function (its role, what it asks of the role) comes before what others own
// (layers, keys). Each check looks only at what the request gives, or what a new
// role would change; code comes last, as it is the dearest.
func (s *Service) check(ctx context.Context, w *change) error {
	for _, check := range []func(context.Context, *change) error{
		s.checkPackage,
		s.checkRole,
		s.checkNetwork,
		s.checkTracing,
		s.checkDeadLetters,
		s.checkLayers,
		s.checkSigning,
		s.checkKey,
	} {
		if err := check(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// newRole says whether the request gives the function a role.
func (w *change) newRole() bool { return w.before == nil || w.asked.role != nil }

// checkRole refuses a role that Lambda may not assume.
func (s *Service) checkRole(ctx context.Context, w *change) error {
	if !w.newRole() {
		return nil
	}
	return s.checkTrust(ctx, w.call, w.ref, w.after.Role)
}
