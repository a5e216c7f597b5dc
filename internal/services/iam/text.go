package iam

import (
	"crypto/sha256"
	"runtime"
	"sync"
	"weak"

	"github.com/sallyport/sallyport/policy"
)

// text is the text of a policy, shared by all records that hold the same one,
// with what was compiled of it.
type text struct {
	document string

	once     sync.Once
	compiled *policy.Policy
	err      error
}

// policy compiles the text at first use.
func (t *text) policy() (*policy.Policy, error) {
	t.once.Do(func() { t.compiled, t.err = policy.Load([]byte(t.document)) })
	return t.compiled, t.err
}

type digest [sha256.Size]byte

// texts finds the texts that are in use, by digest. It keeps none alive: a text
// goes when the last record with it goes.
type texts struct {
	mu  sync.Mutex
	all map[digest]weak.Pointer[text]
}

func newTexts() *texts { return &texts{all: map[digest]weak.Pointer[text]{}} }

// share gives the one text of a document.
func (x *texts) share(document string) *text {
	d := digest(sha256.Sum256([]byte(document)))
	x.mu.Lock()
	defer x.mu.Unlock()
	if t := x.all[d].Value(); t != nil {
		return t
	}
	t := &text{document: document}
	x.all[d] = weak.Make(t)
	runtime.AddCleanup(t, x.forget, d)
	return t
}

// forget drops a text nobody uses, unless it is in use again.
func (x *texts) forget(d digest) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all[d].Value() == nil {
		delete(x.all, d)
	}
}
