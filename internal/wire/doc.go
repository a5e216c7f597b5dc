// Package wire turns HTTP requests into typed inputs and typed outputs into
// HTTP answers, for every protocol of the AWS APIs that Sallyport speaks.
//
// A Router finds the service and the operation of a request; it gives out one
// Codec a protocol. Codecs hold no code of single services: they read the tags
// of the generated structs (internal/api/SERVICE) once, into a plan of the
// type, and run the plan. What a service words in its own way stands in
// dialect.go and nowhere else.
//
// The files: router.go, path.go, scope.go and form.go route; plan.go and
// tag.go read types; validate.go, constraint.go and pattern.go check inputs
// as AWS's framework does; restjson.go, awsjson.go and query.go are the
// protocols, on top of rest.go (what the REST protocols put beside the body),
// jsonread.go and jsondecode.go, jsonencode.go, xmlencode.go, text.go (scalars
// as text) and time.go.
//
// Every reader is bounded: nesting, the number of list elements, map entries
// and parameters, and the size of what a compressed body unpacks to
// (internal/limits). Members that the type does not know are ignored, as AWS
// does; values of the wrong type are refused.
package wire
