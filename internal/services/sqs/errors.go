package sqs

import (
	"errors"

	"github.com/sallyport/sallyport/internal/api"
	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

// legacy is the prefix of most codes in the query protocol.
const legacy = "AWS.SimpleQueueService."

// query gives an error its code in the query protocol. Statuses and codes are
// recorded from AWS (LocalStack's snapshots of November 2023 and January 2024)
// or stand in the query model AWS published before it spoke JSON.
func query(e *api.Error, status int, code string) *api.Error {
	e.Status, e.QueryCode = status, code
	return e
}

// invalid is a parameter that AWS does not accept.
func invalid(format string, args ...any) *api.Error {
	return query(api.Newf(400, "InvalidParameterValueException", format, args...), 400, "InvalidParameterValue")
}

// invalidValue names the parameter and says why it is refused.
func invalidValue(value, parameter, reason string) *api.Error {
	return invalid("Value %s for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missing(parameter string) *api.Error {
	return query(api.Newf(400, "MissingRequiredParameterException", "The request must contain the parameter %s.", parameter), 400, "MissingParameter")
}

func noQueue() *api.Error {
	return query(sqsapi.NewQueueDoesNotExist("The specified queue does not exist."), 400, legacy+"NonExistentQueue")
}

func badAddress(url string) *api.Error {
	return query(sqsapi.NewInvalidAddress("The address %s is not valid for this endpoint.", url), 404, "InvalidAddress")
}

// foreign refuses the operations that cannot be called on a queue of another
// account, whatever the policies say (API reference: "Cross-account permissions
// don't apply to this action").
func foreign(url string) *api.Error {
	e := query(api.Newf(403, "AccessDeniedException", "Access to the resource %s is denied.", url), 403, "AccessDenied")
	e.MessageMember = "Message"
	return e
}

func unknownAttribute(name string) *api.Error {
	return query(sqsapi.NewInvalidAttributeName("Unknown Attribute %s.", name), 400, "InvalidAttributeName")
}

func badAttributeName(text string) *api.Error {
	return query(sqsapi.NewInvalidAttributeName("%s", text), 400, "InvalidAttributeName")
}

func badAttribute(name string) *api.Error {
	return query(sqsapi.NewInvalidAttributeValue("Invalid value for the parameter %s.", name), 400, "InvalidAttributeValue")
}

func badAttributeBecause(name, reason string) *api.Error {
	return query(sqsapi.NewInvalidAttributeValue("Invalid value for the parameter %s. Reason: %s", name, reason), 400, "InvalidAttributeValue")
}

func nameExists(attribute string) *api.Error {
	return query(sqsapi.NewQueueNameExists("A queue already exists with the same name and a different value for attribute %s", attribute), 400, "QueueAlreadyExists")
}

func deletedRecently() *api.Error {
	return query(sqsapi.NewQueueDeletedRecently("You must wait 60 seconds after deleting a queue before you can create another with the same name."), 400, legacy+"QueueDeletedRecently")
}

func purgeInProgress(name string) *api.Error {
	return query(sqsapi.NewPurgeQueueInProgress("Only one PurgeQueue operation on %s is allowed every 60 seconds.", name), 403, legacy+"PurgeQueueInProgress")
}

func overLimit(format string, args ...any) *api.Error {
	return query(sqsapi.NewOverLimit(format, args...), 403, "OverLimit")
}

func badContents() *api.Error {
	return query(sqsapi.NewInvalidMessageContents("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"), 400, "InvalidMessageContents")
}

// badReceipt is a handle that no queue gave out.
func badReceipt(handle string) *api.Error {
	return query(sqsapi.NewReceiptHandleIsInvalid(`The input receipt handle "%s" is not a valid receipt handle.`, handle), 404, "ReceiptHandleIsInvalid")
}

// strayReceipt is a handle of another queue.
func strayReceipt(handle string) *api.Error {
	return query(sqsapi.NewReceiptHandleIsInvalid(`The receipt handle "%s" is not valid for this queue.`, handle), 404, "ReceiptHandleIsInvalid")
}

func expiredReceipt(handle string) *api.Error {
	return invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.")
}

func notFound(format string, args ...any) *api.Error {
	return query(sqsapi.NewResourceNotFoundException(format, args...), 404, "ResourceNotFoundException")
}

// Refusals of a batch as a whole.

func emptyBatch(entry string) *api.Error {
	return query(sqsapi.NewEmptyBatchRequest("There should be at least one %s in the request.", entry), 400, legacy+"EmptyBatchRequest")
}

func tooManyEntries(most, sent int) *api.Error {
	return query(sqsapi.NewTooManyEntriesInBatchRequest("Maximum number of entries per request are %d. You have sent %d.", most, sent), 400, legacy+"TooManyEntriesInBatchRequest")
}

func badEntryID() *api.Error {
	return query(sqsapi.NewInvalidBatchEntryId("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."), 400, legacy+"InvalidBatchEntryId")
}

func repeatedEntryID(id string) *api.Error {
	return query(sqsapi.NewBatchEntryIdsNotDistinct("Id %s repeated.", id), 400, legacy+"BatchEntryIdsNotDistinct")
}

func batchTooLong(most, sent int) *api.Error {
	return query(sqsapi.NewBatchRequestTooLong("Batch requests cannot be longer than %d bytes. You have sent %d bytes.", most, sent), 400, legacy+"BatchRequestTooLong")
}

// entryError is the refusal of one entry of a batch; any other error fails the
// whole call.
func entryError(id *string, err error) (sqsapi.BatchResultErrorEntry, error) {
	var refused *api.Error
	if !errors.As(err, &refused) {
		return sqsapi.BatchResultErrorEntry{}, err
	}
	code := refused.QueryCode
	if code == "" {
		code = refused.Code
	}
	return sqsapi.BatchResultErrorEntry{Id: id, Code: &code, Message: &refused.Message, SenderFault: ptr(refused.Fault == api.Client)}, nil
}

func ptr[T any](v T) *T { return &v }
