package sqs

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// page collects names up to a bound, in order.
type page struct {
	most  int
	paged bool
	urls  []string
	after string
	// more says that there was one too many.
	more bool
}

// newPage reads MaxResults and NextToken. Without MaxResults a list has up to
// 1,000 items and no token (API reference, ListQueues).
func newPage(most *int32, token *string) (*page, error) {
	p := &page{most: limits.PageSize}
	if most != nil {
		p.most, p.paged = int(*most), true
		if p.most < 1 || p.most > limits.PageSize {
			return nil, invalidValue(strconv.Itoa(p.most), "MaxResults", "MaxResults must be an integer between 1 and 1000.")
		}
	}
	if token != nil && *token != "" {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(*token)
		if err != nil || !isQueueName(string(raw)) {
			return nil, invalid("Invalid or expired next token.")
		}
		p.after = string(raw)
	}
	return p, nil
}

// add takes one more item; false when the page is full.
func (p *page) add(r ref, o op.Origin) bool {
	if len(p.urls) == p.most {
		p.more = true
		return false
	}
	p.urls = append(p.urls, r.url(o))
	p.after = r.name
	return true
}

func (p *page) token() *string {
	if !p.more || !p.paged {
		return nil
	}
	return ptr(base64.RawURLEncoding.EncodeToString([]byte(p.after)))
}

func (s *Service) listQueues(_ context.Context, c *op.Call, in *sqsapi.ListQueuesRequest) (*sqsapi.ListQueuesResult, error) {
	p, err := newPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	s.eachOf(c, p.after, func(r ref, _ *queue) bool {
		return !strings.HasPrefix(r.name, in.GetQueueNamePrefix()) || p.add(r, c.Origin)
	})
	return &sqsapi.ListQueuesResult{QueueUrls: p.urls, NextToken: p.token()}, nil
}

// eachOf lists the queues of the call's account and region, by name, after one.
func (s *Service) eachOf(c *op.Call, after string, use func(ref, *queue) bool) {
	prefix := store.Prefix(c.Account, c.Region)
	if after != "" {
		after = prefix + after
	}
	for key, q := range s.queues.All(prefix, after) {
		if !use(keyRef(key), q) {
			return
		}
	}
}

func (s *Service) listDeadLetterSourceQueues(_ context.Context, c *op.Call, in *sqsapi.ListDeadLetterSourceQueuesRequest) (*sqsapi.ListDeadLetterSourceQueuesResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	for _, r := range s.sourcesOf(l.ref, p.after) {
		if !p.add(r, c.Origin) {
			break
		}
	}
	// The list is never absent.
	return &sqsapi.ListDeadLetterSourceQueuesResult{QueueUrls: append([]string{}, p.urls...), NextToken: p.token()}, nil
}

// sourcesOf are the queues whose dead letters go to the queue, by name, after
// one. They are of its account and region.
func (s *Service) sourcesOf(r ref, after string) []ref {
	var all []ref
	prefix, target := store.Prefix(r.account, r.region), r.arn()
	if after != "" {
		after = prefix + after
	}
	for key, q := range s.queues.All(prefix, after) {
		if q.Redrive != nil && q.Redrive.Target == target {
			all = append(all, keyRef(key))
		}
	}
	return all
}
