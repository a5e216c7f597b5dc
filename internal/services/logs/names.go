package logs

import (
	"context"
	"strings"

	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// groupRef says which group is meant.
type groupRef struct{ account, region, name string }

// key is the group's key, and with a separator the start of its streams' keys.
func (g groupRef) key() string { return store.Key(g.account, g.region, g.name) }

// streamPrefix is the start of the keys of all streams, and of all events, of the group.
func (g groupRef) streamPrefix() string { return store.Prefix(g.account, g.region, g.name) }

func (g groupRef) streamKey(stream string) string {
	return store.Key(g.account, g.region, g.name, stream)
}

// eventPrefix is the start of the keys of the stream's events.
func (g groupRef) eventPrefix(stream string) string {
	return store.Prefix(g.account, g.region, g.name, stream)
}

// arn is the group's ARN as tagging and identifiers use it.
func (g groupRef) arn() string {
	return "arn:" + op.Partition + ":logs:" + g.region + ":" + g.account + ":log-group:" + g.name
}

// streamARN is a stream's ARN. With an empty stream it is the resource that
// operations on a group are judged on: AWS's denials name it so, and it is why
// a policy for a group has to end in ":*".
func (g groupRef) streamARN(stream string) string { return g.arn() + ":log-stream:" + stream }

// parseARN reads a group's ARN, also with ":*" or a stream behind it.
func parseARN(arn string) (g groupRef, stream string, ok bool) {
	parts := strings.SplitN(arn, ":", 9)
	if len(parts) < 7 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "logs" || parts[5] != "log-group" {
		return g, "", false
	}
	g = groupRef{account: parts[4], region: parts[3], name: parts[6]}
	switch {
	case g.name == "" || g.region == "" || !id.IsAccount(g.account):
		return g, "", false
	case len(parts) == 7 || len(parts) == 8 && parts[7] == "*":
		return g, "", true
	case len(parts) == 9 && parts[7] == "log-stream":
		return g, parts[8], true
	}
	return g, "", false
}

// target is the group a request names: by logGroupName, or by a
// logGroupIdentifier that is a name or an ARN.
func target(c *op.Call) (groupRef, error) {
	g := groupRef{account: c.Account, region: c.Region}
	if in, ok := c.Input.(interface{ GetLogGroupName() string }); ok {
		g.name = in.GetLogGroupName()
	}
	in, ok := c.Input.(interface{ GetLogGroupIdentifier() string })
	if !ok || in.GetLogGroupIdentifier() == "" {
		if g.name == "" {
			return g, invalidParameter("At least one of logGroupName or logGroupIdentifier must be specified.")
		}
		return g, nil
	}
	if g.name != "" {
		return g, invalidParameter("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	}
	identifier := in.GetLogGroupIdentifier()
	if !strings.HasPrefix(identifier, "arn:") {
		g.name = identifier
		return g, nil
	}
	named, stream, ok := parseARN(identifier)
	if !ok || stream != "" {
		return g, invalidParameter("Invalid log group identifier: " + identifier)
	}
	return named, nil
}

// group is the finder of operations on a group.
func (s *Service) group(_ context.Context, c *op.Call) ([]op.Resource, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: g.streamARN(""), Account: g.account}}, nil
}

// stream is the finder of operations on one stream.
func (s *Service) stream(_ context.Context, c *op.Call) ([]op.Resource, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	in, ok := c.Input.(interface{ GetLogStreamName() string })
	if !ok || in.GetLogStreamName() == "" {
		return nil, nil
	}
	return []op.Resource{{ARN: g.streamARN(in.GetLogStreamName()), Account: g.account}}, nil
}

// allGroups is the finder of DescribeLogGroups.
func (s *Service) allGroups(_ context.Context, c *op.Call) ([]op.Resource, error) {
	return []op.Resource{{ARN: groupRef{account: c.Account, region: c.Region}.streamARN("")}}, nil
}

// untagged is the finder of tagging a group that is being created.
func (s *Service) untagged(_ context.Context, c *op.Call) ([]op.Resource, error) {
	g, err := target(c)
	return []op.Resource{{ARN: g.arn(), Account: g.account}}, err
}

// tagged is the finder of the tagging operations that take an ARN.
func (s *Service) tagged(_ context.Context, c *op.Call) ([]op.Resource, error) {
	g, err := taggedGroup(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: g.arn(), Account: g.account}}, nil
}

func taggedGroup(c *op.Call) (groupRef, error) {
	in, ok := c.Input.(interface{ GetResourceArn() string })
	if !ok {
		return groupRef{}, nil
	}
	g, stream, ok := parseARN(in.GetResourceArn())
	if !ok || stream != "" {
		return g, invalidParameter("Invalid resource ARN: only log groups have tags here.")
	}
	return g, nil
}

// Resource implements op.Service: groups have tags, nothing has a policy.
func (s *Service) Resource(_, arn string) op.Facts {
	g, stream, ok := parseARN(arn)
	if !ok || stream != "" {
		return op.Facts{}
	}
	if found := s.groups.Get(g.key()); found != nil {
		return op.Facts{Account: g.account, Tags: found.Tags}
	}
	return op.Facts{}
}

// requestTags adds aws:RequestTag and aws:TagKeys.
func requestTags(_ context.Context, c *op.Call, keys *policy.Context) {
	var tags map[string]string
	var names []string
	switch in := c.Input.(type) {
	case *logsapi.CreateLogGroupRequest:
		tags = in.Tags
	case *logsapi.TagLogGroupRequest:
		tags = in.Tags
	case *logsapi.TagResourceRequest:
		tags = in.Tags
	case *logsapi.UntagLogGroupRequest:
		names = in.Tags
	case *logsapi.UntagResourceRequest:
		names = in.TagKeys
	}
	for k, v := range tags {
		keys.Add("aws:RequestTag/"+k, v)
		names = append(names, k)
	}
	keys.SetList("aws:TagKeys", names)
}
