package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

func bodyDigest(body string) *string {
	sum := md5.Sum([]byte(body))
	return ptr(hex.EncodeToString(sum[:]))
}

// attributesDigest is the MD5 that clients compare, nil without attributes:
// over the attributes in the order of their names; of each the name, the data
// type, one byte for text or binary, and the value; every part but the byte
// after its length in four bytes (Developer Guide, "Calculating the MD5 message
// digest for message attributes").
func attributesDigest(attributes map[string]sqsapi.MessageAttributeValue) *string {
	if len(attributes) == 0 {
		return nil
	}
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v := attributes[name]
		b = appendPart(appendPart(b, name), v.GetDataType())
		if v.StringValue != nil {
			b = appendPart(append(b, isText), *v.StringValue)
		} else {
			b = appendPart(append(b, isBinary), string(v.BinaryValue))
		}
	}
	sum := md5.Sum(b)
	return ptr(hex.EncodeToString(sum[:]))
}

func appendPart(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}
