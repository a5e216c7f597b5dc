// Package xray is AWS X-Ray as far as Lambda's permissions reach: what functions,
// and Lambda for them, send of traces, and reading it back.
//
// # Whom it is when it calls
//
// It calls no other service. Lambda sends segments as the session of the function's
// execution role, with lambda:SourceFunctionArn, and functions as themselves.
//
// # Differences from AWS
//
//   - Traces are kept in memory: they are gone when the server stops, and the oldest
//     ones go when there are many (limits.TracesKept).
//   - What was put can be read at once.
//   - GetTraceSummaries looks at the time alone: a filter expression is refused.
//   - There is one sampling rule, Default. Groups, insights, service graphs,
//     resource policies, encryption settings and Transaction Search are not bound.
package xray
