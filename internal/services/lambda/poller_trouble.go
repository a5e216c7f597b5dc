package lambda

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/op"
)

// stage is a part of a poller's work that can fail by itself. A problem of one
// stage stands until that stage succeeds: polls go well while every batch fails.
type stage int

const (
	polling stage = iota
	deleting
	invoking
	stages
)

// Problems in AWS's words (Lambda guide; public reports).
const (
	callFailed    = "PROBLEM: Function call failed"
	internalError = "PROBLEM: internal Lambda error. Please contact Lambda customer support."
)

// note sets what keeps a stage from working; empty for nothing.
func (p *poller) note(s stage, trouble string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubles[s] = trouble
}

// trouble is the first problem there is.
func (p *poller) trouble() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.troubles {
		if t != "" {
			return t
		}
	}
	return ""
}

// asRole does something as the execution role, and notes what is wrong if it
// cannot. An end of ctx is nobody's trouble.
func (p *poller) asRole(ctx context.Context, s stage, operation string, do func(op.As) error) error {
	trouble, err := p.try(ctx, operation, do)
	if err == nil || ctx.Err() == nil {
		p.note(s, trouble)
	}
	return err
}

// try words what is wrong. AWS's words for a role that lost its rights are not
// known: ours begin as the known ones do, and go on as CreateEventSourceMapping
// refuses the same.
func (p *poller) try(ctx context.Context, operation string, do func(op.As) error) (trouble string, err error) {
	v := p.s.now().code(p.to)
	if v == nil {
		gone := noFunction(p.to.arn())
		return "PROBLEM: " + gone.Message, gone
	}
	as, err := p.s.asRole(ctx, p.to, v.Role, "")
	if isRefusal(err) {
		return "PROBLEM: " + notAssumable, err
	}
	if err == nil {
		err = do(as)
	}
	var refused *api.Error
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &refused) && isDenial(refused):
		return "PROBLEM: " + lacks(operation), err
	case errors.As(err, &refused) && refused.Fault != api.Server:
		return "PROBLEM: " + refused.Message, err
	case ctx.Err() == nil:
		p.s.log.ErrorContext(ctx, "a poller failed", "queue", p.m.Source, "operation", operation, "error", err)
	}
	return internalError, err
}

// isRefusal says whether somebody was told no, rather than that something broke.
func isRefusal(err error) bool {
	var refused *api.Error
	return errors.As(err, &refused) && refused.Fault != api.Server
}

// isDenial says whether an error is the gate's: services spell its code, and
// some its status, in their own ways.
func isDenial(e *api.Error) bool {
	switch e.Code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation":
		return true
	}
	return false
}

// lacks is what a role is told that may not poll.
func lacks(operation string) string {
	return "The function execution role does not have permissions to call " + operation + " on SQS"
}
