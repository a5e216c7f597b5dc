package runtimes

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// Set finds runtimes and remembers them. It is safe for concurrent use.
type Set struct {
	strict bool
	host   host

	mu sync.Mutex
	// loops is where loops are compiled to, if anywhere.
	loops string
	known map[string]*resolution
	// answers are what programs said of themselves, by path.
	answers map[string]func() (interpreter, error)
}

// resolution is one name's way to a runtime.
type resolution struct {
	// done is closed when the rest is set.
	done    chan struct{}
	runtime Runtime
	err     error
	// searched is where it was looked for in vain.
	searched []candidate
	// unsure says that a program did not answer in time: it may the next time.
	unsure bool
}

// New makes an empty set. Nothing is looked for before the first Resolve.
// strict refuses every release but the one asked for.
func New(strict bool) *Set { return newSet(strict, thisHost()) }

func newSet(strict bool, h host) *Set {
	return &Set{strict: strict, host: h, known: map[string]*resolution{}, answers: map[string]func() (interpreter, error){}}
}

// Resolve finds what starts functions of a runtime. The first call for a name
// takes as long as asking one or more programs for their version; later ones
// remember. What was removed or installed since is noticed.
//
// Of the release that was asked for, the first one is taken: in PATH, then in
// the usual places. Without one, the nearest newer release stands in. An error
// is a *MissingError.
func (s *Set) Resolve(name string) (Runtime, error) {
	a, err := read(name)
	if err != nil {
		return Runtime{}, err
	}
	if a.language == provided || a.language == golang {
		version := strings.TrimPrefix(strings.TrimPrefix(name, a.language), ".")
		return Runtime{Asked: name, Language: a.language, Version: version, Exact: true}, nil
	}
	for {
		s.mu.Lock()
		r, found := s.known[name]
		if !found {
			r = &resolution{done: make(chan struct{})}
			s.known[name] = r
		}
		s.mu.Unlock()
		if !found {
			s.find(a, r)
			close(r.done)
			return r.runtime, r.err
		}
		<-r.done
		if !s.stale(a, r) {
			return r.runtime, r.err
		}
		s.forget(name, r)
	}
}

// stale says that the machine has changed since.
func (s *Set) stale(a asked, r *resolution) bool {
	if r.err != nil {
		return r.unsure || !slices.Equal(r.searched, languages[a.language].search(s.host))
	}
	_, err := os.Stat(r.runtime.Interpreter)
	return err != nil
}

// forget drops a resolution and everything programs have said.
func (s *Set) forget(name string, r *resolution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[name] == r {
		delete(s.known, name)
		clear(s.answers)
	}
}

// Report lists the runtimes that were asked for and run on another release.
func (s *Set) Report() []Substitution {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Substitution
	for name, r := range s.known {
		select {
		case <-r.done:
		default:
			continue
		}
		if r.err == nil && !r.runtime.Exact {
			all = append(all, Substitution{Runtime: name, Language: r.runtime.Language, Version: r.runtime.Version, Interpreter: r.runtime.Interpreter})
		}
	}
	slices.SortFunc(all, func(a, b Substitution) int { return strings.Compare(a.Runtime, b.Runtime) })
	return all
}

// find searches for one name.
func (s *Set) find(a asked, r *resolution) {
	l := languages[a.language]
	r.searched = l.search(s.host)
	f := finding{set: s, language: l, candidates: r.searched, failed: map[candidate]error{}}
	i, ok := f.release(a.release)
	if ok {
		r.runtime = newRuntime(a, i, true)
		return
	}
	if !s.strict {
		for _, release := range f.releases() {
			if release < a.release {
				continue
			}
			if i, ok := f.release(release); ok {
				r.runtime = newRuntime(a, i, false)
				return
			}
		}
	}
	r.err = f.missing(a, s.strict)
	r.unsure = f.unsure
}

func newRuntime(a asked, i interpreter, exact bool) Runtime {
	return Runtime{
		Asked: a.name, Language: a.language, Interpreter: i.path, Version: i.version.String(), Exact: exact,
		Mounts: i.mounts, libraries: i.libraries,
	}
}

// finding is one search among candidates.
type finding struct {
	set        *Set
	language   language
	candidates []candidate
	// failed are those that were asked in vain.
	failed map[candidate]error
	unsure bool
}

// release finds a program of one release: one whose name or folder says so
// first, and only then among those that have to be asked.
func (f *finding) release(want int) (interpreter, bool) {
	if want < f.language.oldest {
		return interpreter{}, false
	}
	for _, said := range []int{want, 0} {
		for _, c := range f.candidates {
			if c.release != said {
				continue
			}
			if i, ok := f.ask(c); ok && f.language.release(i.version) == want {
				return i, true
			}
		}
	}
	return interpreter{}, false
}

// ask asks a candidate, once for all.
func (f *finding) ask(c candidate) (interpreter, bool) {
	s := f.set
	s.mu.Lock()
	answer, ok := s.answers[c.path]
	if !ok {
		loops := s.loops
		answer = sync.OnceValues(func() (interpreter, error) { return f.language.ask(s.host, c.path, loops) })
		s.answers[c.path] = answer
	}
	s.mu.Unlock()
	i, err := answer()
	if late(err) {
		f.unsure = true
		s.mu.Lock()
		delete(s.answers, c.path)
		s.mu.Unlock()
	}
	if err != nil {
		f.failed[c] = err
	}
	return i, err == nil
}

// releases lists the releases there seem to be, in order.
func (f *finding) releases() []int {
	var all []int
	for _, c := range f.candidates {
		release := c.release
		if f.failed[c] != nil {
			continue
		}
		if release == 0 {
			i, ok := f.ask(c)
			if !ok {
				continue
			}
			release = f.language.release(i.version)
		}
		if release >= f.language.oldest {
			all = append(all, release)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missing words what is here in the place of what was asked for.
func (f *finding) missing(a asked, strict bool) error {
	e := &MissingError{Asked: a.name}
	for _, release := range f.releases() {
		e.Installed = append(e.Installed, f.language.name(release))
	}
	title, name := f.language.title, f.language.name(a.release)
	switch installed := strings.Join(e.Installed, ", "); {
	case installed == "":
		e.text = fmt.Sprintf("no %s is installed here that can run it. Install %s, or bring a bootstrap with provided.al2023", title, name)
	case strict:
		e.text = fmt.Sprintf("%s is not installed here, and strict runtimes let no other version stand in. Installed: %s", name, installed)
	default:
		e.text = fmt.Sprintf("neither %s nor a newer %s is installed here. Installed: %s", name, title, installed)
	}
	for _, c := range f.candidates {
		if err := f.failed[c]; err != nil && c.release >= a.release {
			e.text += ". Not usable: " + err.Error()
			break
		}
	}
	return e
}
