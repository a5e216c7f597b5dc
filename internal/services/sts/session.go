package sts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// issue completes a session with keys and times, and seals it.
func (s *Service) issue(c *op.Call, t *sealed, seconds int) (*stsapi.Credentials, error) {
	keyID, secret, err := id.AccessKey(id.TemporaryKey, t.Account)
	if err != nil {
		return nil, err
	}
	issued := c.Time.Truncate(time.Second)
	t.AccessKey, t.Secret = keyID, secret
	t.Issued, t.Expires = issued.Unix(), issued.Unix()+int64(seconds)
	token, err := s.ring.Load().sealer.seal(t)
	if err != nil {
		return nil, err
	}
	return &stsapi.Credentials{AccessKeyId: &keyID, SecretAccessKey: &secret, SessionToken: &token, Expiration: ptr(t.expires())}, nil
}

// narrow checks the session policies and puts them on the session.
func (s *Service) narrow(t *sealed, document *string, arns []stsapi.PolicyDescriptorType) error {
	if len(arns) > limits.SessionPolicyARNs {
		return validationError("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", limits.SessionPolicyARNs)
	}
	length := 0
	for i := range arns {
		arn := arns[i].GetArn()
		if _, ok := s.directory.ManagedPolicy(t.Account, arn); !ok {
			return validationError("Policy %s does not exist or is not attachable.", arn)
		}
		length += utf8.RuneCountInString(arn)
		t.PolicyARNs = append(t.PolicyARNs, arn)
	}
	if document != nil {
		length += utf8.RuneCountInString(*document)
		if err := validSession(*document); err != nil {
			return err
		}
		t.Policy = *document
	}
	if length > limits.SessionPolicy {
		return packedTooLarge("Packed policy consumes %d%% of allotted space, please use smaller policy.", percent(length, limits.SessionPolicy))
	}
	return nil
}

func validSession(document string) error {
	_, err := policy.Validate([]byte(document), policy.KindSession)
	if malformed := (*policy.MalformedError)(nil); errors.As(err, &malformed) {
		return malformedPolicy(malformed.Message)
	}
	return err
}

// packedPercent is how much of the space for session policies and tags a
// session takes up. AWS packs them in a form it does not publish; this deflates
// them (inferred).
func packedPercent(t *sealed) (int32, error) {
	parts := [][]byte{[]byte(t.Policy)}
	for _, arn := range t.PolicyARNs {
		parts = append(parts, []byte("\x00"+arn))
	}
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		parts = append(parts, []byte("\x01"+key+"\x02"+t.Tags[key]))
	}
	packed, err := deflate(parts...)
	if err != nil {
		return 0, fmt.Errorf("packing session: %w", err)
	}
	used := percent(len(packed), limits.PackedSession)
	switch {
	case used <= 100:
		return int32(used), nil
	case t.Policy == "" && len(t.PolicyARNs) == 0:
		return 0, packedTooLarge("Packed size of session tags consumes %d%% of allotted space.", used)
	default:
		return 0, packedTooLarge("Packed policy consumes %d%% of allotted space, please use smaller policy.", used)
	}
}

// percent rounds up, so that more than all is more than 100.
func percent(part, whole int) int { return (part*100 + whole - 1) / whole }
