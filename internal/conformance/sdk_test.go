package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// sdk makes the calls of cases with AWS's own SDK for Go, where it has them; it
// leaves the rest to plain requests.
type sdk struct {
	*client.Client
	endpoint string
	// made counts the calls that went through the SDK.
	made *atomic.Int64
}

// Call implements conformance.Caller.
func (s *sdk) Call(ctx context.Context, as client.Credentials, operation string, in map[string]any) (*client.Answer, error) {
	c := s.service(as, operation)
	_, name, _ := strings.Cut(operation, ".")
	if c == nil {
		return s.Client.Call(ctx, as, operation, in)
	}
	method := reflect.ValueOf(c).MethodByName(name)
	if !method.IsValid() {
		return s.Client.Call(ctx, as, operation, in)
	}
	input := reflect.New(method.Type().In(1).Elem())
	if !fill(input, in) {
		return s.Client.Call(ctx, as, operation, in)
	}
	out := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	if err, ok := out[1].Interface().(error); ok && err != nil {
		return refused(err, func() (*client.Answer, error) { return s.Client.Call(ctx, as, operation, in) })
	}
	s.made.Add(1)
	return answered(out[0])
}

// service is the SDK's client; nil where there is none here.
func (s *sdk) service(as client.Credentials, operation string) any {
	config := aws.Config{Region: "us-east-1", BaseEndpoint: &s.endpoint, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(as.AccessKeyID, as.Secret, as.Token)}
	switch service, _, _ := strings.Cut(operation, "."); service {
	case "lambda":
		return lambda.NewFromConfig(config)
	case "iam":
		return iam.NewFromConfig(config)
	case "sts":
		return sts.NewFromConfig(config)
	}
	return nil
}

// fill puts plain JSON into an input of the SDK; false for what no typed client
// can say, a number where there is a text or the like.
func fill(input reflect.Value, in map[string]any) bool {
	if v := input.Elem().FieldByName("Payload"); v.IsValid() && in["Payload"] != nil {
		return false // it is bytes there, and JSON here
	}
	for name, v := range in {
		field := input.Elem().FieldByName(name)
		if !field.IsValid() {
			return v == nil
		}
		if _, isText := v.(string); !isText && v != nil && field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.String {
			raw, err := json.Marshal(v)
			if err != nil {
				return false
			}
			text := string(raw)
			field.Set(reflect.ValueOf(&text))
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil || json.Unmarshal(raw, field.Addr().Interface()) != nil {
			return false
		}
	}
	return true
}

// refused reads what the SDK says of a refusal. What it refused itself was
// never sent, and is sent plainly.
func refused(err error, plainly func() (*client.Answer, error)) (*client.Answer, error) {
	var response *smithyhttp.ResponseError
	var said smithy.APIError
	if !errors.As(err, &response) || !errors.As(err, &said) {
		var invalid *smithy.InvalidParamsError
		var serialization *smithy.SerializationError
		if errors.As(err, &invalid) || errors.As(err, &serialization) {
			return plainly()
		}
		return nil, err
	}
	a := &client.Answer{Status: response.HTTPStatusCode(), Code: said.ErrorCode(), Message: said.ErrorMessage(), Header: response.Response.Header}
	if a.NullMessage = a.Message == "UnknownError"; a.NullMessage {
		a.Message = "" // the SDK's word for no text
	}
	return a, nil
}

// answered is an output of the SDK as plain JSON.
func answered(out reflect.Value) (*client.Answer, error) {
	a := &client.Answer{Out: map[string]any{}}
	if metadata, ok := out.Elem().FieldByName("ResultMetadata").Interface().(middleware.Metadata); ok {
		if raw, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
			a.Status, a.Header = raw.StatusCode, raw.Header
		}
	}
	if f := out.Elem().FieldByName("Payload"); f.IsValid() {
		if r, ok := f.Interface().(io.ReadCloser); ok {
			raw, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			a.Out["Payload"] = string(raw)
			return a, nil
		}
	}
	fields := map[string]any{}
	for i := range out.Elem().NumField() {
		f := out.Elem().Type().Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		fields[f.Name] = out.Elem().Field(i).Interface()
		if raw, ok := fields[f.Name].([]byte); ok {
			fields[f.Name] = string(raw)
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", out.Type(), err)
	}
	return a, json.Unmarshal(raw, &a.Out)
}
