package s3

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// version is one version of an object, or a delete marker. The value never
// changes: a change of tags puts another one in its place.
type version struct {
	Bucket, Key string
	// ID is "null" for what was made without versioning.
	ID string
	// Order grows with every version of the server: of one key, the highest is
	// the latest.
	Order    int64
	Marker   bool `json:",omitempty"`
	Modified time.Time

	Size     int64     `json:",omitempty"`
	ETag     string    `json:",omitempty"`
	Segments []segment `json:",omitempty"`
	// Parts is the number of parts of a multipart upload, 0 for any other object.
	Parts int      `json:",omitempty"`
	Sum   checksum `json:",omitzero"`
	// Composite says that Sum is of the parts' sums and not of the bytes.
	Composite bool `json:",omitempty"`

	headers
	Tags []tag `json:",omitempty"`
	ACL  *acl  `json:",omitempty"`
}

// headers are what an object is stored with and served with.
type headers struct {
	ContentType  string            `json:",omitempty"`
	CacheControl string            `json:",omitempty"`
	Disposition  string            `json:",omitempty"`
	Encoding     string            `json:",omitempty"`
	Language     string            `json:",omitempty"`
	Expires      string            `json:",omitempty"`
	Website      string            `json:",omitempty"`
	Metadata     map[string]string `json:",omitempty"`
	StorageClass string            `json:",omitempty"`
	// SSE is how it is said to be encrypted; KMSKey and BucketKey go with aws:kms.
	SSE       string `json:",omitempty"`
	KMSKey    string `json:",omitempty"`
	BucketKey bool   `json:",omitempty"`
}

// segment is a run of an object's bytes: all of them, or one part.
type segment struct {
	File string
	Size int64
	// Number and Sum are those of a part.
	Number int      `json:",omitempty"`
	Sum    checksum `json:",omitzero"`
}

const nullVersion = "null"

func (v *version) files() []string {
	var all []string
	for _, g := range v.Segments {
		if g.File != "" {
			all = append(all, g.File)
		}
	}
	return all
}

// shownID is the version id of an answer: S3 names none where versioning was
// never on.
func (v *version) shownID(b *bucket) *string {
	if b.Versioning == "" {
		return nil
	}
	return &v.ID
}

func quoted(etag string) *string { return ptr(`"` + etag + `"`) }

// olderPrefix begins the keys of the versions of a key before its latest one,
// newest first.
func olderPrefix(bucket, key string) string { return recordKey(bucket, key) + "\x00" }

func (v *version) olderKey() string {
	return olderPrefix(v.Bucket, v.Key) + fmt.Sprintf("%016x", math.MaxInt64-v.Order)
}

// ordered follows both tables of versions.
func (s *Service) ordered(_ string, _, now *version) {
	if now == nil {
		return
	}
	for {
		last := s.last.Load()
		if now.Order <= last || s.last.CompareAndSwap(last, now.Order) {
			return
		}
	}
}

// latest is the latest version of a key, a delete marker too; nil without.
func (s *Service) latest(bucket, key string) *version { return s.objects.Get(recordKey(bucket, key)) }

// find is a version by its id; the empty id is the latest.
func (s *Service) find(tx *change, bucket, key, versionID string) *version {
	var latest *version
	if tx == nil {
		latest = s.latest(bucket, key)
	} else {
		latest = s.objects.GetIn(tx.Tx, recordKey(bucket, key))
	}
	if versionID == "" || latest == nil || latest.ID == versionID {
		return latest
	}
	return s.older(bucket, key, versionID)
}

// older finds a version among those before the latest.
func (s *Service) older(bucket, key, versionID string) *version {
	for _, v := range s.noncurrent.All(olderPrefix(bucket, key), "") {
		if v.ID == versionID {
			return v
		}
	}
	return nil
}

// putVersion makes v the latest version of its key, as the bucket's versioning
// wants it ("How S3 Versioning works").
func (s *Service) putVersion(tx *change, b *bucket, v *version) error {
	v.Order = max(s.clock.Now().UnixNano(), s.last.Load()+1)
	key := recordKey(v.Bucket, v.Key)
	old := s.objects.GetIn(tx.Tx, key)
	if b.Versioning == s3Enabled {
		v.ID = id.Hex(16)
	} else if v.ID = nullVersion; b.Versioning == s3Suspended && (old == nil || old.ID != nullVersion) {
		// The null version is one: what is overwritten may not be the latest.
		if before := s.older(v.Bucket, v.Key, nullVersion); before != nil {
			tx.discard(before.files()...)
			if err := s.noncurrent.Delete(tx.Tx, before.olderKey()); err != nil {
				return err
			}
		}
	}
	switch {
	case old == nil:
	case old.ID == v.ID:
		tx.discard(old.files()...)
	default:
		if err := s.noncurrent.Put(tx.Tx, old.olderKey(), old); err != nil {
			return err
		}
	}
	return s.objects.Put(tx.Tx, key, v)
}

// deleteVersion removes one version for good. The latest of the others takes
// the place of the latest.
func (s *Service) deleteVersion(tx *change, v *version) error {
	tx.discard(v.files()...)
	key := recordKey(v.Bucket, v.Key)
	latest := s.objects.GetIn(tx.Tx, key)
	if latest == nil || latest.ID != v.ID {
		return s.noncurrent.Delete(tx.Tx, v.olderKey())
	}
	for older, next := range s.noncurrent.All(olderPrefix(v.Bucket, v.Key), "") {
		if err := s.noncurrent.Delete(tx.Tx, older); err != nil {
			return err
		}
		return s.objects.Put(tx.Tx, key, next)
	}
	return s.objects.Delete(tx.Tx, key)
}

// replace puts a changed record of the same version in the place of v.
func (s *Service) replace(ctx context.Context, c *op.Call, v *version, event string, fn func(v *version)) error {
	return s.update(ctx, func(tx *change) error {
		now := s.find(tx, v.Bucket, v.Key, v.ID)
		b := s.buckets.GetIn(tx.Tx, v.Bucket)
		if now == nil || now.Order != v.Order || b == nil {
			return noSuchKey(v.Key)
		}
		changed := *now
		fn(&changed)
		key, table := recordKey(v.Bucket, v.Key), s.objects
		if table.GetIn(tx.Tx, key) != now {
			key, table = now.olderKey(), s.noncurrent
		}
		if err := table.Put(tx.Tx, key, &changed); err != nil {
			return err
		}
		return s.notify(tx, c, b, &changed, event)
	})
}

// Versioning states.
const (
	s3Enabled   = "Enabled"
	s3Suspended = "Suspended"
)

func (s *Service) getBucketVersioning(_ context.Context, c *op.Call, _ *s3api.GetBucketVersioningRequest) (*s3api.GetBucketVersioningOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	return &s3api.GetBucketVersioningOutput{Status: optional(b.Versioning)}, nil
}

func (s *Service) putBucketVersioning(ctx context.Context, c *op.Call, in *s3api.PutBucketVersioningRequest) (*api.Empty, error) {
	status := in.VersioningConfiguration.GetStatus()
	if status != s3Enabled && status != s3Suspended {
		return nil, malformedXML()
	}
	if in.VersioningConfiguration.GetMFADelete() == s3Enabled {
		return nil, notImplemented("x-amz-mfa")
	}
	return s.changeBucket(ctx, c, func(b *bucket) error {
		b.Versioning = status
		return nil
	})
}
