package lambda

import (
	"strings"
	"sync"
	"sync/atomic"
)

// claims are the shares of its region's concurrency that functions have for
// themselves, kept as they change: a function's reserved concurrency, or without
// one what is provisioned for its versions and aliases (AWS Lambda guide,
// "Understanding reserved and provisioned concurrency"). What nobody claims is
// for everybody.
type claims struct {
	mu        sync.Mutex
	functions map[string]claim
	// places are the sums by region and account, parts what is provisioned by the
	// key of a version or an alias.
	places map[string]int
	parts  map[string]int
	// any counts parts, so that an invoke need not look where none is.
	any atomic.Int32
}

// claim is one function's.
type claim struct {
	reserved    *int32
	provisioned int
}

func (c claim) size() int {
	if c.reserved != nil {
		return int(*c.reserved)
	}
	return c.provisioned
}

func newClaims() *claims {
	return &claims{functions: map[string]claim{}, places: map[string]int{}, parts: map[string]int{}}
}

func (c *claims) functionShown(key string, _, now *function) {
	c.change(key, func(own *claim) {
		own.reserved = nil
		if now != nil {
			own.reserved = now.Reserved
		}
	})
}

func (c *claims) provisionedShown(key string, old, now *provisioned) {
	c.change(functionOf(key), func(own *claim) {
		if old != nil {
			own.provisioned -= int(old.Requested)
			delete(c.parts, key)
		}
		if now != nil {
			own.provisioned += int(now.Requested)
			c.parts[key] = int(now.Requested)
		}
		c.any.Store(int32(len(c.parts)))
	})
}

// functionOf is the function's key of the key of something it has.
func functionOf(key string) string { return key[:strings.LastIndexByte(key, 0)] }

func (c *claims) change(key string, change func(*claim)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.functions[key]
	c.places[place(key)] -= own.size()
	change(&own)
	c.places[place(key)] += own.size()
	if own == (claim{}) {
		delete(c.functions, key)
	} else {
		c.functions[key] = own
	}
}

// at is what the functions of a region and account claim together.
func (c *claims) at(r ref) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.places[r.account+"\x00"+r.region]
}

// provisioned is what is provisioned for one function's versions and aliases.
func (c *claims) provisioned(r ref) int {
	if c.any.Load() == 0 {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.functions[r.key()].provisioned
}

// part is what is provisioned for exactly this version or alias.
func (c *claims) part(r ref) (pool string, most int) {
	if r.qualifier == "" || c.any.Load() == 0 {
		return "", 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pool = r.part(r.qualifier)
	return pool, c.parts[pool]
}
