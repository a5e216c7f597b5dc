package logs

import (
	"strings"
	"testing"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/caller"
)

// TestResourcesOfDecisions checks which ARN each operation is judged on: a
// policy for exactly that is enough, and one for anything beside it is not.
func TestResourcesOfDecisions(t *testing.T) {
	const group, other = "arn:aws:logs:us-east-1:111111111111:log-group:g", "arn:aws:logs:us-east-1:111111111111:log-group:h"
	w := newWorld(t)
	w.makeGroup("g")
	w.makeStream("g", "s")
	name, stream := ptr("g"), ptr("s")
	for _, c := range []struct {
		action        string
		enough, short []string
		run           func(caller.Caller) error
	}{
		{"logs:DescribeLogStreams", []string{group + ":*", group + ":log-stream:*", "*"}, []string{group, other + ":*", group + ":log-stream:s"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: name})
			return err
		}},
		{"logs:FilterLogEvents", []string{group + ":*"}, []string{group, other + ":*"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.FilterLogEvents, &logsapi.FilterLogEventsRequest{LogGroupName: name})
			return err
		}},
		{"logs:GetLogEvents", []string{group + ":*", group + ":log-stream:s"}, []string{group, group + ":log-stream:t"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.GetLogEvents, &logsapi.GetLogEventsRequest{LogGroupIdentifier: ptr(group), LogStreamName: stream})
			return err
		}},
		{"logs:PutLogEvents", []string{group + ":*", group + ":log-stream:s"}, []string{group, group + ":log-stream:t", other + ":*"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.PutLogEvents, &logsapi.PutLogEventsRequest{LogGroupName: name, LogStreamName: stream, LogEvents: []logsapi.InputLogEvent{w.input(0, "x")}})
			return err
		}},
		{"logs:DescribeLogGroups", []string{"arn:aws:logs:us-east-1:111111111111:log-group:*", "*"}, []string{group + ":*"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.DescribeLogGroups, &logsapi.DescribeLogGroupsRequest{})
			return err
		}},
		{"logs:ListTagsForResource", []string{group, group + "*"}, []string{group + ":*", other}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.ListTagsForResource, &logsapi.ListTagsForResourceRequest{ResourceArn: ptr(group)})
			return err
		}},
		{"logs:PutRetentionPolicy", []string{group + ":*"}, []string{group, other + ":*"}, func(c caller.Caller) error {
			_, err := call(w, c, logsapi.PutRetentionPolicy, &logsapi.PutRetentionPolicyRequest{LogGroupName: name, RetentionInDays: ptr(int32(7))})
			return err
		}},
	} {
		for _, resource := range c.enough {
			if err := c.run(w.user("u", `"`+c.action+`"`, resource)); err != nil {
				t.Errorf("%s on %s: %v", c.action, resource, err)
			}
		}
		for _, resource := range c.short {
			if err := c.run(w.user("u", `"`+c.action+`"`, resource)); err == nil || !strings.HasPrefix(err.Error(), "AccessDeniedException") {
				t.Errorf("%s on %s was enough: %v", c.action, resource, err)
			}
		}
		if err := c.run(w.user("u", `"logs:Nothing"`, "*")); err == nil {
			t.Errorf("%s without permission", c.action)
		}
	}
}

func TestDenialNamesTheStreamAsAWSDoes(t *testing.T) {
	w := newWorld(t)
	user := w.user("u", `"logs:PutLogEvents"`, "*")
	_, err := call(w, user, logsapi.CreateLogStream, &logsapi.CreateLogStreamRequest{LogGroupName: ptr("/aws/lambda/f"), LogStreamName: ptr("2026/11/20/[1]ab")})
	refused(t, err, "AccessDeniedException", "User: arn:aws:iam::111111111111:user/u is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f:log-stream:2026/11/20/[1]ab because no identity-based policy allows the logs:CreateLogStream action")
}

func TestDeniedCallerDoesNotLearnWhatExists(t *testing.T) {
	w := newWorld(t)
	w.makeGroup("there")
	user := w.user("u", `"logs:Nothing"`, "*")
	text := func(name string) string {
		_, err := call(w, user, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: &name})
		return strings.ReplaceAll(err.Error(), name, "NAME")
	}
	if a, b := text("there"), text("absent"); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestTaggingAtCreationNeedsOneOfTwoPermissions(t *testing.T) {
	const group = "arn:aws:logs:us-east-1:111111111111:log-group:"
	w := newWorld(t)
	create := func(name string, as caller.Caller) error {
		_, err := call(w, as, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: &name, Tags: map[string]string{"team": "blue"}})
		return err
	}
	refused(t, create("a", w.user("u", `"logs:CreateLogGroup"`, "*")), "AccessDeniedException", "User with accountId: 111111111111 is not authorized to perform CreateLogGroup with Tags")
	for _, action := range []string{"logs:TagResource", "logs:TagLogGroup"} {
		if err := create(strings.ToLower(action[5:]), w.user("u", `["logs:CreateLogGroup","`+action+`"]`, group+"*")); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	condition := `{"StringEquals":{"aws:RequestTag/team":"red"}}`
	if err := create("b", w.conditional("u", `"logs:*"`, "*", condition)); err == nil {
		t.Error("a tag value that the policy does not know was accepted")
	}
	if err := create("b", w.conditional("u", `"logs:*"`, "*", strings.Replace(condition, "red", "blue", 1))); err != nil {
		t.Error(err)
	}
}

func TestTagsOfTheGroupAreInTheContext(t *testing.T) {
	w := newWorld(t)
	must(w, logsapi.CreateLogGroup, &logsapi.CreateLogGroupRequest{LogGroupName: ptr("blue"), Tags: map[string]string{"team": "blue"}})
	w.makeGroup("none")
	user := w.conditional("u", `"logs:DescribeLogStreams"`, "*", `{"StringEquals":{"aws:ResourceTag/team":"blue"}}`)
	if _, err := call(w, user, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("blue")}); err != nil {
		t.Error(err)
	}
	if _, err := call(w, user, logsapi.DescribeLogStreams, &logsapi.DescribeLogStreamsRequest{LogGroupName: ptr("none")}); err == nil {
		t.Error("a group without the tag was shown")
	}
}
