package s3

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/sallyport/sallyport/internal/api"
)

// read opens some of a version's bytes. What is one file goes out as one.
func (s *Service) read(v *version, at span) (*api.Stream, error) {
	if at.size == 0 {
		return &api.Stream{Body: io.NopCloser(eof{}), Length: 0}, nil
	}
	r := &reader{s: s, left: at.size}
	skip := at.from
	for _, g := range v.Segments {
		if len(r.segments) == 0 && skip >= g.Size {
			skip -= g.Size
			continue
		}
		r.segments = append(r.segments, g)
	}
	r.skip = skip
	if len(v.Segments) > 1 {
		r.pinned = v.files()
		s.pins.pin(r.pinned)
	}
	if err := r.next(); err != nil {
		_ = r.Close() // nothing was read
		if now := s.find(nil, v.Bucket, v.Key, v.ID); errors.Is(err, fs.ErrNotExist) && (now == nil || now.Order != v.Order) {
			return nil, overtaken()
		}
		return nil, err // bytes that a record names are gone: a fault of ours
	}
	if r.pinned == nil {
		return &api.Stream{Body: r.file, Length: at.size}, nil
	}
	return &api.Stream{Body: r, Length: at.size}, nil
}

// overtaken is the answer to a read of a version that was replaced between its
// being found and its being opened; clients try again.
func overtaken() *api.Error { return api.Newf(503, "SlowDown", "Please reduce your request rate.") }

// reader gives the bytes of several files, one after the other.
type reader struct {
	s        *Service
	file     *os.File
	segments []segment
	pinned   []string
	// skip is where in the next file to begin, left how many bytes are wanted.
	skip, left int64
}

// next opens the next file.
func (r *reader) next() error {
	if r.file != nil {
		if err := r.file.Close(); err != nil {
			return err
		}
		r.file = nil
	}
	if len(r.segments) == 0 {
		return io.ErrUnexpectedEOF
	}
	file, err := r.s.files.Open(r.segments[0].File)
	if err != nil {
		return err
	}
	r.segments = r.segments[1:]
	if _, err := file.Seek(r.skip, io.SeekStart); err != nil {
		return errors.Join(err, file.Close())
	}
	r.file, r.skip = file, 0
	return nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.left == 0 {
			return 0, io.EOF
		}
		if r.file == nil {
			return 0, io.ErrUnexpectedEOF
		}
		n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if err == io.EOF && n == 0 {
			if err := r.next(); err != nil {
				return 0, err
			}
			continue
		}
		if err == io.EOF {
			err = nil
		}
		return n, err
	}
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.left = 0
	if r.pinned != nil {
		r.s.pins.unpin(r.pinned, r.s.removeFile)
		r.pinned = nil
	}
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// pins keep files that are being read: an answer is of the version it began
// with, whatever becomes of that.
type pins struct {
	mu    sync.Mutex
	users map[string]int
	// gone are files to remove once their last reader is done.
	gone map[string]bool
}

func newPins() *pins { return &pins{users: map[string]int{}, gone: map[string]bool{}} }

func (p *pins) pin(names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		p.users[name]++
	}
}

// unpin removes what was to go meanwhile.
func (p *pins) unpin(names []string, remove func(string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if p.users[name]--; p.users[name] > 0 {
			continue
		}
		delete(p.users, name)
		if p.gone[name] {
			delete(p.gone, name)
			remove(name)
		}
	}
}

// remove removes files together, so that a reader that pins them finds all of
// them or none.
func (p *pins) remove(names []string, remove func(string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if p.users[name] > 0 {
			p.gone[name] = true
			continue
		}
		remove(name)
	}
}
