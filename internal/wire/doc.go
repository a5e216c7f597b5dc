// Package wire turns HTTP requests into typed inputs and typed outputs into
// HTTP answers, for every protocol of the AWS APIs that Sallyport speaks.
//
// A Router finds the service, the operation and the protocol of a request; it
// gives out one Codec a protocol. Codecs hold no code of single services: they
// read the tags of the generated structs (internal/api/SERVICE) once, into a
// plan of the type, and run the plan. What a service words in its own way stands
// in dialect.go and unknown.go and nowhere else.
//
// The files: router.go, path.go, scope.go, action.go and form.go route, and for
// S3 s3host.go and s3route.go; plan.go and tag.go read types; validate.go,
// constraint.go and pattern.go check inputs as AWS's framework does;
// restjson.go, restxml.go, awsjson.go, query.go and ec2query.go are the protocols, on top of
// rest.go (what the REST protocols put beside the body), stream.go, jsonread.go
// and jsondecode.go, jsonencode.go, xmldecode.go and xmlencode.go, text.go
// (scalars as text) and time.go.
//
// Every reader is bounded: nesting, the number of list elements, map entries
// and parameters, and the size of what a compressed body unpacks to
// (internal/limits). Members that the type does not know are ignored, as AWS
// does, but not by S3, which checks bodies against its schema; values of the
// wrong type are refused.
//
// # S3
//
// Three things about a handler's answer that are not its body:
//
//   - The status of a success is the operation's, and 206 when the output has a
//     ContentRange. Every other status is an error: 304 and 301 are an
//     *api.Error with that Status, and its Headers carry ETag and the like.
//   - An *api.Stream is sent to its Length and closed in any case. A Body that is
//     an *os.File is sent by the kernel from where it stands, so a range is a file
//     that was sought and a shorter Length.
//   - Content-Length of HEAD is the output's member; of a stream its Length; an
//     input's is not filled, as its stream has the length of what was decoded.
//
// A request is S3's when it is signed for it, and unsigned when its host is S3's
// or when no other service has its path. Its key is the rest of the path, byte by
// byte: nobody may clean such a path before it is routed (Router.KeepsPath).
package wire
