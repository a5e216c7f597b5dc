// Package op is the only road to a handler.
//
// Every operation of every service is one Row: the operation's descriptor, its
// handler, and its needs. A need is an IAM action with the finder of its
// resources. A Bus holds all rows; Serve (for the HTTP doors) and Do (for one
// service calling another) both compute the needs, put each to the Gate, and
// only then run the handler. The handler is an unexported field of Row: nothing
// outside this package can call it.
//
// There is no system caller and no bypass. The zero caller is nobody, and the
// gate denies it. An operation AWS allows to every signed caller says so with
// Nothing and a reason.
package op
