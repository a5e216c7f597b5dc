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

type roleSession struct {
	caller  caller.Caller
	expires time.Time
}

// refreshBefore is how long before its end a session is made anew.
const refreshBefore = 5 * time.Minute

// asRole is the session of a function's execution role. A new one is made by
// sts:AssumeRole, so that the role's trust policy is judged; the error is STS's.
func (s *Service) asRole(ctx context.Context, r ref, role, parent string) (op.As, error) {
	key := [2]string{r.unqualified(), role}
	as := op.As{Region: r.region, Parent: parent}
	now := s.clock.Now()
	s.sessions.mu.Lock()
	known, ok := s.sessions.made[key]
	s.sessions.mu.Unlock()
	if ok && now.Before(known.expires.Add(-refreshBefore)) {
		as.Caller = known.caller
		return as, nil
	}
	got, err := s.assume(ctx, r, role, parent, false)
	if err != nil {
		return as, err
	}
	who, ok := s.bus.CallerOf(got.GetAccessKeyId(), got.GetSessionToken())
	if !ok {
		return as, fmt.Errorf("the session of %s ended as it was made", role)
	}
	s.sessions.keep(key, roleSession{who, expiry(got, now)})
	as.Caller = who
	return as, nil
}

func (l *roleSessions) keep(key [2]string, made roleSession) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.made) >= limits.RoleSessions {
		clear(l.made) // forgetting one costs one AssumeRole
	}
	l.made[key] = made
}

// drop forgets a session that was refused: its role may be gone, or made anew
// under its old name.
func (l *roleSessions) drop(r ref, role string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.made, [2]string{r.unqualified(), role})
}
