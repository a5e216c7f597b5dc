package lambda

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
)

// function is a stored function with its unpublished version.
type function struct {
	Latest config
	Tags   map[string]string `json:",omitempty"`
	// Versions is the number of the last published version; numbers of deleted
	// versions are not used again.
	Versions int `json:",omitempty"`
	// Published is the fingerprint of the last published version.
	Published string `json:",omitempty"`
	// Reserved is the reserved concurrency, nil without.
	Reserved *int32 `json:",omitempty"`
	// Signing is the ARN of the code signing configuration, empty without.
	Signing string `json:",omitempty"`
	// Loop is what to do about recursive loops, empty for the default.
	Loop string `json:",omitempty"`
}

// config is one version of a function: code and configuration. A published one
// never changes but for its State and its runtime management.
type config struct {
	Version     string
	Description string `json:",omitempty"`
	Role        string
	Runtime     string
	Handler     string
	// Architecture is x86_64 or arm64.
	Architecture string
	// Memory and Storage (/tmp) are in MB, Timeout in seconds.
	Memory, Storage, Timeout int32
	// Variables are those of a request on its way to being sealed, and of versions
	// that were stored before variables were.
	Variables map[string]string `json:",omitempty"`
	// Key is the ARN of the customer's KMS key, empty without. Secret holds the variables.
	Key      string  `json:",omitempty"`
	Secret   *secret `json:",omitempty"`
	LogGroup string  `json:",omitempty"`
	// DeadLetters is the ARN of the queue or topic that gets events given up.
	DeadLetters string `json:",omitempty"`
	// Tracing says that the tracing mode is Active.
	Tracing bool `json:",omitempty"`
	// Network is where in a VPC the version is; nil if it never was in one.
	Network *network `json:",omitempty"`
	Code    code
	// Image is the code that is a container image; Code is then empty but for what
	// is known of it.
	Image *image `json:",omitempty"`
	// Layers are its layers, in the order in which they are merged.
	Layers []layerUse `json:",omitempty"`
	// Modified is when code or configuration changed last.
	Modified time.Time
	// Revision changes with every change AWS counts, Generation only with those
	// that need new environments: code, role and configuration.
	Revision, Generation string
	State                string
	// Update is LastUpdateStatus, empty before the function was first active.
	Update string `json:",omitempty"`
	// Trouble is why the State or the Update is Failed.
	Trouble *trouble `json:",omitempty"`
	// RuntimeUpdate and RuntimeVersion are the runtime management settings.
	RuntimeUpdate  string `json:",omitempty"`
	RuntimeVersion string `json:",omitempty"`
}

// code is a stored zip.
type code struct {
	// Digest is the blob: its SHA-256 in hexadecimal.
	Digest string
	// SHA256 is the same in base64, as AWS shows it.
	SHA256 string
	Size   int64
}

// States and update statuses.
const (
	pending     = "Pending"
	active      = "Active"
	inProgress  = "InProgress"
	successful  = "Successful"
	stateFailed = "Failed"
)

// creating is what AWS says of a pending function and of a pending update alike.
const (
	creatingReason = "The function is being created."
	creatingCode   = "Creating"
)

// changed marks a change of code or configuration: new environments, and an
// update to be settled.
func (c *config) changed(now time.Time) {
	c.Modified, c.Revision, c.Generation, c.Update, c.Trouble = now, id.UUID(), id.UUID(), inProgress, nil
}

// unsettled says whether a change of the version is still under way.
func (c *config) unsettled() bool { return c.State == pending || c.Update == inProgress }

// settled is the version once it can be used, or is known not to: then the state
// fails of a version that never could be, and else the update.
func (c config) settled(t *trouble) config {
	c.Revision, c.Trouble = id.UUID(), t
	switch {
	case t == nil:
		c.State, c.Update = active, successful
	case c.State == active:
		c.Update = stateFailed
	default:
		c.State, c.Update = stateFailed, stateFailed
	}
	return c
}

// unready refuses an invoke of a version that is not, or never became, active.
func (c *config) unready() error {
	if c.State == active {
		return nil
	}
	return conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", c.State)
}

// fingerprint tells versions apart by what publishing one would keep.
func (c config) fingerprint() (string, error) {
	c.Modified, c.Revision, c.Generation, c.State, c.Update, c.Trouble = time.Time{}, "", "", "", "", nil
	c.Secret = c.Secret.kept()
	text, err := json.Marshal(c) // maps are written in key order
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// busy refuses a change while the last one is not settled.
func (c *config) busy(r ref) error {
	switch {
	case c.State == pending:
		return c.unready()
	case c.Update == inProgress:
		return updating(r)
	}
	return nil
}

func updating(r ref) error {
	return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", r.unqualified())
}

// lastModified is AWS's form of the time.
func lastModified(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

// show is the version as GetFunctionConfiguration answers it.
func (c *config) show(r ref) *lambdaapi.FunctionConfiguration {
	out := c.list(r)
	out.State = &c.State
	if c.State == pending {
		out.StateReason, out.StateReasonCode = ptr(creatingReason), ptr(creatingCode)
	}
	out.LastUpdateStatus = optional(c.Update)
	if c.Update == inProgress {
		out.LastUpdateStatusReason, out.LastUpdateStatusReasonCode = ptr(creatingReason), ptr(creatingCode)
	}
	if t := c.Trouble; t != nil {
		out.LastUpdateStatusReason, out.LastUpdateStatusReasonCode = &t.Reason, &t.Code
		if c.State == stateFailed {
			out.StateReason, out.StateReasonCode = &t.Reason, &t.Code
		}
	}
	return out
}

// list is the version as lists show it: without its state, and without its
// variables, which reveal adds.
func (c *config) list(r ref) *lambdaapi.FunctionConfiguration {
	out := &lambdaapi.FunctionConfiguration{
		FunctionName: &r.name, FunctionArn: ptr(r.arn()), Runtime: optional(c.Runtime), Role: &c.Role, Handler: optional(c.Handler),
		CodeSize: &c.Code.Size, Description: &c.Description, Timeout: &c.Timeout, MemorySize: &c.Memory,
		LastModified: ptr(lastModified(c.Modified)), CodeSha256: optional(c.Code.SHA256), Version: &c.Version,
		TracingConfig: &lambdaapi.TracingConfigResponse{Mode: ptr(c.traceMode())}, RevisionId: &c.Revision,
		PackageType: ptr(c.packageType()), ImageConfigResponse: c.Image.show(), Architectures: []string{c.Architecture},
		EphemeralStorage: &lambdaapi.EphemeralStorage{Size: &c.Storage},
		SnapStart:        &lambdaapi.SnapStartResponse{ApplyOn: ptr("None"), OptimizationStatus: ptr("Off")},
		LoggingConfig:    &lambdaapi.LoggingConfig{LogFormat: ptr("Text"), LogGroup: ptr(c.logGroup(r.name))},
	}
	out.Layers = showLayers(c.Layers)
	if c.DeadLetters != "" {
		out.DeadLetterConfig = &lambdaapi.DeadLetterConfig{TargetArn: &c.DeadLetters}
	}
	out.VpcConfig = c.Network.show()
	out.KMSKeyArn = optional(c.Key)
	return out
}

func (c *config) logGroup(name string) string {
	if c.LogGroup != "" {
		return c.LogGroup
	}
	return "/aws/lambda/" + name
}

func (c *config) packageType() string {
	if c.Image != nil {
		return packageImage
	}
	return "Zip"
}
