package sns

import (
	"fmt"
	"strings"
	"testing"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
)

func (w *world) setPolicy(document string) error {
	_, err := call(w, root, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicT), AttributeName: ptr("Policy"), AttributeValue: &document})
	return err
}

// TestPermissionsLetAnotherAccountIn, each for its action, and until they are removed.
func TestPermissionsLetAnotherAccountIn(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	publish := func() error {
		_, err := call(w, stranger, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(topicT), Message: ptr("m")})
		return err
	}
	if publish() == nil {
		t.Error("a stranger published")
	}
	must(w, root, snsapi.AddPermission, &snsapi.AddPermissionInput{TopicArn: ptr(topicT), Label: ptr("l"), AWSAccountId: []string{there}, ActionName: []string{"Publish", "GetTopicAttributes"}})
	const added = `{"Sid":"l","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":["SNS:Publish","SNS:GetTopicAttributes"],"Resource":"arn:aws:sns:us-east-1:111111111111:t"}`
	if got := w.attribute(topicT, "Policy"); !strings.Contains(got, `"__default_statement_ID"`) || !strings.HasSuffix(got, ","+added+"]}") {
		t.Errorf("the policy is %s", got)
	}
	for range 2 {
		if err := publish(); err != nil {
			t.Error(err)
		}
		if _, err := call(w, stranger, snsapi.DeleteTopic, &snsapi.DeleteTopicInput{TopicArn: ptr(topicT)}); err == nil {
			t.Error("a stranger deleted the topic")
		}
		w.restart()
	}
	must(w, root, snsapi.RemovePermission, &snsapi.RemovePermissionInput{TopicArn: ptr(topicT), Label: ptr("another")})
	if err := publish(); err != nil {
		t.Error(err)
	}
	must(w, root, snsapi.RemovePermission, &snsapi.RemovePermissionInput{TopicArn: ptr(topicT), Label: ptr("l")})
	if publish() == nil {
		t.Error("a stranger published after the permission was removed")
	}
	if got := w.attribute(topicT, "Policy"); strings.Contains(got, `"l"`) {
		t.Errorf("the policy is %s", got)
	}
}

// TestAPolicyDecides for people of the topic's account as well.
func TestAPolicyDecides(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	u := w.user(here, "u", "sns:*", "*")
	other := w.user(here, "other", "x:y", "*")
	publish := func(ok bool, who string) {
		t.Helper()
		as := u
		if who == "other" {
			as = other
		}
		if _, err := call(w, as, snsapi.Publish, &snsapi.PublishInput{TopicArn: ptr(topicT), Message: ptr("m")}); (err == nil) != ok {
			t.Errorf("%s published: %v", who, err)
		}
	}
	publish(true, "u")
	publish(false, "other")
	if err := w.setPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"` + userARN(here, "u") + `"},"Action":"sns:Publish","Resource":"` + topicT + `"},` +
		`{"Effect":"Allow","Principal":{"AWS":"` + userARN(here, "other") + `"},"Action":"sns:Publish","Resource":"` + topicT + `"}]}`); err != nil {
		t.Fatal(err)
	}
	publish(false, "u")
	publish(true, "other")
	w.restart()
	publish(false, "u")
	publish(true, "other")

	// Whoever takes a name over is not meant.
	delete(w.people.policies, userARN(here, "other"))
	if got := w.attribute(topicT, "Policy"); !strings.Contains(got, uniqueID("other")) || strings.Contains(got, userARN(here, "other")) {
		t.Errorf("a principal that is gone is shown in %s", got)
	}
	if err := w.setPolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + userARN(here, "nobody") + `"},"Action":"sns:Publish","Resource":"*"}}`); err == nil {
		t.Error("a policy names a user that is not there")
	}
}

func TestBoundsOfPolicies(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	if err := w.setPolicy(`{"Version":"2012-10-17","Statement":{"Sid":"` + strings.Repeat("x", 31_000) + `","Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"}}`); err == nil {
		t.Error("a very long policy was taken")
	}
	var err error
	for i := 0; err == nil && i < 200; i++ {
		_, err = call(w, root, snsapi.AddPermission, &snsapi.AddPermissionInput{TopicArn: ptr(topicT), Label: ptr(fmt.Sprint("l", i)), AWSAccountId: []string{there}, ActionName: []string{"Publish"}})
	}
	if err == nil {
		t.Error("statements without end")
	}
}
