// Package api describes AWS services and their operations: the vocabulary that
// generated code (internal/api/SERVICE), the codecs (internal/wire) and the
// road to the handlers (internal/op) share. It does no I/O and imports nothing
// of ours.
//
// Generated structs follow one rule: scalar members are pointers (nil is
// absent), lists are slices, maps are maps, blobs are []byte, timestamps are
// *time.Time. Every scalar member has a getter that returns the zero value for
// nil, so finders can read an input through a small interface.
package api

//go:generate go run ../../tools/apigen -root ../..

import (
	"reflect"
	"strings"
)

// Protocol is the wire protocol of a service.
type Protocol string

// Protocols that wire speaks, or will.
const (
	RESTJSON Protocol = "rest-json"
	Query    Protocol = "query"
	JSON10   Protocol = "json-1.0"
	JSON11   Protocol = "json-1.1"
	RESTXML  Protocol = "rest-xml"
	EC2Query Protocol = "ec2"
	// RawHTTP is no protocol of AWS's APIs: the requests of function URLs, which the
	// door reads itself.
	RawHTTP Protocol = "http"
)

// Service is one AWS API. Values are made by generated code and never change.
type Service struct {
	// ID is our folder name and the service segment of its ARNs: "lambda".
	ID string
	// Name is AWS's service id: "Lambda", "CloudWatch Logs".
	Name string
	// SigningName is the service of the credential scope: "lambda", "logs".
	SigningName string
	Protocol    Protocol
	// Also are further protocols of the same operations: SQS speaks JSON and query.
	Also []Protocol
	// Version is the API version: "2015-03-31".
	Version string
	// TargetPrefix is what stands before the dot of X-Amz-Target: "Logs_20140328".
	TargetPrefix string
	// Namespace is the XML namespace of answers, for the XML protocols.
	Namespace string
	// Global says the service has one endpoint for all regions (IAM).
	Global bool
	// DenialCode is the code of a denial where it is not the protocol's own, and
	// Spelling how its text writes the action.
	DenialCode string
	Spelling   Spelling
	// Operations are the bound ones, in name order.
	Operations []*Operation
	// Unbound names the model's operations that Sallyport does not bind.
	Unbound []UnboundOperation
}

// Spelling is how a service writes actions in the texts of its denials.
type Spelling uint8

// Spellings.
const (
	// AsNamed writes lambda:InvokeFunction.
	AsNamed Spelling = iota
	// LowerAction writes sqs:sendmessage.
	LowerAction
	// UpperService writes SNS:Publish.
	UpperService
)

// Spell writes an action of the service as its denials do.
func (s Spelling) Spell(action string) string {
	switch service, name, _ := strings.Cut(action, ":"); s {
	case LowerAction:
		return service + ":" + strings.ToLower(name)
	case UpperService:
		return strings.ToUpper(service) + ":" + name
	}
	return action
}

// UnboundOperation is known from the model but not bound: routing names it in the answer.
type UnboundOperation struct{ Name, Method, Path string }

// Operation describes one operation of a service.
type Operation struct {
	Service *Service
	Name    string
	// Method and Path are the HTTP binding of the REST protocols:
	// "POST", "/2015-03-31/functions/{FunctionName}/invocations".
	Method, Path string
	// Header, if not empty, is a header that only requests of this operation
	// carry: x-amz-copy-source tells CopyObject from PutObject.
	Header string
	// Status is the success status, 200 unless the model says otherwise.
	Status int
	// Input and Output are struct types (Empty where the model has none).
	Input, Output reflect.Type
	// ResultWrapper is the element round a query-protocol result, and the root
	// element of a rest-xml answer that no payload member names.
	ResultWrapper string
	// NewInput allocates an empty *In.
	NewInput func() any
}

// Op is an operation with its Go types, so that binding a handler of the wrong
// types does not compile.
type Op[In, Out any] struct{ *Operation }

// Empty is the input or output of an operation that has none.
type Empty struct{}
