package advice

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestAdviceForPushes: what lets a push in is the policy of what it is pushed to,
// and each kind has its own command.
func TestAdviceForPushes(t *testing.T) {
	const (
		topic  = "arn:aws:sns:us-east-1:111111111111:my-topic"
		queue  = "arn:aws:sqs:eu-west-1:111111111111:my-queue"
		bucket = "arn:aws:s3:::my-bucket"
		region = " --region us-east-1"
	)
	s3 := policy.Principal{Kind: policy.Service, ARN: "s3.amazonaws.com", Service: "s3.amazonaws.com"}
	acting := func(arn, account string) *policy.Context {
		c := &policy.Context{}
		c.Set("aws:SourceArn", arn)
		c.Set("aws:SourceAccount", account)
		return c
	}
	pushes := func(to string, service, source, rest string) string {
		return `{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"` + to + `","Resource":"` + source + `","Condition":` + rest + `}`
	}
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	json := func(text string) string { return strings.ReplaceAll(text, `"`, `\"`) }
	const (
		byTopic  = `{"ArnLike":{"AWS:SourceArn":"` + topic + `"}}`
		byBucket = `{"StringEquals":{"AWS:SourceAccount":"111111111111"},"ArnLike":{"AWS:SourceArn":"` + bucket + `"}}`
		theirTop = `{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish"],"Resource":"` + topic + `","Condition":{"StringEquals":{"AWS:SourceOwner":"111111111111"}}}`
		bobReads = `{"Effect":"Allow","Principal":{"AWS":"AIDABOB"},"Action":"sqs:ReceiveMessage","Resource":"` + queue + `"}`
	)
	for _, c := range []struct {
		name            string
		request         policy.Request
		has             string
		sentence, wants string
	}{
		{
			"a topic to a queue that has no policy", policy.Request{Principal: sns, Action: "sqs:SendMessage", Resource: queue, Context: acting(topic, mine)}, "",
			"in the resource-based policy of queue my-queue, allow sqs:SendMessage to sns.amazonaws.com acting for " + topic,
			`aws sqs set-queue-attributes --queue-url https://sqs.eu-west-1.amazonaws.com/111111111111/my-queue --attributes '{"Policy":"` +
				json(document(pushes("sqs:SendMessage", "sns.amazonaws.com", queue, byTopic))) + `"}' --region eu-west-1`,
		},
		{
			"what the queue's policy says already stays, with names in place of ids", policy.Request{Principal: sns, Action: "sqs:SendMessage", Resource: queue, Context: acting(topic, mine)}, document(bobReads),
			"in the resource-based policy of queue my-queue, allow sqs:SendMessage to sns.amazonaws.com acting for " + topic,
			`aws sqs set-queue-attributes --queue-url https://sqs.eu-west-1.amazonaws.com/111111111111/my-queue --attributes '{"Policy":"` +
				json(document(strings.Replace(bobReads, "AIDABOB", otherARN, 1), pushes("sqs:SendMessage", "sns.amazonaws.com", queue, byTopic))) + `"}' --region eu-west-1`,
		},
		{
			"a bucket to a topic: the bucket's ARN does not say whose it is", policy.Request{Principal: s3, Action: "sns:Publish", Resource: topic, Context: acting(bucket, mine)}, document(theirTop),
			"in the resource-based policy of topic my-topic, allow sns:Publish to s3.amazonaws.com acting for " + bucket,
			`aws sns set-topic-attributes --topic-arn ` + topic + ` --attribute-name Policy --attribute-value '` + document(theirTop, pushes("sns:Publish", "s3.amazonaws.com", topic, byBucket)) + `'` + region,
		},
		{
			"a bucket to a function", policy.Request{Principal: s3, Action: "lambda:InvokeFunction", Resource: fn, Context: acting(bucket, mine)}, "",
			"in the resource-based policy of function f, allow lambda:InvokeFunction to s3.amazonaws.com acting for " + bucket,
			`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-s3-amazonaws-com --action lambda:InvokeFunction --principal s3.amazonaws.com --source-arn ` + bucket + ` --source-account 111111111111` + region,
		},
		{
			"another account's topic to a function", policy.Request{Principal: sns, Action: "lambda:InvokeFunction", Resource: fn, Context: acting(strings.Replace(topic, mine, theirs, 1), theirs)}, "",
			"in the resource-based policy of function f, allow lambda:InvokeFunction to sns.amazonaws.com acting for " + strings.Replace(topic, mine, theirs, 1),
			`aws lambda add-permission --function-name f --statement-id AllowInvokeFunction-sns-amazonaws-com --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn ` + strings.Replace(topic, mine, theirs, 1) + region,
		},
		{
			"a queue's policy denies the topic, and nothing else", policy.Request{Principal: sns, Action: "sqs:SendMessage", Resource: queue, Context: acting(topic, mine)},
			document(`{"Effect":"Deny","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"`+queue+`","Condition":{"ArnLike":{"AWS:SourceArn":"`+topic+`"}}}`, pushes("sqs:SendMessage", "sns.amazonaws.com", queue, byTopic)),
			"remove statement 1 of queue policy (queue my-queue), which also lifts whatever else it denies",
			`aws sqs set-queue-attributes --queue-url https://sqs.eu-west-1.amazonaws.com/111111111111/my-queue --attributes '{"Policy":"` +
				json(document(pushes("sqs:SendMessage", "sns.amazonaws.com", queue, byTopic))) + `"}' --region eu-west-1`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &policy.Layers{}
			if c.has != "" {
				l.Resource = &policy.Attached{Policy: load(t, c.has), Name: "queue policy", Source: "queue my-queue"}
			}
			d, fixes := deny(t, Denial{Request: &c.request, Layers: l})
			got := For(d, fixes)
			if len(got) != 1 || len(got[0].Steps) != 1 {
				t.Fatalf("got %+v", got)
			}
			s := got[0].Steps[0]
			if s.Sentence != c.sentence || s.Command != c.wants || s.Account != mine {
				t.Errorf("got  %s: %s\n     %s\nwant %s: %s\n     %s", s.Account, s.Sentence, s.Command, mine, c.sentence, c.wants)
			}
		})
	}
}

// TestAdviceForBuckets: a bucket's policy is written whole, but never what S3 adds
// to it, nor what Block Public Access would refuse.
func TestAdviceForBuckets(t *testing.T) {
	const key = "arn:aws:s3:::my-bucket/in/k"
	mayAll := []policy.Attached{{Policy: load(t, allow("s3:*", "*")), Name: "all", Source: "user bob"}}
	blocked := `{"Sid":"RestrictPublicBuckets","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111111111111"}}}`
	context := func(key, value string) *policy.Context {
		c := &policy.Context{}
		c.Set(key, value)
		return c
	}
	for _, c := range []struct {
		name    string
		request policy.Request
		has     string
		// want is the command, or the sentence where there is none; empty for no advice.
		want string
	}{
		{
			"a user of another account", policy.Request{Principal: bob, Action: "s3:PutObject", Resource: key, ResourceAccount: mine}, "",
			`aws s3api put-bucket-policy --bucket my-bucket --policy '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + otherARN + `"},"Action":"s3:PutObject","Resource":"` + key + `"}]}'`,
		},
		{
			"what S3 adds is not the owner's", policy.Request{Principal: bob, Action: "s3:PutObject", Resource: key, ResourceAccount: mine, Context: context("aws:PrincipalAccount", mine)},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"` + key + `"},` + blocked + `]}`,
			`aws s3api put-bucket-policy --bucket my-bucket --policy '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"` + key + `"},{"Effect":"Allow","Principal":{"AWS":"` + otherARN + `"},"Action":"s3:PutObject","Resource":"` + key + `"}]}'`,
		},
		{
			"no policy lifts Block Public Access", policy.Request{Principal: bob, Action: "s3:GetObject", Resource: key, ResourceAccount: mine, Context: context("aws:PrincipalAccount", theirs)},
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"` + key + `"},` + blocked + `]}`, "",
		},
		{
			"nor can everybody be let in while it is on", policy.Request{Principal: policy.Principal{Kind: policy.Anonymous}, Action: "s3:GetObject", Resource: key, ResourceAccount: mine}, "",
			"in the resource-based policy of bucket my-bucket, allow s3:GetObject on " + key + " to everybody (its Block Public Access, on for every new bucket, has to permit public policies)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &policy.Layers{Identity: mayAll}
			if c.request.Principal.Kind == policy.Anonymous {
				l.Identity = nil
			}
			if c.has != "" {
				l.Resource = &policy.Attached{Policy: load(t, c.has), Name: "bucket policy", Source: "bucket my-bucket"}
			}
			d, fixes := deny(t, Denial{Request: &c.request, Layers: l})
			var got string
			for _, a := range For(d, fixes) {
				if got = a.Steps[len(a.Steps)-1].Command; got == "" {
					got = a.Sentence
				}
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
