package sns

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
)

// TestDeliveryPoliciesOfTopics: what is stored and what is in force, as recorded.
func TestDeliveryPoliciesOfTopics(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	for _, c := range []struct{ set, stored, effective string }{
		{`{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"}}}`,
			`{"http":{"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"application/json"}}}`,
			strings.Replace(effective, plainText, "application/json", 1)},
		{`{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":6,"numRetries":1}}}`,
			`{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":6,"numRetries":1},"disableSubscriptionOverrides":false}}`,
			strings.Replace(effective, `"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3`, `"minDelayTarget":5,"maxDelayTarget":6,"numRetries":1`, 1)},
		{`{"http":{"defaultHealthyRetryPolicy":null}}`, `{"http":{"disableSubscriptionOverrides":false}}`, effective},
		{"", "", effective},
	} {
		must(w, root, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicT), AttributeName: ptr("DeliveryPolicy"), AttributeValue: &c.set})
		if got := w.attribute(topicT, "DeliveryPolicy"); got != c.stored {
			t.Errorf("%s is stored as %s", c.set, got)
		}
		if got := w.attribute(topicT, "EffectiveDeliveryPolicy"); got != c.effective {
			t.Errorf("%s has the effect\n%s, want\n%s", c.set, got, c.effective)
		}
	}
}

// TestDeliveryPoliciesOfSubscriptions merge with the topic's, unless that does not
// let them.
func TestDeliveryPoliciesOfSubscriptions(t *testing.T) {
	const ones = `"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":0,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"}`
	const usual = `"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"}`
	for _, c := range []struct{ name, topic, set, stored, effective string }{
		{"none", "", "", "", `{` + usual + `,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}`},
		{"a content type", "", `{"requestPolicy":{"headerContentType":"text/csv"}}`,
			`{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/csv"},"guaranteed":false}`,
			`{` + usual + `,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/csv"},"guaranteed":false}`},
		{"retries, and a content type of the topic", `{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"}}}`, `{` + ones + `,"throttlePolicy":{"maxReceivesPerSecond":1000}}`,
			`{` + ones + `,"sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":1000},"requestPolicy":null,"guaranteed":false}`,
			`{` + ones + `,"sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":1000},"requestPolicy":{"headerContentType":"application/json"},"guaranteed":false}`},
		{"a topic that does not let it", `{"http":{"disableSubscriptionOverrides":true}}`, `{` + ones + `}`,
			`{` + ones + `,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":null,"guaranteed":false}`,
			`{` + usual + `,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.topic("t", "DeliveryPolicy", c.topic)
			arn := w.subscribe(topicT, "http", "http://127.0.0.1:1/", "DeliveryPolicy", c.set)
			got := must(w, root, snsapi.GetSubscriptionAttributes, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: &arn}).Attributes
			if got["DeliveryPolicy"] != c.stored || got["EffectiveDeliveryPolicy"] != c.effective || got["ConfirmationWasAuthenticated"] != "false" || got["PendingConfirmation"] != "true" {
				t.Errorf("stored %s\neffective %s\nwant %s\n%s", got["DeliveryPolicy"], got["EffectiveDeliveryPolicy"], c.stored, c.effective)
			}
		})
	}
}

func TestDeliveryPoliciesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	for name, text := range map[string]string{
		"no JSON":                 `x`,
		"two values":              `{} {}`,
		"a member nobody knows":   `{"http":{"x":1}}`,
		"too many retries":        `{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}`,
		"fewer than none":         `{"http":{"defaultHealthyRetryPolicy":{"numRetries":-1}}}`,
		"phases that do not fit":  `{"http":{"defaultHealthyRetryPolicy":{"numRetries":3,"numNoDelayRetries":4}}}`,
		"no pause":                `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":0}}}`,
		"pauses that shrink":      `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":21}}}`,
		"a pause of an hour more": `{"http":{"defaultHealthyRetryPolicy":{"maxDelayTarget":3601}}}`,
		"more than an hour":       `{"http":{"defaultHealthyRetryPolicy":{"numRetries":100,"minDelayTarget":37,"maxDelayTarget":37}}}`,
		"another function":        `{"http":{"defaultHealthyRetryPolicy":{"backoffFunction":"square"}}}`,
		"another content type":    `{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}`,
		"a header of two lines":   `{"http":{"defaultRequestPolicy":{"headerContentType":"text/plain;\nx: y"}}}`,
		"no receives":             `{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}}`,
	} {
		_, err := call(w, root, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: ptr(topicT), AttributeName: ptr("DeliveryPolicy"), AttributeValue: &text})
		if err == nil || !strings.Contains(err.Error(), "Invalid parameter: DeliveryPolicy: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestThePhasesOfRetries: the pauses that AWS documents for functions and queues.
func TestThePhasesOfRetries(t *testing.T) {
	p := serviceRetries()
	var total time.Duration
	attempts := 0
	for i := 1; ; i++ {
		rest, again := p.pause(i)
		if !again {
			break
		}
		attempts++
		total += rest
	}
	if attempts != 100_015 || total < 23*24*time.Hour || total > 24*24*time.Hour {
		t.Errorf("%d retries over %v", attempts, total)
	}
	for i, want := range map[int]time.Duration{1: 0, 3: 0, 4: time.Second, 5: time.Second, 6: time.Second, 15: 20 * time.Second, 16: 20 * time.Second, 100_015: 20 * time.Second} {
		if rest, _ := p.pause(i); rest.Round(time.Millisecond) != want {
			t.Errorf("after %d failures the pause is %v, want %v", i, rest, want)
		}
	}
}

// TestPausesNeverShrink, and stay between the two targets, whatever the function.
func TestPausesNeverShrink(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := retryPolicy{MinDelay: rapid.IntRange(1, 100).Draw(r, "min"), Backoff: rapid.SampledFrom([]string{linear, arithmetic, geometric, exponential}).Draw(r, "function")}
		p.MaxDelay = p.MinDelay + rapid.IntRange(0, 1000).Draw(r, "more")
		p.AtOnce, p.AtMin, p.AtMax = rapid.IntRange(0, 5).Draw(r, "at once"), rapid.IntRange(0, 5).Draw(r, "at min"), rapid.IntRange(0, 5).Draw(r, "at max")
		p.Retries = p.AtOnce + p.AtMin + p.AtMax + rapid.IntRange(0, 20).Draw(r, "growing")
		last := time.Duration(0)
		for i := 1; i <= p.Retries; i++ {
			rest, again := p.pause(i)
			if !again || rest < last || i > p.AtOnce && rest < seconds(float64(p.MinDelay)) || rest > seconds(float64(p.MaxDelay))+time.Microsecond {
				r.Fatalf("%+v: after %d failures %v, %v", p, i, rest, again)
			}
			last = rest
		}
		if _, again := p.pause(p.Retries + 1); again {
			r.Fatal("retries without end")
		}
	})
}
