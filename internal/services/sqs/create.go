package sqs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// nameWait is how long the name of a deleted queue cannot be used, and purgeWait
// the time between two purges, in milliseconds.
const (
	nameWait  = 60_000
	purgeWait = 60_000
)

// created finds the queue a request makes.
func (s *Service) created(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*sqsapi.CreateQueueRequest)
	if !ok || in.GetQueueName() == "" {
		return nil, missing("QueueName")
	}
	// A name that cannot be is refused by the handler, once it is known that
	// the caller may make queues.
	r := ref{c.Account, c.Region, in.GetQueueName()}
	c.Remember(queueKey{}, r)
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

// createdWithTags finds it when the request also gives it tags.
func (s *Service) createdWithTags(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*sqsapi.CreateQueueRequest)
	if !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return s.created(ctx, c)
}

func (s *Service) createQueue(ctx context.Context, c *op.Call, in *sqsapi.CreateQueueRequest) (*sqsapi.CreateQueueResult, error) {
	r := ref{c.Account, c.Region, in.GetQueueName()}
	fifo, err := isFIFO(r.name, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	made := queue{settings: defaults(fifo), Tags: in.Tags, Created: c.Time.Unix(), Modified: c.Time.Unix()}
	if err := s.configure(r, &made, in.Attributes); err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if old := s.queues.GetIn(tx, r.key()); old != nil {
			return s.sameAs(old, &made, in.Attributes)
		}
		if t := s.deleted.GetIn(tx, r.key()); t != nil && t.At+nameWait > millis(c.Time) {
			return deletedRecently()
		}
		if err := s.checkTarget(r, &made.settings, s.inTx(tx)); err != nil {
			return err
		}
		number, err := s.sequence.take(tx)
		if err != nil {
			return err
		}
		made.ID = number
		return errors.Join(s.deleted.Delete(tx, r.key()), s.queues.Put(tx, r.key(), &made))
	})
	if err != nil {
		return nil, err
	}
	return &sqsapi.CreateQueueResult{QueueUrl: ptr(r.url(c.Origin))}, nil
}

func (s *Service) inTx(tx *store.Tx) func(ref) *queue {
	return func(r ref) *queue { return s.queues.GetIn(tx, r.key()) }
}

// isFIFO tells the type of a new queue; its name must fit.
func isFIFO(name string, attributes map[string]string) (bool, error) {
	given, named := attributes["FifoQueue"]
	suffix := strings.HasSuffix(name, fifoSuffix)
	switch {
	case named && strings.EqualFold(given, "true"):
		if !suffix || !isQueueName(name) {
			return true, invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
		}
		return true, nil
	case suffix || !isQueueName(name):
		return false, invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return false, nil
}

// configure sets the attributes of a request.
func (s *Service) configure(r ref, q *queue, given map[string]string) error {
	if err := q.apply(given); err != nil {
		return err
	}
	text, named := given[policyAttribute]
	if !named {
		return nil
	}
	if text == "" {
		q.Policy = nil
		return nil
	}
	if len(text) > limits.QueuePolicy {
		return badAttribute(policyAttribute)
	}
	p, err := resourcepolicy.New(text, policy.KindResource, s.directory)
	if err != nil {
		// AWS says no more than this of any fault in a queue's policy.
		return badAttribute(policyAttribute)
	}
	q.Policy = &p
	return nil
}

// sameAs lets a queue be made again with the attributes it has. Those that the
// request does not name are not compared, and neither are tags (API reference,
// CreateQueue).
func (s *Service) sameAs(old, made *queue, given map[string]string) error {
	known := attributes()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == policyAttribute {
			if (old.Policy == nil) != (made.Policy == nil) || old.Policy != nil && old.Policy.Document != made.Policy.Document {
				return nameExists(name)
			}
			continue
		}
		i := slices.IndexFunc(known, func(a attribute) bool { return a.name == name })
		if known[i].get(&old.settings) != known[i].get(&made.settings) {
			return nameExists(name)
		}
	}
	return nil
}

func (s *Service) getQueueURL(_ context.Context, c *op.Call, _ *sqsapi.GetQueueUrlRequest) (*sqsapi.GetQueueUrlResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	return &sqsapi.GetQueueUrlResult{QueueUrl: ptr(l.ref.url(c.Origin))}, nil
}

// byName finds the queue of GetQueueUrl, of the caller's account or of the one
// the request names.
func (s *Service) byName(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*sqsapi.GetQueueUrlRequest)
	if !ok || in.GetQueueName() == "" {
		return nil, missing("QueueName")
	}
	r := ref{c.Account, c.Region, in.GetQueueName()}
	if owner := in.GetQueueOwnerAWSAccountId(); owner != "" {
		r.account = owner
	}
	c.Remember(queueKey{}, r)
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

func (s *Service) deleteQueue(ctx context.Context, c *op.Call, _ *sqsapi.DeleteQueueRequest) (*api.Empty, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.queues.GetIn(tx, l.ref.key())
		if old == nil || old.ID != l.id {
			return noQueue()
		}
		return errors.Join(
			s.queues.Delete(tx, l.ref.key()),
			s.deleted.Put(tx, l.ref.key(), &tombstone{At: millis(c.Time)}),
			s.contents.Trim(tx, store.PrefixRange(queuePrefix(l.id), 1)),
			s.recents.Trim(tx, store.PrefixRange(queuePrefix(l.id), 1)),
		)
	})
	return &api.Empty{}, err
}

// purgeQueue removes the messages that are in the queue now.
func (s *Service) purgeQueue(ctx context.Context, c *op.Call, _ *sqsapi.PurgeQueueRequest) (*api.Empty, error) {
	err := s.change(ctx, c, func(tx *store.Tx, l *line, q *queue) error {
		now := millis(c.Time)
		if q.Purged > 0 && q.Purged+purgeWait > now {
			return purgeInProgress(l.ref.name)
		}
		q.Purged = now
		before := s.sequence.next
		tx.After(func() { l.purge(before) })
		return s.contents.Trim(tx, store.PrefixRange(queuePrefix(l.id), 1))
	})
	return &api.Empty{}, err
}

// change writes a new record of the authorized queue.
func (s *Service) change(ctx context.Context, c *op.Call, edit func(tx *store.Tx, l *line, q *queue) error) error {
	l, err := s.target(c)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.queues.GetIn(tx, l.ref.key())
		if old == nil || old.ID != l.id {
			return noQueue()
		}
		q := *old
		if err := edit(tx, l, &q); err != nil {
			return err
		}
		return s.queues.Put(tx, l.ref.key(), &q)
	})
}
