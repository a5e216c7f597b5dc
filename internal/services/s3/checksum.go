package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// checksum is a sum of an object's or part's bytes, in base64.
type checksum struct {
	Algorithm string `json:",omitempty"`
	Value     string `json:",omitempty"`
}

// Algorithms ("Checking object integrity for data uploads in Amazon S3").
const (
	sumCRC32     = "CRC32"
	sumCRC32C    = "CRC32C"
	sumCRC64NVME = "CRC64NVME"
	sumSHA1      = "SHA1"
	sumSHA256    = "SHA256"
)

// defaultSum is what S3 adds to an object that brings no checksum.
const defaultSum = sumCRC64NVME

// nvme is the polynomial of CRC-64/NVME, reversed.
const nvme = 0x9a6c9329ac4bc9b5

func newSum(algorithm string) hash.Hash {
	switch algorithm {
	case sumCRC32:
		return crc32.NewIEEE()
	case sumCRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case sumCRC64NVME:
		return crc64.New(crc64.MakeTable(nvme))
	case sumSHA1:
		return sha1.New()
	case sumSHA256:
		return sha256.New()
	}
	return nil
}

func sumHeader(algorithm string) string { return "x-amz-checksum-" + strings.ToLower(algorithm) }

// summed is a request that may bring checksums in its headers.
type summed interface {
	GetChecksumCRC32() string
	GetChecksumCRC32C() string
	GetChecksumCRC64NVME() string
	GetChecksumSHA1() string
	GetChecksumSHA256() string
}

// sums are the checksums of a request or answer by algorithm.
type sums struct{ crc32, crc32c, crc64, sha1, sha256 *string }

func (c checksum) sums() (s sums) {
	if c.Value == "" {
		return s
	}
	v := &c.Value
	switch c.Algorithm {
	case sumCRC32:
		s.crc32 = v
	case sumCRC32C:
		s.crc32c = v
	case sumCRC64NVME:
		s.crc64 = v
	case sumSHA1:
		s.sha1 = v
	case sumSHA256:
		s.sha256 = v
	}
	return s
}

// givenSum is the one checksum a request brings, zero without.
func givenSum(in summed) (checksum, error) {
	var found checksum
	for _, c := range []checksum{
		{sumCRC32, in.GetChecksumCRC32()}, {sumCRC32C, in.GetChecksumCRC32C()}, {sumCRC64NVME, in.GetChecksumCRC64NVME()},
		{sumSHA1, in.GetChecksumSHA1()}, {sumSHA256, in.GetChecksumSHA256()},
	} {
		if c.Value == "" {
			continue
		}
		if found.Value != "" {
			return found, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		found = c
	}
	return found, nil
}

// check refuses a checksum that is none of its algorithm.
func (c checksum) check() error {
	if c.Value == "" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(c.Value)
	if h := newSum(c.Algorithm); err != nil || h == nil || len(raw) != h.Size() {
		return invalidRequest("Value for %s header is invalid.", sumHeader(c.Algorithm))
	}
	return nil
}

// algorithmOf reads the name of an algorithm; what AWS knows beside these is refused.
func algorithmOf(name string) (string, error) {
	upper := strings.ToUpper(name)
	switch {
	case name == "" || newSum(upper) != nil:
		return upper, nil
	case upper == "MD5" || upper == "SHA512" || strings.HasPrefix(upper, "XXHASH"):
		return "", notImplemented("x-amz-checksum-algorithm")
	}
	return "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
}

// trailing is the checksum that came after the body, zero without.
func trailing(trailers map[string]string) checksum {
	for _, a := range []string{sumCRC32, sumCRC32C, sumCRC64NVME, sumSHA1, sumSHA256} {
		if v := trailers[sumHeader(a)]; v != "" {
			return checksum{a, v}
		}
	}
	return checksum{}
}

func badDigest(algorithm string) *api.Error {
	return api.Newf(400, "BadDigest", "The %s you specified did not match the calculated checksum.", algorithm)
}

// checkMD5 refuses a Content-MD5 that is none.
func checkMD5(given string) error {
	raw, err := base64.StdEncoding.DecodeString(given)
	if given != "" && (err != nil || len(raw) != md5.Size) {
		return with(api.Newf(400, "InvalidDigest", "The Content-MD5 you specified was invalid."), "Content-MD5", given)
	}
	return nil
}
