// Package sns is Amazon SNS: topics, their policies and subscriptions, and the
// delivery of what is published.
//
// # Who it is when it calls
//
// SNS delivers as itself: to functions (lambda:InvokeFunction, asynchronously)
// and queues (sqs:SendMessage) as the service principal sns.amazonaws.com, with
// aws:SourceArn the topic and aws:SourceAccount its owner. Only the policy of the
// function or queue can let it in, also within one account. A dead letter goes to
// the subscription's queue in the same way. Every delivery names the publish that
// caused it, so that the chain can be explained.
//
// A delivery that is refused is not tried again (SNS developer guide, "Message
// delivery retries"): it goes to the dead-letter queue if there is one, else it is
// lost. Either way the refusal is in the record.
//
// # How it differs from AWS
//
//   - Protocols are lambda, sqs, http and https. Mail, SMS, mobile push and
//     Firehose are refused: nothing is silently dropped.
//   - Messages are not signed: they lack Signature and SigningCertURL.
//   - Without a policy of its own a topic has AWS's default policy. The key
//     AWS:SourceOwner, on which that policy rests, is not filled for callers of the
//     API: identity policies decide in the topic's account, and nobody else gets in
//     (AWS calls the key deprecated; the safe reading).
//   - Archives and replay, data protection policies, delivery status logging and
//     active tracing are stored settings without effect.
package sns
