// Package managedpolicy holds every AWS managed policy: name, path, default
// version and document, as AWS published them.
//
// The policies are embedded compressed and cost nothing until the first one is
// asked for; then their names are decoded once. Documents are decoded at each
// use and kept nowhere: who needs one often keeps what it made of it.
//
// Where the data comes from is recorded in models/managed-policies.json;
// tools/managedpolicies writes both.
package managedpolicy

import (
	"crypto/sha256"
	_ "embed" // the policies
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed policies.bin
var embedded string

// Prefix is how the ARN of every AWS managed policy begins; the path follows.
const Prefix = "arn:aws:iam::aws:policy"

// Policy is one AWS managed policy, in its default version.
type Policy struct {
	Name string
	// Path begins and ends with a slash.
	Path string
	// Version is the id of the default version: "v2".
	Version string
	// created and updated are Unix seconds.
	created, updated int64
	// Where its document is: a block, and the bytes in it.
	block, from, to int
}

// ARN is the policy's ARN, the same in every account.
func (p *Policy) ARN() string { return Prefix + p.Path + p.Name }

// Created is when AWS made the policy.
func (p *Policy) Created() time.Time { return time.Unix(p.created, 0).UTC() }

// Updated is when AWS made its default version.
func (p *Policy) Updated() time.Time { return time.Unix(p.updated, 0).UTC() }

// ID is a unique id of the form AWS's have. The published data holds none;
// this one is drawn from the ARN, so that it is always the same.
func (p *Policy) ID() string {
	sum := sha256.Sum256([]byte(p.ARN()))
	return "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// Library gives access to the policies. It is safe for concurrent use.
type Library struct {
	once   sync.Once
	index  *index
	broken error
}

// New makes a library. It decodes nothing yet.
func New() *Library { return &Library{} }

// open decodes the names at first use.
func (l *Library) open() (*index, error) {
	l.once.Do(func() { l.index, l.broken = readIndex(embedded) })
	return l.index, l.broken
}

// Find is the policy of an ARN; nil when there is none. ARNs compare with
// regard to case.
func (l *Library) Find(arn string) *Policy {
	rest, ok := strings.CutPrefix(arn, Prefix)
	if !ok {
		return nil
	}
	x, err := l.open()
	if err != nil {
		return nil
	}
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	i, found := slices.BinarySearchFunc(x.policies, name, func(p Policy, name string) int { return strings.Compare(p.Name, name) })
	if !found || x.policies[i].Path+name != rest {
		return nil
	}
	return &x.policies[i]
}

// All are all policies, sorted by name. The slice is shared: do not change it.
func (l *Library) All() []Policy {
	x, err := l.open()
	if err != nil {
		return nil
	}
	return x.policies
}

// Check says whether the embedded data can be read.
func (l *Library) Check() error {
	_, err := l.open()
	return err
}

// Document decodes the document of the policy's default version.
func (l *Library) Document(p *Policy) (string, error) {
	x, err := l.open()
	if err != nil {
		return "", err
	}
	if p.block < 0 || p.block >= len(x.blocks) {
		return "", fmt.Errorf("managed policy %s: its block does not exist", p.Name)
	}
	text, err := inflate(x.blocks[p.block])
	if err != nil {
		return "", fmt.Errorf("managed policy %s: %w", p.Name, err)
	}
	if p.from < 0 || p.from > p.to || p.to > len(text) {
		return "", fmt.Errorf("managed policy %s: its document is not in its block", p.Name)
	}
	return string(text[p.from:p.to]), nil
}
