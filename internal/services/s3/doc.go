// Package s3 is Amazon S3: buckets, objects and their versions, multipart
// uploads, and the notifications of what happens to them.
//
// The bytes of an object are files of the store, written while they arrive and
// read while they leave; its record is in memory like all records, and is
// committed only after the last byte was read and every checksum compared. A
// multipart upload joins its parts by naming their files. What a crash leaves
// half done is swept at the next start.
//
// # Who it is when it calls
//
// It sends notifications as the service principal s3.amazonaws.com, with the
// bucket as aws:SourceArn and its owner as aws:SourceAccount: what lets them in
// is the policy of the function, queue or topic.
//
// # Differences from AWS
//
//   - One server answers for every region: a request may name any region, and
//     none is redirected. aws:RequestedRegion is the region of the request.
//   - Somebody who may not read a bucket is denied whether or not the bucket
//     exists; AWS lets everybody know which names are taken.
//   - The owner of a bucket owns every object in it (BucketOwnerEnforced, AWS's
//     default). Other ownership settings and ACLs are stored and shown, and no
//     access control list grants anything.
//   - ABAC for buckets is off: no bucket brings aws:ResourceTag.
//   - There is no KMS: settings that name a key are stored and shown, and no
//     permission for the key is asked for. Keys of the customer's own (SSE-C) are
//     refused.
//   - Lifecycle rules, logging, websites and acceleration are stored and shown,
//     and do nothing. Object Lock and replication are refused.
//   - EventBridge is not here yet: that a bucket sends it events is stored and
//     shown, and they go nowhere.
//   - DeleteObjects wants a signed caller: every key is judged by itself.
package s3
