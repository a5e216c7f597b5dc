package lambda

import (
	"context"
	"errors"
	"maps"
	"math"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/limits"
)

// Statuses of provisioned concurrency.
const (
	provisioning    = "IN_PROGRESS"
	provisionReady  = "READY"
	provisionFailed = "FAILED"
)

// warmth keeps the environments of provisioned concurrency: it follows what is
// stored, after each change of it and at the start.
type warmth struct {
	s *Service
	// mu lets one change be followed at a time. It guards trying: the functions
	// of which something could not be begun and will be.
	mu     sync.Mutex
	trying map[ref]bool
	// shares is replaced as a whole: invokes read it without waiting.
	shares atomic.Pointer[map[warmKey]*share]
}

// warmKey is one version, as a version or an alias is provisioned with it. An
// alias has environments of its own, and with weights two shares.
type warmKey struct {
	ref        ref
	version    string
	generation string
}

// share are the environments of one version for one version or alias.
type share struct {
	n int
	// asked is the request whose configuration it follows.
	asked     string
	provision *executor.Provision
	release   func()
	// err is why there is none.
	err error
}

// wanted is what a function should have.
func (v view) wanted(r ref) map[warmKey]*share {
	all := map[warmKey]*share{}
	for key, p := range v.s.provisioned.All(r.prefix(), "") {
		own := r.with(key[len(r.prefix()):])
		for version, n := range v.split(own, int(p.Requested)) {
			if c := v.version(r, version); c != nil && n > 0 {
				all[warmKey{own, version, c.Generation}] = &share{n: n, asked: p.Request}
			}
		}
	}
	return all
}

// split divides what is provisioned for an alias among its versions, as its
// invokes are divided.
func (v view) split(r ref, n int) map[string]int {
	if isVersion(r.qualifier) {
		return map[string]int{r.qualifier: n}
	}
	a := v.alias(r, r.qualifier)
	if a == nil {
		return nil
	}
	shares := map[string]int{a.Version: n}
	for other, weight := range a.Weights {
		part := int(math.Round(float64(n) * weight))
		shares[other] = part
		shares[a.Version] -= part
	}
	return shares
}

// warmUp lets a function's environments follow a change, beside the caller.
func (s *Service) warmUp(r ref) {
	if s.claims.any.Load() == 0 && s.warm.shares.Load() == nil {
		return // nothing is provisioned, nor was
	}
	s.spawn(func() { s.warm.follow(r.with("")) })
}

// warmAll begins with what was provisioned when the server ended.
func (s *Service) warmAll() {
	seen := map[ref]bool{}
	for key := range s.provisioned.All("", "") {
		if r := keyRef(functionOf(key)); !seen[r] {
			seen[r] = true
			s.warmUp(r)
		}
	}
}

// follow makes what there is what should be.
func (w *warmth) follow(r ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted, have := w.s.now().wanted(r), w.have()
	for key, old := range have {
		if now := wanted[key]; key.ref.with("") == r && now == nil {
			delete(have, key)
			defer old.end()
		}
	}
	for key, now := range wanted {
		switch old := have[key]; {
		case old == nil || old.err != nil:
			w.begin(key, now)
			have[key] = now
			w.again(r, now.err)
		case old.asked != now.asked || old.n != now.n:
			next := *old
			next.n, next.asked = now.n, now.asked
			have[key] = &next
			if next.provision != nil {
				next.provision.Resize(next.n)
			}
		}
	}
	w.shares.Store(&have)
}

// again looks at a function once more later, if something could not be begun: what
// it lacks, a key or a folder, may be there then.
func (w *warmth) again(r ref, err error) {
	if image := (*imageError)(nil); err == nil || errors.As(err, &image) || w.trying[r] {
		return
	}
	w.trying[r] = true
	w.s.log.WarnContext(w.s.ctx, "provisioned concurrency could not begin", "function", r.unqualified(), "error", err)
	w.s.spawn(func() {
		select {
		case <-w.s.clock.After(limits.ProvisionRetry):
		case <-w.s.ctx.Done():
			return
		}
		w.mu.Lock()
		delete(w.trying, r)
		w.mu.Unlock()
		w.follow(r)
	})
}

// close ends all environments, with the service.
func (w *warmth) close() {
	for _, sh := range w.have() {
		if sh.provision != nil {
			sh.provision.Close()
		}
	}
}

// cool ends all that is not wanted any more: after every function was removed.
func (w *warmth) cool() {
	seen := map[ref]bool{}
	for key := range w.have() {
		seen[key.ref.with("")] = true
	}
	for r := range seen {
		w.follow(r)
	}
}

// have is a copy of the shares.
func (w *warmth) have() map[warmKey]*share {
	if known := w.shares.Load(); known != nil {
		return maps.Clone(*known)
	}
	return map[warmKey]*share{}
}

// begin lets the executor make a share's environments.
func (w *warmth) begin(key warmKey, sh *share) {
	s := w.s
	v := s.now().version(key.ref, key.version)
	p := s.provisioned.Get(key.ref.part(key.ref.qualifier))
	if v == nil || p == nil {
		return // gone again: the next change tells
	}
	e := &running{key: environmentKey(key.ref, v) + ":" + key.ref.qualifier, ref: key.ref.with(v.Version), generation: v.Generation}
	if s.prepare(s.ctx, e, e.ref, v); e.err != nil {
		sh.err = e.err
		return
	}
	ctx := context.WithValue(s.ctx, parentKey{}, p.Request)
	sh.release, sh.provision = e.release, s.executor.Provision(ctx, e.function, sh.n)
}

func (sh *share) end() {
	if sh.provision != nil {
		sh.provision.Close()
	}
	if sh.release != nil {
		sh.release()
	}
}

// first is what an invoke of a version or alias uses before it makes an
// environment; nil for nothing.
func (w *warmth) first(r ref, v *config) *executor.Provision {
	known := w.shares.Load()
	if known == nil || r.qualifier == "" {
		return nil
	}
	if sh := (*known)[warmKey{r, v.Version, v.Generation}]; sh != nil {
		return sh.provision
	}
	return nil
}

// warmState is how much of what is provisioned there is now.
type warmState struct {
	allocated, available int32
	status, reason       string
}

// state adds up a version's or alias's shares.
func (w *warmth) state(r ref, p *provisioned) warmState {
	is := warmState{status: provisioning}
	known := w.shares.Load()
	if known == nil {
		return is
	}
	following := true
	for version, n := range w.s.now().split(r, int(p.Requested)) {
		c := w.s.now().version(r, version)
		if c == nil || n == 0 {
			continue
		}
		sh := (*known)[warmKey{r, version, c.Generation}]
		if sh == nil {
			following = false
			continue
		}
		following = following && sh.asked == p.Request
		is.add(sh)
	}
	switch {
	case !following:
		is.status, is.reason = provisioning, ""
	case is.status != provisionFailed && is.available >= p.Requested:
		is.status = provisionReady
	}
	return is
}

func (is *warmState) add(sh *share) {
	err := sh.err
	if sh.provision != nil {
		s := sh.provision.State()
		is.allocated += int32(s.Allocated)
		is.available += int32(s.Available)
		err = s.Failure
	}
	if err != nil {
		is.status, is.reason = provisionFailed, whyCold(err)
	}
}

// whyCold says why environments could not be made. Of AWS's reasons only that of
// a failed init is known (seen in many reports); the other texts are ours.
func whyCold(err error) string {
	var (
		init        *executor.InitError
		credentials *executor.CredentialsError
		missing     *executor.RuntimeMissingError
		image       *imageError
		refused     *api.Error
	)
	switch {
	case errors.As(err, &init):
		return "FUNCTION_ERROR_INIT_FAILURE"
	case errors.As(err, &credentials):
		return notAssumable
	case errors.As(err, &missing):
		return missing.Error()
	case errors.As(err, &image):
		return image.Error()
	case errors.As(err, &refused):
		return refused.Message // as an invoke would be refused
	case errors.Is(err, executor.ErrTooManyEnvironments):
		return "There is no room for more environments on this machine."
	}
	return "The environments could not be made: the server's log says why."
}
