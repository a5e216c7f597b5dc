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
// lost. Either way the refusal is in the record. A delivery that fails through a
// fault is tried again as often as AWS does, also by the next server.
//
// # Who gets in unsigned
//
// Whoever follows the links that an endpoint gets: ConfirmSubscription by its
// token, and Unsubscribe of web endpoints by the subscription's ARN
// (docs/decisions/006). The certificate that verifies messages is for everybody.
//
// # How it differs from AWS
//
//   - Protocols are lambda, sqs, http and https. Mail, SMS, mobile push and
//     Firehose are refused, and so are archives, replay and data protection
//     policies: nothing is silently dropped.
//   - Messages are signed with a key of this server's own, made when it is first
//     needed. SigningCertURL and the links in messages begin with the address at
//     which the client that subscribed reached the server. Clients that trust
//     nothing but amazonaws.com have to be told so.
//   - A function or queue of another account than the subscriber's has to confirm,
//     as AWS says of all endpoints; AWS documents the form of the question for
//     queues only.
//   - The links in messages to queues and functions unsubscribe for signed callers
//     only.
//   - Without a policy of its own a topic has AWS's default policy. The key
//     AWS:SourceOwner, on which that policy rests, is not filled for callers of the
//     API: identity policies decide in the topic's account, and nobody else gets in
//     (AWS calls the key deprecated; the safe reading).
//   - KmsMasterKeyId, throttlePolicy, TracingConfig and the logging of deliveries
//     are stored settings without effect; there is no KMS whose permission could be
//     asked. The roles for logging take iam:PassRole all the same.
//   - Texts about JSON that cannot be read lack AWS's line and column.
package sns
