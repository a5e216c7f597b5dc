package sns

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/limits"
)

const (
	topicT   = "arn:aws:sns:" + region + ":" + here + ":t"
	topicF   = "arn:aws:sns:" + region + ":" + here + ":f.fifo"
	elements = "Reason: An ARN must have at least 6 elements, not "
)

// TestRefusals: the codes and texts, as recorded from AWS where they are known.
func TestRefusals(t *testing.T) {
	text := func(kind, value string) snsapi.MessageAttributeValue {
		return snsapi.MessageAttributeValue{DataType: &kind, StringValue: &value}
	}
	publish := func(change func(in *snsapi.PublishInput)) func(w *world) error {
		return func(w *world) error {
			in := &snsapi.PublishInput{TopicArn: ptr(topicT), Message: ptr("m")}
			change(in)
			_, err := call(w, root, snsapi.Publish, in)
			return err
		}
	}
	attribute := func(name string, v snsapi.MessageAttributeValue) func(w *world) error {
		return publish(func(in *snsapi.PublishInput) { in.MessageAttributes = map[string]snsapi.MessageAttributeValue{name: v} })
	}
	subscribe := func(topic, protocol, endpoint string, attributes ...string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.Subscribe, &snsapi.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: pairs(attributes)})
			return err
		}
	}
	const queue, fifoQueue = "arn:aws:sqs:" + region + ":" + here + ":q", "arn:aws:sqs:" + region + ":" + here + ":q.fifo"
	set := func(name, value string) func(w *world) error {
		return func(w *world) error {
			arn := w.subscribe(topicT, "sqs", queue)
			_, err := call(w, root, snsapi.SetSubscriptionAttributes, &snsapi.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: &name, AttributeValue: &value})
			return err
		}
	}
	setTopic := func(topic, name, value string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: &topic, AttributeName: &name, AttributeValue: &value})
			return err
		}
	}
	create := func(name string, tags []snsapi.Tag, attributes ...string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.CreateTopic, &snsapi.CreateTopicInput{Name: &name, Tags: tags, Attributes: pairs(attributes)})
			return err
		}
	}
	unsubscribe := func(arn string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.Unsubscribe, &snsapi.UnsubscribeInput{SubscriptionArn: &arn})
			return err
		}
	}
	confirm := func(topic, token string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.ConfirmSubscription, &snsapi.ConfirmSubscriptionInput{TopicArn: &topic, Token: &token})
			return err
		}
	}
	grant := func(accounts, actions []string, label string) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.AddPermission, &snsapi.AddPermissionInput{TopicArn: ptr(topicT), Label: &label, AWSAccountId: accounts, ActionName: actions})
			return err
		}
	}
	tag := func(arn string, tags ...snsapi.Tag) func(w *world) error {
		return func(w *world) error {
			_, err := call(w, root, snsapi.TagResource, &snsapi.TagResourceRequest{ResourceArn: &arn, Tags: tags})
			return err
		}
	}
	redrive := func(arn string) string { return `{"deadLetterTargetArn":"` + arn + `"}` }
	const param, value = "InvalidParameter", "ParameterValueInvalid"
	long := strings.Repeat("x", limits.SNSMessage)

	for _, c := range []struct {
		name, code string
		status     int
		text       string
		do         func(w *world) error
	}{
		{"a topic that is not there", "NotFound", 404, "Topic does not exist", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr(topicT + "2") })},
		{"no ARN", param, 400, "Invalid parameter: TopicArn " + elements + "1", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr("randomstring") })},
		{"an empty ARN", param, 400, "Invalid parameter: TopicArn " + elements + "1", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr("") })},
		{"half an ARN", param, 400, "Invalid parameter: TopicArn " + elements + "2", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr("randomstring:1") })},
		{"another region", param, 400, "Invalid parameter: TopicArn", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr(strings.Replace(topicT, region, "eu-west-1", 1)) })},
		{"no target", param, 400, "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter", publish(func(in *snsapi.PublishInput) { in.TopicArn = nil })},
		{"a mobile endpoint", param, 400, "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
			publish(func(in *snsapi.PublishInput) {
				in.TopicArn, in.TargetArn = nil, ptr("arn:aws:sns:us-east-1:000000000000:endpoint/APNS/abcdef/0f7d5971-aa8b-4bd5-b585-0826e9f93a66")
			})},
		{"a phone", param, 400, "Invalid parameter: SMS is not available: Sallyport refuses what it would silently drop", publish(func(in *snsapi.PublishInput) { in.TopicArn, in.PhoneNumber = nil, ptr("+123") })},
		{"an empty message", param, 400, "Invalid parameter: Empty message", publish(func(in *snsapi.PublishInput) { in.Message = ptr("") })},
		{"a long message", param, 400, "Invalid parameter: Message too long", publish(func(in *snsapi.PublishInput) { in.Message = ptr(long + "x") })},
		{"a message that attributes make too long", param, 400, "Invalid parameter: Message too long",
			publish(func(in *snsapi.PublishInput) {
				in.Message, in.MessageAttributes = &long, map[string]snsapi.MessageAttributeValue{"a": text("String", "x")}
			})},
		{"an empty subject", param, 400, "Invalid parameter: Subject", publish(func(in *snsapi.PublishInput) { in.Subject = ptr("") })},
		{"a subject of two lines", param, 400, "Invalid parameter: Subject", publish(func(in *snsapi.PublishInput) { in.Subject = ptr("a\nb") })},
		{"a long subject", param, 400, "Invalid parameter: Subject", publish(func(in *snsapi.PublishInput) { in.Subject = ptr(strings.Repeat("x", 101)) })},
		{"another structure", param, 400, "Invalid parameter: MessageStructure", publish(func(in *snsapi.PublishInput) { in.MessageStructure = ptr("xml") })},
		{"a structure that is no JSON", param, 400, "Invalid parameter: Message Structure - JSON message body failed to parse", publish(func(in *snsapi.PublishInput) { in.MessageStructure = ptr("json") })},
		{"a structure without default", param, 400, "Invalid parameter: Message Structure - No default entry in JSON message body",
			publish(func(in *snsapi.PublishInput) { in.MessageStructure, in.Message = ptr("json"), ptr(`{"sqs":"x"}`) })},
		{"a default that is no text", param, 400, "Invalid parameter: Message Structure - No default entry in JSON message body",
			publish(func(in *snsapi.PublishInput) {
				in.MessageStructure, in.Message = ptr("json"), ptr(`{"default":{"x":1}}`)
			})},
		{"a deduplication id", param, 400, "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
			publish(func(in *snsapi.PublishInput) { in.MessageDeduplicationId = ptr("d") })},
		{"FIFO without a group", param, 400, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics", publish(func(in *snsapi.PublishInput) { in.TopicArn = ptr(topicF) })},
		{"FIFO without what tells duplicates", param, 400, "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
			publish(func(in *snsapi.PublishInput) { in.TopicArn, in.MessageGroupId = ptr(topicF), ptr("g") })},

		{"an attribute without value", value, 400, "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.", attribute("a", text("String", ""))},
		{"a binary one without value", value, 400, "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'Binary'.", attribute("a", snsapi.MessageAttributeValue{DataType: ptr("Binary")})},
		{"a string with bytes", value, 400, "The message attribute 'a' with type 'String' must use field 'String'.", attribute("a", snsapi.MessageAttributeValue{DataType: ptr("String"), BinaryValue: []byte{1}})},
		{"a number with bytes", value, 400, "The message attribute 'a' with type 'Number' must use field 'String'.", attribute("a", snsapi.MessageAttributeValue{DataType: ptr("Number"), BinaryValue: []byte{1}})},
		{"bytes as a string", value, 400, "The message attribute 'a' with type 'Binary' must use field 'Binary'.", attribute("a", text("Binary", "x"))},
		{"another type", value, 400, "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", attribute("a", text("Strings", "x"))},
		{"a number that is none", value, 400, "Could not cast message attribute 'a' value to number.", attribute("a", text("Number", "one"))},
		{"a long name", value, 400, "Length of message attribute name must be less than 256 bytes.", attribute(strings.Repeat("a", 257), text("String", "x"))},
		{"a name with a sign", value, 400, "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.", attribute("a^b", text("String", "x"))},
		{"a name that begins with a dot", value, 400, "Invalid message attribute name starting with character '.' was found.", attribute(".a", text("String", "x"))},
		{"a name that ends with a dot", value, 400, "Invalid message attribute name ending with character '.' was found.", attribute("a.", text("String", "x"))},
		{"a name with two dots", value, 400, "Message attribute name can not have successive '.' character.", attribute("a..b", text("String", "x"))},

		{"another protocol", param, 400, "Invalid parameter: Amazon SNS does not support this protocol string: x", subscribe(topicT, "x", "y")},
		{"mail", param, 400, "Invalid parameter: The protocol email is not available: Sallyport refuses what it would silently drop", subscribe(topicT, "email", "a@example.com")},
		{"a queue by its address", param, 400, "Invalid parameter: SQS endpoint ARN", subscribe(topicT, "sqs", "http://localhost/1/q")},
		{"a function by its name", param, 400, "Invalid parameter: Lambda endpoint ARN", subscribe(topicT, "lambda", "f")},
		{"a queue as a function", param, 400, "Invalid parameter: Lambda endpoint ARN", subscribe(topicT, "lambda", queue)},
		{"https that is http", param, 400, "Invalid parameter: Endpoint must match the specified protocol", subscribe(topicT, "https", "http://example.com")},
		{"a FIFO queue to a standard topic", param, 400, "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics", subscribe(topicT, "sqs", fifoQueue)},
		{"a function to a FIFO topic", param, 400, "Invalid parameter: Invalid protocol type: lambda", subscribe(topicF, "lambda", functionARN(here, "f"))},
		{"a topic that is not there", "NotFound", 404, "Topic does not exist", subscribe(topicT+"2", "sqs", queue)},
		{"raw or not", param, 400, "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false.", subscribe(topicT, "sqs", queue, "RawMessageDelivery", "wrongvalue")},
		{"raw, to a function", param, 400, "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid delivery protocol: lambda", subscribe(topicT, "lambda", functionARN(here, "f"), "RawMessageDelivery", "true")},
		{"a filter that is no JSON", param, 400, "Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON", subscribe(topicT, "sqs", queue, "FilterPolicy", "invalid")},
		{"a filter of a list in a list", param, 400, "Invalid parameter: Attributes Reason: FilterPolicy: Match value must be String, number, true, false, or null", subscribe(topicT, "sqs", queue, "FilterPolicy", `{"key":[["value"]]}`)},
		{"a filter with another operator", param, 400, "Invalid parameter: Attributes Reason: FilterPolicy: Unrecognized match type wrong-operator", subscribe(topicT, "sqs", queue, "FilterPolicy", `{"key":[{"wrong-operator":true}]}`)},
		{"a filter of six keys", param, 400, "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy can not have more than 5 keys",
			subscribe(topicT, "sqs", queue, "FilterPolicy", `{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`)},
		{"a filter too complex", param, 400, "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy is too complex",
			subscribe(topicT, "sqs", queue, "FilterPolicy", `{"a":[`+strings.Repeat(`"x",`, 150)+`"x"]}`)},
		{"a nested filter of attributes", param, 400, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy", subscribe(topicT, "sqs", queue, "FilterPolicy", `{"a":{"b":["x"]}}`)},
		{"a role", param, 400, "Invalid parameter: Attributes Reason: SubscriptionRoleArn: only Firehose subscriptions have one, and the protocol firehose is not available", subscribe(topicT, "sqs", queue, "SubscriptionRoleArn", "arn:aws:iam::111111111111:role/r")},
		{"a replay", param, 400, "Invalid parameter: Message replay is not available: Sallyport refuses what it would silently drop", subscribe(topicT, "sqs", queue, "ReplayPolicy", "{}")},
		{"the dead letters of a FIFO queue to a standard one", param, 400, "Invalid parameter: Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.", subscribe(topicF, "sqs", fifoQueue, "RedrivePolicy", redrive(queue))},
		{"the dead letters to another region", param, 400, "Invalid parameter: Attributes Reason: RedrivePolicy: the dead-letter queue must be in the account and region of the subscription", subscribe(topicT, "sqs", queue, "RedrivePolicy", redrive(strings.Replace(queue, region, "eu-west-1", 1)))},

		{"an attribute nobody knows", param, 400, "Invalid parameter: AttributeName", set("x", "y")},
		{"raw or not", param, 400, "Invalid parameter: RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false.", set("RawMessageDelivery", "test-ValUe")},
		{"raw, emptied", param, 400, "Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false.", set("RawMessageDelivery", "")},
		{"another scope", param, 400, "Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes", set("FilterPolicyScope", "RandomValue")},
		{"a filter that is no object", param, 400, `Invalid parameter: FilterPolicy: "key_a" must be an object or an array`, set("FilterPolicy", `{"key_a":"value_one"}`)},
		{"no queue for dead letters", param, 400, "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn", set("RedrivePolicy", `{"deadLetterTargetArn":"fake-arn"}`)},
		{"a delivery policy of a queue", param, 400, "Invalid parameter: DeliveryPolicy: only HTTP and HTTPS subscriptions have one", set("DeliveryPolicy", `{}`)},
		{"a subscription that is not there", "NotFound", 404, "Subscription does not exist", func(w *world) error {
			_, err := call(w, root, snsapi.GetSubscriptionAttributes, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: ptr(topicT + ":0f7d5971-aa8b-4bd5-b585-0826e9f93a66")})
			return err
		}},
		{"a subscription of somebody else", "AuthorizationError", 403, "Not authorized to access this subscription", func(w *world) error {
			arn := w.subscribe(topicT, "sqs", queue)
			_, err := call(w, stranger, snsapi.GetSubscriptionAttributes, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: &arn})
			return err
		}},
		{"unsubscribe: no ARN", param, 400, "Invalid parameter: SubscriptionArn " + elements + "1", unsubscribe("randomstring")},
		{"unsubscribe: half an ARN", param, 400, "Invalid parameter: SubscriptionArn " + elements + "5", unsubscribe("arn:aws:sns:us-east-1:random")},
		{"unsubscribe: a topic", param, 400, "Invalid parameter: SubscriptionId", unsubscribe(topicT)},
		{"unsubscribe: nothing", param, 400, "Invalid parameter: SubscriptionArn Reason: no value for required parameter", unsubscribe("")},
		{"confirm: a token that is none", param, 400, "Invalid token", confirm(topicT, "randomtoken")},
		{"confirm: a token nobody has", param, 400, "Invalid parameter: Token", confirm(topicT, strings.Repeat("51b2ff3e", 8))},
		{"confirm: no topic", param, 400, "Invalid parameter: Topic", confirm("x", "00")},

		{"a topic without name", param, 400, "Invalid parameter: Topic Name", create("", nil)},
		{"a name that is too long", param, 400, "Invalid parameter: Topic Name", create(strings.Repeat("x", 257), nil)},
		{"a name with a sign", param, 400, "Invalid parameter: Topic Name", create("a:b", nil)},
		{"a FIFO topic without suffix", param, 400, "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.", create("x", nil, "FifoTopic", "true")},
		{"a suffix without FIFO", param, 400, "Invalid parameter: Topic Name", create("x.fifo", nil)},
		{"other tags", param, 400, "Invalid parameter: Tags Reason: Topic already exists with different tags", create("t", []snsapi.Tag{{Key: ptr("k"), Value: ptr("v")}})},
		{"other attributes", param, 400, "Invalid parameter: Attributes Reason: Topic already exists with different attributes", create("t", nil, "DisplayName", "d")},
		{"tags twice", param, 400, "Invalid parameter: Duplicated keys are not allowed.", create("x", []snsapi.Tag{{Key: ptr("k"), Value: ptr("v")}, {Key: ptr("k"), Value: ptr("w")}})},
		{"FIFO later on", param, 400, "Invalid parameter: AttributeName", setTopic(topicT, "FifoTopic", "false")},
		{"a topic's attribute nobody knows", param, 400, "Invalid parameter: AttributeName", setTopic(topicT, "x", "y")},
		{"deduplication of a standard topic", param, 400, "Invalid parameter: AttributeName", setTopic(topicT, "ContentBasedDeduplication", "true")},
		{"a policy that is none", param, 400, "Invalid parameter: Policy Error: null", setTopic(topicT, "Policy", "{}")},
		{"an archive", param, 400, "Invalid parameter: A message archive is not available: Sallyport refuses what it would silently drop", setTopic(topicF, "ArchivePolicy", `{"MessageRetentionPeriod":"1"}`)},
		{"version 3", param, 400, "Invalid parameter: SignatureVersion: Invalid value [3]. Must be 1 or 2.", setTopic(topicT, "SignatureVersion", "3")},

		{"an action that cannot be granted", param, 400, "Invalid parameter: Policy statement action out of service scope!", grant([]string{there}, []string{"NotAnAction"}, "l")},
		{"an account that is none", param, 400, "Invalid parameter: Policy Error: PrincipalNotFound", grant([]string{"x"}, []string{"Publish"}, "l")},
		{"a label twice", param, 400, "Invalid parameter: Statement already exists", func(w *world) error {
			if err := grant([]string{there}, []string{"Publish"}, "l")(w); err != nil {
				return err
			}
			return grant([]string{there}, []string{"Publish"}, "l")(w)
		}},
		{"tags of what is not there", "ResourceNotFound", 404, "Resource does not exist", tag(topicT+"2", snsapi.Tag{Key: ptr("k"), Value: ptr("v")})},
		{"a reserved tag", param, 400, "Invalid parameter: Tag keys that start with aws: are reserved for system use.", tag(topicT, snsapi.Tag{Key: ptr("aws:k"), Value: ptr("v")})},
		{"a page that is none", param, 400, "Invalid parameter: NextToken", func(w *world) error {
			_, err := call(w, root, snsapi.ListTopics, &snsapi.ListTopicsInput{NextToken: ptr("x")})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.topic("t")
			w.topic("f.fifo")
			refused(t, c.do(w), c.code, c.status, c.text)
			if n := w.owed(); n != 0 {
				t.Errorf("%d deliveries are owed", n)
			}
		})
	}
}

// TestRefusedBatches: the whole batch is refused, for what is wrong with one too.
func TestRefusedBatches(t *testing.T) {
	entry := func(id, text string) snsapi.PublishBatchRequestEntry {
		return snsapi.PublishBatchRequestEntry{Id: &id, Message: &text}
	}
	var many []snsapi.PublishBatchRequestEntry
	for i := range 11 {
		many = append(many, entry(fmt.Sprint(i), "x"))
	}
	wrong := entry("2", "x")
	wrong.MessageAttributes = map[string]snsapi.MessageAttributeValue{"a": {DataType: ptr("String")}}
	for _, c := range []struct {
		name, topic string
		entries     []snsapi.PublishBatchRequestEntry
		code, text  string
	}{
		{"none", topicT, nil, "EmptyBatchRequest", "The batch request doesn't contain any entries."},
		{"too many", topicT, many, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."},
		{"an id twice", topicT, []snsapi.PublishBatchRequestEntry{entry("1", "x"), entry("1", "y")}, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."},
		{"an id that is none", topicT, []snsapi.PublishBatchRequestEntry{entry("a b", "x")}, "InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification. "},
		{"too long together", topicT, []snsapi.PublishBatchRequestEntry{entry("1", strings.Repeat("x", limits.SNSMessage)), entry("2", "x")}, "BatchRequestTooLong", "The length of all the messages put together is more than the limit."},
		{"no group", topicF, []snsapi.PublishBatchRequestEntry{entry("1", "x")}, "InvalidParameter", "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"},
		{"one wrong attribute", topicT, []snsapi.PublishBatchRequestEntry{entry("1", "x"), wrong}, "ParameterValueInvalid", "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.topic("t")
			w.topic("f.fifo")
			w.subscribe(topicT, "lambda", w.function(here, "f", ""))
			_, err := call(w, root, snsapi.PublishBatch, &snsapi.PublishBatchInput{TopicArn: &c.topic, PublishBatchRequestEntries: c.entries})
			refused(t, err, c.code, 400, c.text)
			if n := w.owed() + len(w.functions.got()); n != 0 {
				t.Errorf("%d messages were taken", n)
			}
		})
	}
}

// TestStrangersLearnNothing: a topic that is there and one that is not are denied
// in the same words.
func TestStrangersLearnNothing(t *testing.T) {
	w := newWorld(t)
	w.topic("t")
	for _, who := range []string{here, there} {
		u := w.user(who, "u", "sns:ListTopics", "*")
		var texts []string
		for _, arn := range []string{topicT, strings.Replace(topicT, ":t", ":x", 1)} {
			_, err := call(w, u, snsapi.Publish, &snsapi.PublishInput{TopicArn: &arn, Message: ptr("m")})
			var e *api.Error
			if !errors.As(err, &e) || e.Code != "AuthorizationError" || e.Status != 403 || !strings.Contains(e.Message, "not authorized to perform: SNS:Publish on resource: "+arn) {
				t.Fatalf("got %v", err)
			}
			texts = append(texts, strings.Replace(e.Message, arn, "ARN", 1))
		}
		if texts[0] != texts[1] {
			t.Errorf("%q\n%q", texts[0], texts[1])
		}
	}
}
