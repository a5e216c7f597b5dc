package sqs

import (
	"context"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

func (s *Service) setQueueAttributes(ctx context.Context, c *op.Call, in *sqsapi.SetQueueAttributesRequest) (*api.Empty, error) {
	if len(in.Attributes) == 0 {
		return nil, missing("Attributes")
	}
	err := s.change(ctx, c, func(tx *store.Tx, l *line, q *queue) error {
		if err := s.configure(l.ref, q, in.Attributes); err != nil {
			return err
		}
		if _, named := in.Attributes[redrivePolicy]; named {
			if err := s.checkTarget(l.ref, &q.settings, s.inTx(tx)); err != nil {
				return err
			}
		}
		q.Modified = c.Time.Unix()
		return nil
	})
	return &api.Empty{}, err
}

// fact is an attribute that cannot be set.
type fact struct {
	name string
	get  func(s *Service, l *line, q *queue) string
}

func computed() []fact {
	return []fact{
		{"QueueArn", func(_ *Service, l *line, _ *queue) string { return l.ref.arn() }},
		{"CreatedTimestamp", func(_ *Service, _ *line, q *queue) string { return strconv.FormatInt(q.Created, 10) }},
		{"LastModifiedTimestamp", func(_ *Service, _ *line, q *queue) string { return strconv.FormatInt(q.Modified, 10) }},
		{"ApproximateNumberOfMessages", func(_ *Service, l *line, _ *queue) string { return l.counted(visible) }},
		{"ApproximateNumberOfMessagesNotVisible", func(_ *Service, l *line, _ *queue) string { return l.counted(inFlight) }},
		{"ApproximateNumberOfMessagesDelayed", func(_ *Service, l *line, _ *queue) string { return l.counted(delayed) }},
		{policyAttribute, func(s *Service, _ *line, q *queue) string {
			if q.Policy == nil {
				return ""
			}
			return q.Policy.Shown(s.directory)
		}},
	}
}

func (l *line) counted(of state) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strconv.Itoa(l.count[of])
}

// everything asks for all attributes.
const everything = "All"

func (s *Service) getQueueAttributes(_ context.Context, c *op.Call, in *sqsapi.GetQueueAttributesRequest) (*sqsapi.GetQueueAttributesResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	if err := s.sweepLine(l, s.look(l)); err != nil {
		return nil, err
	}
	q, all := l.record(), slices.Contains(in.AttributeNames, everything)
	out := map[string]string{}
	known := map[string]bool{everything: true}
	put := func(name string, fits bool, get func() string) {
		known[name] = true
		if !fits || !all && !slices.Contains(in.AttributeNames, name) {
			return
		}
		if v := get(); v != "" {
			out[name] = v
		}
	}
	for _, a := range attributes() {
		put(a.name, !a.fifo || q.FIFO, func() string { return a.get(&q.settings) })
	}
	for _, a := range computed() {
		put(a.name, true, func() string { return a.get(s, l, q) })
	}
	for _, name := range in.AttributeNames {
		if !known[name] {
			return nil, unknownAttribute(name)
		}
	}
	return &sqsapi.GetQueueAttributesResult{Attributes: out}, nil
}

// look shows what has become visible by now, which it returns.
func (s *Service) look(l *line) int64 {
	now := millis(s.clock.Now())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ripen(now)
	return now
}
