package iam

import (
	"encoding/binary"
	"math/bits"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// principal is a user or a role. It never changes: once it was asked for, one
// with its policies put together takes its place in the index.
type principal struct {
	user *user
	role *role

	// merged says that grants are what the gate is told, as of generation.
	merged bool
	// broken says a policy could not be compiled: a fault of ours. Nothing is
	// allowed then, since what it denies is not known.
	broken     bool
	generation uint64
	grants     op.Grants
}

// together is a principal with the policies that were collected. Those of most
// principals are few: they lie next to it in memory, since a decision of one of
// many principals costs what it costs to fetch them.
func (m *merger) together() *principal {
	n := len(m.identity)
	if m.boundary != nil {
		n++
	}
	var p *principal
	var room []policy.Attached
	switch n {
	case 0:
		return new(principal)
	case 1:
		b := new(beside[[1]policy.Attached])
		p, room = &b.principal, b.room[:]
	case 2:
		b := new(beside[[2]policy.Attached])
		p, room = &b.principal, b.room[:]
	case 3:
		b := new(beside[[3]policy.Attached])
		p, room = &b.principal, b.room[:]
	case 4:
		b := new(beside[[4]policy.Attached])
		p, room = &b.principal, b.room[:]
	default:
		p, room = new(principal), make([]policy.Attached, n)
	}
	n = copy(room, m.identity)
	p.grants.Identity = room[:n:n]
	if m.boundary != nil {
		room[n] = *m.boundary
		p.grants.Boundary = &room[n]
	}
	return p
}

// beside is a principal with room for its policies.
type beside[R any] struct {
	principal principal
	room      R
}

// principals finds principals by unique id. It is a hash table like Go's map,
// but with the ids themselves in the slots: finding one of a hundred thousand
// costs one line of memory, where a map from strings takes three. The zero
// value is empty.
type principals struct {
	// slots are a power of two, at most three quarters of them taken. What does
	// not find its own slot free goes to the next one that is.
	slots []principalSlot
	count int
}

// principalSlot is free when it has no principal.
type principalSlot struct {
	id        uniqueID
	principal *principal
}

// uniqueIDLength is that of every unique id: four letters and 17 characters.
const uniqueIDLength = 21

// uniqueID is a unique id in three words; the last one overlaps the second.
type uniqueID [3]uint64

func packID(id string) (u uniqueID, ok bool) {
	if len(id) != uniqueIDLength {
		return u, false
	}
	var b [uniqueIDLength]byte
	copy(b[:], id)
	return uniqueID{
		binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[uniqueIDLength-8:]),
	}, true
}

// hash mixes the words: an id is random, but for its letters.
func (u *uniqueID) hash() int {
	const factor = 0x9e3779b97f4a7c15
	h := (u[0]*factor ^ u[1]) * factor
	h = (bits.RotateLeft64(h, 32) ^ u[2]) * factor
	return int(h >> 33)
}

// at is the slot of an id, or the free one where it would go.
func (t *principals) at(id uniqueID) int {
	mask := len(t.slots) - 1
	for at := id.hash() & mask; ; at = (at + 1) & mask {
		if s := &t.slots[at]; s.principal == nil || s.id == id {
			return at
		}
	}
}

// find is the principal of an id, nil if there is none.
func (t *principals) find(id string) *principal {
	u, ok := packID(id)
	if !ok || t.count == 0 {
		return nil
	}
	return t.slots[t.at(u)].principal
}

// put sets the principal of an id. It refuses what is no unique id.
func (t *principals) put(id string, p *principal) bool {
	u, ok := packID(id)
	if !ok {
		return false
	}
	if 4*(t.count+1) > 3*len(t.slots) {
		t.grow()
	}
	s := &t.slots[t.at(u)]
	if s.principal == nil {
		t.count++
	}
	*s = principalSlot{u, p}
	return true
}

func (t *principals) grow() {
	old := t.slots
	t.slots = make([]principalSlot, max(8, 2*len(old)))
	for i := range old {
		if old[i].principal != nil {
			t.slots[t.at(old[i].id)] = old[i]
		}
	}
}

// delete takes an id out, and moves up what went past its slot.
func (t *principals) delete(id string) {
	if t.find(id) == nil {
		return
	}
	t.count--
	u, _ := packID(id)
	mask := len(t.slots) - 1
	gap := t.at(u)
	for at := (gap + 1) & mask; t.slots[at].principal != nil; at = (at + 1) & mask {
		// What lies no further from its own slot than from the gap stays.
		if own := t.slots[at].id.hash() & mask; (at-own)&mask >= (at-gap)&mask {
			t.slots[gap], gap = t.slots[at], at
		}
	}
	t.slots[gap] = principalSlot{}
}
