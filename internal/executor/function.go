package executor

import (
	"context"
	"errors"
	"time"
)

// Function is one version of a function, ready to run. It is not changed after
// its first use: what Key stands for has one description only.
type Function struct {
	// Key tells apart what may share environments.
	Key string
	// Name, Version, Account, Region and ARN (unqualified) describe it to itself.
	Name, Version, Account, Region, ARN string
	// Runtime is the asked identifier: "python3.12", "provided.al2023".
	Runtime, Handler, Architecture string
	MemoryMB, EphemeralMB          int
	Timeout                        time.Duration
	// Variables are the user's environment variables. Where Secrets is set, each new
	// environment asks it for further ones; its error ends the environment, and
	// reaches the caller of Invoke as it is.
	Variables map[string]string
	Secrets   func(ctx context.Context) (map[string]string, error)
	// CodeDir is the unpacked code. It must stay until Retire and the last invoke.
	CodeDir  string
	LogGroup string
	// LayerDir holds the unpacked layers, merged; empty without. Functions see it,
	// read-only, at /opt. It must stay as CodeDir must.
	LayerDir string
	// Tracing says that environments get the X-Ray daemon; Traces takes what it
	// received, and must not block.
	Tracing bool
	Traces  func(env *Environment, documents [][]byte)
	// Credentials makes credentials for a new environment. Its error reaches
	// the caller of Invoke as *CredentialsError.
	Credentials func(ctx context.Context) (Credentials, error)
	// Logs takes what an environment logged, in order; it must not block.
	// Nil drops everything.
	Logs func(env *Environment, events []LogEvent)
}

// Credentials are a role session's.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// LogEvent is one line, with its end.
type LogEvent struct {
	Time    time.Time
	Message string
}

// Invocation is one event for a function.
type Invocation struct {
	RequestID string
	Payload   []byte
	// Tail asks for the end of the log with the result.
	Tail bool
	// First, if set, keeps environments that are used before others: of the same
	// version of the function.
	First *Provision
	// Sink, if set, takes a response that the function streams while it is
	// written. What the function sends whole is in Result.Payload all the same.
	Sink Sink
	// TraceID is the X-Amzn-Trace-Id header; InvokedARN has the qualifier as used;
	// ClientContext is JSON. Each may be empty.
	TraceID, InvokedARN, ClientContext string
	// Segment is the id of the function's segment in its trace, for REPORT; empty
	// when the invoke is not traced.
	Segment string
}

// Sink takes a response while it is written. Begin, then Write, are called by one
// goroutine. A function that fails before it streams leaves the sink untouched; what
// goes wrong later is in the Result as any other failure.
type Sink interface {
	// Begin is called once, before the first Write, with the Content-Type that the
	// runtime gave the response.
	Begin(contentType string)
	// Write takes the next bytes, and may block: then the function waits. After an
	// error nothing more is written; the function runs on.
	Write(p []byte) (int, error)
	// Cut ends a Write that blocks, and every later one: the function's time is
	// over. It may be called at any time, and by any goroutine.
	Cut()
}

// Result is what came of an invocation.
type Result struct {
	// Payload is the response, unless a Sink took it, or describes the failure.
	Payload []byte
	// ContentType is what the runtime gave a response that is in Payload.
	ContentType string
	// FunctionError is "Unhandled" when the function failed; Payload then describes how.
	FunctionError string
	// ErrorType names the failure where it has a name: "Sandbox.Timedout", or what
	// the runtime says.
	ErrorType string
	// Tail is the end of the log if it was asked for, at most limits.LogTail bytes.
	Tail []byte
	// EnvironmentID names the environment that ran it; Cold says that it was new.
	EnvironmentID string
	Cold          bool
	// Ended is when the function was done, Duration the time it took, Init that of
	// the init before it, if there was one.
	Ended          time.Time
	Duration, Init time.Duration
}

var (
	// ErrTooManyEnvironments says that the bound on environments is reached and
	// none is idle.
	ErrTooManyEnvironments = errors.New("too many function environments are running")
	// ErrClosed says that the executor was closed.
	ErrClosed = errors.New("the executor is closed")
)

// CredentialsError says that an environment got no credentials.
type CredentialsError struct{ Err error }

func (e *CredentialsError) Error() string { return "credentials for the function: " + e.Err.Error() }
func (e *CredentialsError) Unwrap() error { return e.Err }

// RuntimeMissingError says that the function's runtime is not installed here.
type RuntimeMissingError struct{ Err error }

func (e *RuntimeMissingError) Error() string { return e.Err.Error() }
func (e *RuntimeMissingError) Unwrap() error { return e.Err }
