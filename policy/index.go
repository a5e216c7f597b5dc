package policy

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// index finds the statements of a policy that may apply to a request, so that
// the others are never looked at. A statement may be left out only when it is
// sure not to apply: what rests on an open rule, or is malformed, is always
// looked at.
//
// A statement is filed in one of three ways:
//
//   - by the literal text its resources begin with, cut to a multiple of
//     prefixStep bytes, if all of them begin with some;
//   - else by its actions, or by the services of actions with wildcards;
//   - else under nothing: it is always looked at.
//
// Keys are hashes. Two keys with one hash cost a look at a statement, nothing
// more.
type index struct {
	// lengths has bit n set when some key is of n steps.
	lengths uint32
	// actions says that some statement is filed by action.
	actions bool
	// filter has the bits of all keys: most requests have few keys of a policy.
	filter uint64
	// slots is a hash table of a power of two.
	slots   []slot
	members []member
	always  []member
}

// member is a statement of an index. actions has the bits of its actions, all
// of them where it can not be told: most statements about a resource are about
// other actions.
type member struct{ statement, actions uint32 }

// actionBit is the bit of an action's hash.
func actionBit(hash uint32) uint32 { return 1 << (hash >> 27) }

// filterBit is the bit of a key in a filter.
func filterBit(hash uint32) uint64 { return 1 << (hash >> 26) }

type slot struct {
	hash     uint32
	from, to uint32
}

// Prefixes are cut to a multiple of prefixStep, and to prefixSteps of them.
const (
	prefixStep  = 4
	prefixSteps = 16
)

// Seeds keep the kinds of key apart.
const (
	seedPrefix  = 0x9e3779b97f4a7c15
	seedAction  = 0xc2b2ae3d27d4eb4f
	seedService = 0x165667b19e3779f9
	hashFactor  = 0xd6e8feb86659fd93
)

// hashStep adds the step at an offset of a text. The upper half is the hash.
func hashStep(h uint64, s string, at int) uint64 {
	_ = s[at+prefixStep-1]
	return (h ^ uint64(uint32(s[at])|uint32(s[at+1])<<8|uint32(s[at+2])<<16|uint32(s[at+3])<<24)) * hashFactor
}

// hashFolded hashes a name of ASCII letters without regard to case, eight
// characters at a time; the last eight may overlap those before.
func hashFolded(seed uint64, s string) uint32 {
	h := seed ^ uint64(len(s))
	if len(s) < 8 {
		var word uint64
		for i := range len(s) {
			word = word<<8 | uint64(s[i]|0x20)
		}
		return uint32((h ^ word) * hashFactor >> 32)
	}
	last := len(s) - 8
	for at := 0; at < last; at += 8 {
		h = (h ^ foldedWord(s[at:])) * hashFactor
		h ^= h >> 32
	}
	return uint32((h ^ foldedWord(s[last:])) * hashFactor >> 32)
}

// foldedWord are the first eight characters of a name, in one case.
func foldedWord(s string) uint64 {
	_ = s[7]
	return 0x2020202020202020 | uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// filing is a statement's keys: by prefix, by action, or none.
type filing struct {
	lengths uint32
	hashes  []uint32
	actions bool
}

func makeIndex(statements []statement) index {
	var x index
	filed := map[uint32][]member{}
	for i := range statements {
		s := &statements[i]
		if s.never != "" {
			continue
		}
		f, m := s.filing(), member{uint32(i), s.action.bits()}
		if len(f.hashes) == 0 {
			x.always = append(x.always, m)
			continue
		}
		x.lengths |= f.lengths
		x.actions = x.actions || f.actions
		for _, h := range f.hashes {
			list := filed[h]
			if len(list) == 0 || list[len(list)-1] != m {
				filed[h] = append(list, m)
			}
		}
	}
	if len(filed) == 0 {
		return x
	}
	x.slots = make([]slot, 1<<bits.Len(uint(2*len(filed))))
	for h, list := range filed {
		x.filter |= filterBit(h)
		from := uint32(len(x.members))
		x.members = append(x.members, list...)
		at := h & uint32(len(x.slots)-1)
		for x.slots[at].to != 0 {
			at = (at + 1) & uint32(len(x.slots)-1)
		}
		x.slots[at] = slot{h, from, uint32(len(x.members))}
	}
	return x
}

// find gives the statements filed under a hash.
func (x *index) find(hash uint32) []member {
	if x.filter&filterBit(hash) == 0 {
		return nil
	}
	mask := uint32(len(x.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		s := &x.slots[at]
		switch {
		case s.to == 0:
			return nil
		case s.hash == hash:
			return x.members[s.from:s.to]
		}
	}
}

func (s *statement) filing() filing {
	if f := s.resource.filing(); len(f.hashes) > 0 {
		return f
	}
	return s.action.filing()
}

// filing is by the texts all the resources begin with. A resource that is
// malformed may match anything.
func (e *resourceElement) filing() filing {
	var f filing
	if !e.present || e.except || e.problem != "" {
		return filing{}
	}
	for i := range e.patterns {
		p := &e.patterns[i]
		if p.any || p.fault == arnNone || p.unclear || len(p.pieces) == 0 || p.pieces[0].kind != pieceText {
			return filing{}
		}
		text := p.pieces[0].text
		steps := min(len(text)/prefixStep, prefixSteps)
		if steps == 0 {
			return filing{}
		}
		h := uint64(seedPrefix)
		for n := range steps {
			h = hashStep(h, text, n*prefixStep)
		}
		f.lengths |= 1 << steps
		f.hashes = append(f.hashes, uint32(h>>32))
	}
	return f
}

// filing is by the actions, if each names its service.
func (e *actionElement) filing() filing {
	f := filing{actions: true}
	if e.except || e.problem != "" {
		return filing{}
	}
	for i := range e.patterns {
		p := &e.patterns[i]
		if p.any || p.always || p.caveat != 0 {
			return filing{}
		}
		if p.plain {
			f.hashes = append(f.hashes, hashFolded(seedAction, p.exact))
			continue
		}
		service, _, _ := strings.Cut(p.written, ":")
		f.hashes = append(f.hashes, hashFolded(seedService, service))
	}
	return f
}

// bits are those of the actions, if each is written out.
func (e *actionElement) bits() uint32 {
	const all = 1<<32 - 1
	if e.except || e.problem != "" {
		return all
	}
	var set uint32
	for i := range e.patterns {
		if p := &e.patterns[i]; !p.plain || p.any || p.always || p.caveat != 0 {
			return all
		}
		set |= actionBit(e.patterns[i].hash)
	}
	return set
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// keys are those of a request.
type keys struct {
	// prefixes[n] is the hash of the resource's first n steps; lengths has bit
	// n set when it has that many.
	prefixes        [prefixSteps + 1]uint32
	lengths         uint32
	action, service uint32
	// actionBit is that of the action.
	actionBit uint32
}

func (k *keys) setResource(resource string) {
	h := uint64(seedPrefix)
	steps := min(len(resource)/prefixStep, prefixSteps)
	for n := range steps {
		h = hashStep(h, resource, n*prefixStep)
		k.prefixes[n+1] = uint32(h >> 32)
	}
	k.lengths = 1<<(steps+1) - 1
}

// setAction says whether the action is one: service:Name in ASCII, without
// wildcards.
func (k *keys) setAction(action string) bool {
	colon := -1
	for i := range len(action) {
		c := action[i]
		if c-'@' < utf8.RuneSelf-'@' {
			continue // a letter, most of the time
		}
		switch {
		case c == ':' && colon >= 0, c == '*', c == '?', c == ' ', c >= utf8.RuneSelf:
			return false
		case c == ':':
			colon = i
		}
	}
	if colon <= 0 || colon == len(action)-1 {
		return false
	}
	k.action, k.service = hashFolded(seedAction, action), hashFolded(seedService, action[:colon])
	k.actionBit = actionBit(k.action)
	return true
}
