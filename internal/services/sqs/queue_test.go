package sqs

import (
	"strings"
	"testing"
	"time"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

func TestAQueueIsMadeOnceMoreWithTheAttributesItHas(t *testing.T) {
	w := newWorld(t)
	url := w.create("q", "DelaySeconds", "3")
	if again := w.create("q", "DelaySeconds", "3"); again != url {
		t.Errorf("got %s, want %s", again, url)
	}
	w.create("q")
	w.send(url, "kept")
	w.create("q")
	w.clock.Advance(3 * time.Second)
	w.expect(url, 1, "kept")
}

func TestANameIsFreeAMinuteAfterItsQueueWasDeleted(t *testing.T) {
	w := newWorld(t)
	url, name := w.create("q"), "q"
	w.send(url, "old")
	must(w, sqsapi.DeleteQueue, &sqsapi.DeleteQueueRequest{QueueUrl: &url})
	w.clock.Advance(59 * time.Second)
	_, err := call(w, root, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name})
	refused(t, err, "QueueDeletedRecently", legacy+"QueueDeletedRecently", 400, "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	w.clock.Advance(time.Second)
	w.create("q")
	w.expect(url, 1, "")
	w.restart()
	w.expect(url, 1, "")
	w.whole()
}

func TestAttributesOfANewQueue(t *testing.T) {
	w := newWorld(t)
	url, fifo := w.create("q"), w.create("q.fifo")
	standard := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
		"CreatedTimestamp": "1795168800", "DelaySeconds": "0", "LastModifiedTimestamp": "1795168800", "MaximumMessageSize": "1048576",
		"MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:us-east-1:111111111111:q", "ReceiveMessageWaitTimeSeconds": "0",
		"SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
	}
	all := func(url string) map[string]string {
		return must(w, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: &url, AttributeNames: []string{"All"}}).Attributes
	}
	same := func(got, want map[string]string) {
		t.Helper()
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%s is %q, want %q", name, got[name], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %v", got)
		}
	}
	same(all(url), standard)
	for name, v := range map[string]string{"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoQueue": "true", "FifoThroughputLimit": "perQueue", "QueueArn": "arn:aws:sqs:us-east-1:111111111111:q.fifo"} {
		standard[name] = v
	}
	same(all(fifo), standard)
	w.set(url, "KmsMasterKeyId", "k", "KmsDataKeyReusePeriodSeconds", "6000")
	if got := all(url); got["SqsManagedSseEnabled"] != "false" || got["KmsMasterKeyId"] != "k" || got["KmsDataKeyReusePeriodSeconds"] != "6000" {
		t.Errorf("got %v", got)
	}
	_, err := call(w, root, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: &fifo, Attributes: map[string]string{"FifoQueue": "false"}})
	refused(t, err, "InvalidAttributeValue", "InvalidAttributeValue", 400, "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.")
}

func TestQueuesAreListedByPage(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a1", "a2", "a3", "b1"} {
		w.create(name)
	}
	var names []string
	in := &sqsapi.ListQueuesRequest{QueueNamePrefix: ptr("a"), MaxResults: ptr(int32(2))}
	for pages := 1; ; pages++ {
		out := must(w, sqsapi.ListQueues, in)
		for _, url := range out.QueueUrls {
			names = append(names, url[strings.LastIndexByte(url, '/')+1:])
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 2 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if strings.Join(names, " ") != "a1 a2 a3" {
		t.Errorf("got %v", names)
	}
}

func TestAPurgeEmptiesTheQueueOnceAMinute(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	for _, body := range []string{"a", "b", "c"} {
		w.send(url, body)
	}
	w.expect(url, 1, "a")
	purge := func() error {
		_, err := call(w, root, sqsapi.PurgeQueue, &sqsapi.PurgeQueueRequest{QueueUrl: &url})
		return err
	}
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	if c := w.counts(url); c != "0 0 0" {
		t.Errorf("counts %s", c)
	}
	w.send(url, "d")
	refused(t, purge(), "PurgeQueueInProgress", legacy+"PurgeQueueInProgress", 403, "Only one PurgeQueue operation on q is allowed every 60 seconds.")
	w.expect(url, 10, "d")
	w.whole()
	w.clock.Advance(time.Minute)
	if err := purge(); err != nil {
		t.Fatal(err)
	}
	w.whole()
}

func TestTagsAreOnTheQueue(t *testing.T) {
	w := newWorld(t)
	name := "q"
	url := *must(w, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Tags: map[string]string{"a": "1"}}).QueueUrl
	must(w, sqsapi.TagQueue, &sqsapi.TagQueueRequest{QueueUrl: &url, Tags: map[string]string{"b": "", "c": "3"}})
	must(w, sqsapi.UntagQueue, &sqsapi.UntagQueueRequest{QueueUrl: &url, TagKeys: []string{"a", "x"}})
	if got := must(w, sqsapi.ListQueueTags, &sqsapi.ListQueueTagsRequest{QueueUrl: &url}).Tags; len(got) != 2 || got["c"] != "3" {
		t.Errorf("got %v", got)
	}
	if got := w.sqs.Resource("", arnOf(url)).Tags; got["c"] != "3" {
		t.Errorf("the gate sees %v", got)
	}
}

func TestThePolicyIsJudgedAndShown(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	ann := w.user(there, "ann", "sqs:*", "*")
	send := func(as caller.Caller) error {
		_, err := call(w, as, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("x")})
		return err
	}
	denied := func(err error, why string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s: %v", why, err)
		}
	}
	denied(send(ann), "another account without a policy")
	w.set(url, "Policy", policyFor(`{"AWS":"`+userARN(there, "ann")+`"}`, "sqs:SendMessage"))
	if err := send(ann); err != nil {
		t.Errorf("let in by the policy: %v", err)
	}
	if got := w.attribute(url, "Policy"); !strings.Contains(got, userARN(there, "ann")) {
		t.Errorf("the policy is shown as %s", got)
	}
	denied(send(w.user(there, "bob", "sqs:*", "*")), "whom the policy does not name")
	delete(w.people.policies, userARN(there, "ann"))
	if got := w.attribute(url, "Policy"); !strings.Contains(got, `"`+uniqueID("ann")+`"`) {
		t.Errorf("who is gone is shown as %s", got)
	}
	w.set(url, "Policy", "")
	if got := w.attribute(url, "Policy"); got != "" || len(w.sqs.Guarded()) != 0 {
		t.Errorf("removed, and still %s, %v", got, w.sqs.Guarded())
	}
}

func TestPermissionsAreStatements(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	add := func(label string, accounts, actions []string) error {
		_, err := call(w, root, sqsapi.AddPermission, &sqsapi.AddPermissionRequest{QueueUrl: &url, Label: &label, AWSAccountIds: accounts, Actions: actions})
		return err
	}
	receive := func() error {
		_, err := call(w, stranger, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &url})
		return err
	}
	if err := receive(); err == nil {
		t.Error("another account is let in")
	}
	if err := add("one", []string{there}, []string{"ReceiveMessage"}); err != nil {
		t.Fatal(err)
	}
	if err := receive(); err != nil {
		t.Errorf("let in by AddPermission: %v", err)
	}
	const want = `{"Version":"2008-10-17","Id":"arn:aws:sqs:us-east-1:111111111111:q/SQSDefaultPolicy","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"SQS:ReceiveMessage","Resource":"arn:aws:sqs:us-east-1:111111111111:q"}]}`
	if got := w.attribute(url, "Policy"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bad := func(err error, text string) {
		t.Helper()
		refused(t, err, "InvalidParameterValueException", "InvalidParameterValue", 400, text)
	}
	bad(add("one", []string{there}, []string{"SendMessage"}), "Value one for parameter Label is invalid. Reason: Already exists.")
	bad(add("two", []string{there}, []string{"DeleteQueue"}), "Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.")
	bad(add("two", nil, []string{"SendMessage"}), "Value [] for parameter PrincipalId is invalid. Reason: Unable to verify.")
	refused(t, add("two", []string{there}, strings.Split("abcdefgh", "")), "OverLimit", "OverLimit", 403, "8 Actions were found, maximum allowed is 7.")
	label := "one"
	remove := func() error {
		_, err := call(w, root, sqsapi.RemovePermission, &sqsapi.RemovePermissionRequest{QueueUrl: &url, Label: &label})
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if err := receive(); err == nil || w.attribute(url, "Policy") != "" {
		t.Errorf("the permission is still there: %v", err)
	}
	bad(remove(), "Value one for parameter Label is invalid. Reason: can't find label.")
}

// TestSomeOperationsAreTheOwnersOnly whatever the policy says.
func TestSomeOperationsAreTheOwnersOnly(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	w.set(url, "Policy", policyFor(`"*"`, "sqs:*"))
	if _, err := call(w, stranger, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: &url}); err != nil {
		t.Errorf("the policy lets everybody in: %v", err)
	}
	out, err := call(w, stranger, sqsapi.GetQueueUrl, &sqsapi.GetQueueUrlRequest{QueueName: ptr("q"), QueueOwnerAWSAccountId: ptr(here)})
	if err != nil || *out.QueueUrl != url {
		t.Errorf("GetQueueUrl: %v", err)
	}
	_, err1 := call(w, stranger, sqsapi.DeleteQueue, &sqsapi.DeleteQueueRequest{QueueUrl: &url})
	_, err2 := call(w, stranger, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: &url, Attributes: pairs([]string{"DelaySeconds", "1"})})
	_, err3 := call(w, stranger, sqsapi.AddPermission, &sqsapi.AddPermissionRequest{QueueUrl: &url, Label: ptr("l"), AWSAccountIds: []string{there}, Actions: []string{"*"}})
	_, err4 := call(w, stranger, sqsapi.RemovePermission, &sqsapi.RemovePermissionRequest{QueueUrl: &url, Label: ptr("s")})
	_, err5 := call(w, stranger, sqsapi.TagQueue, &sqsapi.TagQueueRequest{QueueUrl: &url, Tags: pairs([]string{"a", "b"})})
	_, err6 := call(w, stranger, sqsapi.UntagQueue, &sqsapi.UntagQueueRequest{QueueUrl: &url, TagKeys: []string{"a"}})
	_, err7 := call(w, stranger, sqsapi.ListQueueTags, &sqsapi.ListQueueTagsRequest{QueueUrl: &url})
	_, err8 := call(w, stranger, sqsapi.StartMessageMoveTask, &sqsapi.StartMessageMoveTaskRequest{SourceArn: ptr(arnOf(url))})
	_, err9 := call(w, stranger, sqsapi.ListMessageMoveTasks, &sqsapi.ListMessageMoveTasksRequest{SourceArn: ptr(arnOf(url))})
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("operation %d: %v", i+1, err)
		}
	}
}

// TestWhoMayNotLearnsNothing: a denied caller is told the same of a queue that
// is there and of one that is not.
func TestWhoMayNotLearnsNothing(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	bob := w.user(here, "bob", "sns:Publish", "*")
	ask := func(url string) string {
		_, err := call(w, bob, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("x")})
		if err == nil {
			t.Fatal("let in")
		}
		return strings.ReplaceAll(err.Error(), arnOf(url), "QUEUE")
	}
	if a, b := ask(url), ask(url+"x"); a != b {
		t.Errorf("of a queue that is there: %s\nof one that is not: %s", a, b)
	}
}

func TestTheURLIsAtTheHostOfTheClient(t *testing.T) {
	r := ref{here, region, "q"}
	for want, o := range map[string]op.Origin{
		"http://localhost:4566/111111111111/q":               {Host: "localhost:4566"},
		"https://sally.example/111111111111/q":               {Host: "sally.example", Secure: true},
		"https://sqs.us-east-1.amazonaws.com/111111111111/q": {Secure: true},
	} {
		url := r.url(o)
		if back, ok := parseURL(url, region); url != want || !ok || back != r {
			t.Errorf("got %s, want %s", url, want)
		}
	}
}

// TestTagsDecide: those of the queue, and those of the request.
func TestTagsDecide(t *testing.T) {
	w := newWorld(t)
	name := "red"
	url := *must(w, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Tags: pairs([]string{"color", "red"})}).QueueUrl
	other := w.create("other")
	arn := userARN(here, "eve")
	eve := w.user(here, "eve", "sqs:*", "*")
	w.people.policies[arn] = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/color":"red"}}},
		{"Effect":"Allow","Action":["sqs:CreateQueue","sqs:TagQueue"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/color":"red"}}}]}`
	send := func(url string) error {
		_, err := call(w, eve, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("x")})
		return err
	}
	if err := send(url); err != nil {
		t.Errorf("a queue with the tag: %v", err)
	}
	if err := send(other); err == nil {
		t.Error("a queue without the tag lets in")
	}
	create := func(name, color string) error {
		_, err := call(w, eve, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Tags: pairs([]string{"color", color})})
		return err
	}
	if err := create("a", "red"); err != nil {
		t.Errorf("a queue of the color: %v", err)
	}
	if err := create("b", "blue"); err == nil {
		t.Error("a queue of another color is made")
	}
}

// TestTagsAtCreationTakeTwoRights: making the queue, and tagging it.
func TestTagsAtCreationTakeTwoRights(t *testing.T) {
	w := newWorld(t)
	bob := w.user(here, "bob", "sqs:CreateQueue", "*")
	create := func(tags map[string]string) error {
		_, err := call(w, bob, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: ptr("q"), Tags: tags})
		return err
	}
	if err := create(pairs([]string{"a", "b"})); err == nil || !strings.Contains(err.Error(), "sqs:tagqueue") {
		t.Errorf("with tags: %v", err)
	}
	if err := create(nil); err != nil {
		t.Errorf("without tags: %v", err)
	}
}

// TestServicesSendUnderTheQueuesPolicy, with the condition AWS recommends.
func TestServicesSendUnderTheQueuesPolicy(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	topic := func(name string) caller.Caller {
		return caller.ForService(caller.Service{Principal: "sns.amazonaws.com", SourceARN: "arn:aws:sns:us-east-1:" + here + ":" + name, SourceAccount: here})
	}
	send := func(as caller.Caller) error {
		_, err := call(w, as, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: &url, MessageBody: ptr("x")})
		return err
	}
	if err := send(topic("t")); err == nil {
		t.Error("a topic is let in without a policy")
	}
	w.set(url, "Policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"`+arnOf(url)+`","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:`+here+`:t"}}}}`)
	if err := send(topic("t")); err != nil {
		t.Errorf("the topic of the policy: %v", err)
	}
	if err := send(topic("other")); err == nil {
		t.Error("another topic is let in")
	}
	if got := w.expect(url, 1, "x")[0].Attributes["SenderId"]; got != snsSender {
		t.Errorf("sender %s", got)
	}
}

func TestResetLeavesNothing(t *testing.T) {
	w := newWorld(t)
	url, fifo := w.create("q"), w.create("q.fifo")
	w.send(url, "a")
	w.sendTo(fifo, "g", "a")
	if err := w.sqs.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := must(w, sqsapi.ListQueues, &sqsapi.ListQueuesRequest{}).QueueUrls; len(got) != 0 {
		t.Errorf("left are %v", got)
	}
	w.whole()
	w.create("q")
	w.create("q.fifo")
	w.expect(url, 1, "")
	w.sendTo(fifo, "g", "a")
	w.expect(fifo, 1, "a")
	w.whole()
}

// TestTheSweepForgets what was sent, which names are not free, and what expired.
func TestTheSweepForgets(t *testing.T) {
	w := newWorld(t)
	url, fifo := w.create("q", "MessageRetentionPeriod", "60"), w.create("q.fifo")
	gone := w.create("gone")
	must(w, sqsapi.DeleteQueue, &sqsapi.DeleteQueueRequest{QueueUrl: &gone})
	w.send(url, "old")
	w.sendTo(fifo, "g", "a")
	must(w, sqsapi.ReceiveMessage, &sqsapi.ReceiveMessageRequest{QueueUrl: &fifo, ReceiveRequestAttemptId: ptr("x")})
	w.clock.Advance(5 * time.Minute)
	if err := w.sqs.sweepOnce(); err != nil {
		t.Fatal(err)
	}
	w.whole()
	left := 0
	err := w.sqs.eachEntry(t.Context(), w.sqs.recents, func(_, _ uint64, _ []byte) error {
		left++
		return nil
	})
	r, _ := parseURL(fifo, region)
	l := w.sqs.lines.of(r)
	if err != nil || left != 0 || w.sqs.deleted.Len() != 0 || len(l.attempts) != 0 || len(l.recent.order) != 0 {
		t.Errorf("left are %d rows of what was sent, %d names, %d attempts: %v", left, w.sqs.deleted.Len(), len(l.attempts), err)
	}
	if c := w.counts(url); c != "0 0 0" {
		t.Errorf("counts %s", c)
	}
}

func TestTheServerSweepsEveryMinute(t *testing.T) {
	w := newWorld(t)
	url := w.create("q", "MessageRetentionPeriod", "60")
	w.send(url, "old")
	if err := w.sqs.Start(t.Context(), w.bus); err != nil {
		t.Fatal(err)
	}
	r, _ := parseURL(url, region)
	l := w.sqs.lines.of(r)
	for l.counted(visible) != "0" {
		w.clock.Advance(time.Second)
	}
	if w.clock.Now().Sub(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) < time.Minute {
		t.Error("a message is removed before its time")
	}
}
