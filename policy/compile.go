package policy

import (
	"crypto/sha256"
	"encoding/hex"
)

// Policy is a compiled document: immutable, and safe to share.
type Policy struct {
	document *Document
	source   []byte
	digest   string
}

// Compile prepares a document for decisions. It never fails: what can not be
// understood never allows. The document is copied.
func Compile(d *Document) *Policy { return compile(d.Clone(), d.JSON()) }

// Load is Parse followed by Compile.
func Load(text []byte) (*Policy, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return compile(d, append([]byte(nil), text...)), nil
}

func compile(d *Document, source []byte) *Policy {
	sum := sha256.Sum256(source)
	return &Policy{document: d, source: source, digest: hex.EncodeToString(sum[:])}
}

// Digest is the SHA-256 of the source text, in hexadecimal.
func (p *Policy) Digest() string { return p.digest }

// Source is the text the policy was loaded from; for a compiled document, its
// JSON. Do not change it.
func (p *Policy) Source() []byte { return p.source }

// Document is the policy as written. It is shared: do not change it.
func (p *Policy) Document() *Document { return p.document }
