package logs

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// group is a stored log group.
type group struct {
	Name string
	// Created is in milliseconds.
	Created int64
	// Retention is in days; 0 keeps events for ever.
	Retention int32 `json:",omitempty"`
	Class     string
	Tags      map[string]string `json:",omitempty"`
}

func (s *Service) createLogGroup(ctx context.Context, c *op.Call, in *logsapi.CreateLogGroupRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	if err := s.mayCreate(ctx, c, g, in); err != nil {
		return nil, err
	}
	record := &group{Name: g.name, Created: c.Time.UnixMilli(), Class: in.GetLogGroupClass(), Tags: in.Tags}
	if record.Class == "" {
		record.Class = "STANDARD"
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.groups.GetIn(tx, g.key()) != nil {
			return groupExists()
		}
		return s.groups.Put(tx, g.key(), record)
	})
	return &api.Empty{}, err
}

func (s *Service) mayCreate(ctx context.Context, c *op.Call, g groupRef, in *logsapi.CreateLogGroupRequest) error {
	switch {
	case strings.HasPrefix(strings.ToLower(g.name), "aws/"):
		return invalidParameter("Log groups starting with AWS/ are reserved for AWS.")
	case in.KmsKeyId != nil:
		return invalidParameter("The specified KMS key does not exist or is not allowed to be used with LogGroup '" + g.arn() + "'")
	case in.GetDeletionProtectionEnabled():
		return invalidParameter("Deletion protection is not available: Sallyport has no operation that would take it off again.")
	case s.groups.Len() >= limits.LogGroups:
		return api.Newf(400, "LimitExceededException", "Resource limit exceeded.")
	}
	if len(in.Tags) == 0 {
		return nil
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if slices.ContainsFunc(s.tagAtCreation(), func(n op.Need) bool { return c.Allowed(ctx, n) }) {
		return nil
	}
	return &api.Error{Code: "AccessDeniedException", Status: 400, Fault: api.Client, MessageMember: "Message",
		Message: "User with accountId: " + c.Account + " is not authorized to perform CreateLogGroup with Tags"}
}

func (s *Service) deleteLogGroup(ctx context.Context, c *op.Call, _ *logsapi.DeleteLogGroupRequest) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.groups.GetIn(tx, g.key()) == nil {
			return noGroup()
		}
		for key := range s.streams.All(g.streamPrefix(), "") {
			if err := s.streams.Delete(tx, key); err != nil {
				return err
			}
		}
		if err := s.events.Trim(tx, store.PrefixRange(g.streamPrefix(), 1)); err != nil {
			return err
		}
		return s.groups.Delete(tx, g.key())
	})
	return &api.Empty{}, err
}

// change puts a changed copy of a group.
func (s *Service) change(ctx context.Context, g groupRef, edit func(*group) error) (*api.Empty, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.groups.GetIn(tx, g.key())
		if old == nil {
			return noGroup()
		}
		now := *old
		if err := edit(&now); err != nil {
			return err
		}
		return s.groups.Put(tx, g.key(), &now)
	})
	return &api.Empty{}, err
}

// lookup finds the group a request names. A request to one region does not see
// another's groups, even by ARN.
func (s *Service) lookup(c *op.Call) (groupRef, *group, error) {
	g, err := target(c)
	if err != nil {
		return g, nil, err
	}
	found := s.groups.Get(g.key())
	if found == nil || g.region != c.Region {
		return g, nil, noGroup()
	}
	return g, found, nil
}

// Kinds of page tokens.
const (
	groupPage  = "groups\x00"
	streamPage = "streams\x00"
	recentPage = "recent\x00"
)

func (s *Service) describeLogGroups(_ context.Context, c *op.Call, in *logsapi.DescribeLogGroupsRequest) (*logsapi.DescribeLogGroupsResponse, error) {
	filter, err := groupFilter(c, in)
	if err != nil {
		return nil, err
	}
	after, err := parsePage(groupPage, in.NextToken)
	if err != nil {
		return nil, err
	}
	limit := limits.DescribeLogs
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	out := &logsapi.DescribeLogGroupsResponse{LogGroups: []logsapi.LogGroup{}}
	prefix, start := store.Prefix(c.Account, c.Region), ""
	if after != "" {
		start = prefix + after
	}
	for _, g := range s.groups.All(prefix+in.GetLogGroupNamePrefix(), start) {
		if !filter(g) {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = pageToken(groupPage, *out.LogGroups[limit-1].LogGroupName)
			break
		}
		out.LogGroups = append(out.LogGroups, s.describe(groupRef{c.Account, c.Region, g.Name}, g))
	}
	return out, nil
}

// groupFilter is which groups a request asks for, beside the prefix.
func groupFilter(c *op.Call, in *logsapi.DescribeLogGroupsRequest) (func(*group) bool, error) {
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, invalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if len(in.LogGroupIdentifiers) > 0 && (in.LogGroupNamePrefix != nil || in.LogGroupNamePattern != nil) {
		return nil, invalidParameter("LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.")
	}
	var names []string
	for _, identifier := range in.LogGroupIdentifiers {
		if g, stream, ok := parseARN(identifier); ok && stream == "" && g.account == c.Account && g.region == c.Region {
			identifier = g.name
		}
		names = append(names, identifier)
	}
	elsewhere := in.GetIncludeLinkedAccounts() && len(in.AccountIdentifiers) > 0 && !slices.Contains(in.AccountIdentifiers, c.Account)
	return func(g *group) bool {
		return !elsewhere && strings.Contains(g.Name, in.GetLogGroupNamePattern()) &&
			(in.LogGroupClass == nil || *in.LogGroupClass == g.Class) &&
			(len(names) == 0 || slices.Contains(names, g.Name))
	}, nil
}

func (s *Service) describe(ref groupRef, g *group) logsapi.LogGroup {
	out := logsapi.LogGroup{
		LogGroupName: &g.Name, CreationTime: &g.Created, LogGroupClass: &g.Class,
		Arn: ptr(ref.arn() + ":*"), LogGroupArn: ptr(ref.arn()),
		MetricFilterCount: ptr(int32(0)), StoredBytes: ptr(s.stored.of(ref)),
		DeletionProtectionEnabled: ptr(false),
	}
	if g.Retention > 0 {
		out.RetentionInDays = &g.Retention
	}
	return out
}
