package sns

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/internal/store"
)

// topic is a stored topic.
type topic struct {
	Account, Region, Name string
	Created               time.Time
	// Attributes are the settings as they were given, but for the policy.
	Attributes map[string]string
	// Policy is empty for the default policy.
	Policy resourcepolicy.Policy
	Tags   map[string]string
	// Deleted counts the subscriptions that were removed.
	Deleted int
}

func (t *topic) name() name { return name{t.Account, t.Region, t.Name} }

func (t *topic) clone() *topic {
	c := *t
	c.Attributes, c.Tags = maps.Clone(t.Attributes), maps.Clone(t.Tags)
	if c.Attributes == nil {
		c.Attributes = map[string]string{}
	}
	if c.Tags == nil {
		c.Tags = map[string]string{}
	}
	return &c
}

func (s *Service) createTopic(ctx context.Context, c *op.Call, in *snsapi.CreateTopicInput) (*snsapi.CreateTopicResponse, error) {
	n := name{c.Account, c.Region, in.GetName()}
	made := (&topic{Account: n.account, Region: n.region, Name: n.topic, Created: c.Time}).clone()
	if n.fifo() && in.Attributes[attrFIFO] != "true" {
		return nil, invalid("Topic Name")
	}
	for _, attribute := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := s.setTopic(made, attribute, in.Attributes[attribute], true); err != nil {
			return nil, settingError(err, true)
		}
	}
	if made.Attributes[attrFIFO] == "true" && !n.fifo() {
		return nil, invalid("Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.")
	}
	if err := addTags(made.Tags, in.Tags); err != nil {
		return nil, err
	}
	if in.GetDataProtectionPolicy() != "" {
		return nil, unavailable("A data protection policy")
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if old := s.topics.GetIn(tx, n.key()); old != nil {
			return old.same(in)
		}
		return s.topics.Put(tx, n.key(), made)
	})
	if err != nil {
		return nil, err
	}
	return &snsapi.CreateTopicResponse{TopicArn: ptr(n.arn())}, nil
}

// same lets a topic be made again as it is: what a request names must agree.
func (t *topic) same(in *snsapi.CreateTopicInput) error {
	for attribute, value := range in.Attributes {
		if attribute != attrPolicy && t.Attributes[attribute] != value {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	for i := range in.Tags {
		if value, ok := t.Tags[in.Tags[i].GetKey()]; !ok || value != in.Tags[i].GetValue() {
			return invalid("Tags Reason: Topic already exists with different tags")
		}
	}
	return nil
}

// deleteTopic removes a topic with all that waits in it. One that is not there
// is deleted already.
func (s *Service) deleteTopic(ctx context.Context, c *op.Call, in *snsapi.DeleteTopicInput) (*api.Empty, error) {
	n, ok := parseTopic(in.GetTopicArn())
	if !ok || n.region != c.Region {
		return nil, invalid("TopicArn")
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		if s.topics.GetIn(tx, n.key()) == nil {
			return nil
		}
		return joined(s.forget(tx, n.prefix()), emptyBelow(tx, s.subscriptions, n.prefix()), emptyBelow(tx, s.recent, n.prefix()), s.sequences.Delete(tx, n.key()), s.topics.Delete(tx, n.key()))
	})
	return &api.Empty{}, err
}

func (s *Service) listTopics(_ context.Context, c *op.Call, in *snsapi.ListTopicsInput) (*snsapi.ListTopicsResponse, error) {
	out := &snsapi.ListTopicsResponse{Topics: []snsapi.Topic{}}
	prefix := store.Prefix(c.Account, c.Region)
	after, err := readToken(prefix, in.NextToken)
	if err != nil {
		return nil, err
	}
	last := ""
	for key, t := range s.topics.All(prefix, after) {
		if len(out.Topics) == limits.TopicsPerPage {
			out.NextToken = token(prefix, last)
			break
		}
		out.Topics, last = append(out.Topics, snsapi.Topic{TopicArn: ptr(t.name().arn())}), key
	}
	return out, nil
}

// token says where a list goes on: behind the key, whose prefix the next
// request knows.
func token(prefix, last string) *string {
	text := strconv.Quote(strings.TrimPrefix(last, prefix))
	return ptr(encode(text))
}

func readToken(prefix string, given *string) (after string, err error) {
	if given == nil || *given == "" {
		return "", nil
	}
	text, ok := decode(*given)
	if !ok {
		return "", invalid("NextToken")
	}
	rest, err := strconv.Unquote(text)
	if err != nil || rest == "" {
		return "", invalid("NextToken")
	}
	return prefix + rest, nil
}
