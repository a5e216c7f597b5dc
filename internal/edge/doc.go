// Package edge is the doors: what turns an HTTP request into a call and its
// outcome into an HTTP answer. It decides nothing; every request that names an
// operation goes through op.
//
// The steps of a request, in order (edge.go), and why in that order:
//
//   - understood: the form of the request that its signature covers.
//   - bound: the body is read, never further than its operation may have one.
//     Not so for S3, whose headers say how the body is to be checked.
//   - routed: which service and operation. What belongs to no service is
//     answered here, as there is nobody to sign for.
//   - identified: the signature. Nothing goes on without one but to S3 and
//     public function URLs, where it goes on as an anonymous caller that policies may
//     speak of, and to the operations that a secret of their own lets in
//     (op.Need.OrSecret).
//   - known: an operation that does not exist, or is not bound, is named only
//     after that: a stranger learns nothing of what is here. (AWS's front ends
//     answer some of these before they look at the signature.)
//   - received: the body of a request to S3. An object's is a stream: the handler
//     reads it, so that not a byte is asked for before the call was admitted. It
//     may take as long as it likes but must not pause (limits.BodyIdle). When an
//     answer is given before its end, the connection ends with the answer.
//   - decoded: bytes to typed input. Malformed input is answered 400 before the
//     gate answers 403, for every signed caller: an input that cannot be read
//     has no resources to be judged on, and its constraints depend on nothing
//     but the published model, so the answer tells nothing of what exists.
//   - run: needs, gate, handler.
//
// A function URL has a host, or a path, of its own (functionurl.go). Its requests
// are whatever HTTP a client sends, so they are not routed and not decoded; all the
// other steps are the same. One of type NONE knows no signature: its caller is
// anonymous, and policies decide. One of type AWS_IAM takes a signature for lambda;
// without one the caller is nobody, and denied on the record
// (docs/decisions/008-function-urls.md).
//
// No answer carries a CORS header but S3's, where a bucket's CORS configuration
// says so (crossorigin.go), and a function URL's, where its own does; so browsers keep pages of other origins away from
// answers. An unsigned request is nobody's, wherever it is taken; so neither a page
// nor a rebound DNS name can ask for anything in a user's name.
//
// A request from a function environment's own listener is like any other: it is
// signed, judged and answered the same way, and only op.Origin says where it
// came from.
package edge
