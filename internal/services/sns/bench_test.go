package sns_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// tells is a function that says when it ran for what.
const tells = `
import time
def handler(event, context):
    at = time.time()
    text = event["Records"][0]["Sns"]["Message"] if "Records" in event else event["text"]
    print("RAN", text, repr(at), flush=True)
`

// function makes the function that tells, and its log.
func function(b testing.TB, c *clients) (arn string, ran func(text string) time.Time, invoke func(text string)) {
	b.Helper()
	ctx := context.Background()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	role, err := c.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: &trust})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}); err != nil {
		b.Fatal(err)
	}
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte(tells))
	}
	if err != nil || z.Close() != nil {
		b.Fatal(err)
	}
	functions, logs := lambda.NewFromConfig(c.config), cloudwatchlogs.NewFromConfig(c.config)
	made, err := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("f"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("main.handler"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := lambda.NewFunctionActiveV2Waiter(functions, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 50*time.Millisecond
	}).
		Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")}, time.Minute); err != nil {
		b.Fatal(err)
	}
	ran = func(text string) time.Time {
		b.Helper()
		for range 2000 {
			// There is no group before the first line.
			out, err := logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/f"), FilterPattern: aws.String(`"RAN ` + text + ` "`)})
			if err == nil && len(out.Events) > 0 {
				at, err := strconv.ParseFloat(strings.Fields(*out.Events[0].Message)[2], 64)
				if err != nil {
					b.Fatal(err)
				}
				return time.UnixMicro(int64(at * 1e6))
			}
			<-time.After(5 * time.Millisecond)
		}
		b.Fatalf("the function never ran for %s", text)
		return time.Time{}
	}
	invoke = func(text string) {
		b.Helper()
		if _, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{"text":"` + text + `"}`)}); err != nil {
			b.Fatal(err)
		}
	}
	return *made.FunctionArn, ran, invoke
}

func (c *clients) permit(t testing.TB, topic string) {
	t.Helper()
	if _, err := lambda.NewFromConfig(c.config).AddPermission(context.Background(), &lambda.AddPermissionInput{
		FunctionName: aws.String("f"), StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com"), SourceArn: &topic,
	}); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkFunction is the time from a client's call to the first line of a warm
// Python function: by a topic, and, as the floor, by an asynchronous invoke. One
// of each, in turn.
func BenchmarkFunction(b *testing.B) {
	own, _, _ := serve(b)
	arn, ran, invoke := function(b, own)
	topic := own.topic(b, "t", nil)
	own.permit(b, *topic)
	if _, err := own.sns.Subscribe(context.Background(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("lambda"), Endpoint: &arn}); err != nil {
		b.Fatal(err)
	}
	publish := func(text string) {
		if _, err := own.sns.Publish(context.Background(), &sns.PublishInput{TopicArn: topic, Message: &text}); err != nil {
			b.Fatal(err)
		}
	}
	took := map[string][]float64{}
	ways := []struct {
		name string
		call func(text string)
	}{{"topic", publish}, {"invoke", invoke}}
	for i := range b.N + 2 { // the first two make the environment and the key
		for _, way := range ways {
			text := way.name + strconv.Itoa(i)
			began := time.Now()
			way.call(text)
			if at := ran(text); i >= 2 {
				took[way.name] = append(took[way.name], float64(at.Sub(began).Microseconds())/1000)
			}
		}
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name+"-p50-ms")
		b.ReportMetric(all[len(all)*99/100], name+"-p99-ms")
	}
}

// BenchmarkPublish is how fast messages of 1 KiB are taken, and delivered to a
// queue: alone and in batches, by eight clients. Every figure is messages.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1, 10} {
		for _, queues := range []int{0, 1} {
			b.Run(fmt.Sprintf("batch=%d/queues=%d", size, queues), func(b *testing.B) { benchmarkPublish(b, size, queues) })
		}
	}
}

func benchmarkPublish(b *testing.B, size, queues int) {
	own, _, _ := serve(b)
	ctx := context.Background()
	topic := own.topic(b, "t", nil)
	var url *string
	for i := range queues {
		var arn string
		url, arn = own.queue(b, here, fmt.Sprint("q", i), *topic, nil)
		if _, err := own.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &arn}); err != nil {
			b.Fatal(err)
		}
	}
	text := strings.Repeat("x", 1024)
	in := &sns.PublishBatchInput{TopicArn: topic}
	for i := range size {
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, types.PublishBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), Message: &text})
	}
	const parallel = 8
	errs := make(chan error, parallel)
	b.ResetTimer()
	for p := range parallel {
		go func() {
			var err error
			for i := p * size; i < b.N && err == nil; i += parallel * size {
				if size == 1 {
					_, err = own.sns.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: &text})
				} else {
					_, err = own.sns.PublishBatch(ctx, in)
				}
			}
			errs <- err
		}()
	}
	for range parallel {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "taken/s")
	if queues > 0 {
		total := (b.N + size - 1) / size * size
		own.arrived(b, url, total)
		b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "delivered/s")
	}
}
