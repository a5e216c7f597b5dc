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
	// LayersPerFunction is how many layers a function can have.
	LayersPerFunction = 5
	// ZipEntries bounds the number of files and folders in a zip; ZipPath, ZipName
	// and ZipDepth the path of each: bytes of the whole, bytes of one part, parts.
	ZipEntries = 50_000
	ZipPath    = 1_024
	ZipName    = 255
	ZipDepth   = 64
	// SyncPayload is a synchronous invoke's payload, each way.
	SyncPayload = 6 << 20
	// SyncResponse adds what the Runtime API allows above SyncPayload.
	SyncResponse = SyncPayload + 100
	// StreamedResponse is a response that a function streams (AWS Lambda quotas, 200 MB).
	StreamedResponse = 200 << 20
	// AsyncPayload is an asynchronous invoke's payload.
	AsyncPayload = 1 << 20
	// HeaderBytes bounds a request's headers.
	HeaderBytes = 64 << 10
	// BodyAhead is how much room is made for a body on its word alone.
	BodyAhead = 1 << 20
)

// Connections.
const (
	// HeaderTime, BodyTime and AnswerTime are how long a client may take to send
	// a request's headers, to send its body, and to read the answer.
	HeaderTime = 20 * time.Second
	BodyTime   = 5 * time.Minute
	AnswerTime = 5 * time.Minute
	// AnswerPiece is how much of an answer that streams goes out by one AnswerTime.
	AnswerPiece = 1 << 20
	// IdleTime is how long a connection may wait for its next request.
	IdleTime = 5 * time.Minute
	// AuthorityLife and CertificateLife are how long the local certificate
	// authority and its certificates are valid; clients take none for longer than 398 days.
	AuthorityLife   = 10 * 365 * 24 * time.Hour
	CertificateLife = 90 * 24 * time.Hour
	// Certificates bounds those kept for the names that clients ask for.
	Certificates = 256
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
	// MappingFilters is AWS's default quota; MappingConcurrency the most batches
	// of one mapping at a time, where it sets no bound of its own (AWS: 1,250).
	MappingFilters     = 5
	MappingConcurrency = 100
	// DeliveryWorkers is how many deliveries of one service are made at a time.
	DeliveryWorkers = 16
	// RoleSessions is how many sessions of execution roles Lambda keeps for its
	// own calls.
	RoleSessions = 10_000
	// LoopRuns is how often a function runs in one chain of requests before it
	// counts as a recursive loop (AWS Lambda guide: about 16 times). Lineages is of
	// how many requests Lambda knows the chain, at least; LineageFunctions how many
	// functions of a chain it counts.
	LoopRuns         = 16
	Lineages         = 10_000
	LineageFunctions = 64
)

// Signatures.
const (
	// ClockSkew is the window at query-protocol services; LambdaClockSkew at Lambda.
	ClockSkew       = 15 * time.Minute
	LambdaClockSkew = 5 * time.Minute
	// PresignedExpires is the longest a presigned URL may live, in seconds.
	PresignedExpires = 604_800
	// SigningKeys is how many derived signing keys are kept.
	SigningKeys = 1_024
)

// Bodies that stream (S3).
const (
	// ObjectBody is the largest body of one request (S3's quota of a single PUT).
	ObjectBody = 5 << 30
	// BodyIdle is how long a body that streams may pause.
	BodyIdle = time.Minute
	// SmallestChunk is the smallest chunk of an aws-chunked body but the last
	// (S3's documentation); SignedChunk the largest one that is held back until
	// its signature verified. AWS publishes none; SDKs send 64 KiB to 1 MiB.
	SmallestChunk = 8 << 10
	SignedChunk   = 16 << 20
	// ChunkBuffer is what is read of such a body at once, ChunkLine how long a
	// line of its framing may be, and Trailers how many may follow it.
	ChunkBuffer = 64 << 10
	ChunkLine   = 1 << 10
	Trailers    = 8
)

// The trail.
const (
	// ChainDepth is how far causes and consequences are followed, ChainRecords how
	// many consequences are told.
	ChainDepth   = 32
	ChainRecords = 100
	// TrailMemory is how many records stay in memory; TrailRecent how many of
	// those that are on disk as well.
	TrailMemory = 10_000
	TrailRecent = 2_000
	// TrailStored is how many records stay on disk, at least; TrailChapter is
	// how many leave it together.
	TrailStored  = 200_000
	TrailChapter = 10_000
	// TrailBatch and TrailBatchBytes bound what one transaction writes.
	TrailBatch      = 500
	TrailBatchBytes = 4 << 20
)

// Road.
const (
	// CallDepth bounds how deep one operation may call others.
	CallDepth = 16
	// PageSize is the largest page of a list.
	PageSize = 1_000
	// Simulations is how many questions one request to the policy simulator
	// answers, of actions times resources; the rest is on further pages.
	Simulations = 2_000
)

// Sessions.
const (
	// PackedSession bounds session policies and tags after packing, in bytes.
	// AWS does not publish its own bound; inferred from the percentages of its examples.
	PackedSession = 2_048
	// OpenedTokens is how many session tokens are kept decrypted.
	OpenedTokens = 4_096
	// EncodedMessage bounds an encoded authorization message, in characters (STS
	// API reference, DecodeAuthorizationMessage).
	EncodedMessage = 10_240
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
	// LogPace is how long the lines of an environment gather after a write of its
	// log. AWS says nothing about its own; lines show there within seconds.
	LogPace = 100 * time.Millisecond
	// LogBacklog bounds the bytes one environment has logged that are not written yet.
	LogBacklog = 16 << 20
	// IdleCode is how many folders of unpacked code stay though nobody uses them.
	IdleCode = 32
	// LogStreamsOpen is how many log streams are remembered as existing.
	LogStreamsOpen = 10_000
)

// IAM (facts/iam-evaluation.md section 9): AWS's defaults, which it raises on request.
const (
	UsersPerAccount            = 5_000
	GroupsPerAccount           = 300
	RolesPerAccount            = 1_000
	PoliciesPerAccount         = 1_500
	InstanceProfilesPerAccount = 1_000
	// KeyUses is the time between two writes of when access keys were used last.
	KeyUses = time.Minute
	// DeletionTasks is how many deletions of service-linked roles an account remembers.
	DeletionTasks = 1_000
	// ManagedPoliciesKept is how many AWS managed policies stay compiled though
	// nobody they are attached to has asked for anything lately.
	ManagedPoliciesKept = 64
)

// AWS Organizations ("Quotas and service limits for AWS Organizations").
const (
	// UnitDepth is how many organizational units stand below one another;
	// OrganizationLevels adds the root and the account.
	UnitDepth          = 5
	OrganizationLevels = UnitDepth + 2
	// ServiceControlPolicy and ResourceControlPolicy are characters, whitespace
	// included; the other two how many of them one target has. AWS raised those
	// of service control policies in May 2026, from 5,120 and 5.
	ServiceControlPolicy    = 10_240
	ServiceControlAttached  = 10
	ResourceControlPolicy   = 5_120
	ResourceControlAttached = 5
	UnitsPerOrganization    = 2_000
	PoliciesPerOrganization = 1_000
	AccountsPerOrganization = 1_000
	AccountRequests         = 1_000
	TrustedServices         = 100
	OrganizationPage        = 20
)

// Decoding.
const (
	// RequestElements bounds the list elements and map entries of one JSON request together.
	RequestElements = 100_000
	// PathSegments bounds how many parts of a path are looked at.
	PathSegments = 64
)

// Execution environments.
const (
	// Environments bounds those of all functions together; AWS's own bound is
	// ConcurrencyPerRegion.
	Environments = 1_000
	// EnvironmentIdle is how long an environment is kept without an invoke; AWS publishes no figure.
	EnvironmentIdle = 7 * time.Minute
	// ProvisionedInit is the least time that a provisioned environment has for its
	// init: its function's timeout if that is longer (Lambda guide, "init phase").
	ProvisionedInit = 130 * time.Second
	// ProvisionAhead is how long before its credentials end a provisioned
	// environment gets its successor.
	ProvisionAhead = 5 * time.Minute
	// ProvisionRetry is how long a provision rests that could not make an environment.
	ProvisionRetry = time.Minute
	// ProvisionAtOnce is how many environments of one provision are made at a time.
	ProvisionAtOnce = 8
	// FreezeAfter is how long an idle environment runs on before it is frozen.
	FreezeAfter = 100 * time.Millisecond
	// ReadySandboxes are started ahead.
	ReadySandboxes = 2
	// RuntimeHeaders bounds the headers of a Runtime API request: the cause of an error is one of up to 1 MiB.
	RuntimeHeaders = 2 << 20
	// LogLine is where a line of output that does not end is cut.
	LogLine = 256 << 10
	// LogDelay is the longest that output of a running invoke is held back to be handed on together.
	LogDelay = 500 * time.Millisecond
	// SandboxFiles and SandboxProcesses are AWS's quotas of one environment.
	SandboxFiles     = 1_024
	SandboxProcesses = 1_024
)

// Interpreters.
const (
	// InterpreterAnswer is how long a program has to say which interpreter it is.
	InterpreterAnswer = 10 * time.Second
	// InterpreterOutput bounds what is read of its answer.
	InterpreterOutput = 64 << 10
	// InterpreterFolders is how many folders are searched for interpreters.
	InterpreterFolders = 256
)

// Addresses of objects and queues.
const (
	// ObjectKey bounds a key, in bytes ("Naming Amazon S3 objects").
	ObjectKey = 1_024
	// QueueName bounds the name of a queue, in characters ("Amazon SQS message queue quotas").
	QueueName = 80
)

// Amazon SQS ("Amazon SQS quotas", August 2026).
const (
	// QueueMessage is the largest message of a queue, and all messages of a batch together.
	QueueMessage = 1 << 20
	// QueueBatch is how many entries a batch has.
	QueueBatch = 10
	// QueueInFlight is how many messages of a queue are out with consumers, of either type.
	QueueInFlight = 120_000
	// QueuePolicy is the length of a queue's policy, in bytes.
	QueuePolicy = 8_192
	// MessageAttributes is how many attributes a message has.
	MessageAttributes = 10
	// QueueBacklog bounds the messages of all queues together, of which each takes
	// some 200 bytes of memory; AWS has no bound.
	QueueBacklog = 10_000_000
	// QueueCache bounds the bytes of messages kept in memory; the rest is read
	// from the database when it is received.
	QueueCache = 64 << 20
	// QueueCommits is how many calls share one transaction.
	QueueCommits = 64
	// QueueSweep is the time between two looks for expired messages.
	QueueSweep = time.Minute
	// QueueMoves is how many message move tasks of a queue are remembered.
	QueueMoves = 10
	// QueueReceipt bounds a receipt handle, in characters.
	QueueReceipt = 1_024
)

// Amazon S3 ("Amazon S3 quotas and limits", general purpose buckets).
const (
	// Object is the largest object; SmallestPart the smallest part but the last.
	Object       = 50 << 40
	SmallestPart = 5 << 20
	UploadParts  = 10_000
	// Uploads bounds the unfinished uploads of all buckets together; AWS has no bound.
	Uploads = 100_000
	// Buckets is how many an account has; BucketsPage, ObjectsPage and DeleteObjects are of one request.
	Buckets       = 10_000
	BucketsPage   = 10_000
	ObjectsPage   = 1_000
	DeleteObjects = 1_000
	// BucketPolicy is in bytes; ObjectMetadata too, names and values together.
	BucketPolicy   = 20 << 10
	ObjectMetadata = 2 << 10
	BucketTags     = 50
	ObjectTags     = 10
	// TagKey and TagValue are characters.
	TagKey   = 128
	TagValue = 256
	// BucketRules is how many rules a notification or CORS configuration has.
	BucketRules    = 100
	LifecycleRules = 1_000
	RoutingRules   = 50
	// Notices is how many notifications are delivered at a time, NoticeAge how
	// long one is tried that the destination fails to take.
	Notices   = 16
	NoticeAge = time.Hour
)

// SNS (developer guide, "Amazon SNS endpoints and quotas").
const (
	// SNSMessage is the largest message with its attributes, and the largest
	// batch, in bytes; SNSBatch the most messages of one.
	SNSMessage           = 256 << 10
	SNSBatch             = 10
	SNSMessageAttributes = 100
	// TopicsPerPage is that of every list of SNS.
	TopicsPerPage = 100
	// TopicSubscriptions bounds those of one topic (AWS: 12,500,000; each is
	// looked at when a message is published).
	TopicSubscriptions = 10_000
	TopicPolicyBytes   = 30_720
	TopicStatements    = 100
	// FilterKeys and FilterCombinations bound a filter policy.
	FilterKeys         = 5
	FilterCombinations = 150
	// SNSAttribute bounds a setting, SNSToken a page's token, in bytes;
	// SNSConfirmToken is the length of a confirmation token in bytes; SNSAnswer
	// is how much is read of an endpoint's answer.
	SNSAttribute    = 256 << 10
	SNSToken        = 4 << 10
	SNSConfirmToken = 32
	SNSAnswer       = 64 << 10
	// SNSEndpoint bounds the address of a web endpoint, in bytes.
	SNSEndpoint = 2 << 10
	// TopicFilters is how many subscriptions of a topic may have a filter policy.
	TopicFilters = 200
	// SNSConfirmTime is how long a subscription can be confirmed, and one that was
	// unsubscribed by a link can come back.
	SNSConfirmTime = 48 * time.Hour
	// SNSDeduplication is how long a FIFO topic knows a message.
	SNSDeduplication = 5 * time.Minute
)

// AWS KMS ("Quotas", developer guide).
const (
	// Keys, KeyAliases and KeyGrants bound those of an account and region, of one
	// and of a key.
	Keys       = 100_000
	KeyAliases = 50
	KeyGrants  = 50_000
	// KeyPolicy and EncryptionContext are in bytes; GrantContext is how many pairs
	// a constraint has.
	KeyPolicy         = 32 << 10
	EncryptionContext = 8 << 10
	GrantContext      = 8
	// KeySweep is how often keys are looked for whose deletion is due.
	KeySweep = time.Minute
	// KeyPage is the page of lists that name no size; of grants and tags it is half.
	KeyPage = 100
)
