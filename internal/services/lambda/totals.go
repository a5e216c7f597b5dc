package lambda

import (
	"strings"
	"sync"
)

// totals are sums over functions and layers, kept as they change: an account's
// code, and how often a zip is used.
type totals struct {
	mu     sync.Mutex
	places map[string]*total
	zips   map[string]int
}

// total is of one account in one region.
type total struct {
	functions int
	codeSize  int64
}

func newTotals() *totals { return &totals{places: map[string]*total{}, zips: map[string]int{}} }

// place is the account and region of a key.
func place(key string) string {
	account, rest, _ := strings.Cut(key, "\x00")
	region, _, _ := strings.Cut(rest, "\x00")
	return account + "\x00" + region
}

func (t *totals) functionShown(key string, old, now *function) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old != nil {
		t.add(key, &old.Latest, -1)
		t.at(key).functions--
	}
	if now != nil {
		t.add(key, &now.Latest, 1)
		t.at(key).functions++
	}
}

func (t *totals) versionShown(key string, old, now *config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old != nil {
		t.add(key, old, -1)
	}
	if now != nil {
		t.add(key, now, 1)
	}
}

func (t *totals) layerShown(key string, old, now *layerVersion) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old != nil {
		t.at(key).codeSize -= old.Code.Size
		t.use(old.Code.Digest, -1)
	}
	if now != nil {
		t.at(key).codeSize += now.Code.Size
		t.use(now.Code.Digest, 1)
	}
}

// add counts a version of a function. Its layers' zips are used by it too, so that
// it keeps them when they are deleted; their size is the layer's account's.
func (t *totals) add(key string, c *config, n int) {
	t.at(key).codeSize += int64(n) * c.Code.Size
	t.use(c.Code.Digest, n)
	for _, l := range c.Layers {
		t.use(l.Digest, n)
	}
}

func (t *totals) use(digest string, n int) {
	t.zips[digest] += n
	if t.zips[digest] == 0 {
		delete(t.zips, digest)
	}
}

func (t *totals) at(key string) *total {
	p := place(key)
	if t.places[p] == nil {
		t.places[p] = &total{}
	}
	return t.places[p]
}

func (t *totals) of(r ref) total {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *t.at(r.key())
}

// uses says whether any version of a function or layer has the zip.
func (t *totals) uses(digest string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.zips[digest] > 0
}
