package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/internal/api"
)

// world is a server that decodes whatever the real SDK's clients send, and
// answers what a test told it to.
type world struct {
	t      *testing.T
	router *Router
	server *httptest.Server

	mu sync.Mutex
	// in and operation are what came in last.
	in        any
	operation *api.Operation
	// out or failure is the answer.
	out     any
	failure *api.Error
}

const testRequestID = "5d8a3f86-0000-4000-8000-2b6f1e6f0e0f"

func newWorld(t *testing.T) *world {
	w := &world{t: t, router: NewRouter(generated())}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, w.router.BodyLimit(r)+1))
	if err != nil || int64(len(body)) > w.router.BodyLimit(r) {
		w.t.Errorf("body of %d bytes, limit %d: %v", len(body), w.router.BodyLimit(r), err)
	}
	route, failure := w.router.Route(r, body)
	codec := w.router.For(route.Protocol)
	if failure == nil && route.Operation == nil {
		failure = w.router.Unknown(route, r)
	}
	if failure == nil {
		w.operation = route.Operation
		w.in, failure = codec.Decode(r, route, body)
	}
	if failure == nil && route.Streams() {
		if err := SetStream(w.in, &api.Stream{Body: io.NopCloser(bytes.NewReader(body)), Length: int64(len(body))}); err != nil {
			w.t.Error(err)
		}
	}
	if failure == nil {
		failure = w.failure
	}
	if failure != nil {
		codec.EncodeError(rw, route.Service, route.Operation, testRequestID, failure)
		return
	}
	out := w.out
	if out == nil {
		out = reflect.New(route.Operation.Output).Interface()
	}
	if err := codec.Encode(rw, route.Operation, testRequestID, out); err != nil {
		w.t.Errorf("encoding %s: %v", route.Operation.Name, err)
	}
}

// config lets clients try again: a client that is answered before its net/http
// has noticed that the request is written closes the connection under a long answer.
func (w *world) config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(w.server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
		HTTPClient:   w.server.Client(),
		// Checksums would be members that no test has set.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
}

// client is the SDK's client of a service.
func (w *world) client(s *api.Service) any {
	switch c := w.config(); s.ID {
	case "lambda":
		return lambda.NewFromConfig(c)
	case "ec2":
		return ec2Client(c)
	case "iam":
		return iam.NewFromConfig(c)
	case "s3":
		return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	case "sns":
		return sns.NewFromConfig(c)
	case "sqs":
		return sqs.NewFromConfig(c, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
	case "sts":
		return sts.NewFromConfig(c)
	case "logs":
		return cloudwatchlogs.NewFromConfig(c)
	}
	return nil
}

// needsClient skips what needs a client that this build leaves out.
func (w *world) needsClient(t *testing.T, o *api.Operation) {
	t.Helper()
	if o.Service.ID == "ec2" && w.client(o.Service) == nil {
		t.Skip("the SDK's client of EC2 is left out of builds for fuzzing and the race detector")
	}
}

// call calls an operation of an SDK client by its name. The input is of our
// type and is written into the SDK's.
func (w *world) call(o *api.Operation, in reflect.Value) (out reflect.Value, err error) {
	method := reflect.ValueOf(w.client(o.Service)).MethodByName(o.Name)
	if !method.IsValid() {
		return out, fmt.Errorf("the SDK has no operation %s", o.Name)
	}
	theirs := reflect.New(method.Type().In(1).Elem())
	if err := toSDK(theirs.Elem(), in); err != nil {
		return out, err
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(context.Background()), theirs})
	err, _ = results[1].Interface().(error)
	return results[0], err
}

// toSDK copies one of our values into the SDK's type of the same shape.
func toSDK(to, from reflect.Value) error {
	if s, ok := from.Interface().(*api.Stream); ok {
		if s != nil {
			to.Set(reflect.ValueOf(bytes.NewReader(contents(s))))
		}
		return nil
	}
	if from.Kind() == reflect.Pointer {
		if from.IsNil() {
			return nil
		}
		from = from.Elem()
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	if from.Type().AssignableTo(to.Type()) {
		to.Set(from)
		return nil
	}
	if blob, ok := from.Interface().([]byte); ok && to.Kind() == reflect.Interface { // what we hold in memory and the SDK streams
		to.Set(reflect.ValueOf(bytes.NewReader(blob)))
		return nil
	}
	switch from.Kind() {
	case reflect.Int32:
		if to.Kind() == reflect.String { // S3's PartNumberMarker is a text to the SDK
			to.SetString(fmt.Sprint(from.Int()))
			return nil
		}
		to.Set(from.Convert(to.Type()))
	case reflect.Struct:
		for i := range from.NumField() {
			name := from.Type().Field(i).Name
			field := to.FieldByName(name)
			if !field.IsValid() {
				return fmt.Errorf("%v has no member %s", to.Type(), name)
			}
			if err := toSDK(field, from.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if from.IsNil() {
			return nil
		}
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			if err := toSDK(to.Index(i), from.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		if from.IsNil() {
			return nil
		}
		to.Set(reflect.MakeMap(to.Type()))
		for _, k := range from.MapKeys() {
			v := reflect.New(to.Type().Elem()).Elem()
			if err := toSDK(v, from.MapIndex(k)); err != nil {
				return err
			}
			to.SetMapIndex(k.Convert(to.Type().Key()), v)
		}
	default:
		if !from.CanConvert(to.Type()) {
			return fmt.Errorf("%v cannot be written as %v", from.Type(), to.Type())
		}
		to.Set(from.Convert(to.Type()))
	}
	return nil
}

// streamed is a stream of a test: contents can be read again and again.
type streamed struct {
	io.Reader
	text   []byte
	closed bool
}

func (s *streamed) Close() error { s.closed = true; return nil }

func newStreamed(text []byte) *api.Stream {
	return &api.Stream{Body: &streamed{Reader: bytes.NewReader(text), text: text}, Length: int64(len(text))}
}

func contents(s *api.Stream) []byte { return s.Body.(*streamed).text }

// streamDifference compares a stream with the body on the other side.
func streamDifference(path string, ours *api.Stream, theirs reflect.Value) []string {
	if ours == nil {
		return nil
	}
	body, _ := theirs.Interface().(io.Reader)
	if s, ok := theirs.Interface().(*api.Stream); ok {
		body = s.Body
	}
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, contents(ours)) {
		return []string{fmt.Sprintf("%s has %d bytes (%v), not %d", path, len(got), err, ours.Length)}
	}
	return nil
}

// differences are the members in which a value of the SDK is not what ours was.
func differences(path string, ours, theirs reflect.Value) (found []string) {
	if s, ok := ours.Interface().(*api.Stream); ok {
		return streamDifference(path, s, theirs)
	}
	ours, present := source(ours)
	if theirs.Kind() == reflect.Pointer || theirs.Kind() == reflect.Interface {
		if theirs.IsNil() {
			if present {
				return []string{path + " is lost"}
			}
			return nil
		}
		theirs = theirs.Elem()
	}
	if !present {
		if !theirs.IsZero() {
			return []string{path + " came from nowhere"}
		}
		return nil
	}
	switch ours.Kind() {
	case reflect.Struct:
		if ours.Type().Name() == "Time" {
			break
		}
		for i := range ours.NumField() {
			name := ours.Type().Field(i).Name
			if sdksOwn[name] {
				continue
			}
			field := theirs.FieldByName(name)
			if !field.IsValid() {
				found = append(found, path+"."+name+" is not in the SDK")
				continue
			}
			found = append(found, differences(path+"."+name, ours.Field(i), field)...)
		}
		return found
	case reflect.Slice:
		if ours.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		if ours.Len() != theirs.Len() {
			return []string{fmt.Sprintf("%s has %d elements, not %d", path, theirs.Len(), ours.Len())}
		}
		for i := range ours.Len() {
			found = append(found, differences(path+"."+itoa(i), ours.Index(i), theirs.Index(i))...)
		}
		return found
	case reflect.Map:
		if ours.Len() != theirs.Len() {
			return []string{fmt.Sprintf("%s has %d entries, not %d", path, theirs.Len(), ours.Len())}
		}
		for _, k := range ours.MapKeys() {
			v := theirs.MapIndex(k.Convert(theirs.Type().Key()))
			if !v.IsValid() {
				found = append(found, path+"["+k.String()+"] is lost")
				continue
			}
			found = append(found, differences(path+"["+k.String()+"]", ours.MapIndex(k), v)...)
		}
		return found
	}
	if a, b := fmt.Sprint(ours.Interface()), fmt.Sprint(theirs.Interface()); a != b {
		return []string{fmt.Sprintf("%s is %q, not %q", path, cutText(b), cutText(a))}
	}
	return nil
}

// sdksOwn are members of S3 that the SDK fills, hashes or renames in its own way.
var sdksOwn = map[string]bool{
	"ChecksumAlgorithm": true, "ContentLength": true, "ContentMD5": true, "Expires": true,
	"SSECustomerKey": true, "SSECustomerKeyMD5": true, "CopySourceSSECustomerKey": true, "CopySourceSSECustomerKeyMD5": true,
}

func cutText(s string) string { return strings.ToValidUTF8(s[:min(len(s), 200)], "?") }
