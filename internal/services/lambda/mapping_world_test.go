package lambda

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/trail"
)

// printing prints what it gets: how many messages, and the body of each.
const printing = `
def handler(event, context):
    print("batch", len(event["Records"]))
    for r in event["Records"]:
        print("got", r["body"])
`

func queueARN(account, name string) string {
	return "arn:aws:sqs:" + region + ":" + account + ":" + name
}

// queue makes a queue of root's and gives its ARN.
func (w *world) queue(name string, attributes map[string]string) string {
	w.Helper()
	must(w, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Attributes: attributes})
	return queueARN(here, name)
}

// post sends messages; of a FIFO queue "a/text" is one of group a.
func (w *world) post(queue string, bodies ...string) {
	w.Helper()
	for _, body := range bodies {
		in := &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(queue)), MessageBody: &body}
		if strings.HasSuffix(queue, ".fifo") {
			in.MessageGroupId, in.MessageDeduplicationId = ptr(body[:1]), &body
		}
		must(w, sqsapi.SendMessage, in)
	}
}

// inQueue counts the messages of a queue that are visible, and those in flight.
func (w *world) inQueue(queue string) (visible, hidden int) {
	w.Helper()
	out := must(w, sqsapi.GetQueueAttributes, &sqsapi.GetQueueAttributesRequest{QueueUrl: ptr(queueURL(queue)), AttributeNames: []string{"All"}})
	visible, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"])
	hidden, _ = strconv.Atoi(out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	return visible, hidden
}

func (w *world) isEmpty(queue string) bool {
	visible, hidden := w.inQueue(queue)
	return visible+hidden == 0
}

// mayPoll is what an execution role needs of a queue.
func mayPoll(queue string) string {
	return `{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"` + queue + `"}`
}

func roleOf(function string) string { return "arn:aws:iam::" + here + ":role/" + function + "-role" }

// consumer makes a function whose role may log and poll a queue.
func (w *world) consumer(name, source, queue string) {
	w.Helper()
	w.function(name, source)
	w.iam.grant(roleOf(name), logRole, mayPoll(queue))
}

func mappingOf(function, queue string) *lambdaapi.CreateEventSourceMappingRequest {
	return &lambdaapi.CreateEventSourceMappingRequest{FunctionName: &function, EventSourceArn: &queue}
}

// mapped makes a mapping and gives its id.
func (w *world) mapped(in *lambdaapi.CreateEventSourceMappingRequest) string {
	w.Helper()
	return must(w, lambdaapi.CreateEventSourceMapping, in).GetUUID()
}

// result is the mapping's LastProcessingResult.
func (w *world) result(uuid string) string {
	w.Helper()
	return must(w, lambdaapi.GetEventSourceMapping, &lambdaapi.GetEventSourceMappingRequest{UUID: &uuid}).GetLastProcessingResult()
}

// counted are a mapping's counts.
func (w *world) counted(uuid string) MappingStatus {
	for _, m := range w.lambda.Mappings(here) {
		if m.UUID == uuid {
			return m
		}
	}
	w.Fatalf("no mapping %s", uuid)
	panic("unreachable")
}

// printed are the lines of a function that start with a word, without it.
func (w *world) printed(function, word string) []string {
	w.Helper()
	var all []string
	for _, l := range w.lines("/aws/lambda/" + function) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), word+" "); ok {
			all = append(all, rest)
		}
	}
	return all
}

// gets waits until a function got exactly these bodies, in any order.
func (w *world) gets(function string, want ...string) {
	w.Helper()
	slices.Sort(want)
	var got []string
	w.eventually(fmt.Sprintf("%s got %q", function, want), func() bool {
		got = slices.Sorted(slices.Values(w.printed(function, "got")))
		return slices.Equal(got, want)
	})
}

// asked are the recorded questions about an action, but for those of root.
func (w *world) asked(action string) []*trail.Record {
	w.Helper()
	var all []*trail.Record
	for _, r := range w.trail.After(0, trail.Filter{}, 10_000) {
		if r.Action == action && !strings.HasSuffix(r.Principal.ARN, ":root") {
			all = append(all, r)
		}
	}
	return all
}

// stranger is the other account's root.
func stranger() caller.Caller { return caller.Root(there, caller.Key{}) }
