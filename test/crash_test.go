package test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// kills is how often the server is killed; -short keeps to a few, and
// `go test ./test -run Lost -kills 500` looks longer.
var kills = flag.Int("kills", 30, "how often the crash tests kill the server")

// acknowledged are the writes the server said it did.
type acknowledged struct {
	mu       sync.Mutex
	users    map[string]bool
	policies map[string]bool
	sids     map[string]bool
	events   map[string]bool
	layers   map[string]bool
}

func (a *acknowledged) note(set map[string]bool, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	set[name] = true
}

// TestNothingAcknowledgedIsLost kills the server again and again while writers
// are at work, and looks for every write it had acknowledged.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	rounds := *kills
	if testing.Short() {
		rounds = 5
	}
	data := filepath.Join(t.TempDir(), "state")
	ack := &acknowledged{users: map[string]bool{}, policies: map[string]bool{}, sids: map[string]bool{}, events: map[string]bool{}, layers: map[string]bool{}}
	prepare(t, data)
	for round := range rounds {
		p := mustServe(t, data)
		c := p.clients(0)
		ctx, cancel := context.WithCancel(context.Background())
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() { write(ctx, c, ack, fmt.Sprintf("r%d-w%d", round, w)) })
		}
		writers.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("slow"), InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{}`)})
				time.Sleep(20 * time.Millisecond)
			}
		})
		time.Sleep(time.Duration(20+rand.IntN(120)) * time.Millisecond)
		p.kill()
		cancel()
		writers.Wait()
	}
	p := mustServe(t, data)
	find(t, p.clients(0), ack)
	t.Logf("%d kills: %d users, %d policies, %d permissions, %d log events, %d layer versions were acknowledged, and all are there",
		rounds, len(ack.users), len(ack.policies), len(ack.sids), len(ack.events), len(ack.layers))
	if len(ack.users) < rounds {
		t.Errorf("only %d users were written in %d rounds: the test tests little", len(ack.users), rounds)
	}
	p.stop()
	if left := withMarker(t, crashMarker); len(left) > 0 {
		t.Errorf("processes of functions were left behind: %v", left)
	}
	if left, _ := os.ReadDir(filepath.Join(data, "work")); len(left) > 0 {
		t.Errorf("files of functions were left behind: %v", left)
	}
}

const crashMarker = "sallyport-crash-test-marker"

// prepare makes the function and log stream the writers write to.
func prepare(t *testing.T, data string) {
	t.Helper()
	p := mustServe(t, data)
	defer p.stop()
	c := p.clients(0)
	ctx := context.Background()
	role := c.makeRole(t, "crash-role")
	c.makeFunction(t, "slow", role, "import time\ndef handler(e, c):\n    time.sleep(30)\n", map[string]string{"MARKER": crashMarker})
	if _, err := c.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("crash")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("crash"), LogStreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
}

// write makes as many records as it can until ctx ends.
func write(ctx context.Context, c *clients, ack *acknowledged, prefix string) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%s-%d", prefix, i)
		if _, err := c.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}); err == nil {
			ack.note(ack.users, name)
		} else {
			continue
		}
		if _, err := c.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name,
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`)}); err == nil {
			ack.note(ack.policies, name)
		}
		if i < 2 {
			if _, err := c.lambda.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String("slow"), StatementId: &name,
				Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com")}); err == nil {
				ack.note(ack.sids, name)
			}
			writeLayer(ctx, c, ack, name)
		}
		if _, err := c.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("crash"), LogStreamName: aws.String("s"),
			LogEvents: []logtypes.InputLogEvent{{Message: &name, Timestamp: aws.Int64(time.Now().UnixMilli())}}}); err == nil {
			ack.note(ack.events, name)
		}
	}
}

// find looks for every acknowledged write.
func find(t *testing.T, c *clients, ack *acknowledged) {
	t.Helper()
	ctx := context.Background()
	users := map[string]bool{}
	for pages := iam.NewListUsersPaginator(c.iam, &iam.ListUsersInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			users[*u.UserName] = true
		}
	}
	for name := range ack.users {
		if !users[name] {
			t.Errorf("user %s is lost", name)
		}
	}
	for name := range ack.policies {
		if _, err := c.iam.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &name}); err != nil {
			t.Errorf("policy %s is lost: %v", name, err)
		}
	}
	got, err := c.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("slow")})
	if err != nil && len(ack.sids) > 0 {
		t.Fatal(err)
	}
	for sid := range ack.sids {
		if !bytes.Contains([]byte(*got.Policy), []byte(`"`+sid+`"`)) {
			t.Errorf("permission %s is lost", sid)
		}
	}
	events := map[string]bool{}
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(c.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("crash")}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			events[*e.Message] = true
		}
	}
	for name := range ack.events {
		if !events[name] {
			t.Errorf("log event %s is lost", name)
		}
	}
	findLayers(t, c, ack)
}

// withMarker lists processes whose environment holds the marker.
func withMarker(t testing.TB, marker string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var found []string
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range environs {
			raw, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if bytes.Contains(raw, []byte(marker)) {
				found = append(found, path)
			}
		}
		if len(found) == 0 || time.Now().After(deadline) {
			return found
		}
	}
}
