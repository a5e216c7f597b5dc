package lambda

import (
	"math/rand/v2"
	"strconv"

	"github.com/sallyport/sallyport/internal/store"
)

// versionKey sorts versions by number.
func versionKey(r ref, version string) string {
	n, err := strconv.Atoi(version)
	if err != nil {
		return r.part(version) // no number: no such key
	}
	return r.part(numberKey(n))
}

func numberKey(n int) string {
	s := strconv.Itoa(n)
	return "0000000000"[:max(0, 10-len(s))] + s
}

// view reads state as one writer sees it, or (tx nil) as of the last commit.
type view struct {
	s  *Service
	tx *store.Tx
}

func (s *Service) now() view { return view{s: s} }

func get[T any](v view, t *store.Table[T], key string) *T {
	if v.tx == nil {
		return t.Get(key)
	}
	return t.GetIn(v.tx, key)
}

func (v view) function(r ref) *function { return get(v, v.s.functions, r.key()) }

func (v view) version(r ref, number string) *config {
	return get(v, v.s.versions, versionKey(r, number))
}

func (v view) alias(r ref, name string) *alias { return get(v, v.s.aliases, r.part(name)) }

// code is the version that a reference means now; nil when there is none. An
// alias means its main version.
func (v view) code(r ref) *config {
	f := v.function(r)
	if f == nil {
		return nil
	}
	switch {
	case r.qualifier == "" || r.qualifier == latest:
		return &f.Latest
	case isVersion(r.qualifier):
		return v.version(r, r.qualifier)
	}
	if a := v.alias(r, r.qualifier); a != nil {
		return v.code(r.with(a.Version))
	}
	return nil
}

// drawn is code for one invoke: an alias with weights chooses by them.
func (v view) drawn(r ref) *config {
	if r.qualifier != "" && isAlias(r.qualifier) {
		if a := v.alias(r, r.qualifier); a != nil {
			return v.code(r.with(a.draw(rand.Float64())))
		}
		return nil
	}
	return v.code(r)
}
