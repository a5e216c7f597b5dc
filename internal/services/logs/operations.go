package logs

import (
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, Amazon
// CloudWatch Logs).
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(logsapi.CreateLogGroup, s.createLogGroup, op.On("logs:CreateLogGroup", s.group).With(requestTags)),
		op.Bind(logsapi.CreateLogStream, s.createLogStream, op.On("logs:CreateLogStream", s.stream)),
		op.Bind(logsapi.DeleteLogGroup, s.deleteLogGroup, op.On("logs:DeleteLogGroup", s.group)),
		op.Bind(logsapi.DeleteLogStream, s.deleteLogStream, op.On("logs:DeleteLogStream", s.stream)),
		op.Bind(logsapi.DeleteRetentionPolicy, s.deleteRetentionPolicy, op.On("logs:DeleteRetentionPolicy", s.group)),
		op.Bind(logsapi.DescribeLogGroups, s.describeLogGroups, op.On("logs:DescribeLogGroups", s.allGroups)),
		op.Bind(logsapi.DescribeLogStreams, s.describeLogStreams, op.On("logs:DescribeLogStreams", s.group)),
		op.Bind(logsapi.FilterLogEvents, s.filterLogEvents, op.On("logs:FilterLogEvents", s.group)),
		op.Bind(logsapi.GetLogEvents, s.getLogEvents, op.On("logs:GetLogEvents", s.stream)),
		op.Bind(logsapi.ListTagsForResource, s.listTagsForResource, op.On("logs:ListTagsForResource", s.tagged)),
		op.Bind(logsapi.ListTagsLogGroup, s.listTagsLogGroup, op.On("logs:ListTagsLogGroup", s.group)),
		op.Bind(logsapi.PutLogEvents, s.putLogEvents, op.On("logs:PutLogEvents", s.stream)),
		op.Bind(logsapi.PutRetentionPolicy, s.putRetentionPolicy, op.On("logs:PutRetentionPolicy", s.group)),
		op.Bind(logsapi.TagLogGroup, s.tagLogGroup, op.On("logs:TagLogGroup", s.group).With(requestTags)),
		op.Bind(logsapi.TagResource, s.tagResource, op.On("logs:TagResource", s.tagged).With(requestTags)),
		op.Bind(logsapi.UntagLogGroup, s.untagLogGroup, op.On("logs:UntagLogGroup", s.group).With(requestTags)),
		op.Bind(logsapi.UntagResource, s.untagResource, op.On("logs:UntagResource", s.tagged).With(requestTags)),
	}
}

// tagAtCreation are the permissions of which one is enough to give a new group
// its tags (CloudWatch Logs API reference, CreateLogGroup).
func (s *Service) tagAtCreation() []op.Need {
	return []op.Need{
		op.On("logs:TagResource", s.untagged).With(requestTags),
		op.On("logs:TagLogGroup", s.group).With(requestTags),
	}
}
