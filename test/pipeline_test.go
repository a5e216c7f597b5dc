package test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// The pipeline is one story, told to the server by three SDKs: an object is
// written, S3 tells a topic, the topic a queue, Lambda polls the queue as the
// function's role, and the function writes an object, and may not write another.
// Each SDK makes everything itself, and prints the object that came out and how
// the forbidden write went.
const pipelineSays = "HELLO AccessDenied"

func TestPipeline(t *testing.T) {
	t.Parallel()
	if !hasClient("boto3") {
		skipClient(t, "boto3, which the function is written with,")
	}
	p := mustServe(t, filepath.Join(t.TempDir(), "state"))
	code, err := os.ReadFile(filepath.Join("testdata", "pipeline", "main.py"))
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "function.zip")
	if err := os.WriteFile(packed, pack(t, map[string]string{"main.py": string(code)}), 0o600); err != nil {
		t.Fatal(err)
	}
	// told runs a script and wants the story's end of it.
	told := func(t *testing.T, name, dir string, command ...string) {
		t.Helper()
		c := exec.Command(command[0], command[1:]...)
		c.Dir = dir
		c.Env = append(append(os.Environ(), p.environ(0)...), "NAME="+name, "FUNCTION_ZIP="+packed)
		var out, diagnostics bytes.Buffer
		c.Stdout, c.Stderr = &out, &diagnostics
		if err := c.Run(); err != nil || strings.TrimSpace(out.String()) != pipelineSays {
			t.Errorf("%v: %v, printed %q\n%s", command, err, out.String(), diagnostics.String())
		}
	}
	// The subtests are parallel among themselves; the server outlives them all.
	t.Run("sdk", func(t *testing.T) {
		t.Run("go", func(t *testing.T) {
			t.Parallel()
			if got := goPipeline(t, p, "go", packed); got != pipelineSays {
				t.Errorf("the Go SDK got %q, want %q", got, pipelineSays)
			}
		})
		t.Run("boto3", func(t *testing.T) {
			t.Parallel()
			told(t, "boto3", filepath.Join("testdata", "pipeline"), "python3", "pipeline.py")
		})
		t.Run("javascript", func(t *testing.T) {
			skipLong(t)
			t.Parallel()
			dir := javascriptSDK(t)
			told(t, "javascript", dir, "node", "pipeline.mjs")
		})
	})
}

// skipClient skips a test for want of a client, or fails it where clients are
// required.
func skipClient(t *testing.T, what string) {
	t.Helper()
	if clientsRequired() {
		t.Fatal(what + " is not here, and clients are required (SALLYPORT_REQUIRE_CLIENTS=1)")
	}
	t.Skip(what + " is not here")
}

// unreachable is how npm says that it found no way to the registry.
var unreachable = regexp.MustCompile(`ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|E40[137]|E50[234]`)

// javascriptSDK is a folder with the script and the SDK's clients, from npm.
func javascriptSDK(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if !installed(tool) {
			skipClient(t, tool)
		}
	}
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join("testdata", "pipeline", "pipeline.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"pipeline.mjs": string(script), "package.json": `{"private": true}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--fetch-retries=0",
		"@aws-sdk/client-iam@3", "@aws-sdk/client-lambda@3", "@aws-sdk/client-s3@3", "@aws-sdk/client-sns@3", "@aws-sdk/client-sqs@3")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		// A registry that cannot be reached is no client that is missing here; any
		// other failure is one.
		if unreachable.Match(out) || ctx.Err() != nil {
			t.Skip("the JavaScript SDK could not be installed: " + err.Error() + "\n" + string(out))
		}
		skipClient(t, "the JavaScript SDK (npm install: "+err.Error()+"\n"+string(out)+")")
	}
	return dir
}

// goPipeline is the story with the Go SDK.
func goPipeline(t *testing.T, p *process, name, packed string) string {
	t.Helper()
	ctx := context.Background()
	c := p.clients(0)
	objects := s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })
	topics, queues := sns.NewFromConfig(c.config), sqs.NewFromConfig(c.config)
	in, out := name+"-in", name+"-out"
	for _, bucket := range []string{in, out} {
		must(t, objects.CreateBucket, &s3.CreateBucketInput{Bucket: &bucket})
	}
	topic := must(t, topics.CreateTopic, &sns.CreateTopicInput{Name: &name}).TopicArn
	queue := must(t, queues.CreateQueue, &sqs.CreateQueueInput{QueueName: &name}).QueueUrl
	queueARN := must(t, queues.GetQueueAttributes, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}}).Attributes["QueueArn"]

	// The topic does not let the bucket in yet.
	notify := &s3.PutBucketNotificationConfigurationInput{Bucket: &in, NotificationConfiguration: &s3types.NotificationConfiguration{
		TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: topic, Events: []s3types.Event{"s3:ObjectCreated:*"}, Filter: &s3types.NotificationConfigurationFilter{
			Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{{Name: "prefix", Value: aws.String("new/")}}},
		}}},
	}}
	_, err := objects.PutBucketNotificationConfiguration(ctx, notify)
	if refused := smithy.APIError(nil); !errors.As(err, &refused) || refused.ErrorCode() != "InvalidArgument" {
		t.Fatalf("the notification was answered with %v", err)
	}
	must(t, topics.SetTopicAttributes, &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *topic + `","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::` + in + `"},"StringEquals":{"aws:SourceAccount":"` + p.keys[0].Account + `"}}}]}`)})
	must(t, objects.PutBucketNotificationConfiguration, notify)
	must(t, queues.SetQueueAttributes, &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARN + `","Condition":{"ArnEquals":{"aws:SourceArn":"` + *topic + `"}}}]}`,
	}})
	must(t, topics.Subscribe, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &queueARN})

	role := c.makeRole(t, name)
	must(t, c.iam.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("work"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"` + queueARN + `"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + in + `/new/*"},{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + out + `/*"}]}`)})
	code, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	must(t, c.lambda.CreateFunction, functionInput(name, role, lambdatypes.RuntimePython311, code, map[string]string{"OUT": out}, 25))
	c.waitActive(t, name)
	must(t, c.lambda.CreateEventSourceMapping, &lambda.CreateEventSourceMappingInput{FunctionName: &name, EventSourceArn: &queueARN})

	must(t, objects.PutObject, &s3.PutObjectInput{Bucket: &in, Key: aws.String("new/greeting.txt"), Body: strings.NewReader("hello")})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		made, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &out, Key: aws.String("new/greeting.txt")})
		if missing := (*s3types.NoSuchKey)(nil); errors.As(err, &missing) && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer made.Body.Close()
		text, err := io.ReadAll(made.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + " " + made.Metadata["forbidden"]
	}
}
