package lambda

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/store"
)

// settleSoon makes a function active, or its update successful, after the
// request that changed it was answered: clients wait for these states.
func (s *Service) settleSoon(r ref, parent string) {
	s.spawn(func() {
		if err := s.settle(s.ctx, r, parent); err != nil && s.ctx.Err() == nil {
			s.log.ErrorContext(s.ctx, "a function's change could not be settled", "function", r.unqualified(), "error", err)
		}
	})
}

// settle is for one function with all its versions: it attaches them to their
// VPCs, and says what came of it. parent is the request that changed the function.
func (s *Service) settle(ctx context.Context, r ref, parent string) error {
	came, err := s.attach(ctx, r, parent)
	if err != nil {
		return err
	}
	s.detach(ctx, r, parent) // from where the function was before
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		f := s.functions.GetIn(tx, r.key())
		if f == nil {
			return nil
		}
		if came.settles(&f.Latest) {
			changed := *f
			changed.Latest = f.Latest.settled(came[f.Latest.Generation])
			if err := s.functions.Put(tx, r.key(), &changed); err != nil {
				return err
			}
		}
		for key, v := range s.versions.All(r.prefix(), "") {
			if came.settles(v) {
				now := v.settled(came[v.Generation])
				if err := s.versions.Put(tx, key, &now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if s.now().function(r) == nil {
		s.detach(ctx, r, parent) // it was deleted meanwhile
	}
	return err
}

// settleAll is for what a server left behind that ended in between.
func (s *Service) settleAll(ctx context.Context) error {
	for key := range s.functions.All("", "") {
		if err := s.settle(ctx, keyRef(key), ""); err != nil {
			return err
		}
	}
	return nil
}

// keyRef reads a function's key, or that of something the function has: then
// the qualifier is its name.
func keyRef(key string) ref {
	parts := strings.SplitN(key, "\x00", 4)
	if len(parts) < 3 {
		return ref{}
	}
	r := ref{account: parts[0], region: parts[1], name: parts[2]}
	if len(parts) == 4 {
		r.qualifier = parts[3]
	}
	return r
}

// spawn runs f beside the requests; Close waits for it. After Close it runs nothing,
// and says so.
func (s *Service) spawn(f func()) bool {
	s.spawning.Lock()
	defer s.spawning.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.background.Go(f)
	return true
}
