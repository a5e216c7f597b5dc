package lambda

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// sinks are one target of each kind; what the topic and the function get comes
// out at queues.
type sinks struct{ queue, topic, function, bucket, fromTopic string }

func (w *world) sinks() sinks {
	w.Helper()
	s := sinks{queue: w.queue("records", nil), fromTopic: w.queue("from-topic", nil)}
	s.topic = must(w, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: ptr("topic")}).GetTopicArn()
	must(w, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: ptr(queueURL(s.fromTopic)), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})
	must(w, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: &s.topic, Protocol: ptr("sqs"), Endpoint: &s.fromTopic, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	w.logging("next", "import json\ndef handler(e, c):\n    print('got', json.dumps(e))\n")
	s.function = arnOf(here, "next")
	must(w, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: ptr("bucket")})
	s.bucket = "arn:aws:s3:::bucket"
	return s
}

// rights are what sending to each of them takes, by the target.
func (s sinks) rights() map[string][]string {
	return map[string][]string{
		s.queue: {may("sqs:SendMessage", s.queue)}, s.topic: {may("sns:Publish", s.topic)}, s.function: {may(invokeFunction, s.function)},
		s.bucket: {may("s3:PutObject", s.bucket+"/*"), may("s3:ListBucket", s.bucket)},
	}
}

func (w *world) granted(function string, rights map[string][]string, lacking string) {
	all := []string{logRole}
	for target, r := range rights {
		if target != lacking {
			all = append(all, r...)
		}
	}
	w.iam.grant(roleOf(function), all...)
}

// taken receives and deletes the next message of a queue.
func (w *world) taken(queue string) (body string, m sqsapi.Message) {
	w.Helper()
	w.eventually("a message is in "+queue, func() bool {
		out := must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: ptr(queueURL(queue)), WaitTimeSeconds: ptr(int32(0)), MessageAttributeNames: []string{"All"}})
		if len(out.Messages) == 0 {
			return false
		}
		m = out.Messages[0]
		return true
	})
	must(w, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: ptr(queueURL(queue)), ReceiptHandle: m.ReceiptHandle})
	return m.GetBody(), m
}

func (w *world) object(bucket string) (key, body string) {
	w.Helper()
	w.eventually("an object is in "+bucket, func() bool {
		out := must(w, s3api.ListObjectsV2, &s3api.ListObjectsV2Request{Bucket: &bucket})
		if len(out.Contents) == 0 {
			return false
		}
		key = out.Contents[0].GetKey()
		return true
	})
	got := must(w, s3api.GetObject, &s3api.GetObjectRequest{Bucket: &bucket, Key: &key})
	defer got.Body.Body.Close()
	text, err := io.ReadAll(got.Body.Body)
	if err != nil {
		w.Fatal(err)
	}
	return key, string(text)
}

func sendTo(success, failure string) *lambdaapi.PutFunctionEventInvokeConfigRequest {
	return &lambdaapi.PutFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), MaximumRetryAttempts: ptr(int32(0)), DestinationConfig: &lambdaapi.DestinationConfig{
		OnSuccess: &lambdaapi.OnSuccess{Destination: optional(success)}, OnFailure: &lambdaapi.OnFailure{Destination: optional(failure)},
	}}
}

// mixed fails when it is told to.
const mixed = "def handler(e, c):\n    if e.get('fail'): raise ValueError('no way')\n    return {'done': True}\n"

// TestDestinationsAreRefusedWithoutTheRight, each in the words of AWS, and taken
// with it.
func TestDestinationsAreRefusedWithoutTheRight(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	w.logging("f", mixed)
	for target, verb := range map[string]string{s.queue: "SendMessage", s.topic: "Publish", s.function: "InvokeFunction", s.bucket: "PutObject"} {
		w.granted("f", s.rights(), target)
		_, err := call(w, root, lambdaapi.PutFunctionEventInvokeConfig, sendTo("", target))
		refused(t, err, 400, "InvalidParameterValueException", "The function's execution role does not have permissions to call "+verb+" on "+target)
		w.granted("f", s.rights(), "")
		must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(target, target))
	}
	w.iam.grant(roleOf("f"), may("s3:PutObject", "*"))
	_, err := call(w, root, lambdaapi.PutFunctionEventInvokeConfig, sendTo(s.bucket, ""))
	refused(t, err, 400, "InvalidParameterValueException", "The function's execution role does not have permissions to call ListBucket on "+s.bucket)
	// The trial lacks the function's ARN.
	w.iam.grant(roleOf("f"), statementOf("Allow", "sqs:*", "*", `{"ArnEquals":{"lambda:SourceFunctionArn":"`+arnOf(here, "f")+`"}}`))
	_, err = call(w, root, lambdaapi.PutFunctionEventInvokeConfig, sendTo(s.queue, ""))
	refused(t, err, 400, "InvalidParameterValueException", "The function's execution role does not have permissions to call SendMessage on "+s.queue)
	for _, r := range w.asked("sqs:SendMessage") {
		if !r.Trial {
			t.Errorf("something was sent: %+v", r)
		}
	}
	w.iam.grant(roleOf("f"), may("*", "*"))
	for _, c := range []struct{ success, failure, text string }{
		{arnOf(here, "gone"), "", "The destination ARN " + arnOf(here, "gone") + " is invalid."},
		{"arn:aws:dynamodb:us-east-1:" + here + ":table/t", "", "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:dynamodb:us-east-1:" + here + ":table/t), onFailure=null) is invalid."},
		{"", queueARN(here, "q.fifo"), "The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=" + queueARN(here, "q.fifo") + ")) is invalid."},
		{s.queue, arnOf(here, "f"), "You can't specify the function as a destination for itself."},
	} {
		_, err := call(w, root, lambdaapi.PutFunctionEventInvokeConfig, sendTo(c.success, c.failure))
		refused(t, err, 400, "InvalidParameterValueException", c.text)
	}
	// An update keeps what it does not name.
	must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(s.queue, s.topic))
	got := must(w, lambdaapi.UpdateFunctionEventInvokeConfig, &lambdaapi.UpdateFunctionEventInvokeConfigRequest{FunctionName: ptr("f"), DestinationConfig: &lambdaapi.DestinationConfig{OnFailure: &lambdaapi.OnFailure{Destination: &s.bucket}}})
	if got.DestinationConfig.OnSuccess.GetDestination() != s.queue || got.DestinationConfig.OnFailure.GetDestination() != s.bucket || got.GetMaximumRetryAttempts() != 0 {
		t.Errorf("updated to %+v", got)
	}
}

func TestDeadLetterTargetsAreRefusedWithoutTheRight(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	w.logging("f", mixed)
	set := func(target string) error {
		_, err := call(w, root, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), DeadLetterConfig: &lambdaapi.DeadLetterConfig{TargetArn: &target}})
		if err == nil {
			w.settled("f")
		}
		return err
	}
	for target, text := range map[string]string{s.queue: "SendMessage on SQS", s.topic: "Publish on SNS"} {
		w.granted("f", s.rights(), target)
		refused(t, set(target), 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call "+text)
		in := newRequest(w, "g", roleOf("f"), mixed)
		in.DeadLetterConfig = &lambdaapi.DeadLetterConfig{TargetArn: &target}
		_, err := call(w, root, lambdaapi.CreateFunction, in)
		refused(t, err, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call "+text)
		w.granted("f", s.rights(), "")
		if err := set(target); err != nil {
			t.Error(err)
		}
	}
	if err := set(""); err != nil {
		t.Error(err)
	}
}

func TestRecordsGoToEveryKindOfDestination(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	w.logging("f", mixed)
	w.granted("f", s.rights(), "")
	get := map[string]func() string{
		s.queue: func() string { body, _ := w.taken(s.queue); return body },
		s.topic: func() string { body, _ := w.taken(s.fromTopic); return body },
		s.function: func() string {
			w.eventually("it got it", func() bool { return len(w.printed("next", "got")) > 0 })
			return w.printed("next", "got")[0]
		},
		s.bucket: func() string {
			key, body := w.object("bucket")
			if now := w.clock.Now(); !strings.HasPrefix(key, "aws/lambda/async/f/"+now.Format("2006/01/02/2006-01-02T15.04.05-")) {
				t.Errorf("the object is %s", key)
			}
			return body
		},
	}
	for target, got := range get {
		must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(target, ""))
		w.send("f", `{"n":1}`)
		var r map[string]any
		if err := json.Unmarshal([]byte(got()), &r); err != nil {
			t.Fatal(err)
		}
		about, _ := r["requestContext"].(map[string]any)
		if about["requestId"] == "" || about["functionArn"] != arnOf(here, "f:$LATEST") || about["condition"] != "Success" || about["approximateInvokeCount"] != 1.0 || r["version"] != "1.0" ||
			!same(r["requestPayload"], `{"n":1}`) || !same(r["responsePayload"], `{"done":true}`) || !same(r["responseContext"], `{"statusCode":200,"executedVersion":"$LATEST"}`) {
			t.Errorf("%s got %v", target, r)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", r["timestamp"].(string)); err != nil {
			t.Error(err)
		}
	}
	// Each was sent as the role, for the invoke that caused it.
	for _, action := range []string{"sqs:SendMessage", "sns:Publish", invokeFunction, "s3:PutObject"} {
		sent := slices.DeleteFunc(w.asked(action), func(r *trail.Record) bool { return r.Trial || r.Principal.Service != "" })
		if len(sent) != 1 || sent[0].Principal.RoleARN != roleOf("f") || sent[0].Parent == "" || sent[0].Context["lambda:SourceFunctionArn"] != nil {
			t.Errorf("%s: %+v", action, sent)
		}
	}
}

func same(v any, text string) bool {
	var want any
	_ = json.Unmarshal([]byte(text), &want)
	a, _ := json.Marshal(v)
	b, _ := json.Marshal(want)
	return string(a) == string(b)
}

func TestAFailedEventLeavesARecordAndADeadLetter(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	dead := w.queue("dead", nil)
	w.logging("f", mixed)
	w.iam.grant(roleOf("f"), logRole, may("sqs:SendMessage", "*"))
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), DeadLetterConfig: &lambdaapi.DeadLetterConfig{TargetArn: &dead}})
	w.settled("f")
	in := sendTo("", s.queue)
	in.MaximumRetryAttempts = ptr(int32(1))
	must(w, lambdaapi.PutFunctionEventInvokeConfig, in)
	record := func() map[string]any {
		body, _ := w.taken(s.queue)
		var r map[string]any
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	w.send("f", `{"fail":true}`)
	w.eventually("it failed once", func() bool { return w.failures() == 1 })
	w.clock.Advance(time.Minute)
	r := record()
	about, answer := r["requestContext"].(map[string]any), r["responsePayload"].(map[string]any)
	if about["condition"] != "RetriesExhausted" || about["approximateInvokeCount"] != 2.0 || !same(r["responseContext"], `{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"}`) || answer["errorMessage"] != "no way" {
		t.Errorf("the record is %v", r)
	}
	body, m := w.taken(dead)
	a := m.MessageAttributes
	code, message, request := a["ErrorCode"], a["ErrorMessage"], a["RequestID"]
	if body != `{"fail":true}` || code.GetStringValue() != "200" || code.GetDataType() != "Number" || message.GetStringValue() != "no way" || request.GetStringValue() != about["requestId"] {
		t.Errorf("the dead letter is %s, %v", body, a)
	}

	// One that would be too old at its next try is not kept until then.
	in.MaximumEventAgeInSeconds, in.MaximumRetryAttempts = ptr(int32(60)), ptr(int32(2))
	must(w, lambdaapi.PutFunctionEventInvokeConfig, in)
	w.send("f", `{"fail":true}`)
	w.eventually("it failed once", func() bool { return w.failures() == 1 })
	w.clock.Advance(time.Minute)
	about = record()["requestContext"].(map[string]any)
	if about["condition"] != "EventAgeExceeded" || about["approximateInvokeCount"] != 2.0 {
		t.Errorf("the record is about %v", about)
	}
	// One that never ran has no answer.
	leave := w.full("f")
	w.send("f", `{"fail":true}`)
	w.eventually("it waits", func() bool { return w.lambda.events.Waiting(fRef.key()) == 1 })
	w.clock.Advance(61 * time.Second)
	r = record()
	if about := r["requestContext"].(map[string]any); about["condition"] != "EventAgeExceeded" || about["approximateInvokeCount"] != 0.0 || r["responseContext"] != nil || r["responsePayload"] != nil {
		t.Errorf("the record is %v", r)
	}
	leave()
	// A function that may not run at all is not waited for, and the clock stands still.
	must(w, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f"), ReservedConcurrentExecutions: ptr(int32(0))})
	w.send("f", `{"n":1}`)
	r = record()
	if about := r["requestContext"].(map[string]any); about["condition"] != "ZeroReservedConcurrency" || about["approximateInvokeCount"] != 0.0 || r["responseContext"] != nil {
		t.Errorf("the record is %v", r)
	}
}

// TestADeadLetterTopic gets the event, with what became of it.
func TestADeadLetterTopic(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	w.logging("f", mixed)
	w.granted("f", s.rights(), "")
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), DeadLetterConfig: &lambdaapi.DeadLetterConfig{TargetArn: &s.topic}})
	w.settled("f")
	must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo("", s.queue))
	w.send("f", `{"fail":1}`)
	body, m := w.taken(s.fromTopic)
	if message := m.MessageAttributes["ErrorMessage"]; body != `{"fail":1}` || message.GetStringValue() != "no way" {
		t.Errorf("the dead letter is %s, %v", body, m.MessageAttributes)
	}
}

// TestADeliveryWithoutTheRightIsDropped, and can be found in the record.
func TestADeliveryWithoutTheRightIsDropped(t *testing.T) {
	w := newWorld(t)
	s := w.sinks()
	w.logging("f", mixed)
	for _, target := range []string{s.queue, s.topic, s.function, s.bucket} {
		w.granted("f", s.rights(), "")
		must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(target, ""))
		w.granted("f", s.rights(), target)
		w.send("f", `{}`)
		w.eventually("nothing is owed", func() bool { return w.lambda.events.Len() == 0 && w.lambda.deliveries.Len() == 0 })
		action := map[string]string{s.queue: "sqs:SendMessage", s.topic: "sns:Publish", s.function: invokeFunction, s.bucket: "s3:PutObject"}[target]
		denied := slices.DeleteFunc(w.asked(action), func(r *trail.Record) bool { return r.Trial || r.Allowed })
		if len(denied) != 1 || denied[0].Principal.RoleARN != roleOf("f") || denied[0].Parent == "" {
			t.Errorf("%s: denied are %+v", action, denied)
		}
	}
	if !w.isEmpty(s.queue) || !w.isEmpty(s.fromTopic) || len(w.printed("next", "got")) != 0 {
		t.Error("and yet it was delivered")
	}
	// Nor with a role that cannot be assumed any more.
	w.granted("f", s.rights(), "")
	must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(s.queue, ""))
	w.send("f", `{}`)
	w.taken(s.queue)
	w.iam.change(func() { w.iam.roles[roleOf("f")].trust = strings.ReplaceAll(trustLambda, "lambda", "ec2") })
	w.send("f", `{}`)
	w.eventually("nothing is owed", func() bool { return w.lambda.events.Len() == 0 && w.lambda.deliveries.Len() == 0 })
	if !w.isEmpty(s.queue) {
		t.Error("delivered with a role that Lambda may not assume")
	}
}

// TestOwedDeliveriesSurviveTheServer: the one that could not be made is made by the
// next server.
func TestOwedDeliveriesSurviveTheServer(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	s := w.sinks()
	w.logging("f", mixed)
	w.granted("f", s.rights(), "")
	must(w, lambdaapi.PutFunctionEventInvokeConfig, sendTo(s.function, ""))
	w.fill(limits.AsyncQueue - 1) // the next function's event is the last one too many
	w.send("f", `{}`)
	w.eventually("the delivery was throttled", func() bool {
		for _, d := range w.lambda.deliveries.All("") {
			return d.Failures == 1
		}
		return false
	})
	w = w.reopen()
	if n := w.lambda.deliveries.Len(); n != 1 {
		t.Fatalf("%d deliveries are owed after the restart", n)
	}
	if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return drop(tx, w.lambda.events, "") }); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	w.eventually("the next function got it", func() bool { return len(w.printed("next", "got")) == 1 && w.lambda.deliveries.Len() == 0 })
}
