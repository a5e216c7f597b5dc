package lambda

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/store"
)

// settleSoon makes a function active, or its update successful, after the
// request that changed it was answered: clients wait for these states.
func (s *Service) settleSoon(r ref) {
	s.spawn(func() {
		if err := s.settle(s.ctx, r); err != nil && s.ctx.Err() == nil {
			s.log.ErrorContext(s.ctx, "a function's change could not be settled", "function", r.unqualified(), "error", err)
		}
	})
}

// settle is for one function with all its versions.
func (s *Service) settle(ctx context.Context, r ref) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		f := s.functions.GetIn(tx, r.key())
		if f == nil {
			return nil
		}
		if now, ok := f.Latest.settled(); ok {
			changed := *f
			changed.Latest = now
			if err := s.functions.Put(tx, r.key(), &changed); err != nil {
				return err
			}
		}
		for key, v := range s.versions.All(r.prefix(), "") {
			if now, ok := v.settled(); ok {
				if err := s.versions.Put(tx, key, &now); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// settleAll is for what a server left behind that ended in between.
func (s *Service) settleAll(ctx context.Context) error {
	for key := range s.functions.All("", "") {
		if err := s.settle(ctx, keyRef(key)); err != nil {
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
