// Package limits holds every bound of the server in one place: AWS's quotas
// where AWS has one, ours where a resource must not grow without end.
package limits

import "time"

// Bodies.
const (
	// QueryBody is the largest POST body of the query protocol (facts/sts.md: recorded 413 above it).
	QueryBody = 10_000_000
	// RequestBody bounds JSON requests that carry no code.
	RequestBody = 8 << 20
	// FunctionZip is the largest zip in a CreateFunction request; in JSON it is base64.
	FunctionZip = 50 << 20
	// CodeRequestBody bounds requests that carry a zip: base64 of FunctionZip plus the rest.
	CodeRequestBody = 70 << 20
	// Unzipped is the largest unpacked size of a function with its layers.
	Unzipped = 250 << 20
	// ZipEntries bounds the number of files in a zip.
	ZipEntries = 50_000
	// SyncPayload is a synchronous invoke's payload, each way.
	SyncPayload = 6 << 20
	// SyncResponse adds what the Runtime API allows above SyncPayload.
	SyncResponse = SyncPayload + 100
	// AsyncPayload is an asynchronous invoke's payload.
	AsyncPayload = 1 << 20
	// HeaderBytes bounds a request's headers.
	HeaderBytes = 64 << 10
)

// Depth and number of things decoded from one request.
const (
	// NestingDepth bounds JSON and query nesting.
	NestingDepth = 64
	// QueryParameters bounds the number of form parameters.
	QueryParameters = 10_000
)

// Policies (facts/iam-evaluation.md section 9). Characters, whitespace not counted, unless noted.
const (
	ManagedPolicy        = 6_144
	UserInlinePolicies   = 2_048
	RoleInlinePolicies   = 10_240
	GroupInlinePolicies  = 5_120
	TrustPolicy          = 2_048
	SessionPolicy        = 2_048
	SessionPolicyARNs    = 10
	FunctionPolicyBytes  = 20_480
	PolicyVersions       = 5
	AttachedPolicies     = 10
	GroupsPerUser        = 10
	AccessKeysPerUser    = 2
	TagsPerResource      = 50
	PolicyNesting        = 16
	PolicyDocumentLength = 131_072
)

// Functions.
const (
	EnvironmentBytes     = 4 << 10
	UnreservedFloor      = 100
	ConcurrencyPerRegion = 1_000
	InitTime             = 10 * time.Second
	LogTail              = 4 << 10
	AsyncQueue           = 10_000
)

// Signatures.
const (
	// ClockSkew is the window at query-protocol services; LambdaClockSkew at Lambda.
	ClockSkew       = 15 * time.Minute
	LambdaClockSkew = 5 * time.Minute
)

// The trail.
const (
	// TrailMemory is how many records stay in memory.
	TrailMemory = 10_000
	// TrailStored is how many records stay on disk.
	TrailStored = 200_000
)

// Road.
const (
	// CallDepth bounds how deep one operation may call others.
	CallDepth = 16
	// PageSize is the largest page of a list.
	PageSize = 1_000
)

// Sessions.
const (
	// PackedSession bounds session policies and tags after packing, in bytes.
	// AWS does not publish its own bound; inferred from the percentages of its examples.
	PackedSession = 2_048
	// OpenedTokens is how many session tokens are kept decrypted.
	OpenedTokens = 4_096
)

// CloudWatch Logs.
const (
	// LogGroups bounds the log groups of all accounts together; AWS allows as many in each region.
	LogGroups = 1_000_000
	// DescribeLogs is the page of the Describe operations.
	DescribeLogs = 50
	// LogPageEvents and LogPageBytes bound what one read returns; a batch has as many events at most.
	LogPageEvents = 10_000
	LogPageBytes  = 1 << 20
	// LogEventBytes and LogBatchBytes bound one event and one batch; each event counts 26 bytes more than its message.
	LogEventBytes = 1 << 20
	LogBatchBytes = 1 << 20
	// LogScanEvents and LogScanBytes bound how far one FilterLogEvents call looks.
	LogScanEvents = 50_000
	LogScanBytes  = 32 << 20
	// LogChunk is how many events are read from the database at once.
	LogChunk = 128
	// LogSweep is the time between two removals of expired events.
	LogSweep = time.Hour
)

// Lambda.
const (
	// LambdaPage is the most items a page of a Lambda list has.
	LambdaPage = 50
	// CodeStorage is what GetAccountSettings says functions may take up, in bytes.
	CodeStorage = 75 << 30
	// AsyncRetries and AsyncAge are how often an asynchronous invoke is tried
	// again after the function failed, and how long it is kept, by default.
	AsyncRetries = 2
	AsyncAge     = 6 * time.Hour
	// LogBacklog bounds the bytes one environment has logged that are not written yet.
	LogBacklog = 16 << 20
	// LogStreamsOpen is how many log streams are remembered as existing.
	LogStreamsOpen = 10_000
)
