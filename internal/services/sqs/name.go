package sqs

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
)

// ref names a queue.
type ref struct{ account, region, name string }

func (r ref) key() string { return store.Key(r.account, r.region, r.name) }

func keyRef(key string) ref {
	parts := strings.SplitN(key, "\x00", 3)
	return ref{parts[0], parts[1], parts[2]}
}

func (r ref) arn() string {
	return "arn:" + op.Partition + ":sqs:" + r.region + ":" + r.account + ":" + r.name
}

// url is the queue's address at the host the client spoke to. A service that
// calls in the process has no host; it gets AWS's own.
func (r ref) url(o op.Origin) string {
	switch {
	case o.Host == "":
		return "https://sqs." + r.region + ".amazonaws.com/" + r.account + "/" + r.name
	case o.Secure:
		return "https://" + o.Host + "/" + r.account + "/" + r.name
	}
	return "http://" + o.Host + "/" + r.account + "/" + r.name
}

// parseARN reads the ARN of a queue.
func parseARN(arn string) (r ref, ok bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "sqs" || parts[3] == "" || !id.IsAccount(parts[4]) || !isQueueName(parts[5]) {
		return ref{}, false
	}
	return ref{parts[4], parts[3], parts[5]}, true
}

// parseURL reads the last two segments of a queue's URL, whatever stands
// before them: a server is reached under many names.
func parseURL(url, region string) (r ref, ok bool) {
	rest, name, ok := cutLast(url)
	if !ok || !isQueueName(name) {
		return ref{}, false
	}
	_, account, ok := cutLast(rest)
	return ref{account, region, name}, ok && id.IsAccount(account)
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// fifoSuffix ends the names of FIFO queues, and no others.
const fifoSuffix = ".fifo"

// isQueueName is the rule of CreateQueue; the suffix counts towards the 80.
func isQueueName(name string) bool {
	plain := strings.TrimSuffix(name, fifoSuffix)
	return plain != "" && len(name) <= limits.QueueName && isWord(plain)
}

// isWord says whether s has letters, digits, hyphens and underscores only.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

type (
	queueKey  struct{}
	policyKey struct{}
)

// shared is the finder of the operations that other accounts may be let in to.
func (s *Service) shared(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetQueueUrl() string })
	if !ok || in.GetQueueUrl() == "" {
		return nil, missing("QueueUrl")
	}
	r, ok := parseURL(in.GetQueueUrl(), c.Region)
	if !ok {
		return nil, badAddress(in.GetQueueUrl())
	}
	c.Remember(queueKey{}, r)
	if l := s.lines.of(r); l != nil {
		c.Remember(policyKey{}, l.record().Policy)
	}
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

// policyOf is the queue's policy as it was when, or before, the call was
// admitted.
func policyOf(c *op.Call) *resourcepolicy.Policy {
	p, _ := c.Recall(policyKey{})
	known, _ := p.(*resourcepolicy.Policy)
	return known
}

// own is the finder of the operations that only the queue's account has.
func (s *Service) own(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	found, err := s.shared(ctx, c)
	if err != nil {
		return nil, err
	}
	if found[0].Account != c.Account {
		return nil, foreign(c.Input.(interface{ GetQueueUrl() string }).GetQueueUrl())
	}
	return found, nil
}

// target is the queue that was authorized.
func (s *Service) target(c *op.Call) (*line, error) {
	r, _ := c.Recall(queueKey{})
	named, ok := r.(ref)
	if !ok {
		return nil, missing("QueueUrl")
	}
	l := s.lines.of(named)
	if l == nil {
		return nil, noQueue()
	}
	return l, nil
}
