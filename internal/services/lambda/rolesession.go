package lambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// roleSessions are the sessions of execution roles that Lambda itself works
// with, outside of functions: polls, deliveries and their trials. They lack
// lambda:SourceFunctionArn (execution roles, "calls that the service makes").
type roleSessions struct {
	mu   sync.Mutex
	made map[[2]string]roleSession
}

// roleSession serves until anything changes that IAM holds: so the trust policy
// of the moment is judged, and a role that was made anew under its old name is a
// new one. AWS keeps sessions for longer (UNCONFIRMED how long); a right that is
// gone there for sure after a while is gone here at once.
type roleSession struct {
	caller  caller.Caller
	expires time.Time
	changed <-chan struct{}
}

// refreshBefore is how long before its end a session is made anew.
const refreshBefore = 5 * time.Minute

func (r roleSession) serves(now time.Time) bool {
	select {
	case <-r.changed:
		return false
	default:
		return now.Before(r.expires.Add(-refreshBefore))
	}
}

// asRole is the session of a function's execution role. A new one is made by
// sts:AssumeRole, so that the role's trust policy is judged; the error is STS's.
func (s *Service) asRole(ctx context.Context, r ref, role, parent string) (op.As, error) {
	key := [2]string{r.unqualified(), role}
	as := op.As{Region: r.region, Parent: parent}
	if known, ok := s.sessions.get(key); ok && known.serves(s.clock.Now()) {
		as.Caller = known.caller
		return as, nil
	}
	changed := s.changes.Changed()
	got, err := s.assume(ctx, r, role, parent, false)
	if err != nil {
		return as, err
	}
	who, ok := s.bus.CallerOf(got.GetAccessKeyId(), got.GetSessionToken())
	if !ok {
		return as, fmt.Errorf("the session of %s ended as it was made", role)
	}
	s.sessions.put(key, roleSession{who, expiry(got, s.clock.Now()), changed})
	as.Caller = who
	return as, nil
}

func (l *roleSessions) get(key [2]string) (roleSession, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.made[key]
	return known, ok
}

func (l *roleSessions) put(key [2]string, made roleSession) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.made) >= limits.RoleSessions {
		clear(l.made) // forgetting one costs one AssumeRole
	}
	l.made[key] = made
}
