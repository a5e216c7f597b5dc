// Package id makes the identifiers AWS hands out: unique ids with their
// prefixes, access keys that encode their account, request and revision ids.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Prefixes of unique ids and access keys (IAM user guide, "IAM identifiers").
const (
	User            = "AIDA"
	Role            = "AROA"
	Group           = "AGPA"
	InstanceProfile = "AIPA"
	ManagedPolicy   = "ANPA"
	LongTermKey     = "AKIA"
	TemporaryKey    = "ASIA"
)

// newKeyBit marks key ids that encode their account.
const newKeyBit = 1 << 47

// Unique makes a unique id: the prefix and 17 characters.
func Unique(prefix string) string {
	return prefix + base32.StdEncoding.EncodeToString(random(11))[:17]
}

// AccessKey makes an access key id whose account can be read back, and its
// 40-character secret.
func AccessKey(prefix, account string) (keyID, secret string, err error) {
	n, err := strconv.ParseUint(account, 10, 64)
	if err != nil || len(account) != 12 {
		return "", "", fmt.Errorf("account %q is not 12 digits", account)
	}
	raw := random(10)
	head := newKeyBit | n<<7 | uint64(raw[5]&0x7f)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], head<<16)
	copy(raw, b[:6])
	secret = base64.StdEncoding.EncodeToString(random(30))
	return prefix + base32.StdEncoding.EncodeToString(raw), secret, nil
}

// KeyAccount reads the account out of an access key id; ok is false when the
// id is not of the form that carries one.
func KeyAccount(keyID string) (account string, ok bool) {
	if len(keyID) != 20 {
		return "", false
	}
	raw, err := base32.StdEncoding.DecodeString(keyID[4:])
	if err != nil {
		return "", false
	}
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, raw[:6]...))
	n := head >> 7 & (1<<40 - 1)
	if head&newKeyBit == 0 || n >= 1_000_000_000_000 {
		return "", false
	}
	return fmt.Sprintf("%012d", n), true
}

// UUID makes a random UUID, the form of request and revision ids.
func UUID() string {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	var text [36]byte
	at := 0
	for _, part := range [...][]byte{raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]} {
		if at > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], part)
	}
	return string(text[:])
}

// Hex makes 2n random hexadecimal digits.
func Hex(n int) string { return hex.EncodeToString(random(n)) }

// IsAccount says whether s has the form of an account id.
func IsAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// random never fails: since Go 1.24 crypto/rand ends the process instead.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
