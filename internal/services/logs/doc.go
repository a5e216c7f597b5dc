// Package logs is Amazon CloudWatch Logs: groups, streams and their events.
//
// Events stay in the database, ordered within their stream by time and then by
// the order in which they arrived. Groups and streams are in memory, so that
// authorization never reads the database.
//
// # Whom it is when it calls
//
// It calls no other service. Lambda writes to it as the function's execution
// role, through the same gate as everybody.
//
// # Differences from AWS
//
//   - What was written can be read at once.
//   - storedBytes is exact: the messages and 26 bytes for each event.
//   - There is no KMS: a kmsKeyId is refused as AWS refuses a key it cannot use.
//     Deletion protection is refused too, as the operation that takes it off is
//     not bound.
//   - Terms of a filter pattern match anywhere in an event, inside words too
//     (inferred: AWS's guide speaks of words and does not define them).
//   - Cross-account observability, metric filters, subscriptions, Insights, live
//     tail and exports are not bound.
package logs
