package conformance

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// work is a scope in which steps are done; what they make is undone with it.
type work struct {
	*run
	scope *scope
	began bool
	made  []undo
}

// prepare makes fixtures and does steps, which have to succeed.
func (w *work) prepare(ctx context.Context, fixtures []string, steps []Step) error {
	var all []Step
	for _, f := range fixtures {
		all = append(all, w.corpus.Fixtures[f]...)
	}
	for _, step := range append(all, steps...) {
		step.Settles = true
		if err := w.step(ctx, &step); err != nil {
			return err
		}
	}
	return nil
}

// step does one.
func (w *work) step(ctx context.Context, s *Step) error {
	for name, v := range s.Set {
		text, err := w.scope.expand(v)
		if err != nil {
			return err
		}
		w.scope.vars[name] = text
	}
	switch {
	case s.User != "":
		return w.user(ctx, s)
	case s.Role != "":
		return w.role(ctx, s)
	case s.Session != "":
		return w.session(ctx, s)
	case s.Call != "" || s.HTTP != nil:
		_, err := w.do(ctx, s)
		return err
	}
	return nil
}

// do makes the request of a step and compares; a step that settles is repeated
// while the endpoint may still get there.
func (w *work) do(ctx context.Context, s *Step) (*client.Answer, error) {
	a, err := w.scope.actor(s.As)
	if s.As == anonymous {
		a, err = actor{admin: admin}, nil
	}
	if err != nil {
		return nil, err
	}
	until := w.Clock.Now().Add(w.Patience)
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		in, answer, err := w.send(ctx, s, a)
		if err != nil {
			return nil, err
		}
		d, err := w.scope.differs(s, answer)
		if err != nil {
			return nil, err
		}
		if answer.Code == "" && s.Call != "" {
			w.remember(s.Call, a, in, answer)
		}
		if d == "" {
			if err := w.settle(ctx, s, a, answer); err != nil {
				return nil, err
			}
			return answer, w.save(s, answer)
		}
		if !s.Settles || !w.Clock.Now().Before(until) || !(answer.Code != "" || repeatable(s)) {
			return nil, &difference{s.name(), d, answer.RequestID}
		}
		select {
		case <-w.Clock.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// anonymous is the caller who signs nothing.
const anonymous = "nobody"

func (s *Step) name() string {
	if s.HTTP != nil {
		return "http " + s.HTTP.Method
	}
	return s.Call
}

// repeatable says whether doing the step twice does no more than doing it once.
func repeatable(s *Step) bool {
	_, operation, _ := strings.Cut(s.Call, ".")
	for _, p := range []string{"Get", "List", "Describe", "Invoke", "Head"} {
		if strings.HasPrefix(operation, p) {
			return true
		}
	}
	return s.HTTP != nil
}

func (w *work) send(ctx context.Context, s *Step, a actor) (in map[string]any, answer *client.Answer, err error) {
	if s.HTTP == nil {
		if in, err = w.scope.object(s.In); err != nil {
			return nil, nil, err
		}
		answer, err = w.Client.Call(ctx, a.key, s.Call, in)
		return in, answer, err
	}
	q := client.Request{Method: s.HTTP.Method, Service: s.HTTP.Service}
	if q.URL, err = w.scope.expand(s.HTTP.URL); err != nil {
		return nil, nil, err
	}
	if q.Body, err = w.scope.expand(s.HTTP.Body); err != nil {
		return nil, nil, err
	}
	if q.Header, err = w.scope.strings(s.HTTP.Header); err != nil {
		return nil, nil, err
	}
	answer, err = w.Client.Send(ctx, a.key, q)
	return nil, answer, err
}

func (w *work) save(s *Step, a *client.Answer) error {
	for name, path := range s.Save {
		v, err := at(a.Out, path)
		if err != nil {
			return &difference{s.name(), err.Error(), a.RequestID}
		}
		w.scope.vars[name] = v
	}
	return nil
}

// settle waits until a function that was made or changed can be used.
func (w *work) settle(ctx context.Context, s *Step, a actor, answer *client.Answer) error {
	switch s.Call {
	case "lambda.CreateFunction", "lambda.UpdateFunctionCode", "lambda.UpdateFunctionConfiguration", "lambda.PublishVersion":
	default:
		return nil
	}
	arn, ok := answer.Out["FunctionArn"].(string)
	if !ok {
		return nil
	}
	as, err := w.scope.actor(a.admin)
	if err != nil {
		return err
	}
	until := w.Clock.Now().Add(w.Patience + 20*time.Second)
	for wait := 5 * time.Millisecond; w.Clock.Now().Before(until); wait = min(2*wait, time.Second) {
		f, err := w.Client.Call(ctx, as.key, "lambda.GetFunctionConfiguration", map[string]any{"FunctionName": arn})
		if err != nil {
			return err
		}
		if f.Code != "" || f.Out["State"] != "Pending" && f.Out["LastUpdateStatus"] != "InProgress" {
			return nil
		}
		select {
		case <-w.Clock.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
