package logs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

func TestGroupsAndStreamsExistOnce(t *testing.T) {
	w := newWorld(t)
	create := func() error {
		_, err := call(w, root, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("g")})
		return err
	}
	stream := func() error {
		_, err := call(w, root, logsapi.CreateLogStream, &logsapi.CreateLogStreamRequest{LogGroupName: ptr("g"), LogStreamName: ptr("s")})
		return err
	}
	remove := func() error {
		_, err := call(w, root, logsapi.DeleteLogStream, &logsapi.DeleteLogStreamRequest{LogGroupName: ptr("g"), LogStreamName: ptr("s")})
		return err
	}
	refused(t, stream(), "ResourceNotFoundException", "The specified log group does not exist.")
	if err := create(); err != nil {
		t.Fatal(err)
	}
	refused(t, create(), "ResourceAlreadyExistsException", "The specified log group already exists")
	refused(t, remove(), "ResourceNotFoundException", "The specified log stream does not exist.")
	if err := stream(); err != nil {
		t.Fatal(err)
	}
	refused(t, stream(), "ResourceAlreadyExistsException", "The specified log stream already exists")
	w.put("g", "s", w.input(0, "old event"))
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if err := stream(); err != nil {
		t.Fatal(err)
	}
	if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")}); len(got) != 0 {
		t.Errorf("a new stream of an old name shows %q", got)
	}
	w.put("g", "s", w.input(0, "old event"))
	must(w, logsapi.DeleteLogGroup, &logsapi.DeleteLogGroupRequest{LogGroupName: ptr("g")})
	_, err := call(w, root, logsapi.DeleteLogGroup, &logsapi.DeleteLogGroupRequest{LogGroupName: ptr("g")})
	refused(t, err, "ResourceNotFoundException", "The specified log group does not exist.")
	if err := create(); err != nil {
		t.Fatal(err)
	}
	if out := must(w, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("g")}); len(out.LogStreams) != 0 {
		t.Errorf("a new group of an old name has %d streams", len(out.LogStreams))
	}
}

func TestDeletingAGroupLeavesItsNamesakesAlone(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"g", "g2", "g/x"} {
		w.makeGroup(name)
		w.makeStream(name, "s")
		w.put(name, "s", w.input(0, "in %s", name))
	}
	must(w, logsapi.DeleteLogGroup, &logsapi.DeleteLogGroupRequest{LogGroupName: ptr("g")})
	for _, name := range []string{"g2", "g/x"} {
		if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: &name}); !slices.Equal(got, []string{"in " + name}) {
			t.Errorf("%s holds %q", name, got)
		}
	}
}

func TestWhatAGroupCannotBe(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		in   logsapi.CreateLogGroupRequest
		text string
	}{
		{logsapi.CreateLogGroupRequest{LogGroupName: ptr("aws/mine")}, "Log groups starting with AWS/ are reserved for AWS."},
		{logsapi.CreateLogGroupRequest{LogGroupName: ptr("g"), KmsKeyId: ptr("k")}, "The specified KMS key does not exist or is not allowed to be used with LogGroup 'arn:aws:logs:us-east-1:111111111111:log-group:g'"},
		{logsapi.CreateLogGroupRequest{LogGroupName: ptr("g"), DeletionProtectionEnabled: ptr(true)}, "Deletion protection is not available: Sallyport has no operation that would take it off again."},
		{logsapi.CreateLogGroupRequest{LogGroupName: ptr("g"), Tags: map[string]string{"aws:x": "y"}}, "aws: prefixed tag key names are not allowed for external use."},
	} {
		_, err := call(w, root, logsapi.CreateLogGroup, &c.in)
		refused(t, err, "InvalidParameterException", c.text)
	}
	if out := must(w, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{}); len(out.LogGroups) != 0 {
		t.Errorf("%d groups were made all the same", len(out.LogGroups))
	}
}

func TestDescribeGroups(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		w.makeGroup(fmt.Sprintf("/app/%02d", i))
	}
	w.makeGroup("/aws/lambda/f")
	var names []string
	in := &logsapi.DescribeLogGroupsRequest{}
	for pages := 0; ; pages++ {
		out := must(w, logsapi.DescribeLogGroups, in)
		for _, g := range out.LogGroups {
			names = append(names, *g.LogGroupName)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 1 || len(names) != 61 || !slices.IsSorted(names) {
				t.Errorf("%d names on %d pages", len(names), pages+1)
			}
			break
		}
	}
	for _, c := range []struct {
		in   logsapi.DescribeLogGroupsRequest
		want int
	}{
		{logsapi.DescribeLogGroupsRequest{LogGroupNamePrefix: ptr("/aws/")}, 1},
		{logsapi.DescribeLogGroupsRequest{LogGroupNamePrefix: ptr("/nothing")}, 0},
		{logsapi.DescribeLogGroupsRequest{LogGroupNamePattern: ptr("pp/1")}, 10},
		{logsapi.DescribeLogGroupsRequest{LogGroupNamePattern: ptr("APP/1")}, 0},
		{logsapi.DescribeLogGroupsRequest{LogGroupIdentifiers: []string{"/app/01", "arn:aws:logs:us-east-1:111111111111:log-group:/app/02"}}, 2},
		{logsapi.DescribeLogGroupsRequest{LogGroupClass: ptr("INFREQUENT_ACCESS")}, 0},
		{logsapi.DescribeLogGroupsRequest{Limit: ptr(int32(7))}, 7},
	} {
		if out := must(w, logsapi.DescribeLogGroups, &c.in); len(out.LogGroups) != c.want {
			t.Errorf("%+v: %d groups, want %d", c.in, len(out.LogGroups), c.want)
		}
	}
	for _, token := range []string{"x", "!", *pageToken(streamPage, "0\x00a")} {
		_, err := call(w, root, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{NextToken: &token})
		refused(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
	}
}

func TestWhatIsSaidOfAGroup(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("/aws/lambda/f")
	w.makeStream("/aws/lambda/f", "s")
	w.put("/aws/lambda/f", "s", w.input(0, "12345"), w.input(1, "é"))
	g := must(w, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{}).LogGroups[0]
	if *g.Arn != "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f:*" || *g.LogGroupArn != "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f" {
		t.Errorf("ARNs %s and %s", *g.Arn, *g.LogGroupArn)
	}
	if *g.StoredBytes != 5+26+2+26 || g.RetentionInDays != nil || *g.LogGroupClass != "STANDARD" || *g.CreationTime != w.clock.Now().UnixMilli() {
		t.Errorf("%d bytes, retention %v, class %s", *g.StoredBytes, g.RetentionInDays, *g.LogGroupClass)
	}
	must(w, logsapi.DeleteLogStream, &logsapi.DeleteLogStreamRequest{LogGroupName: ptr("/aws/lambda/f"), LogStreamName: ptr("s")})
	if g := must(w, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{}).LogGroups[0]; *g.StoredBytes != 0 {
		t.Errorf("%d bytes without streams", *g.StoredBytes)
	}
}

func TestDescribeStreams(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	for i := range 5 {
		name := "s" + strconv.Itoa(i)
		w.makeStream("g", name)
		w.put("g", name, w.input(int64(-1000*i), "x")) // s0 has the newest event
	}
	w.makeStream("g", "other")
	list := func(in logsapi.DescribeLogStreamsRequest) string {
		t.Helper()
		in.LogGroupName, in.Limit = ptr("g"), ptr(int32(2))
		var names []string
		for {
			out := must(w, logsapi.DescribeLogStreams, &in)
			for _, s := range out.LogStreams {
				names = append(names, *s.LogStreamName)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return strings.Join(names, " ")
			}
		}
	}
	for want, in := range map[string]logsapi.DescribeLogStreamsRequest{
		"other s0 s1 s2 s3 s4": {},
		"s4 s3 s2 s1 s0 other": {Descending: ptr(true)},
		"s0 s1 s2 s3 s4":       {LogStreamNamePrefix: ptr("s")},
		"other s4 s3 s2 s1 s0": {OrderBy: ptr("LastEventTime")},
		"s0 s1 s2 s3 s4 other": {OrderBy: ptr("LastEventTime"), Descending: ptr(true)},
	} {
		if got := list(in); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	_, err := call(w, root, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("g"), OrderBy: ptr("LastEventTime"), LogStreamNamePrefix: ptr("s")})
	refused(t, err, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	_, err = call(w, root, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("nothing")})
	refused(t, err, "ResourceNotFoundException", "The specified log group does not exist.")

	s := must(w, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("g"), LogStreamNamePrefix: ptr("s3")}).LogStreams[0]
	at := w.clock.Now().UnixMilli() - 3000
	if *s.FirstEventTimestamp != at || *s.LastEventTimestamp != at || *s.StoredBytes != 0 || *s.Arn != "arn:aws:logs:us-east-1:111111111111:log-group:g:log-stream:s3" {
		t.Errorf("stream is %+v", s)
	}
	if o := must(w, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("g")}).LogStreams[0]; o.FirstEventTimestamp != nil || o.LastEventTimestamp != nil {
		t.Error("a stream without events has event times")
	}
}

func TestIdentifiers(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	const arn = "arn:aws:logs:us-east-1:111111111111:log-group:g"
	for _, identifier := range []string{"g", arn, arn + ":*"} {
		must(w, logsapi.GetLogEvents, &logsapi.GetLogEventsRequest{LogGroupIdentifier: &identifier, LogStreamName: ptr("s")})
	}
	for _, c := range []struct {
		name, identifier *string
		code, text       string
	}{
		{ptr("g"), ptr("g"), "InvalidParameterException", "LogGroup name and LogGroup ARN are mutually exclusive parameters."},
		{nil, nil, "InvalidParameterException", "At least one of logGroupName or logGroupIdentifier must be specified."},
		{nil, ptr("arn:aws:logs:us-east-1:1:log-group:g"), "InvalidParameterException", "Invalid log group identifier: arn:aws:logs:us-east-1:1:log-group:g"},
		{nil, ptr(arn + ":log-stream:s"), "InvalidParameterException", "Invalid log group identifier: " + arn + ":log-stream:s"},
		{nil, ptr(strings.Replace(arn, "us-east-1", "eu-west-1", 1)), "ResourceNotFoundException", "The specified log group does not exist."},
	} {
		_, err := call(w, root, logsapi.GetLogEvents, &logsapi.GetLogEventsRequest{LogGroupName: c.name, LogGroupIdentifier: c.identifier, LogStreamName: ptr("s")})
		refused(t, err, c.code, c.text)
	}
}

func TestRegionsAndAccountsAreApart(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	for _, as := range []op.As{{Caller: caller.Root(there, caller.Key{}), Region: region}, {Caller: root, Region: "eu-west-1"}} {
		out, err := op.Do(context.Background(), w.bus, as, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{})
		if err != nil || len(out.LogGroups) != 0 {
			t.Errorf("%s in %s sees %v, %v", as.Caller.ARN(), as.Region, out, err)
		}
	}
	_, err := call(w, caller.Root(there, caller.Key{}), logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupIdentifier: ptr("arn:aws:logs:us-east-1:111111111111:log-group:g")})
	if err == nil || !strings.HasPrefix(err.Error(), "AccessDeniedException") {
		t.Errorf("another account's root reads by ARN: %v", err)
	}
	must(w, logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupIdentifier: ptr("arn:aws:logs:us-east-1:111111111111:log-group:g")})
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	arn := ptr("arn:aws:logs:us-east-1:111111111111:log-group:g")
	must(w, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("g"), Tags: map[string]string{"a": "1"}})
	must(w, logsapi.TagResource, &logsapi.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"b": "2", "a": "3"}})
	must(w, logsapi.TagLogGroup, &logsapi.TagLogGroupRequest{LogGroupName: ptr("g"), Tags: map[string]string{"c": "4"}})
	want := map[string]string{"a": "3", "b": "2", "c": "4"}
	if got := must(w, logsapi.ListTagsForResource, &logsapi.ListTagsForResourceRequest{ResourceArn: arn}).Tags; !maps.Equal(got, want) {
		t.Errorf("tags are %v", got)
	}
	must(w, logsapi.UntagResource, &logsapi.UntagResourceRequest{ResourceArn: arn, TagKeys: []string{"a", "nothing"}})
	must(w, logsapi.UntagLogGroup, &logsapi.UntagLogGroupRequest{LogGroupName: ptr("g"), Tags: []string{"b"}})
	if got := must(w, logsapi.ListTagsLogGroup, &logsapi.ListTagsLogGroupRequest{LogGroupName: ptr("g")}).Tags; !maps.Equal(got, map[string]string{"c": "4"}) {
		t.Errorf("tags are %v", got)
	}
	many := map[string]string{}
	for i := range 50 {
		many[strconv.Itoa(i)] = ""
	}
	_, err := call(w, root, logsapi.TagResource, &logsapi.TagResourceRequest{ResourceArn: arn, Tags: many})
	refused(t, err, "TooManyTagsException", "The resource can have at most 50 tags.")
	delete(many, "0")
	must(w, logsapi.TagResource, &logsapi.TagResourceRequest{ResourceArn: arn, Tags: many})
	_, err = call(w, root, logsapi.ListTagsForResource, &logsapi.ListTagsForResourceRequest{ResourceArn: ptr("arn:aws:logs:us-east-1:111111111111:destination:d")})
	refused(t, err, "InvalidParameterException", "Invalid resource ARN: only log groups have tags here.")
}

func TestRetention(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	w.makeStream("g", "empty-soon")
	const day = 24 * 3600 * 1000
	w.put("g", "s", w.input(-2*day, "two days old"))
	w.put("g", "s", w.input(-day/2, "half a day old"))
	w.put("g", "empty-soon", w.input(-3*day, "three days old"))
	all := func() []string { return w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")}) }
	if got := all(); len(got) != 3 {
		t.Fatalf("%q", got)
	}
	_, err := call(w, root, logsapi.PutRetentionPolicy, &logsapi.PutRetentionPolicyRequest{LogGroupName: ptr("g"), RetentionInDays: ptr(int32(2))})
	refused(t, err, "InvalidParameterException", "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]")
	must(w, logsapi.PutRetentionPolicy, &logsapi.PutRetentionPolicyRequest{LogGroupName: ptr("g"), RetentionInDays: ptr(int32(1))})
	if got := all(); !slices.Equal(got, []string{"half a day old"}) {
		t.Errorf("expired events are shown: %q", got)
	}
	// Until they are removed, a longer retention shows them again.
	must(w, logsapi.DeleteRetentionPolicy, &logsapi.DeleteRetentionPolicyRequest{LogGroupName: ptr("g")})
	if got := all(); len(got) != 3 {
		t.Errorf("%q", got)
	}
	must(w, logsapi.PutRetentionPolicy, &logsapi.PutRetentionPolicyRequest{LogGroupName: ptr("g"), RetentionInDays: ptr(int32(1))})
	if err := w.logs.Start(context.Background(), w.bus); err != nil {
		t.Fatal(err)
	}
	g := groupRef{here, region, "g"}
	for deadline := time.Now().Add(10 * time.Second); w.logs.stored.of(g) != 14+26; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the sweep left %d bytes", w.logs.stored.of(g))
		}
	}
	must(w, logsapi.DeleteRetentionPolicy, &logsapi.DeleteRetentionPolicyRequest{LogGroupName: ptr("g")})
	if got := all(); !slices.Equal(got, []string{"half a day old"}) {
		t.Errorf("after the sweep: %q", got)
	}
	for _, s := range must(w, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("g")}).LogStreams {
		if empty := *s.LogStreamName == "empty-soon"; empty != (s.FirstEventTimestamp == nil) {
			t.Errorf("%s begins at %v", *s.LogStreamName, s.FirstEventTimestamp)
		}
	}
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	w.put("g", "s", w.input(0, "x"))
	if err := w.logs.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.makeGroup("g")
	w.makeStream("g", "s")
	if got := w.filter(&logsapi.FilterLogEventsRequest{LogGroupName: ptr("g")}); len(got) != 0 {
		t.Errorf("a reset left %q", got)
	}
}
