package sns

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// publishAs publishes in a request of a known id.
func (w *world) publishAs(topic, text, requestID string) {
	w.Helper()
	if _, err := op.Do(w.Context(), w.bus, op.As{Caller: root, Region: region, RequestID: requestID}, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: &text}); err != nil {
		w.Fatal(err)
	}
}

// TestOnlyTheEndpointsPolicyLetsSNSIn: for functions, queues and dead-letter
// queues, in the topic's account and in another one, every refusal with the
// allowing twin. The decision is in the record: who asked for which topic, and the
// publish that led to it.
func TestOnlyTheEndpointsPolicyLetsSNSIn(t *testing.T) {
	const topic = "arn:aws:sns:" + region + ":" + here + ":t"
	conditions := []struct {
		name, condition string
		allowed         bool
	}{
		{"no policy", "none", false},
		{"a policy without condition", "", true},
		{"the topic", `{"ArnLike":{"aws:SourceArn":"` + topic + `"}}`, true},
		{"another topic", `{"ArnLike":{"aws:SourceArn":"` + topic + `2"}}`, false},
		{"the topic's account", `{"StringEquals":{"aws:SourceAccount":"` + here + `"}}`, true},
		{"another account", `{"StringEquals":{"aws:SourceAccount":"` + there + `"}}`, false},
	}
	for _, where := range []caller.Caller{root, stranger} {
		for _, kind := range []string{"lambda", "sqs", "dead letter"} {
			for _, c := range conditions {
				if kind == "dead letter" && where.Account() != here {
					continue // it must be in the subscription's account
				}
				t.Run(kind+" of "+where.Account()+", "+c.name, func(t *testing.T) {
					w := newWorld(t)
					w.topic("t")
					endpoint, action := w.endpoint(where, kind, topic, c.condition)
					w.publishAs(topic, "hello", "the-publish")
					w.settled()
					got := w.reached(where, kind, endpoint)
					if got != c.allowed {
						t.Errorf("delivered: %v", got)
					}
					all := w.decisions(action)
					r := all[len(all)-1]
					if r.Allowed != c.allowed || r.Parent != "the-publish" || r.Principal.Service != servicePrincipal || r.ResourceAccount != where.Account() ||
						!slices.Equal(r.Context["aws:SourceArn"], []string{topic}) || !slices.Equal(r.Context["aws:SourceAccount"], []string{here}) {
						t.Errorf("recorded %+v", r)
					}
					if r.RequestID == "" || r.RequestID == "the-publish" {
						t.Errorf("the delivery's request id is %q", r.RequestID)
					}
				})
			}
		}
	}
}

// endpoint subscribes what lets SNS in on a condition: it gives what tells
// whether something arrived, and the action that is asked for.
func (w *world) endpoint(owner caller.Caller, kind, topic, condition string) (endpoint, action string) {
	w.Helper()
	if owner.Account() != here {
		must(w, root, snsapi.AddPermission, &snsapi.AddPermissionInput{TopicArn: &topic, Label: ptr("l"), AWSAccountId: []string{owner.Account()}, ActionName: []string{"Subscribe"}})
	}
	subscribe := func(protocol, endpoint string, attributes ...string) {
		out := must(w, owner, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: pairs(attributes)})
		if strings.Contains(*out.SubscriptionArn, "pending") {
			w.Fatalf("the owner of %s has to confirm", endpoint)
		}
	}
	switch kind {
	case "lambda":
		arn := functionARN(owner.Account(), "f")
		if condition != "none" {
			w.function(owner.Account(), "f", condition)
		}
		subscribe("lambda", arn)
		return arn, "lambda:InvokeFunction"
	case "sqs":
		url, arn := w.queue(owner, "q", condition)
		subscribe("sqs", arn)
		return url, "sqs:SendMessage"
	}
	url, arn := w.queue(owner, "dead", condition)
	subscribe("lambda", functionARN(owner.Account(), "without-permission"), "RedrivePolicy", `{"deadLetterTargetArn":"`+arn+`"}`)
	return url, "sqs:SendMessage"
}

func (w *world) reached(owner caller.Caller, kind, endpoint string) bool {
	if kind == "lambda" {
		return len(w.functions.got()) > 0
	}
	return len(w.receive(owner, endpoint)) > 0
}

// TestDeniedDeliveriesAreNotTriedAgain: permission that comes later is too late
// for a message, and in time for the next one.
func TestDeniedDeliveriesAreNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	w.subscribe(topic, "lambda", functionARN(here, "f"))
	w.publish(topic, "early")
	w.settled()
	w.function(here, "f", "")
	w.publish(topic, "late")
	w.settled()
	if got := w.functions.got(); !slices.Equal(got, []string{"late"}) {
		t.Errorf("delivered %q", got)
	}
	if all := w.decisions("lambda:InvokeFunction"); len(all) != 2 || all[0].Allowed || !all[1].Allowed {
		t.Errorf("%d decisions", len(all))
	}
}

// TestFaultsAreTriedAgain as often and with the pauses that AWS documents:
// three times at once, twice after a second, then ever later.
func TestFaultsAreTriedAgain(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	w.subscribe(topic, "lambda", w.function(here, "f", ""))
	left := 8
	w.functions.fail = func(string) error {
		if left--; left >= 0 {
			return &api.Error{Code: "ServiceException", Status: 500, Fault: api.Server, Message: "down"}
		}
		return nil
	}
	w.publish(topic, "x")
	w.moving(100e6, "the message arrives", func() bool { return len(w.functions.got()) == 1 })
	w.settled()
	times := w.functions.times
	if len(times) != 9 {
		t.Fatalf("%d attempts", len(times))
	}
	for i := 1; i < len(times); i++ {
		rest, again := serviceRetries().pause(i)
		if took := times[i].Sub(times[i-1]); !again || took < rest {
			t.Errorf("attempt %d came after %v, want %v", i+1, took, rest)
		}
	}
}

// TestFaultsEndInTheDeadLetterQueue when no attempt is left, refusals at once.
func TestFaultsEndInTheDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, dead := w.queue(root, "dead", "")
	w.subscribe(topic, "lambda", w.function(here, "f", ""), "RedrivePolicy", `{"deadLetterTargetArn":"`+dead+`"}`)
	w.functions.fail = func(string) error {
		return &api.Error{Code: "ResourceNotFoundException", Status: 404, Fault: api.Client}
	}
	must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: ptr("x"), MessageAttributes: map[string]snsapi.MessageAttributeValue{
		"a": {DataType: ptr("Number"), StringValue: ptr("1")},
	}})
	n := readNotification(t, w.bodies(root, url, 1)[0])
	if n.Type != "Notification" || n.Message != "x" || n.TopicArn != topic || n.MessageAttributes["a"] != (attribute{"Number", "1"}) {
		t.Errorf("dead letter %+v", n)
	}
	if len(w.functions.times) != 1 {
		t.Errorf("%d attempts at what refuses", len(w.functions.times))
	}
}

// TestATopicsOwnerSubscribesAQueueOfAnotherAccount only with its owner's word: the
// queue is asked, and gets nothing before it confirmed.
func TestATopicsOwnerSubscribesAQueueOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, arn := w.queue(stranger, "q", "")
	out := must(w, root, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: &topic, Protocol: ptr("sqs"), Endpoint: &arn})
	if *out.SubscriptionArn != "pending confirmation" {
		t.Errorf("subscribed at once: %s", *out.SubscriptionArn)
	}
	w.publish(topic, "early")
	n := readNotification(t, w.bodies(stranger, url, 1)[0])
	if n.Type != "SubscriptionConfirmation" || n.Token == "" {
		t.Fatalf("asked %+v", n)
	}
	confirm := &snsapi.ConfirmSubscriptionInput{TopicArn: &topic, Token: &n.Token}
	if _, err := call(w, stranger, snsapi.ConfirmSubscription, confirm); err == nil {
		t.Error("a signed caller whom no policy lets in confirmed")
	}
	must(w, caller.Anonymous(), snsapi.ConfirmSubscription, confirm)
	w.publish(topic, "late")
	if got := w.bodies(stranger, url, 1); len(got) != 1 || readNotification(t, got[0]).Message != "late" {
		t.Errorf("delivered %q", got)
	}
}

func TestRawDeliveryToAQueue(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, arn := w.queue(root, "q", "")
	w.subscribe(topic, "sqs", arn, "RawMessageDelivery", "true")
	must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: ptr("plain"), MessageGroupId: ptr("fair"), MessageAttributes: map[string]snsapi.MessageAttributeValue{
		"n": {DataType: ptr("Number.int"), StringValue: ptr("1")}, "b": {DataType: ptr("Binary"), BinaryValue: []byte{2, 3, 4}},
	}})
	var got []sqsapi.Message
	w.eventually("it arrives", func() bool { got = append(got, w.receive(root, url)...); return len(got) > 0 })
	m := got[0]
	if *m.Body != "plain" || *m.MessageAttributes["n"].StringValue != "1" || *m.MessageAttributes["n"].DataType != "Number.int" || string(m.MessageAttributes["b"].BinaryValue) != "\x02\x03\x04" {
		t.Errorf("got %+v", m)
	}
	if m.Attributes["MessageGroupId"] != "fair" {
		t.Errorf("the group is %q", m.Attributes["MessageGroupId"])
	}
}

func TestMessageStructure(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, arn := w.queue(root, "q", "")
	w.subscribe(topic, "sqs", arn, "RawMessageDelivery", "true")
	w.subscribe(topic, "lambda", w.function(here, "f", ""))
	must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, MessageStructure: ptr("json"), Message: ptr(`{"default":"d","sqs":"s","default":"last","email":1}`)})
	if got := w.bodies(root, url, 1); got[0] != "s" {
		t.Errorf("the queue got %q", got)
	}
	w.settled()
	if got := w.functions.got(); !slices.Equal(got, []string{"last"}) {
		t.Errorf("the function got %q", got)
	}
}

func TestFilterPolicies(t *testing.T) {
	for _, c := range []struct {
		name, scope, filter string
		text                string
		attributes          map[string]snsapi.MessageAttributeValue
		wanted              bool
	}{
		{"an attribute that matches", "", `{"a":["x"]}`, "t", map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("x")}}, true},
		{"one that does not", "", `{"a":["x"]}`, "t", map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("y")}}, false},
		{"one that is missing", "", `{"a":["x"]}`, `{"a":"x"}`, nil, false},
		{"an array", "", `{"a":["x"]}`, "t", map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("String.Array"), StringValue: ptr(`["w","x"]`)}}, true},
		{"a number", "", `{"a":[{"numeric":[">",5]}]}`, "t", map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("Number"), StringValue: ptr("6")}}, true},
		{"a number too small", "", `{"a":[{"numeric":[">",5]}]}`, "t", map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("Number"), StringValue: ptr("5")}}, false},
		{"absence", "", `{"a":[{"exists":false}]}`, "t", nil, true},
		{"no filter", "", `{}`, "t", nil, true},
		{"the body", scopeBody, `{"a":{"b":["x"]}}`, `{"a":{"b":"x"}}`, nil, true},
		{"a body that does not match", scopeBody, `{"a":{"b":["x"]}}`, `{"a":{"b":"y"}}`, nil, false},
		{"a body that is no object", scopeBody, `{"a":[{"exists":false}]}`, `no json`, nil, false},
		{"the body, and not the attributes", scopeBody, `{"a":["x"]}`, `{}`, map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("x")}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			topic := w.topic("t")
			attributes := []string{"FilterPolicy", c.filter}
			if c.scope != "" {
				attributes = append(attributes, "FilterPolicyScope", c.scope)
			}
			w.subscribe(topic, "lambda", w.function(here, "f", ""), attributes...)
			for range 2 {
				must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: &c.text, MessageAttributes: c.attributes})
				w.settled()
				if got := len(w.functions.got()) > 0; got != c.wanted {
					t.Errorf("delivered: %v", got)
				}
				w.restart() // the filter is compiled anew
			}
		})
	}
}

// TestWhatIsOwedSurvives a server that ends in the middle, and is then delivered.
func TestWhatIsOwedSurvives(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	w.subscribe(topic, "lambda", w.function(here, "f", ""))
	down := &api.Error{Code: "ServiceException", Status: 503, Fault: api.Server, Message: "down"}
	w.functions.set(func() { w.functions.fail = func(string) error { return down } })
	w.publish(topic, "x")
	w.eventually("the first attempts fail", func() bool { return len(w.functions.got()) == 0 && w.owed() == 1 && w.failures() > 3 })
	w.restart()
	w.functions.set(func() { w.functions.fail = nil })
	w.moving(1e9, "the message arrives", func() bool { return len(w.functions.got()) == 1 })
	w.settled()
	w.restart()
	w.settled()
	if got := w.functions.got(); !slices.Equal(got, []string{"x"}) {
		t.Errorf("delivered %q", got)
	}
}

func (w *world) failures() int {
	for _, d := range w.sns.deliveries.All("") {
		return d.Failures
	}
	return 0
}

// TestDeletesWhileDeliveriesWait: nothing of a topic or subscription is left, and
// one made anew gets nothing of the old.
func TestDeletesWhileDeliveriesWait(t *testing.T) {
	for _, what := range []string{"unsubscribe", "delete the topic", "reset"} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			topic := w.topic("t")
			f := w.function(here, "f", "")
			arn := w.subscribe(topic, "lambda", f)
			w.functions.set(func() { w.functions.fail = func(string) error { return errors.New("down") } })
			w.publish(topic, "old")
			w.eventually("attempts fail", func() bool { return w.failures() > 3 })
			switch what {
			case "unsubscribe":
				must(w, root, snsapi.Unsubscribe, &snsapi.UnsubscribeInput{SubscriptionArn: &arn})
				if w.attribute(topic, "SubscriptionsDeleted") != "1" {
					t.Error("the topic does not count it")
				}
			case "delete the topic":
				must(w, root, snsapi.DeleteTopic, &snsapi.DeleteTopicInput{TopicArn: &topic})
			default:
				if err := w.sns.Reset(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if n := w.owed() + w.sns.subscriptions.Len(); n != 0 {
				t.Errorf("%d records are left", n)
			}
			w.functions.set(func() { w.functions.fail = nil })
			w.topic("t")
			w.subscribe(topic, "lambda", f)
			w.publish(topic, "new")
			w.moving(1e9, "the new one arrives", func() bool { return len(w.functions.got()) > 0 })
			w.settled()
			if got := w.functions.got(); !slices.Equal(got, []string{"new"}) {
				t.Errorf("delivered %q", got)
			}
		})
	}
}

func (w *world) attribute(topic, name string) string {
	w.Helper()
	return must(w, root, snsapi.GetTopicAttributes, &snsapi.GetTopicAttributesInput{TopicArn: &topic}).Attributes[name]
}
