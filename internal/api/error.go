package api

import "fmt"

// Fault says whose mistake an error is; it is printed by the query protocol
// (Sender, Receiver) and as Type by Lambda (User, Server).
type Fault string

// Faults.
const (
	Client Fault = "client"
	Server Fault = "server"
)

// Error is the one error type that reaches a client: it carries AWS's code,
// HTTP status and text from where it arises. Any other error that reaches the
// edge is a bug and is shown as InternalFailure.
type Error struct {
	// Code is the wire code without namespace: "ResourceNotFoundException".
	Code string
	// QueryCode is the code in the query protocol, where a service that now
	// speaks JSON has another one there: "AWS.SimpleQueueService.NonExistentQueue".
	QueryCode string
	Status    int
	Fault     Fault
	// Message is the text. NullMessage sends JSON null in its place (the shape
	// of some of Lambda's cross-account refusals).
	Message     string
	NullMessage bool
	// MessageMember is the JSON member of the text, "Message" or "message";
	// empty lets the protocol choose.
	MessageMember string
	// Typed adds Lambda's "Type" member (User or Server).
	Typed bool
	// Members are further members of the body, Headers further headers.
	Members map[string]any
	Headers map[string]string
	// Cause is for our log only and is never sent.
	Cause error
}

// Error gives code and text, as they would be logged.
func (e *Error) Error() string {
	if e.NullMessage {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause, nil for most.
func (e *Error) Unwrap() error { return e.Cause }

// Newf makes a client error.
func Newf(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Status: status, Fault: Client, Message: fmt.Sprintf(format, args...)}
}
