package kms

import (
	"encoding/hex"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// ref names a key.
type ref struct{ account, region, id string }

func (r ref) key() string { return store.Key(r.account, r.region, r.id) }

func (r ref) arn() string {
	return "arn:" + op.Partition + ":kms:" + r.region + ":" + r.account + ":key/" + r.id
}

// aliasRef names an alias; its name begins with "alias/".
type aliasRef struct{ account, region, name string }

func (a aliasRef) key() string { return store.Key(a.account, a.region, a.name) }

func (a aliasRef) arn() string {
	return "arn:" + op.Partition + ":kms:" + a.region + ":" + a.account + ":" + a.name
}

// Prefixes of names: those of awsPrefix are AWS's own.
const (
	aliasPrefix = "alias/"
	awsPrefix   = "alias/aws/"
	keyPrefix   = "key/"
)

// parseARN reads the ARN of a key or an alias; the other one is zero.
func parseARN(arn string) (r ref, a aliasRef, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "kms" || parts[3] == "" || !id.IsAccount(parts[4]) {
		return ref{}, aliasRef{}, false
	}
	if name, is := strings.CutPrefix(parts[5], keyPrefix); is {
		return ref{parts[4], parts[3], name}, aliasRef{}, isKeyID(name)
	}
	return ref{}, aliasRef{parts[4], parts[3], parts[5]}, strings.HasPrefix(parts[5], aliasPrefix) && len(parts[5]) > len(aliasPrefix)
}

// isKeyID says whether an id has the form of a key's: a UUID, or that of a
// multi-Region key, of which there is none here.
func isKeyID(given string) bool {
	if rest, multi := strings.CutPrefix(given, "mrk-"); multi {
		raw, err := hex.DecodeString(rest)
		return err == nil && len(raw) == 16
	}
	_, ok := rawID(given)
	return ok
}

// rawID is a UUID in binary.
func rawID(text string) (raw [16]byte, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return raw, false
	}
	n, err := hex.Decode(raw[:], []byte(strings.ReplaceAll(text, "-", "")))
	return raw, err == nil && n == len(raw) && strings.ToLower(text) == text
}

// textID is the way back.
func textID(raw []byte) string {
	h := hex.EncodeToString(raw)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
