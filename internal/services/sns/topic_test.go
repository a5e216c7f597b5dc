package sns

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/caller"
)

const effective = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},` +
	`"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

// TestTheAttributesOfATopic are those recorded from AWS.
func TestTheAttributesOfATopic(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	w.topic("f.fifo", "DisplayName", "TestTopic", "SignatureVersion", "2")
	get := func(arn string) map[string]string {
		return must(w, root, snsapi.GetTopicAttributes, &snsapi.GetTopicAttributesInput{TopicArn: &arn}).Attributes
	}
	standard := map[string]string{
		"TopicArn": topicT, "Owner": here, "DisplayName": "", "SubscriptionsConfirmed": "0", "SubscriptionsPending": "0", "SubscriptionsDeleted": "0",
		"EffectiveDeliveryPolicy": effective,
		"Policy": `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
			`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],` +
			`"Resource":"` + topicT + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + here + `"}}}]}`,
	}
	if diff := cmp.Diff(standard, get(topicT)); diff != "" {
		t.Error(diff)
	}
	fifo := maps.Clone(standard)
	fifo["TopicArn"], fifo["Policy"], fifo["DisplayName"] = topicF, strings.ReplaceAll(fifo["Policy"], topicT, topicF), "TestTopic"
	fifo["FifoTopic"], fifo["ContentBasedDeduplication"], fifo["SignatureVersion"] = "true", "false", "2"
	if diff := cmp.Diff(fifo, get(topicF)); diff != "" {
		t.Error(diff)
	}
	w.restart()
	if diff := cmp.Diff(fifo, get(topicF)); diff != "" {
		t.Error("after a restart", diff)
	}
}

func TestCreatingATopicAgain(t *testing.T) {
	w := newWorld(t)
	create := func(tags []snsapi.Tag, attributes ...string) error {
		out, err := call(w, root, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("t"), Tags: tags, Attributes: pairs(attributes)})
		if err == nil && *out.TopicArn != topicT {
			t.Errorf("made %s", *out.TopicArn)
		}
		return err
	}
	tags := []snsapi.Tag{{Key: ptr("a"), Value: ptr("1")}, {Key: ptr("b"), Value: ptr("2")}}
	for _, err := range []error{
		create(tags, "DisplayName", "AlreadySet"), create(tags, "DisplayName", "AlreadySet"), create(nil), create(tags[:1]),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if create(append(tags, snsapi.Tag{Key: ptr("c"), Value: ptr("3")})) == nil || create(nil, "DisplayName", "Other") == nil {
		t.Error("a topic that is not the same was made again")
	}
	if got := w.attribute(topicT, "DisplayName"); got != "AlreadySet" {
		t.Errorf("the name is %q", got)
	}
	for range 2 { // deleting twice is no mistake
		must(w, root, snsapi.DeleteTopic, &snsapi.DeleteTopicInput{TopicArn: ptr(topicT)})
	}
	if err := create(tags[1:]); err != nil {
		t.Error(err)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	tag := func(k, v string) snsapi.Tag { return snsapi.Tag{Key: &k, Value: &v} }
	must(w, root, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("t"), Tags: []snsapi.Tag{tag("k1", "v1"), tag("k2", "v2")}})
	list := func() string {
		var all []string
		for _, t := range must(w, root, snsapi.ListTagsForResource, &snsapi.ListTagsForResourceRequest{ResourceArn: ptr(topicT)}).Tags {
			all = append(all, *t.Key+"="+*t.Value)
		}
		return strings.Join(all, " ")
	}
	must(w, root, snsapi.UntagResource, &snsapi.UntagResourceRequest{ResourceArn: ptr(topicT), TagKeys: []string{"k1"}})
	must(w, root, snsapi.TagResource, &snsapi.TagResourceRequest{ResourceArn: ptr(topicT), Tags: []snsapi.Tag{tag("k2", "v2b"), tag("k3", "v3")}})
	if got := list(); got != "k2=v2b k3=v3" {
		t.Error(got)
	}
	var many []snsapi.Tag
	for i := range 49 {
		many = append(many, tag(fmt.Sprint("x", i), ""))
	}
	_, err := call(w, root, snsapi.TagResource, &snsapi.TagResourceRequest{ResourceArn: ptr(topicT), Tags: many})
	refused(t, err, "TagLimitExceeded", 400, "Could not complete request: tag quota of per resource exceeded")
	if got := list(); got != "k2=v2b k3=v3" {
		t.Errorf("a refused request left %s", got)
	}
}

// TestTagsDecide: by the tags a topic has, and those it is to have.
func TestTagsDecide(t *testing.T) {
	w := newWorld(t)
	u := caller.ForUser(caller.User{Account: here, ARN: userARN(here, "u"), Name: "u", ID: uniqueID("u")}, caller.Key{})
	w.people.policies[u.ARN()] = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}},
		{"Effect":"Allow","Action":["sns:CreateTopic"],"Resource":"*"},
		{"Effect":"Allow","Action":["sns:TagResource"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}]}`
	for _, c := range []struct {
		team    string
		allowed bool
	}{{"blue", true}, {"red", false}} {
		must(w, root, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: &c.team, Tags: []snsapi.Tag{{Key: ptr("team"), Value: &c.team}}})
		_, err := call(w, u, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(strings.Replace(topicT, ":t", ":"+c.team, 1)), Message: ptr("m")})
		if (err == nil) != c.allowed {
			t.Errorf("published to %s: %v", c.team, err)
		}
		_, err = call(w, u, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("new-" + c.team), Tags: []snsapi.Tag{{Key: ptr("team"), Value: &c.team}}})
		if (err == nil) != c.allowed {
			t.Errorf("made one of %s: %v", c.team, err)
		}
	}
	if _, err := call(w, u, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("new")}); err != nil {
		t.Errorf("made one without tags: %v", err)
	}
}

// TestRolesForLoggingArePassed: who sets them has to be allowed to.
func TestRolesForLoggingArePassed(t *testing.T) {
	const role = "arn:aws:iam::" + here + ":role/r"
	for _, c := range []struct {
		name, more string
		allowed    bool
	}{
		{"without PassRole", "", false},
		{"with PassRole", `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"sns.amazonaws.com"}}}`, true},
		{"with PassRole to another service", `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.topic("t")
			u := w.user(here, "u", "x", "y")
			w.people.policies[u.ARN()] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:*","Resource":"*"}` + c.more + `]}`
			_, err := call(w, u, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicT), AttributeName: ptr("LambdaFailureFeedbackRoleArn"), AttributeValue: ptr(role)})
			_, err2 := call(w, u, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("x"), Attributes: map[string]string{"SQSSuccessFeedbackRoleArn": role}})
			if (err == nil) != c.allowed || (err2 == nil) != c.allowed {
				t.Errorf("set: %v, made: %v", err, err2)
			}
			if _, err := call(w, u, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicT), AttributeName: ptr("DisplayName"), AttributeValue: ptr("d")}); err != nil {
				t.Errorf("what is no role: %v", err)
			}
		})
	}
}

// TestPages: lists come a hundred at a time, each thing once, and only one's own.
func TestPages(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 205 {
		want = append(want, w.topic(fmt.Sprintf("t%03d", i)))
	}
	must(w, stranger, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("theirs")})
	var got []string
	var sizes []int
	for in := (&snsapi.ListTopicsInput{}); ; {
		out := must(w, root, snsapi.ListTopics, in)
		sizes = append(sizes, len(out.Topics))
		for _, t := range out.Topics {
			got = append(got, *t.TopicArn)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []int{100, 100, 5}) {
		t.Errorf("%d topics in pages of %v", len(got), sizes)
	}
	if _, err := call(w, stranger, snsapi.ListTopics, &snsapi.ListTopicsInput{NextToken: must(w, root, snsapi.ListTopics, &snsapi.ListTopicsInput{}).NextToken}); err != nil {
		t.Errorf("a page of somebody else: %v", err)
	}

	for i := range 101 {
		w.subscribe(topicT[:len(topicT)-1]+"t000", "sqs", fmt.Sprintf("arn:aws:sqs:%s:%s:q%03d", region, here, i))
	}
	w.subscribe(want[1], "sqs", "arn:aws:sqs:"+region+":"+here+":q")
	page := must(w, root, snsapi.ListSubscriptionsByTopic, &snsapi.ListSubscriptionsByTopicInput{TopicArn: &want[0]})
	rest := must(w, root, snsapi.ListSubscriptionsByTopic, &snsapi.ListSubscriptionsByTopicInput{TopicArn: &want[0], NextToken: page.NextToken})
	if len(page.Subscriptions) != 100 || len(rest.Subscriptions) != 1 || rest.NextToken != nil {
		t.Errorf("pages of %d and %d", len(page.Subscriptions), len(rest.Subscriptions))
	}
	all := must(w, root, snsapi.ListSubscriptions, &snsapi.ListSubscriptionsInput{})
	last := must(w, root, snsapi.ListSubscriptions, &snsapi.ListSubscriptionsInput{NextToken: all.NextToken})
	if len(all.Subscriptions)+len(last.Subscriptions) != 102 {
		t.Errorf("%d and %d subscriptions", len(all.Subscriptions), len(last.Subscriptions))
	}
	if theirs := must(w, stranger, snsapi.ListSubscriptions, &snsapi.ListSubscriptionsInput{}).Subscriptions; len(theirs) != 0 {
		t.Errorf("a stranger is shown %d", len(theirs))
	}
}

// TestSubscribingAgain gives the subscription that is there, if it is as wanted.
func TestSubscribingAgain(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	const queue = "arn:aws:sqs:" + region + ":" + here + ":q"
	first := w.subscribe(topicT, "sqs", queue, "RawMessageDelivery", "true", "FilterPolicy", `{"a":["x"]}`)
	for _, attributes := range [][]string{{"RawMessageDelivery", "true", "FilterPolicy", `{"a":["x"]}`}, nil, {"RawMessageDelivery", "true"}} {
		if again := w.subscribe(topicT, "sqs", queue, attributes...); again != first {
			t.Errorf("%v made %s", attributes, again)
		}
	}
	_, err := call(w, root, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: ptr(topicT), Protocol: ptr("sqs"), Endpoint: ptr(queue), Attributes: map[string]string{"RawMessageDelivery": "false"}})
	refused(t, err, "InvalidParameter", 400, "Invalid parameter: Attributes Reason: Subscription already exists with different attributes")
	if other := w.subscribe(topicT, "sqs", queue+"2"); other == first {
		t.Error("another queue has the same subscription")
	}
	if plain := w.subscribe(topicT, "sqs", queue+"2", "RawMessageDelivery", "false"); plain == first {
		t.Error("the default is another setting")
	}
}

// TestTheAttributesOfASubscription are those recorded from AWS.
func TestTheAttributesOfASubscription(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	u := w.user(here, "u", "sns:*", "*")
	const queue = "arn:aws:sqs:" + region + ":" + here + ":q"
	arn := *must(w, u, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: ptr(topicT), Protocol: ptr("sqs"), Endpoint: ptr(queue)}).SubscriptionArn
	get := func() map[string]string {
		return must(w, root, snsapi.GetSubscriptionAttributes, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: &arn}).Attributes
	}
	set := func(name, value string) {
		must(w, u, snsapi.SetSubscriptionAttributes, &snsapi.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: &name, AttributeValue: &value})
	}
	want := map[string]string{
		"ConfirmationWasAuthenticated": "true", "Endpoint": queue, "Owner": here, "PendingConfirmation": "false", "Protocol": "sqs", "RawMessageDelivery": "false",
		"SubscriptionArn": arn, "SubscriptionPrincipal": userARN(here, "u"), "TopicArn": topicT,
	}
	check := func(when string) {
		t.Helper()
		if diff := cmp.Diff(want, get()); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	check("as made")
	set("FilterPolicyScope", "MessageBody")
	check("a scope without a policy is not shown")
	set("FilterPolicy", `{"a":{"b":["x"]}}`)
	want["FilterPolicy"], want["FilterPolicyScope"] = `{"a":{"b":["x"]}}`, "MessageBody"
	check("with a filter")
	_, err := call(w, root, snsapi.SetSubscriptionAttributes, &snsapi.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: ptr("FilterPolicyScope"), AttributeValue: ptr("MessageAttributes")})
	refused(t, err, "InvalidParameter", 400, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy")
	set("FilterPolicy", "")
	delete(want, "FilterPolicy")
	delete(want, "FilterPolicyScope")
	set("RedrivePolicy", `{"deadLetterTargetArn":"`+queue+`"}`)
	want["RedrivePolicy"] = `{"deadLetterTargetArn":"` + queue + `"}`
	check("with a dead-letter queue")
	set("RedrivePolicy", "")
	delete(want, "RedrivePolicy")
	w.restart()
	check("after a restart")
}
