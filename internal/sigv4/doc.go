// Package sigv4 verifies AWS Signature Version 4: who signed a request, and
// that nothing that was signed has changed since. It says who owns the key and
// for which region and service the request was signed; it decides nothing else.
//
// Both forms are known: the Authorization header, and the query string of a
// presigned URL. Rules and texts are those of facts/sts.md section 6; where AWS
// is silent the comment at the rule says so, and the choice is the one that
// refuses.
//
// S3 differs (s3.go): its paths are encoded once and never normalised, its
// headers say how the body is described, and its refusals have words of their
// own (s3error.go). VerifyHead proves the headers alone; the body is checked
// while it is read (stream.go, chunked.go).
//
// The checks, in AWS's order (verifier.go): the parts are all there, the date
// can be read and is near, the host and what changes a request's meaning are
// signed, the algorithm, the credential's scope, the key and its session token,
// and last the signature, with the body. So a wrong signature by a dead key is
// answered as a dead key.
//
// Differences from AWS:
//   - A global service (IAM) takes any region of the partition in the scope, as
//     SDKs that were given an endpoint sign for the region of their
//     configuration (seen of botocore 1.43 and the Go SDK); the call is still in
//     us-east-1.
//   - SigV4a (AWS4-ECDSA-P256-SHA256) and SigV2 are refused, but for presigned
//     URLs of S3 in SigV2, which the aws CLI makes by default (sigv2.go); of
//     those, parameters that are not signed are refused.
//   - A body that the signature does not cover (UNSIGNED-PAYLOAD) is refused
//     everywhere but at S3. AWS documents that for Lambda, and is silent on IAM,
//     STS and Logs.
//   - A signed chunk of an aws-chunked body has at most 16 MiB, as it is held
//     back until it verified. AWS publishes no bound.
//   - A short X-Amz-Expires is kept by STS and IAM too; AWS's STS takes no
//     notice of it.
package sigv4
