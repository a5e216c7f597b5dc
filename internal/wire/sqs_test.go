package wire

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func TestSQSRoutes(t *testing.T) {
	router := NewRouter(generated())
	form, target := map[string]string{"Content-Type": formType}, map[string]string{"X-Amz-Target": "AmazonSQS.SendMessage"}
	signedForm := func(service string) map[string]string {
		return map[string]string{"Content-Type": formType, "Authorization": signed(service)}
	}
	for name, c := range map[string]struct {
		address
		want     string
		protocol api.Protocol
	}{
		"JSON":                                 {address{"POST", "", "/", target, ""}, "sqs:SendMessage", api.JSON10},
		"JSON to the queue's URL (JavaScript)": {address{"POST", "", "/123456789012/q", target, ""}, "sqs:SendMessage", api.JSON10},
		"JSON at a host of S3's form":          {address{"POST", "sqs.localhost", "/123456789012/q.fifo", target, ""}, "sqs:SendMessage", api.JSON10},
		"query":                                {address{"POST", "", "/", form, "Action=SendMessage&Version=2012-11-05"}, "sqs:SendMessage", api.Query},
		"query to the queue's URL":             {address{"POST", "", "/123456789012/q", form, "Action=SendMessage&Version=2012-11-05"}, "sqs:SendMessage", api.Query},
		"signed":                               {address{"POST", "", "/123456789012/q.fifo", signedForm("sqs"), "Action=SendMessage"}, "sqs:SendMessage", api.Query},
		"as a GET":                             {address{"GET", "", "/123456789012/q?Action=ReceiveMessage", nil, ""}, "sqs:ReceiveMessage", api.Query},
		"another version":                      {address{"POST", "", "/", signedForm("sqs"), "Action=SendMessage&Version=2001-01-01"}, "sqs:SendMessage unknown", api.Query},
		"no action":                            {address{"POST", "", "/123456789012/q", signedForm("sqs"), ""}, "sqs: unknown", api.Query},
		"an action that SNS has too":           {address{"POST", "", "/123456789012/q", form, "Action=AddPermission"}, "sqs:AddPermission", api.Query},
		"by its version it is SNS's":           {address{"POST", "", "/", form, "Action=AddPermission&Version=2010-03-31"}, "sns:AddPermission", api.Query},
		"an object, unsigned":                  {address{"GET", "", "/123456789012/q", nil, ""}, "s3:GetObject 123456789012/q", api.RESTXML},
		"an object, signed, with a form":       {address{"POST", "", "/123456789012/q?uploads", signedForm("s3"), "Action=SendMessage"}, "s3:CreateMultipartUpload 123456789012/q", api.RESTXML},
		"an object, unsigned, with a form":     {address{"POST", "", "/123456789012/q?uploads", form, ""}, "s3:CreateMultipartUpload 123456789012/q", api.RESTXML},
		"an object, signed, with an Action":    {address{"GET", "", "/123456789012/q?Action=ReceiveMessage", forS3, ""}, "s3:GetObject 123456789012/q", api.RESTXML},
		"an object at a bucket's host":         {address{"GET", "b.s3.localhost", "/123456789012/q?Action=ReceiveMessage", nil, ""}, "s3:GetObject b/123456789012/q", api.RESTXML},
		"an upload of a form":                  {address{"PUT", "", "/123456789012/q", form, ""}, "s3:PutObject 123456789012/q", api.RESTXML},
		"signed for a service without queues":  {address{"POST", "", "/123456789012/q", signedForm("lambda"), "Action=SendMessage"}, "lambda:POST /123456789012/q unknown", api.RESTJSON},
		"a longer path":                        {address{"POST", "", "/123456789012/q/r", form, "Action=SendMessage"}, "s3: unknown 123456789012/q/r", api.RESTXML},
		"too few digits":                       {address{"POST", "", "/12345678901/q", form, "Action=SendMessage"}, "s3: unknown 12345678901/q", api.RESTXML},
		"a name no queue has":                  {address{"POST", "", "/123456789012/q%20r", form, "Action=SendMessage"}, "s3: unknown 123456789012/q r", api.RESTXML},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.address.http()
			if got := heading(router, r, c.body); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if route, _ := router.Route(r, []byte(c.body)); route.Protocol != c.protocol {
				t.Errorf("in %s, want %s", route.Protocol, c.protocol)
			}
		})
	}
}

// TestSQSQueryRequests has requests as SDKs wrote them until 2023, and as curl
// users still do.
func TestSQSQueryRequests(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		target, body string
		want         any
	}{
		"the queue is the path": {"/123456789012/q", "Action=SendMessage&MessageBody=a+b",
			&sqsapi.SendMessageRequest{QueueUrl: ptr("/123456789012/q"), MessageBody: ptr("a b")}},
		"the queue is a parameter": {"/", "Action=SendMessage&Version=2012-11-05&MessageBody=m&QueueUrl=http%3A%2F%2Fh%2F123456789012%2Fq",
			&sqsapi.SendMessageRequest{QueueUrl: ptr("http://h/123456789012/q"), MessageBody: ptr("m")}},
		"both: the parameter": {"/123456789012/q", "Action=DeleteQueue&QueueUrl=http%3A%2F%2Fh%2F123456789012%2Fr",
			&sqsapi.DeleteQueueRequest{QueueUrl: ptr("http://h/123456789012/r")}},
		"a list": {"/123456789012/q", "Action=GetQueueAttributes&AttributeName.1=All&AttributeName.2=QueueArn",
			&sqsapi.GetQueueAttributesRequest{QueueUrl: ptr("/123456789012/q"), AttributeNames: []string{"All", "QueueArn"}}},
		"maps": {"/", "Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Attribute.2.Name=Policy&Attribute.2.Value=%7B%7D&Tag.1.Key=k&Tag.1.Value=v",
			&sqsapi.CreateQueueRequest{QueueName: ptr("q"), Attributes: map[string]string{"DelaySeconds": "5", "Policy": "{}"}, Tags: map[string]string{"k": "v"}}},
		"attributes of a message": {"/123456789012/q", "Action=SendMessage&MessageBody=m&MessageAttribute.1.Name=a&MessageAttribute.1.Value.StringValue=x&MessageAttribute.1.Value.DataType=String&MessageAttribute.2.Name=b&MessageAttribute.2.Value.BinaryValue=aGk%3D&MessageAttribute.2.Value.DataType=Binary",
			&sqsapi.SendMessageRequest{QueueUrl: ptr("/123456789012/q"), MessageBody: ptr("m"), MessageAttributes: map[string]sqsapi.MessageAttributeValue{
				"a": {StringValue: ptr("x"), DataType: ptr("String")}, "b": {BinaryValue: []byte("hi"), DataType: ptr("Binary")}}}},
		"a batch": {"/123456789012/q", "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=m&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=n&SendMessageBatchRequestEntry.2.DelaySeconds=3",
			&sqsapi.SendMessageBatchRequest{QueueUrl: ptr("/123456789012/q"), Entries: []sqsapi.SendMessageBatchRequestEntry{
				{Id: ptr("a"), MessageBody: ptr("m")}, {Id: ptr("b"), MessageBody: ptr("n"), DelaySeconds: ptr(int32(3))}}}},
		"permissions": {"/123456789012/q", "Action=AddPermission&Label=l&AWSAccountId.1=111122223333&ActionName.1=SendMessage",
			&sqsapi.AddPermissionRequest{QueueUrl: ptr("/123456789012/q"), Label: ptr("l"), AWSAccountIds: []string{"111122223333"}, Actions: []string{"SendMessage"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := request{target: c.target, header: map[string]string{"Content-Type": formType}}.http()
			route, failure := router.Route(r, []byte(c.body))
			if failure != nil {
				t.Fatal(failure)
			}
			in, failure := router.For(route.Protocol).Decode(r, route, []byte(c.body))
			if failure != nil || !reflect.DeepEqual(in, c.want) {
				t.Errorf("got %+v, %v", in, failure)
			}
		})
	}
}

// TestSQSQueryAnswers compares with the examples of the API reference.
func TestSQSQueryAnswers(t *testing.T) {
	codec := NewRouter(generated()).For(api.Query)
	end := `<ResponseMetadata><RequestId>` + testRequestID + `</RequestId></ResponseMetadata>`
	for name, c := range map[string]struct {
		operation *api.Operation
		out       any
		want      string
	}{
		"a queue": {sqsapi.CreateQueue.Operation, &sqsapi.CreateQueueResult{QueueUrl: ptr("http://h/123456789012/q")},
			`<CreateQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><CreateQueueResult><QueueUrl>http://h/123456789012/q</QueueUrl></CreateQueueResult>` + end + `</CreateQueueResponse>`},
		"no messages": {sqsapi.ReceiveMessage.Operation, &sqsapi.ReceiveMessageResult{},
			`<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult></ReceiveMessageResult>` + end + `</ReceiveMessageResponse>`},
		"a message": {sqsapi.ReceiveMessage.Operation, &sqsapi.ReceiveMessageResult{Messages: []sqsapi.Message{{MessageId: ptr("m"), Body: ptr("<b>"), Attributes: map[string]string{"SenderId": "s"},
			MessageAttributes: map[string]sqsapi.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("x")}}}}},
			`<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message><Attribute><Name>SenderId</Name><Value>s</Value></Attribute><Body>&lt;b&gt;</Body>` +
				`<MessageAttribute><Name>a</Name><Value><DataType>String</DataType><StringValue>x</StringValue></Value></MessageAttribute><MessageId>m</MessageId></Message></ReceiveMessageResult>` + end + `</ReceiveMessageResponse>`},
		"nothing": {sqsapi.DeleteQueue.Operation, &api.Empty{}, `<DeleteQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">` + end + `</DeleteQueueResponse>`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := codec.Encode(w, c.operation, testRequestID, c.out); err != nil {
				t.Fatal(err)
			}
			if w.Body.String() != c.want {
				t.Errorf("got  %s\nwant %s", w.Body, c.want)
			}
		})
	}
}

func noQueue() *api.Error {
	e := sqsapi.NewQueueDoesNotExist("The specified queue does not exist.")
	e.QueryCode = "AWS.SimpleQueueService.NonExistentQueue"
	return e
}

// TestErrorsOfSQS: the same error has a name in each protocol, and JSON has both
// ("Interpreting Amazon SQS JSON API responses").
func TestErrorsOfSQS(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		protocol            api.Protocol
		e                   *api.Error
		body, header, media string
	}{
		"JSON": {api.JSON10, noQueue(), `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`,
			"AWS.SimpleQueueService.NonExistentQueue;Sender", "application/x-amz-json-1.0"},
		"JSON, one name in both": {api.JSON10, &api.Error{Code: "InternalFailure", Status: 500, Fault: api.Server, Message: "x"}, `{"__type":"com.amazonaws.sqs#InternalFailure","message":"x"}`,
			"InternalFailure;Receiver", "application/x-amz-json-1.0"},
		"query": {api.Query, noQueue(), `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`,
			"", "text/xml"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			router.For(c.protocol).EncodeError(w, sqsapi.Service, nil, testRequestID, c.e)
			if w.Body.String() != c.body || w.Header().Get("x-amzn-query-error") != c.header || w.Header().Get("Content-Type") != c.media {
				t.Errorf("%s\n%v", w.Body, w.Header())
			}
		})
	}
}

func TestTheSDKKnowsErrorsOfSQS(t *testing.T) {
	w := newWorld(t)
	w.failure = noQueue()
	_, err := w.client(sqsapi.Service).(*sqs.Client).SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: ptr("http://h/123456789012/q"), MessageBody: ptr("m")})
	var typed *sqstypes.QueueDoesNotExist
	var coded smithy.APIError
	if !errors.As(err, &typed) || !errors.As(err, &coded) || coded.ErrorCode() != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("got %v", err)
	}
}
