package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/op"
)

// message is what a destination gets ("Event message structure", version 2.1).
type message struct{ Records []record }

type record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"`
	UserIdentity      identity          `json:"userIdentity"`
	RequestParameters requestParameters `json:"requestParameters"`
	ResponseElements  responseElements  `json:"responseElements"`
	S3                subject           `json:"s3"`
}

type identity struct {
	PrincipalID string `json:"principalId"`
}

type requestParameters struct {
	SourceIPAddress string `json:"sourceIPAddress"`
}

type responseElements struct {
	RequestID string `json:"x-amz-request-id"`
	HostID    string `json:"x-amz-id-2"`
}

type subject struct {
	SchemaVersion   string        `json:"s3SchemaVersion"`
	ConfigurationID string        `json:"configurationId"`
	Bucket          subjectBucket `json:"bucket"`
	Object          subjectObject `json:"object"`
}

type subjectBucket struct {
	Name          string   `json:"name"`
	OwnerIdentity identity `json:"ownerIdentity"`
	ARN           string   `json:"arn"`
}

type subjectObject struct {
	Key       string `json:"key"`
	Size      *int64 `json:"size,omitempty"`
	ETag      string `json:"eTag,omitempty"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
}

// eventTime is how S3 writes times in events.
const eventTime = "2006-01-02T15:04:05.000Z"

func newRecord(c *op.Call, b *bucket, r *rule, v *version, event string, order int64) record {
	o := subjectObject{Key: strings.ReplaceAll(url.QueryEscape(v.Key), "%2F", "/"), Sequencer: fmt.Sprintf("%018X", order)}
	if !strings.HasPrefix(event, "ObjectRemoved:") {
		o.Size, o.ETag = &v.Size, v.ETag
	}
	if b.Versioning != "" && v.ID != nullVersion {
		o.VersionID = v.ID
	}
	return record{
		EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: b.Region, EventTime: c.Time.UTC().Format(eventTime), EventName: event,
		UserIdentity: identity{who(c.Caller)}, RequestParameters: requestParameters{address(c)},
		ResponseElements: responseElements{c.RequestID, hostID(c.RequestID)},
		S3: subject{
			SchemaVersion: "1.0", ConfigurationID: r.ID, Object: o,
			Bucket: subjectBucket{b.Name, identity{strings.ToUpper("A" + canonicalID(b.Account)[:13])}, bucketARN(b.Name)},
		},
	}
}

// hostID is x-amz-id-2, as the answer to the request has it.
func hostID(requestID string) string {
	sum := sha256.Sum256([]byte(requestID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func who(c caller.Caller) string {
	if c.ID() == "" {
		return "Anonymous"
	}
	return "AWS:" + c.ID()
}

// address is where a request came from; what a service asks for comes from here.
func address(c *op.Call) string {
	if c.Origin.SourceIP == "" {
		return "127.0.0.1"
	}
	return c.Origin.SourceIP
}

// encodeJSON is JSON in which nothing is escaped for HTML.
func encodeJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// testMessage is what a queue or topic gets when it becomes a destination.
func testMessage(c *op.Call, b *bucket) (string, error) {
	return encodeJSON(struct{ Service, Event, Time, Bucket, RequestId, HostId string }{
		"Amazon S3", servicePrefix + "TestEvent", c.Time.UTC().Format(eventTime), b.Name, c.RequestID, hostID(c.RequestID),
	})
}

// notice is a message that is owed to a destination.
type notice struct {
	Kind, ARN string
	// Bucket and Owner are whose event it is; Parent is the request that caused it.
	Bucket, Owner, Parent string
	Message               string
	Since                 time.Time
	Tries                 int
}

// notify owes a message to every destination that wants to know of an event, in
// the transaction that makes it.
func (s *Service) notify(tx *change, c *op.Call, b *bucket, v *version, event string) error {
	if b.Notification == nil {
		return nil
	}
	// Events on a key are ordered, the removal of a version after its making.
	order := s.last.Add(1)
	for i := range b.Notification.Rules {
		r := &b.Notification.Rules[i]
		if !r.wants(event, v.Key) {
			continue
		}
		text, err := encodeJSON(message{[]record{newRecord(c, b, r, v, event, order)}})
		if err != nil {
			return err
		}
		n := &notice{Kind: r.Kind, ARN: r.ARN, Bucket: b.Name, Owner: b.Account, Parent: c.RequestID, Message: text, Since: c.Time}
		if err := s.owed.Put(tx.Tx, fmt.Sprintf("%016x-%s-%d", order, c.RequestID, i), time.Time{}, n); err != nil {
			return err
		}
	}
	return nil
}
