package sns

import (
	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, Amazon
// SNS). It knows topics only: what is about a subscription is judged on "*", and
// only its owner or the topic's may do it.
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(snsapi.AddPermission, s.addPermission, op.On("sns:AddPermission", s.topic)),
		op.Bind(snsapi.ConfirmSubscription, s.confirmSubscription, op.On("sns:ConfirmSubscription", s.confirmed).OrSecret(
			"the token that was sent to the endpoint is the right to confirm", s.holdsToken)),
		op.Bind(snsapi.CreateTopic, s.createTopic, op.On("sns:CreateTopic", s.created).With(requestTags),
			op.Maybe(op.On("sns:TagResource", s.createdWithTags).With(requestTags)),
			op.Maybe(op.On("iam:PassRole", s.feedbackRole).With(passedTo("iam:PassedToService")))),
		op.Bind(snsapi.DeleteTopic, s.deleteTopic, op.On("sns:DeleteTopic", s.topic)),
		op.Bind(snsapi.GetDataProtectionPolicy, s.getDataProtectionPolicy, op.On("sns:GetDataProtectionPolicy", s.resource)),
		op.Bind(snsapi.GetSubscriptionAttributes, s.getSubscriptionAttributes, op.On("sns:GetSubscriptionAttributes", op.Any)),
		op.Bind(snsapi.GetTopicAttributes, s.getTopicAttributes, op.On("sns:GetTopicAttributes", s.topic)),
		op.Bind(snsapi.ListSubscriptions, s.listSubscriptions, op.On("sns:ListSubscriptions", op.Any)),
		op.Bind(snsapi.ListSubscriptionsByTopic, s.listSubscriptionsByTopic, op.On("sns:ListSubscriptionsByTopic", s.topic)),
		op.Bind(snsapi.ListTagsForResource, s.listTagsForResource, op.On("sns:ListTagsForResource", s.resource)),
		op.Bind(snsapi.ListTopics, s.listTopics, op.On("sns:ListTopics", op.Any)),
		op.Bind(snsapi.Publish, s.publish, op.On("sns:Publish", s.target)),
		op.Bind(snsapi.PublishBatch, s.publishBatch, op.On("sns:Publish", s.topic)),
		op.Bind(snsapi.RemovePermission, s.removePermission, op.On("sns:RemovePermission", s.topic)),
		op.Bind(snsapi.SetSubscriptionAttributes, s.setSubscriptionAttributes, op.On("sns:SetSubscriptionAttributes", op.Any)),
		op.Bind(snsapi.SetTopicAttributes, s.setTopicAttributes, op.On("sns:SetTopicAttributes", s.topic),
			op.Maybe(op.On("iam:PassRole", s.feedbackRole).With(passedTo("iam:PassedToService")))),
		op.Bind(snsapi.Subscribe, s.subscribe, op.On("sns:Subscribe", s.topic).With(subscribed("sns:Protocol", "sns:Endpoint"))),
		op.Bind(snsapi.TagResource, s.tagResource, op.On("sns:TagResource", s.resource).With(requestTags)),
		op.Bind(snsapi.Unsubscribe, s.unsubscribe, op.On("sns:Unsubscribe", op.Any).OrSecret(
			"the link that messages to the endpoint carry is the right to unsubscribe it", s.holdsLink)),
		op.Bind(snsapi.UntagResource, s.untagResource, op.On("sns:UntagResource", s.resource).With(requestTags)),
	}
}

// topicActions are what the default policy of a topic lets its owner's account do.
const topicActions = `"SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"`
