package op

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/policy"
)

// Gate decides. It records every question and its answer.
type Gate interface {
	// Admit returns nil to let the call go on, else the error the caller gets.
	Admit(ctx context.Context, q *Question) error
}

// Question is one need of one call, put to the gate.
type Question struct {
	Call   *Call
	Action string
	// Resource is what the action is on. Unknown says that no resource could
	// be named: the gate denies.
	Resource Resource
	Unknown  bool
	// Add are the need's further context keys.
	Add []Adder
	// Bare asks for a denial without the reason.
	Bare bool
	// Nothing is the reason why the operation needs no permission.
	Nothing string
	// Secret is the reason why an unsigned caller is let in where no policy
	// speaks of it: it proved a right of its own (Need.OrSecret).
	Secret string
}

// Config is what a Bus is made of.
type Config struct {
	Gate     Gate
	Services []Service
	Clock    clock.Clock
	Bug      *bug.Reporter
	Log      *slog.Logger
}

// Bus holds every row and is the way from one service to another. It is safe
// for concurrent use.
type Bus struct {
	gate     Gate
	services []Service
	rows     map[*api.Operation]Row
	clock    clock.Clock
	bug      *bug.Reporter
	log      *slog.Logger
}

// NewBus refuses rows that could be reached without a question being asked.
func NewBus(c Config) (*Bus, error) {
	if c.Gate == nil {
		return nil, fmt.Errorf("op: a bus without a gate")
	}
	b := &Bus{gate: c.Gate, services: c.Services, rows: map[*api.Operation]Row{}, clock: c.Clock, bug: c.Bug, log: c.Log}
	if b.log == nil {
		b.log = slog.Default()
	}
	for _, s := range c.Services {
		for _, r := range s.Rows() {
			if err := r.check(); err != nil {
				return nil, fmt.Errorf("op: %w", err)
			}
			if _, twice := b.rows[r.operation]; twice || !slices.Contains(s.API().Operations, r.operation) {
				return nil, fmt.Errorf("op: %s.%s is bound twice, or is not an operation of its service", r.operation.Service.ID, r.operation.Name)
			}
			b.rows[r.operation] = r
		}
	}
	return b, nil
}

// Services are the services of the bus, in the order of the list.
func (b *Bus) Services() []Service { return b.services }

// Rows are all rows, for documentation and checks; a Row cannot be run from outside.
func (b *Bus) Rows() []Row {
	var all []Row
	for _, s := range b.services {
		all = append(all, s.Rows()...)
	}
	return all
}

// Bound says whether the operation has a row.
func (b *Bus) Bound(o *api.Operation) bool {
	_, ok := b.rows[o]
	return ok
}

// TakesUnsigned says whether unsigned requests for the operation are put to the
// bus at all: it has a need that a secret can stand in for.
func (b *Bus) TakesUnsigned(o *api.Operation) bool {
	return slices.ContainsFunc(b.rows[o].needs, func(n Need) bool { return n.prove != nil })
}

// Credential finds whom an access key stands for, asking each service that keeps keys.
func (b *Bus) Credential(accessKeyID, token string) (Credential, CredentialState) {
	for _, s := range b.services {
		keeper, ok := s.(Credentials)
		if !ok {
			continue
		}
		if c, state := keeper.Credential(accessKeyID, token); state != CredentialUnknown {
			return c, state
		}
	}
	return Credential{}, CredentialUnknown
}

// Serve runs a call that came through a door, after identification and
// decoding: needs, gate, handler.
func (b *Bus) Serve(ctx context.Context, c *Call) (any, error) {
	// Nothing of an earlier use of the Call may answer for this one.
	c.bus, c.base, c.resolved = b, nil, nil
	if c.Time.IsZero() {
		c.Time = b.clock.Now()
	}
	if c.Account == "" {
		c.Account = c.Caller.Account()
	}
	if c.RequestID == "" {
		c.RequestID = id.UUID()
	}
	row, ok := b.rows[c.Operation]
	if !ok {
		return nil, api.Newf(403, "AccessDeniedException", "Operation %s is not available: Sallyport has no rule for it, so nobody may call it.", c.Operation.Name)
	}
	if !row.takes(c.Input) {
		return nil, fmt.Errorf("op: %s.%s: input is %T", c.Operation.Service.ID, c.Operation.Name, c.Input)
	}
	if depth(ctx) >= limits.CallDepth {
		return nil, api.Newf(429, "TooManyRequestsException", "Calls are nested more than %d deep.", limits.CallDepth)
	}
	if err := b.admit(ctx, c, row); err != nil || c.Trial {
		return nil, err
	}
	return b.run(deeper(ctx), c, row)
}

// run lets the handler work. What panics in it is a bug of one call: others go
// on, also when it was made in the background, where no door would catch it.
func (b *Bus) run(ctx context.Context, c *Call, row Row) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, InternalFailure()
			b.bug.Report(ctx, "panic in %s: %v", c.Operation.Name, p)
		}
	}()
	return row.run(ctx, c, c.Input)
}

// refuse lets the operation's own service turn the credentials away.
func (b *Bus) refuse(c *Call) error {
	for _, s := range b.services {
		if s.API() != c.Operation.Service {
			continue
		}
		if r, ok := s.(Refuser); ok {
			return r.Refuse(c)
		}
	}
	return nil
}

// admit puts the needs to the gate, in order, up to the first denial, or all of
// them where the row is thorough. What panics on the way denies.
func (b *Bus) admit(ctx context.Context, c *Call, row Row) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = InternalFailure()
			b.bug.Report(ctx, "panic while admitting %s: %v", c.Operation.Name, p)
		}
	}()
	if err := b.refuse(c); err != nil {
		return err
	}
	var first error
	for _, n := range row.needs {
		err := b.judge(ctx, c, n)
		if err != nil && !row.thorough {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (b *Bus) judge(ctx context.Context, c *Call, n Need) error {
	if n.either != nil {
		return b.judgeEither(ctx, c, n.either)
	}
	if n.nothing != "" {
		return b.gate.Admit(ctx, n.question(c))
	}
	found, err := n.find(ctx, c)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		if n.maybe {
			return nil
		}
		return b.unknown(ctx, c, n)
	}
	if n.prove != nil && c.Caller.Kind() == caller.AnonymousKind {
		return b.judgeSecret(ctx, c, n, found)
	}
	return b.judgeOn(ctx, c, n, found)
}

// judgeSecret judges a call that nobody signed: without the secret it is refused,
// whatever policies say; with it, only what they deny is.
func (b *Bus) judgeSecret(ctx context.Context, c *Call, n Need, found []Resource) error {
	if err := n.prove(ctx, c); err != nil {
		return err
	}
	q := n.question(c)
	q.Secret = n.secret
	return b.admitEach(ctx, q, found)
}

// judgeEither judges each of the needs that stand for one another on what it
// finds, and denies a call for which none finds anything.
func (b *Bus) judgeEither(ctx context.Context, c *Call, needs []Need) error {
	any := false
	for _, n := range needs {
		found, err := n.find(ctx, c)
		if err != nil {
			return err
		}
		any = any || len(found) > 0
		if err := b.judgeOn(ctx, c, n, found); err != nil {
			return err
		}
	}
	if !any {
		return b.unknown(ctx, c, needs[0])
	}
	return nil
}

func (b *Bus) judgeOn(ctx context.Context, c *Call, n Need, found []Resource) error {
	return b.admitEach(ctx, n.question(c), found)
}

func (b *Bus) admitEach(ctx context.Context, q *Question, found []Resource) error {
	for _, r := range found {
		if r.Facts != nil && !r.ownedBy(q.Call.Operation.Service) {
			b.bug.Report(ctx, "a finder of %s tells the facts of %s, which belongs to another service", q.Call.Operation.Name, r.ARN)
			return InternalFailure()
		}
		q.Resource = r
		if err := b.gate.Admit(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// unknown denies: the request names no resource that could be judged.
func (b *Bus) unknown(ctx context.Context, c *Call, n Need) error {
	q := n.question(c)
	q.Unknown = true
	return b.gate.Admit(ctx, q)
}

func (n Need) question(c *Call) *Question {
	return &Question{Call: c, Action: n.action, Add: n.add, Bare: n.bare, Nothing: n.nothing}
}

// Do is how one service calls another: the same road, entered at the needs.
func Do[In, Out any](ctx context.Context, b *Bus, as As, o api.Op[In, Out], in *In) (*Out, error) {
	out, err := b.Serve(ctx, as.call(o.Operation, in))
	if err != nil {
		return nil, err
	}
	typed, ok := out.(*Out)
	if !ok {
		return nil, fmt.Errorf("op: %s answered %T", o.Name, out)
	}
	return typed, nil
}

// Try asks whether a call of Do would be let in: the same needs, put to the same
// gate and recorded as a trial, and no handler. AWS checks so, when something is
// configured, what will be done later (an event source mapping's polls). Nil is
// yes; the error is what the caller of Do would get.
func Try[In, Out any](ctx context.Context, b *Bus, as As, o api.Op[In, Out], in *In) error {
	c := as.call(o.Operation, in)
	c.Trial = true
	_, err := b.Serve(ctx, c)
	return err
}

func (as As) call(o *api.Operation, in any) *Call {
	return &Call{
		Caller: as.Caller, Operation: o, Input: in, Region: as.Region,
		RequestID: as.RequestID, Parent: as.Parent, vouched: as.Context, inside: true,
		// AWS's services call each other over TLS; here nothing leaves the process.
		Origin: Origin{Secure: true},
	}
}

// CallerOf is the caller behind credentials a service was given by STS; nobody
// when they cannot be used (any more).
func (b *Bus) CallerOf(accessKeyID, token string) (caller.Caller, bool) {
	c, state := b.Credential(accessKeyID, token)
	if state != CredentialActive {
		return caller.Caller{}, false
	}
	return c.Caller, true
}

// Vouch adds the keys the calling service vouches for; the gate calls it.
func (c *Call) Vouch(keys *policy.Context) {
	if c.vouched != nil {
		c.vouched(keys)
	}
}
