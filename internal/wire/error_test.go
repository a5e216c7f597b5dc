package wire

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
)

// TestBodiesOfErrors compares with what AWS sends, byte by byte where it is known.
func TestBodiesOfErrors(t *testing.T) {
	retry := &api.Error{Code: "TooManyRequestsException", Status: 429, Fault: api.Client, Message: "Rate Exceeded.", MessageMember: "message", Typed: true,
		Members: map[string]any{"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}, Headers: map[string]string{"Retry-After": "1"}}
	for name, c := range map[string]struct {
		protocol api.Protocol
		service  *api.Service
		e        *api.Error
		status   int
		body     string
		headers  map[string]string
	}{
		"Lambda, Message": {api.RESTJSON, lambdaapi.Service, lambdaapi.NewResourceNotFoundException("Function not found: %s", "f"), 404,
			`{"Type":"User","Message":"Function not found: f"}`, map[string]string{"x-amzn-ErrorType": "ResourceNotFoundException", "Content-Type": "application/json"}},
		"Lambda, message": {api.RESTJSON, lambdaapi.Service, lambdaapi.NewInvalidParameterValueException("no"), 400,
			`{"Type":"User","message":"no"}`, map[string]string{"x-amzn-ErrorType": "InvalidParameterValueException"}},
		"Lambda, its own fault": {api.RESTJSON, lambdaapi.Service, lambdaapi.NewServiceException("oops"), 500, `{"Type":"Server","Message":"oops"}`, nil},
		"Lambda, a denial without a text (facts/lambda-permissions.md)": {api.RESTJSON, lambdaapi.Service,
			&api.Error{Code: "AccessDeniedException", Status: 403, NullMessage: true, MessageMember: "Message"}, 403, `{"Message":null}`, nil},
		"Lambda, further members and headers": {api.RESTJSON, lambdaapi.Service, retry, 429,
			`{"Type":"User","message":"Rate Exceeded.","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}`, map[string]string{"Retry-After": "1"}},
		"Logs": {api.JSON11, logsapi.Service, api.Newf(400, "ResourceNotFoundException", "The specified log group does not exist."), 400,
			`{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}`, map[string]string{"Content-Type": "application/x-amz-json-1.1"}},
		"Logs, a denial": {api.JSON11, logsapi.Service, &api.Error{Code: "AccessDeniedException", Status: 400, Message: "no", MessageMember: "Message"}, 400,
			`{"__type":"AccessDeniedException","Message":"no"}`, nil},
		"IAM": {api.Query, iamapi.Service, iamapi.NewNoSuchEntityException("The user with name <x> cannot be found."), 404,
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name &lt;x&gt; cannot be found.</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`,
			map[string]string{"Content-Type": "text/xml"}},
		"IAM's own fault": {api.Query, iamapi.Service, &api.Error{Code: "ServiceFailure", Status: 500, Fault: api.Server, Message: "oops", Members: map[string]any{"Detail": 1}}, 500,
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Receiver</Type><Code>ServiceFailure</Code><Message>oops</Message><Detail>1</Detail></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`, nil},
		"no service": {api.Query, nil, api.Newf(404, "UnknownOperationException", "?"), 404,
			`<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>?</Message></Error><RequestId>` + testRequestID + `</RequestId></ErrorResponse>`, nil},
		"an error without a status is a fault of ours": {api.RESTJSON, nil, &api.Error{Code: "X", Message: "\x01\xff"}, 500, `{"message":"\u0001` + "\uFFFD" + `"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			NewRouter(generated()).For(c.protocol).EncodeError(w, c.service, nil, testRequestID, c.e)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("%d %s\nwant %d %s", w.Code, w.Body, c.status, c.body)
			}
			if got := w.Header().Get("x-amzn-RequestId"); got != testRequestID {
				t.Errorf("request id %q", got)
			}
			for k, want := range c.headers {
				if got := w.Header().Get(k); got != want {
					t.Errorf("header %s is %q, want %q", k, got, want)
				}
			}
		})
	}
}

// TestTheSDKKnowsErrors expects the SDK's typed errors.
func TestTheSDKKnowsErrors(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()

	w.failure = lambdaapi.NewResourceNotFoundException("Function not found: f")
	_, err := lambda.NewFromConfig(w.config()).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")})
	if e := (*lambdatypes.ResourceNotFoundException)(nil); !errors.As(err, &e) || e.ErrorMessage() != "Function not found: f" || aws.ToString(e.Type) != "User" {
		t.Errorf("Lambda: %v", err)
	}

	w.failure = iamapi.NewNoSuchEntityException("no <role>")
	_, err = iam.NewFromConfig(w.config()).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
	if e := (*iamtypes.NoSuchEntityException)(nil); !errors.As(err, &e) || e.ErrorMessage() != "no <role>" {
		t.Errorf("IAM: %v", err)
	}

	w.failure = api.Newf(403, "AccessDenied", "not you")
	_, err = sts.NewFromConfig(w.config()).GetCallerIdentity(ctx, nil)
	expectCode(t, err, "AccessDenied", "not you")

	w.failure = &api.Error{Code: "AccessDeniedException", Status: 400, Message: "not you", MessageMember: "Message"}
	_, err = cloudwatchlogs.NewFromConfig(w.config()).DescribeLogGroups(ctx, nil)
	expectCode(t, err, "AccessDeniedException", "not you")

	_, err = lambda.NewFromConfig(w.config()).ListCapacityProviders(ctx, nil)
	expectCode(t, err, "UnknownOperationException", "Sallyport does not have lambda:ListCapacityProviders yet.")
	_, err = iam.NewFromConfig(w.config()).ListServerCertificates(ctx, nil)
	expectCode(t, err, "InvalidAction", "Sallyport does not have iam:ListServerCertificates yet.")
	_, err = cloudwatchlogs.NewFromConfig(w.config()).DescribeMetricFilters(ctx, nil)
	expectCode(t, err, "UnknownOperationException", "Sallyport does not have logs:DescribeMetricFilters yet.")
}

func expectCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || e.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}
