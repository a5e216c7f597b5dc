package sqs

import (
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, Amazon
// SQS). A batch is judged by the action of its entries. The finder shared lets
// in other accounts, own does not: the API reference says of each of those
// operations that cross-account permissions do not apply.
//
// A message move task also receives, deletes and sends (Developer Guide,
// "Configuring permissions for dead-letter queue redrive"); the rights are
// judged when the task is started.
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(sqsapi.AddPermission, s.addPermission, op.On("sqs:AddPermission", s.own)),
		op.Bind(sqsapi.CancelMessageMoveTask, s.cancelMessageMoveTask, op.On("sqs:CancelMessageMoveTask", s.ofTask),
			op.On("sqs:ReceiveMessage", s.ofTask), op.On("sqs:DeleteMessage", s.ofTask), op.On("sqs:GetQueueAttributes", s.ofTask)),
		op.Bind(sqsapi.ChangeMessageVisibility, s.changeMessageVisibility, op.On("sqs:ChangeMessageVisibility", s.shared)),
		op.Bind(sqsapi.ChangeMessageVisibilityBatch, s.changeMessageVisibilityBatch, op.On("sqs:ChangeMessageVisibility", s.shared)),
		op.Bind(sqsapi.CreateQueue, s.createQueue, op.On("sqs:CreateQueue", s.created).With(requestTags),
			op.Maybe(op.On("sqs:TagQueue", s.createdWithTags).With(requestTags))),
		op.Bind(sqsapi.DeleteMessage, s.deleteMessage, op.On("sqs:DeleteMessage", s.shared)),
		op.Bind(sqsapi.DeleteMessageBatch, s.deleteMessageBatch, op.On("sqs:DeleteMessage", s.shared)),
		op.Bind(sqsapi.DeleteQueue, s.deleteQueue, op.On("sqs:DeleteQueue", s.own)),
		op.Bind(sqsapi.GetQueueAttributes, s.getQueueAttributes, op.On("sqs:GetQueueAttributes", s.shared)),
		op.Bind(sqsapi.GetQueueUrl, s.getQueueURL, op.On("sqs:GetQueueUrl", s.byName)),
		op.Bind(sqsapi.ListDeadLetterSourceQueues, s.listDeadLetterSourceQueues, op.On("sqs:ListDeadLetterSourceQueues", s.shared)),
		op.Bind(sqsapi.ListMessageMoveTasks, s.listMessageMoveTasks, op.On("sqs:ListMessageMoveTasks", s.ofSource),
			op.On("sqs:ReceiveMessage", s.ofSource), op.On("sqs:DeleteMessage", s.ofSource), op.On("sqs:GetQueueAttributes", s.ofSource)),
		op.Bind(sqsapi.ListQueueTags, s.listQueueTags, op.On("sqs:ListQueueTags", s.own)),
		op.Bind(sqsapi.ListQueues, s.listQueues, op.On("sqs:ListQueues", op.Any)),
		op.Bind(sqsapi.PurgeQueue, s.purgeQueue, op.On("sqs:PurgeQueue", s.shared)),
		op.Bind(sqsapi.ReceiveMessage, s.receiveMessage, op.On("sqs:ReceiveMessage", s.shared)),
		op.Bind(sqsapi.RemovePermission, s.removePermission, op.On("sqs:RemovePermission", s.own)),
		op.Bind(sqsapi.SendMessage, s.sendMessage, op.On("sqs:SendMessage", s.shared)),
		op.Bind(sqsapi.SendMessageBatch, s.sendMessageBatch, op.On("sqs:SendMessage", s.shared)),
		op.Bind(sqsapi.SetQueueAttributes, s.setQueueAttributes, op.On("sqs:SetQueueAttributes", s.own)),
		op.Bind(sqsapi.StartMessageMoveTask, s.startMessageMoveTask, op.On("sqs:StartMessageMoveTask", s.ofSource),
			op.On("sqs:ReceiveMessage", s.ofSource), op.On("sqs:DeleteMessage", s.ofSource), op.On("sqs:GetQueueAttributes", s.ofSource),
			op.Maybe(op.On("sqs:SendMessage", s.ofDestination))),
		op.Bind(sqsapi.TagQueue, s.tagQueue, op.On("sqs:TagQueue", s.own).With(requestTags)),
		op.Bind(sqsapi.UntagQueue, s.untagQueue, op.On("sqs:UntagQueue", s.own).With(requestTags)),
	}
}
