package limits

import "time"

// AWS X-Ray (developer guide, "X-Ray endpoints and quotas", and API reference).
const (
	// TraceSegment is the largest segment document, and the largest datagram of
	// the daemon, in bytes; TraceSegmentsPut how many one request may have.
	TraceSegment     = 64 << 10
	TraceSegmentsPut = 50
	// TraceDatagramHeader bounds the line before a document in a datagram.
	TraceDatagramHeader = 256
	// TraceBytes and TraceSegments bound one trace; AWS bounds its bytes only.
	TraceBytes    = 500 << 10
	TraceSegments = 1_000
	// TracesKept and TracesKeptBytes bound what an account keeps in all regions;
	// the oldest trace goes first. AWS keeps them for TraceAge.
	TracesKept      = 10_000
	TracesKeptBytes = 64 << 20
	TraceAge        = 30 * 24 * time.Hour
	// TraceSkew is how far in the future a trace may begin.
	TraceSkew = 5 * time.Minute
	// TracesGet is how many traces one request asks for, TracesPerPage how many
	// summaries it gets, TraceSpan how long a time it asks for.
	TracesGet     = 5
	TracesPerPage = 100
	TraceSpan     = 24 * time.Hour
	// TraceTelemetry bounds the records of one PutTelemetryRecords.
	TraceTelemetry = 100
	// TraceBacklog bounds the bytes of documents that wait to be sent for
	// functions; what comes beyond is lost.
	TraceBacklog = 8 << 20
)

// Extensions is how many extensions a function has (Lambda guide).
const Extensions = 10

// TelemetryBacklog bounds the bytes of events that wait for one subscriber.
const TelemetryBacklog = 2 << 20
