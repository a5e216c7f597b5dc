package s3

import (
	"context"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// notification is whom a bucket tells of what.
type notification struct {
	Rules []rule
	// EventBridge says that events are to go there too; that service is not here
	// yet, so they go nowhere.
	EventBridge bool `json:",omitempty"`
}

// rule is one destination.
type rule struct {
	ID, ARN, Kind string
	Events        []string
	Prefix        string `json:",omitempty"`
	Suffix        string `json:",omitempty"`
	// Filtered tells an empty filter from none, for who reads it back.
	Filtered bool `json:",omitempty"`
}

// Kinds of destination, by their elements.
const (
	toFunction = "CloudFunction"
	toQueue    = "Queue"
	toTopic    = "Topic"
)

// events are the names that a rule may ask for, after "s3:" ("Supported event types").
var events = []string{
	"ObjectCreated:*", "ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload",
	"ObjectRemoved:*", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated",
	"ObjectRestore:*", "ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete", "ReducedRedundancyLostObject",
	"Replication:*", "Replication:OperationFailedReplication", "Replication:OperationMissedThreshold",
	"Replication:OperationReplicatedAfterThreshold", "Replication:OperationNotTracked",
	"LifecycleExpiration:*", "LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated", "LifecycleTransition",
	"IntelligentTiering", "ObjectTagging:*", "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put",
}

// rulesOf reads a configuration.
func rulesOf(in *s3api.NotificationConfiguration) (*notification, error) {
	n := &notification{EventBridge: in.EventBridgeConfiguration != nil}
	for _, f := range in.LambdaFunctionConfigurations {
		n.Rules = append(n.Rules, rule{ID: f.GetId(), ARN: f.GetLambdaFunctionArn(), Kind: toFunction, Events: f.Events}.filtered(f.Filter))
	}
	for _, q := range in.QueueConfigurations {
		n.Rules = append(n.Rules, rule{ID: q.GetId(), ARN: q.GetQueueArn(), Kind: toQueue, Events: q.Events}.filtered(q.Filter))
	}
	for _, t := range in.TopicConfigurations {
		n.Rules = append(n.Rules, rule{ID: t.GetId(), ARN: t.GetTopicArn(), Kind: toTopic, Events: t.Events}.filtered(t.Filter))
	}
	for i, filters := range filtersOf(in) {
		if err := checkFilters(filters); err != nil {
			return nil, err
		}
		if n.Rules[i].ID == "" {
			n.Rules[i].ID = id.UUID()
		}
	}
	return n, nil
}

func filtersOf(in *s3api.NotificationConfiguration) (all [][]s3api.FilterRule) {
	add := func(f *s3api.NotificationConfigurationFilter) {
		if f == nil || f.Key == nil {
			all = append(all, nil)
			return
		}
		all = append(all, f.Key.FilterRules)
	}
	for _, f := range in.LambdaFunctionConfigurations {
		add(f.Filter)
	}
	for _, q := range in.QueueConfigurations {
		add(q.Filter)
	}
	for _, t := range in.TopicConfigurations {
		add(t.Filter)
	}
	return all
}

func checkFilters(rules []s3api.FilterRule) error {
	seen := map[string]bool{}
	for _, f := range rules {
		name := strings.ToLower(f.GetName())
		if name != "prefix" && name != "suffix" {
			return invalidArgument("FilterRule.Name", f.GetName(), "filter rule name must be either prefix or suffix")
		}
		if seen[name] {
			return invalidArgument("FilterRule.Name", f.GetName(), "Cannot specify more than one %s rule in a filter.", name)
		}
		if len(f.GetValue()) > limits.ObjectKey {
			return invalidArgument("FilterRule.Value", f.GetValue(), "Size of filter rule value cannot exceed %d bytes in UTF-8 representation", limits.ObjectKey)
		}
		seen[name] = true
	}
	return nil
}

func (r rule) filtered(f *s3api.NotificationConfigurationFilter) rule {
	if f == nil || f.Key == nil {
		return r
	}
	r.Filtered = true
	for _, one := range f.Key.FilterRules {
		if strings.EqualFold(one.GetName(), "prefix") {
			r.Prefix = one.GetValue()
		} else {
			r.Suffix = one.GetValue()
		}
	}
	return r
}

// check refuses a configuration for what it says alone.
func (n *notification) check(b *bucket) error {
	if len(n.Rules) > limits.BucketRules {
		return invalidRequest("The number of notification configurations cannot exceed %d.", limits.BucketRules)
	}
	ids := map[string]bool{}
	for i := range n.Rules {
		r := &n.Rules[i]
		if ids[r.ID] {
			return invalidRequest("Configuration IDs must be unique. Found same ID for more than one rule: %s", r.ID)
		}
		ids[r.ID] = true
		if err := r.check(b); err != nil {
			return err
		}
		for j := range i {
			if r.overlaps(&n.Rules[j]) {
				return api.Newf(400, "InvalidArgument", "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.")
			}
		}
	}
	return nil
}

// services are those of destinations, by kind.
var services = map[string]string{toFunction: "lambda", toQueue: "sqs", toTopic: "sns"}

func (r *rule) check(b *bucket) error {
	parts := strings.Split(r.ARN, ":")
	least := 6
	if r.Kind == toFunction {
		least = 7
	}
	if len(parts) < least || parts[0] != "arn" || parts[2] == "" {
		return invalidArgument(r.Kind, r.ARN, "The ARN could not be parsed")
	}
	if parts[1] != op.Partition || parts[2] != services[r.Kind] || !id.IsAccount(parts[4]) || r.Kind == toFunction && parts[5] != "function" {
		return invalidArgument(r.Kind, r.ARN, "The ARN is not well formed")
	}
	if parts[3] != b.Region {
		return invalidArgument(r.Kind, r.ARN, "The notification destination service region is not valid for the bucket location constraint")
	}
	if r.Kind == toQueue && strings.HasSuffix(r.ARN, ".fifo") || r.Kind == toTopic && strings.HasSuffix(r.ARN, ".fifo") {
		return invalidArgument(r.Kind, r.ARN, "FIFO destinations are not supported for event notifications")
	}
	if len(r.Events) == 0 {
		return malformedXML()
	}
	for _, e := range r.Events {
		if name, is := strings.CutPrefix(e, servicePrefix); !is || !isOneOf(name, events) {
			return invalidArgument("Event", e, "The event '%s' is not supported for notifications. Supported events are as follows: [s3:%s]", e, strings.Join(events, ", s3:"))
		}
	}
	return nil
}

// overlaps says whether one event could be told by both rules.
func (r *rule) overlaps(o *rule) bool {
	if !strings.HasPrefix(r.Prefix, o.Prefix) && !strings.HasPrefix(o.Prefix, r.Prefix) {
		return false
	}
	if !strings.HasSuffix(r.Suffix, o.Suffix) && !strings.HasSuffix(o.Suffix, r.Suffix) {
		return false
	}
	for _, a := range r.Events {
		for _, b := range o.Events {
			if covers(a, strings.TrimPrefix(b, "s3:")) || covers(b, strings.TrimPrefix(a, "s3:")) {
				return true
			}
		}
	}
	return false
}

// covers says whether a rule's event, "s3:ObjectCreated:*", stands for an event.
func covers(asked, event string) bool {
	asked = strings.TrimPrefix(asked, "s3:")
	if head, all := strings.CutSuffix(asked, "*"); all {
		return strings.HasPrefix(event, head)
	}
	return asked == event
}

// wants says whether a rule tells of an event on a key.
func (r *rule) wants(event, key string) bool {
	if !strings.HasPrefix(key, r.Prefix) || !strings.HasSuffix(key, r.Suffix) {
		return false
	}
	for _, e := range r.Events {
		if covers(e, event) {
			return true
		}
	}
	return false
}

func (s *Service) putNotification(ctx context.Context, c *op.Call, in *s3api.PutBucketNotificationConfigurationRequest) (*api.Empty, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	if in.NotificationConfiguration == nil {
		return nil, malformedXML()
	}
	n, err := rulesOf(in.NotificationConfiguration)
	if err != nil {
		return nil, err
	}
	if err := n.check(b); err != nil {
		return nil, err
	}
	if !in.GetSkipDestinationValidation() {
		if err := s.validate(ctx, c, b, n); err != nil {
			return nil, err
		}
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		if b.Notification = n; len(n.Rules) == 0 && !n.EventBridge {
			b.Notification = nil
		}
		return nil
	})
}

func (s *Service) getNotification(_ context.Context, c *op.Call, _ *s3api.GetBucketNotificationConfigurationRequest) (*s3api.NotificationConfiguration, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	out := &s3api.NotificationConfiguration{}
	if b.Notification == nil {
		return out, nil
	}
	if b.Notification.EventBridge {
		out.EventBridgeConfiguration = &s3api.EventBridgeConfiguration{}
	}
	for i := range b.Notification.Rules {
		r := &b.Notification.Rules[i]
		switch r.Kind {
		case toFunction:
			out.LambdaFunctionConfigurations = append(out.LambdaFunctionConfigurations, s3api.LambdaFunctionConfiguration{Id: &r.ID, LambdaFunctionArn: &r.ARN, Events: r.Events, Filter: r.filter()})
		case toQueue:
			out.QueueConfigurations = append(out.QueueConfigurations, s3api.QueueConfiguration{Id: &r.ID, QueueArn: &r.ARN, Events: r.Events, Filter: r.filter()})
		case toTopic:
			out.TopicConfigurations = append(out.TopicConfigurations, s3api.TopicConfiguration{Id: &r.ID, TopicArn: &r.ARN, Events: r.Events, Filter: r.filter()})
		}
	}
	return out, nil
}

// filter shows the names as S3 writes them, whatever the request wrote.
func (r *rule) filter() *s3api.NotificationConfigurationFilter {
	if !r.Filtered {
		return nil
	}
	key := &s3api.S3KeyFilter{}
	if r.Prefix != "" {
		key.FilterRules = append(key.FilterRules, s3api.FilterRule{Name: ptr("Prefix"), Value: &r.Prefix})
	}
	if r.Suffix != "" {
		key.FilterRules = append(key.FilterRules, s3api.FilterRule{Name: ptr("Suffix"), Value: &r.Suffix})
	}
	return &s3api.NotificationConfigurationFilter{Key: key}
}
