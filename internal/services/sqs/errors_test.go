package sqs

import (
	"strconv"
	"strings"
	"testing"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

// TestRefusals is every refusal that one request meets, with AWS's text.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	url, fifo := w.create("q"), w.create("f.fifo")
	small := w.create("small", "MaximumMessageSize", "1024")
	body, nowhere := "x", strings.TrimSuffix(url, "q")+"nowhere"
	create := func(name string, attributes ...string) func() error {
		return func() error {
			_, err := call(w, root, sqsapi.CreateQueue, &sqsapi.CreateQueueRequest{QueueName: &name, Attributes: pairs(attributes)})
			return err
		}
	}
	set := func(attributes ...string) func() error {
		return func() error {
			_, err := call(w, root, sqsapi.SetQueueAttributes, &sqsapi.SetQueueAttributesRequest{QueueUrl: &url, Attributes: pairs(attributes)})
			return err
		}
	}
	send := func(to string, edit func(*sqsapi.SendMessageRequest)) func() error {
		return func() error {
			in := &sqsapi.SendMessageRequest{QueueUrl: &to, MessageBody: &body}
			edit(in)
			_, err := call(w, root, sqsapi.SendMessage, in)
			return err
		}
	}
	attribute := func(name, dataType, value string) func() error {
		return send(url, func(in *sqsapi.SendMessageRequest) {
			v := sqsapi.MessageAttributeValue{DataType: &dataType}
			if value != "" {
				v.StringValue = &value
			}
			in.MessageAttributes = map[string]sqsapi.MessageAttributeValue{name: v}
		})
	}
	receive := func(edit func(*sqsapi.ReceiveMessageRequest)) func() error {
		return func() error {
			in := &sqsapi.ReceiveMessageRequest{QueueUrl: &url}
			edit(in)
			_, err := call(w, root, sqsapi.ReceiveMessage, in)
			return err
		}
	}
	remove := func(from, handle string) func() error {
		return func() error {
			_, err := call(w, root, sqsapi.DeleteMessage, &sqsapi.DeleteMessageRequest{QueueUrl: &from, ReceiptHandle: &handle})
			return err
		}
	}
	w.send(small, "m")
	other := *w.expect(small, 1, "m")[0].ReceiptHandle
	value := [3]string{"InvalidParameterValueException", "InvalidParameterValue", "400"}
	attr := [3]string{"InvalidAttributeValue", "InvalidAttributeValue", "400"}
	attrName := [3]string{"InvalidAttributeName", "InvalidAttributeName", "400"}
	lacking := [3]string{"MissingRequiredParameterException", "MissingParameter", "400"}
	badHandle := [3]string{"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "404"}
	for name, c := range map[string]struct {
		do   func() error
		code [3]string
		text string
	}{
		"a queue that is not there": {remove(nowhere, "h"), [3]string{"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "400"}, "The specified queue does not exist."},
		"a URL that is none":        {remove("q", "h"), [3]string{"InvalidAddress", "InvalidAddress", "404"}, "The address q is not valid for this endpoint."},
		"no URL":                    {remove("", "h"), lacking, "The request must contain the parameter QueueUrl."},
		"no handle":                 {remove(url, ""), lacking, "The request must contain the parameter ReceiptHandle."},
		"a made-up handle":          {remove(url, "AQEBhandle"), badHandle, `The input receipt handle "AQEBhandle" is not a valid receipt handle.`},
		"another queue's handle":    {remove(url, other), badHandle, `The receipt handle "` + other + `" is not valid for this queue.`},
		"a name with a dot":         {create("a.b"), value, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		"a name of 81":              {create(strings.Repeat("a", 81)), value, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		"a standard queue.fifo":     {create("a.fifo"), value, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		"a FIFO queue without .fifo": {create("a", "FifoQueue", "true"), value,
			"The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."},
		"FifoQueue false":                {create("a", "FifoQueue", "false"), attrName, "Unknown Attribute FifoQueue."},
		"an attribute nobody knows":      {create("a", "Color", "red"), attrName, "Unknown Attribute Color."},
		"content of a standard queue":    {create("a", "ContentBasedDeduplication", "true"), attrName, "Unknown Attribute ContentBasedDeduplication."},
		"a delay too long":               {create("a", "DelaySeconds", "901"), attr, "Invalid value for the parameter DelaySeconds."},
		"a size too large":               {create("a", "MaximumMessageSize", "1048577"), attr, "Invalid value for the parameter MaximumMessageSize."},
		"a retention too short":          {create("a", "MessageRetentionPeriod", "59"), attr, "Invalid value for the parameter MessageRetentionPeriod."},
		"no number":                      {create("a", "VisibilityTimeout", "long"), attr, "Invalid value for the parameter VisibilityTimeout."},
		"other attributes than it has":   {create("q", "DelaySeconds", "1"), [3]string{"QueueNameExists", "QueueAlreadyExists", "400"}, "A queue already exists with the same name and a different value for attribute DelaySeconds"},
		"making it a FIFO queue":         {set("FifoQueue", "true"), attrName, "Unknown Attribute FifoQueue."},
		"a policy that is none":          {set("Policy", "{}"), attr, "Invalid value for the parameter Policy."},
		"a policy for nobody known":      {set("Policy", policyFor(`{"AWS":"`+userARN(here, "ghost")+`"}`, "sqs:*")), attr, "Invalid value for the parameter Policy."},
		"both kinds of encryption":       {set("KmsMasterKeyId", "k", "SqsManagedSseEnabled", "true"), attrName, "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."},
		"a dead-letter queue of no ARN":  {set("RedrivePolicy", `{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}`), value, `Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.`},
		"no dead-letter queue":           {set("RedrivePolicy", `{"maxReceiveCount":"1000"}`), value, `Value {"maxReceiveCount":"1000"} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attribute: deadLetterTargetArn.`},
		"too many receives":              {set("RedrivePolicy", `{"deadLetterTargetArn":"`+arnOf(small)+`","maxReceiveCount":1001}`), value, `Value {"deadLetterTargetArn":"` + arnOf(small) + `","maxReceiveCount":1001} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.`},
		"a dead-letter queue not there":  {set("RedrivePolicy", `{"deadLetterTargetArn":"`+arnOf(nowhere)+`","maxReceiveCount":1}`), value, `Value {"deadLetterTargetArn":"` + arnOf(nowhere) + `","maxReceiveCount":1} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`},
		"a FIFO queue for dead letters":  {set("RedrivePolicy", `{"deadLetterTargetArn":"`+arnOf(fifo)+`","maxReceiveCount":1}`), value, `Value {"deadLetterTargetArn":"` + arnOf(fifo) + `","maxReceiveCount":1} for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source.`},
		"an empty message":               {send(url, func(in *sqsapi.SendMessageRequest) { in.MessageBody = ptr("") }), lacking, "The request must contain the parameter MessageBody."},
		"a control character":            {send(url, func(in *sqsapi.SendMessageRequest) { in.MessageBody = ptr("a\x01") }), [3]string{"InvalidMessageContents", "InvalidMessageContents", "400"}, "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		"a message too long":             {send(small, func(in *sqsapi.SendMessageRequest) { in.MessageBody = ptr(strings.Repeat("a", 1025)) }), value, "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		"a message delayed too long":     {send(url, func(in *sqsapi.SendMessageRequest) { in.DelaySeconds = ptr(int32(901)) }), value, "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."},
		"no group":                       {send(fifo, func(*sqsapi.SendMessageRequest) {}), lacking, "The request must contain the parameter MessageGroupId."},
		"no deduplication id":            {send(fifo, func(in *sqsapi.SendMessageRequest) { in.MessageGroupId = ptr("g") }), value, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
		"a group of blanks":              {send(fifo, func(in *sqsapi.SendMessageRequest) { in.MessageGroupId = ptr("a b") }), value, "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
		"deduplication of no FIFO queue": {send(url, func(in *sqsapi.SendMessageRequest) { in.MessageDeduplicationId = ptr("d") }), value, "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."},
		"a delayed message of FIFO queue": {send(fifo, func(in *sqsapi.SendMessageRequest) {
			in.MessageGroupId, in.MessageDeduplicationId, in.DelaySeconds = ptr("g"), ptr("d"), ptr(int32(2))
		}), value, "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."},
		"an attribute of no type":                {attribute("a", "", "v"), value, "The message (user) attribute 'a' must contain a non-empty attribute type."},
		"an attribute of another type":           {attribute("a", "string", "v"), value, "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: Binary, Number, String."},
		"an attribute without value":             {attribute("ErrorDetails", "String", ""), value, "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."},
		"an attribute that is no number":         {attribute("a", "Number", "v"), value, "Could not cast message (user) attribute 'a' value to number."},
		"a reserved attribute":                   {attribute("aWs.a", "String", "v"), value, "Message (user) attribute name 'aWs.a' is invalid. Attribute name can not start with AWS-reserved prefixes."},
		"an attribute that begins with a period": {attribute(".a", "String", "v"), value, "Message (user) attribute name '.a' is invalid. Attribute name can not start or end with a period, or have periods in succession."},
		"an attribute with a blank":              {attribute("a b", "String", "v"), value, "Message (user) attribute name 'a b' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."},
		"an empty binary attribute":              {attribute("a", "Binary", ""), value, "Message (user) attribute 'a' must contain a non-empty value of type 'Binary'."},
		"eleven attributes": {send(url, func(in *sqsapi.SendMessageRequest) {
			in.MessageAttributes = map[string]sqsapi.MessageAttributeValue{}
			for i := range 11 {
				in.MessageAttributes[strconv.Itoa(i)] = sqsapi.MessageAttributeValue{DataType: ptr("String"), StringValue: ptr("v")}
			}
		}), value, "Number of message attributes [11] exceeds the allowed maximum [10]."},
		"another system attribute": {send(url, func(in *sqsapi.SendMessageRequest) {
			in.MessageSystemAttributes = map[string]sqsapi.MessageSystemAttributeValue{"Other": {DataType: ptr("String"), StringValue: ptr("v")}}
		}), value, "Message system attribute name 'Other' is invalid."},
		"a scope of a standard queue":    {create("a", "DeduplicationScope", "queue"), attrName, "You can specify the DeduplicationScope only when FifoQueue is set to true."},
		"eleven messages":                {receive(func(in *sqsapi.ReceiveMessageRequest) { in.MaxNumberOfMessages = ptr(int32(11)) }), value, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		"a wait too long":                {receive(func(in *sqsapi.ReceiveMessageRequest) { in.WaitTimeSeconds = ptr(int32(21)) }), value, "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
		"hidden too long":                {receive(func(in *sqsapi.ReceiveMessageRequest) { in.VisibilityTimeout = ptr(int32(43201)) }), value, "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided."},
		"a system attribute of nobody":   {receive(func(in *sqsapi.ReceiveMessageRequest) { in.MessageSystemAttributeNames = []string{"Color"} }), attrName, "Unknown Attribute Color."},
		"an attempt on a standard queue": {receive(func(in *sqsapi.ReceiveMessageRequest) { in.ReceiveRequestAttemptId = ptr("a") }), value, "Value a for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type."},
	} {
		t.Run(name, func(t *testing.T) {
			status, _ := strconv.Atoi(c.code[2])
			refused(t, c.do(), c.code[0], c.code[1], status, c.text)
		})
	}
	w.whole()
}

// TestBatchRefusals are those of a batch as a whole; the three batches share them.
func TestBatchRefusals(t *testing.T) {
	w := newWorld(t)
	url := w.create("q")
	ids := func(n int) (all []string) {
		for i := range n {
			all = append(all, strconv.Itoa(i))
		}
		return all
	}
	operations := map[string]func(ids []string) error{
		"SendMessageBatchRequestEntry": func(ids []string) error {
			in := &sqsapi.SendMessageBatchRequest{QueueUrl: &url}
			for _, id := range ids {
				in.Entries = append(in.Entries, sqsapi.SendMessageBatchRequestEntry{Id: &id, MessageBody: ptr("x")})
			}
			_, err := call(w, root, sqsapi.SendMessageBatch, in)
			return err
		},
		"DeleteMessageBatchRequestEntry": func(ids []string) error {
			in := &sqsapi.DeleteMessageBatchRequest{QueueUrl: &url}
			for _, id := range ids {
				in.Entries = append(in.Entries, sqsapi.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: ptr("x")})
			}
			_, err := call(w, root, sqsapi.DeleteMessageBatch, in)
			return err
		},
		"ChangeMessageVisibilityBatchRequestEntry": func(ids []string) error {
			in := &sqsapi.ChangeMessageVisibilityBatchRequest{QueueUrl: &url}
			for _, id := range ids {
				in.Entries = append(in.Entries, sqsapi.ChangeMessageVisibilityBatchRequestEntry{Id: &id, ReceiptHandle: ptr("x"), VisibilityTimeout: ptr(int32(1))})
			}
			_, err := call(w, root, sqsapi.ChangeMessageVisibilityBatch, in)
			return err
		},
	}
	const badID = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
	for entry, do := range operations {
		refused(t, do(nil), "EmptyBatchRequest", legacy+"EmptyBatchRequest", 400, "There should be at least one "+entry+" in the request.")
		refused(t, do(ids(20)), "TooManyEntriesInBatchRequest", legacy+"TooManyEntriesInBatchRequest", 400, "Maximum number of entries per request are 10. You have sent 20.")
		for _, bad := range []string{"", "invalid:id", strings.Repeat("a", 81)} {
			refused(t, do([]string{bad}), "InvalidBatchEntryId", legacy+"InvalidBatchEntryId", 400, badID)
		}
		refused(t, do([]string{"a", "b", "a"}), "BatchEntryIdsNotDistinct", legacy+"BatchEntryIdsNotDistinct", 400, "Id a repeated.")
		if err := do(ids(10)); err != nil {
			t.Errorf("%s: ten entries are refused: %v", entry, err)
		}
	}
	large := strings.Repeat("a", 1<<19)
	_, err := call(w, root, sqsapi.SendMessageBatch, &sqsapi.SendMessageBatchRequest{QueueUrl: &url, Entries: []sqsapi.SendMessageBatchRequestEntry{
		{Id: ptr("1"), MessageBody: &large}, {Id: ptr("2"), MessageBody: ptr(large + "b")},
	}})
	refused(t, err, "BatchRequestTooLong", legacy+"BatchRequestTooLong", 400, "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.")
	w.whole()
}

func TestABatchAnswersForEachEntry(t *testing.T) {
	w := newWorld(t)
	url := w.create("q", "MaximumMessageSize", "1024")
	sent := must(w, sqsapi.SendMessageBatch, &sqsapi.SendMessageBatchRequest{QueueUrl: &url, Entries: []sqsapi.SendMessageBatchRequestEntry{
		{Id: ptr("good"), MessageBody: ptr("a")},
		{Id: ptr("bad"), MessageBody: ptr("\x00")},
		{Id: ptr("late"), MessageBody: ptr("b"), DelaySeconds: ptr(int32(1000))},
		{Id: ptr("long"), MessageBody: ptr(strings.Repeat("a", 1025))},
		{Id: ptr("fine"), MessageBody: ptr("c")},
	}})
	if len(sent.Successful) != 2 || *sent.Successful[0].Id != "good" || *sent.Successful[1].Id != "fine" {
		t.Errorf("sent %+v", sent.Successful)
	}
	codes := ""
	for _, f := range sent.Failed {
		codes += *f.Id + " " + *f.Code + " "
		if !*f.SenderFault {
			t.Errorf("%s is no fault of the sender", *f.Id)
		}
	}
	if codes != "bad InvalidMessageContents late InvalidParameterValue long InvalidParameterValue " {
		t.Errorf("failed %s", codes)
	}
	got := w.expect(url, 10, "a c")
	gone := must(w, sqsapi.DeleteMessageBatch, &sqsapi.DeleteMessageBatchRequest{QueueUrl: &url, Entries: []sqsapi.DeleteMessageBatchRequestEntry{
		{Id: ptr("1"), ReceiptHandle: got[0].ReceiptHandle}, {Id: ptr("2"), ReceiptHandle: ptr("junk")},
	}})
	if len(gone.Successful) != 1 || len(gone.Failed) != 1 || *gone.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("deleted %+v", gone)
	}
	changed := must(w, sqsapi.ChangeMessageVisibilityBatch, &sqsapi.ChangeMessageVisibilityBatchRequest{QueueUrl: &url, Entries: []sqsapi.ChangeMessageVisibilityBatchRequestEntry{
		{Id: ptr("1"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: ptr(int32(0))},
		{Id: ptr("2"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: ptr(int32(0))},
	}})
	if len(changed.Successful) != 1 || len(changed.Failed) != 1 {
		t.Errorf("changed %+v", changed)
	}
	w.expect(url, 10, "c")
	w.whole()
}

func policyFor(principal, action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `","Resource":"*"}]}`
}
