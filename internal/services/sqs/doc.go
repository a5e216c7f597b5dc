// Package sqs is Amazon SQS: standard and FIFO queues, their messages,
// policies, dead-letter queues and message move tasks.
//
// # How it is built
//
// Of each message a small record is in memory, in heaps that say which one
// comes next and which one becomes visible when (line.go); its content is a row
// of a store.Log, and in memory too while there is room. A send and a delete
// are answered once they are durable; calls that wait for the database at the
// same time share one transaction (commit.go). That a message was received is
// not written down: after a crash it is visible again, and was received less
// often than before.
//
// # Who it is when it calls
//
// SQS calls nobody. A queue moves messages to its dead-letter queue by itself,
// as on AWS: who may set that up is decided when the queue's attributes are
// set. A message move task moves messages between queues that its caller was
// let into when the task was started, and no others.
//
// # How it differs from AWS
//
//   - Messages are never delivered twice, or out of order, by chance; and a
//     short poll looks at the whole queue.
//   - A change of attributes, a purge and a deletion are in force at once; AWS
//     takes up to a minute. The waits of 60 seconds are kept.
//   - KMS keys and server-side encryption are settings only: nothing is
//     encrypted, and no permission on a key is asked for.
//   - Requests are not throttled; the throughput settings of FIFO queues are
//     settings. Fair queues do not reorder.
//   - A long poll ends empty when the queue's policy changes while it waits, so
//     that nobody is served under a policy that is not in force any more.
//   - Message move tasks have no limit of time or number but one for each queue.
//   - Of a queue's dead letters, those that the queue sent itself are known
//     to StartMessageMoveTask; the others have no source to go back to.
package sqs
