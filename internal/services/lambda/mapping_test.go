package lambda

import (
	"strings"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func TestTheLifeOfAMapping(t *testing.T) {
	w := newWorld(t)
	q, other := w.queue("q", nil), w.queue("other", nil)
	w.consumer("f", printing, "*")
	in := mappingOf("f", q)
	in.Enabled, in.Tags = ptr(false), map[string]string{"team": "blue"}
	made := must(w, lambdaapi.CreateEventSourceMapping, in)
	if made.GetState() != "Creating" || made.GetStateTransitionReason() != "USER_INITIATED" || made.GetFunctionArn() != arnOf(here, "f") ||
		made.GetEventSourceArn() != q || made.GetBatchSize() != 10 || made.GetMaximumBatchingWindowInSeconds() != 0 || made.LastProcessingResult != nil ||
		made.FunctionResponseTypes == nil || made.ScalingConfig != nil || made.FilterCriteria != nil ||
		made.GetEventSourceMappingArn() != "arn:aws:lambda:us-east-1:"+here+":event-source-mapping:"+made.GetUUID() {
		t.Errorf("made %+v", made)
	}
	_, err := call(w, root, lambdaapi.CreateEventSourceMapping, mappingOf(arnOf(here, "f"), q))
	refused(t, err, 409, "ResourceConflictException", `An event source mapping with SQS arn (" `+q+` ") and function (" f ") already exists. Please update or delete the existing mapping with UUID `+made.GetUUID())
	second := w.mapped(mappingOf("f", other))

	get := &lambdaapi.GetEventSourceMappingRequest{UUID: made.UUID}
	if got := must(w, lambdaapi.GetEventSourceMapping, get); got.GetState() != "Disabled" {
		t.Errorf("a mapping made disabled is %s", got.GetState())
	}
	changed := must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{
		UUID: made.UUID, Enabled: ptr(true), BatchSize: ptr(int32(3)), FunctionResponseTypes: []string{"ReportBatchItemFailures"},
		ScalingConfig:  &lambdaapi.ScalingConfig{MaximumConcurrency: ptr(int32(2))},
		FilterCriteria: &lambdaapi.FilterCriteria{Filters: []lambdaapi.Filter{{Pattern: ptr(`{"body":["x"]}`)}}},
		MetricsConfig:  &lambdaapi.EventSourceMappingMetricsConfig{Metrics: []string{"EventCount"}},
	})
	if changed.GetState() != "Updating" {
		t.Errorf("an update answers %s", changed.GetState())
	}
	changed = must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: made.UUID, MaximumBatchingWindowInSeconds: ptr(int32(1))})
	if changed.GetBatchSize() != 3 || len(changed.FunctionResponseTypes) != 1 || changed.ScalingConfig.GetMaximumConcurrency() != 2 ||
		len(changed.FilterCriteria.Filters) != 1 || len(changed.MetricsConfig.Metrics) != 1 {
		t.Errorf("an update keeps what it does not name: %+v", changed)
	}
	if got := must(w, lambdaapi.GetEventSourceMapping, get); got.GetState() != "Enabled" {
		t.Errorf("an enabled mapping is %s", got.GetState())
	}
	changed = must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{
		UUID: made.UUID, FunctionResponseTypes: []string{}, ScalingConfig: &lambdaapi.ScalingConfig{}, FilterCriteria: &lambdaapi.FilterCriteria{},
	})
	if len(changed.FunctionResponseTypes) != 0 || changed.ScalingConfig != nil || changed.FilterCriteria != nil {
		t.Errorf("an empty setting takes away: %+v", changed)
	}

	if ours, theirs := w.lambda.Mappings(here), w.lambda.Mappings(there); len(ours) != 2 || len(theirs) != 0 {
		t.Errorf("shown are %+v, and to others %+v", ours, theirs)
	}

	list := func(in *lambdaapi.ListEventSourceMappingsRequest) string {
		var all []string
		for {
			page := must(w, lambdaapi.ListEventSourceMappings, in)
			for _, m := range page.EventSourceMappings {
				all = append(all, m.GetEventSourceArn())
			}
			if in.Marker = page.NextMarker; in.Marker == nil {
				return strings.Join(all, " ")
			}
		}
	}
	one := ptr(int32(1))
	for _, c := range []struct {
		in   lambdaapi.ListEventSourceMappingsRequest
		want int
	}{
		{lambdaapi.ListEventSourceMappingsRequest{}, 2},
		{lambdaapi.ListEventSourceMappingsRequest{MaxItems: one}, 2},
		{lambdaapi.ListEventSourceMappingsRequest{FunctionName: ptr("f")}, 2},
		{lambdaapi.ListEventSourceMappingsRequest{EventSourceArn: &other}, 1},
		{lambdaapi.ListEventSourceMappingsRequest{EventSourceArn: ptr(queueARN(here, "none"))}, 0},
	} {
		if got := list(&c.in); strings.Count(got, "arn:") != c.want {
			t.Errorf("listed %q, want %d", got, c.want)
		}
	}

	tags := func() map[string]string {
		return must(w, lambdaapi.ListTags, &lambdaapi.ListTagsRequest{Resource: made.EventSourceMappingArn}).Tags
	}
	must(w, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: made.EventSourceMappingArn, Tags: map[string]string{"level": "1"}})
	must(w, lambdaapi.UntagResource, &lambdaapi.UntagResourceRequest{Resource: made.EventSourceMappingArn, TagKeys: []string{"team"}})
	if got := tags(); len(got) != 1 || got["level"] != "1" {
		t.Errorf("tags %v", got)
	}
	// A mapping's tags decide about the mapping.
	blue := w.user(here, "blue", statementOf("Allow", "lambda:DeleteEventSourceMapping", "*", `{"StringEquals":{"aws:ResourceTag/level":"2"}}`))
	_, err = call(w, blue, lambdaapi.DeleteEventSourceMapping, &lambdaapi.DeleteEventSourceMappingRequest{UUID: made.UUID})
	refusedLike(t, err, 403, "AccessDeniedException", "not authorized to perform: lambda:DeleteEventSourceMapping")
	must(w, lambdaapi.TagResource, &lambdaapi.TagResourceRequest{Resource: made.EventSourceMappingArn, Tags: map[string]string{"level": "2"}})
	gone, err := call(w, blue, lambdaapi.DeleteEventSourceMapping, &lambdaapi.DeleteEventSourceMappingRequest{UUID: made.UUID})
	if err != nil || gone.GetState() != "Deleting" {
		t.Fatalf("deleted: %+v, %v", gone, err)
	}
	_, err = call(w, root, lambdaapi.GetEventSourceMapping, get)
	refused(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	_, err = call(w, root, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: made.UUID})
	refused(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")

	// lambda:FunctionArn is the function's, of the request or of the stored mapping.
	ofG := w.user(here, "green", statementOf("Allow", "lambda:*", "*", `{"ArnEquals":{"lambda:FunctionArn":"`+arnOf(here, "g")+`"}}`))
	_, err = call(w, ofG, lambdaapi.CreateEventSourceMapping, mappingOf("f", q))
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:CreateEventSourceMapping")
	_, err = call(w, ofG, lambdaapi.GetEventSourceMapping, &lambdaapi.GetEventSourceMappingRequest{UUID: &second})
	refusedLike(t, err, 403, "AccessDeniedException", "lambda:GetEventSourceMapping")
	ofF := w.user(here, "red", statementOf("Allow", "lambda:*", "*", `{"ArnEquals":{"lambda:FunctionArn":"`+arnOf(here, "f")+`"}}`))
	if _, err = call(w, ofF, lambdaapi.CreateEventSourceMapping, mappingOf("f", q)); err != nil {
		t.Error(err)
	}
}

func TestMappingsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	q, fifo, short := w.queue("q", nil), w.queue("q.fifo", map[string]string{"FifoQueue": "true"}), w.queue("short", map[string]string{"VisibilityTimeout": "9"})
	w.consumer("f", printing, "*")
	w.function("none", printing)
	for _, lack := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		w.function("no"+lack, printing)
		w.iam.grant(roleOf("no"+lack), may("sqs:*", "*"), statementOf("Deny", "sqs:"+lack, q, ""))
	}
	w.consumer("lost", printing, "*")
	w.role("lost-role", strings.ReplaceAll(trustLambda, "lambda", "ec2"), mayPoll("*"))
	const code = "InvalidParameterValueException"
	of := func(function, queue string, change func(*lambdaapi.CreateEventSourceMappingRequest)) *lambdaapi.CreateEventSourceMappingRequest {
		in := mappingOf(function, queue)
		if change != nil {
			change(in)
		}
		return in
	}
	type request = lambdaapi.CreateEventSourceMappingRequest
	for _, c := range []struct {
		name       string
		in         *request
		status     int
		code, text string
	}{
		{"the role may nothing", of("none", q, nil), 400, code, "The function execution role does not have permissions to call ReceiveMessage on SQS"},
		{"the role may not receive", of("noReceiveMessage", q, nil), 400, code, "The function execution role does not have permissions to call ReceiveMessage on SQS"},
		{"the role may not delete", of("noDeleteMessage", q, nil), 400, code, "The function execution role does not have permissions to call DeleteMessage on SQS"},
		{"the role may not look", of("noGetQueueAttributes", q, nil), 400, code, "The function execution role does not have permissions to call GetQueueAttributes on SQS"},
		{"the role trusts somebody else", of("lost", q, nil), 400, code, "Please add Lambda as a Trusted Entity for " + roleOf("lost")},
		{"no such queue", of("f", queueARN(here, "gone"), nil), 400, code, "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist."},
		{"no such function", of("gone", q, nil), 404, "ResourceNotFoundException", "Function not found: " + arnOf(here, "gone")},
		{"no source", &request{FunctionName: ptr("f")}, 400, code, "Unrecognized event source."},
		{"not a source", of("f", "arn:aws:sns:us-east-1:"+here+":t", nil), 400, code, "Unrecognized event source. Unsupported source arn : arn:aws:sns:us-east-1:" + here + ":t"},
		{"a source that is not here", of("f", "arn:aws:kinesis:us-east-1:"+here+":stream/s", nil), 400, code, "An event source of the service kinesis is not available: Sallyport refuses it rather than ignore it."},
		{"another region's queue", of("f", "arn:aws:sqs:eu-west-1:"+here+":q", nil), 400, code, "The event source and the function must be in one region."},
		{"many, at once", of("f", q, func(in *request) { in.BatchSize = ptr(int32(11)) }), 400, code, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		{"many, of a FIFO queue", of("f", fifo, func(in *request) { in.BatchSize = ptr(int32(11)) }), 400, code, "Maximum batch size for FIFO queues is 10."},
		{"a window of a FIFO queue", of("f", fifo, func(in *request) { in.MaximumBatchingWindowInSeconds = ptr(int32(1)) }), 400, code, "Batching window is not supported for FIFO queues."},
		{"the function takes longer than a message is hidden", of("f", short, nil), 400, code, "Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds"},
		{"a filter that is none", of("f", q, func(in *request) {
			in.FilterCriteria = &lambdaapi.FilterCriteria{Filters: []lambdaapi.Filter{{Pattern: ptr(`{"body":"x"}`)}}}
		}), 400, code, "Invalid filter pattern definition."},
		{"settings of streams", of("f", q, func(in *request) { in.StartingPosition, in.ParallelizationFactor = ptr("LATEST"), ptr(int32(2)) }), 400, code, "Unsupported parameter for the event source type SQS: ParallelizationFactor, StartingPosition"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := call(w, root, lambdaapi.CreateEventSourceMapping, c.in)
			refused(t, err, c.status, c.code, c.text)
		})
	}
	if n := w.lambda.mappings.Len(); n != 0 {
		t.Errorf("%d refused mappings are stored", n)
	}
	// A trial receives nothing and is recorded as one.
	for _, r := range w.asked("sqs:ReceiveMessage") {
		if !r.Trial {
			t.Errorf("a refused mapping has polled: %+v", r)
		}
	}

	// The same holds for updates, and who only stops a mapping needs no right of it.
	uuid := w.mapped(mappingOf("f", q))
	w.iam.grant(roleOf("f"))
	_, err := call(w, root, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, BatchSize: ptr(int32(5))})
	refused(t, err, 400, code, "The function execution role does not have permissions to call ReceiveMessage on SQS")
	_, err = call(w, root, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, FunctionName: ptr("none"), Enabled: ptr(false)})
	refused(t, err, 400, code, "The function execution role does not have permissions to call ReceiveMessage on SQS")
	must(w, lambdaapi.UpdateEventSourceMapping, &lambdaapi.UpdateEventSourceMappingRequest{UUID: &uuid, Enabled: ptr(false)})
}

// TestAQueueOfAnotherAccount needs both: the role's policy and the queue's.
func TestAQueueOfAnotherAccount(t *testing.T) {
	w := newWorld(t)
	w.function("f", printing)
	name := "theirs"
	as := stranger()
	if _, err := call(w, as, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	q := queueARN(there, name)
	open := func(is bool) {
		text := ""
		if is {
			text = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleOf("f") + `"},"Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"` + q + `"}]}`
		}
		if _, err := call(w, as, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: ptr(queueURL(q)), Attributes: map[string]string{"Policy": text}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ role, queue bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		w.iam.grant(roleOf("f"), logRole)
		if c.role {
			w.iam.grant(roleOf("f"), logRole, mayPoll(q))
		}
		open(c.queue)
		_, err := call(w, root, lambdaapi.CreateEventSourceMapping, mappingOf("f", q))
		if c.role && c.queue {
			if err != nil {
				t.Errorf("both allow: %v", err)
			}
			continue
		}
		refused(t, err, 400, "InvalidParameterValueException", "The function execution role does not have permissions to call ReceiveMessage on SQS")
	}
	send := func(body string) {
		if _, err := call(w, as, sqsapi.SendMessage, &sqsapi.SendMessageRequest{QueueUrl: ptr(queueURL(q)), MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	send("one")
	w.gets("f", "one")
	// The queue's owner closes it: the poll under way ends, and nothing is brought.
	open(false)
	send("two")
	w.eventually("the mapping says what is missing", func() bool {
		for _, m := range w.lambda.Mappings(here) {
			return m.LastProcessingResult == "PROBLEM: The function execution role does not have permissions to call ReceiveMessage on SQS"
		}
		return false
	})
	open(true)
	w.eventually("it goes on", func() bool { w.clock.Advance(longestPollPause / 10); return len(w.printed("f", "got")) == 2 })
}
