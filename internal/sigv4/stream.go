package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// Open gives the body that body carries: out of its framing, and checked on the
// way. The read that would give io.EOF gives an *api.Error if it is not what the
// headers said. Errors of body itself are passed on; a body that ends too early
// is S3's IncompleteBody.
func (p *Payload) Open(body io.ReadCloser) *api.Stream {
	s := &api.Stream{Length: p.Length}
	switch {
	case p.chunked:
		s.Body = newChunked(body, p, s)
	case p.digest:
		s.Body = &digested{ReadCloser: body, hash: sha256.New(), want: strings.ToLower(p.Declared)}
	default:
		s.Body = whole{body}
	}
	return s
}

// errIncomplete is the refusal of a body that ends, or breaks its framing.
func errIncomplete() *api.Error {
	return s3Error(400, "IncompleteBody", "The request body terminated unexpectedly")
}

// early turns an end that comes too early into S3's error.
func early(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errIncomplete()
	}
	return err
}

// whole is a body that nothing describes but its length.
type whole struct{ io.ReadCloser }

func (w whole) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	return n, early(err)
}

// digested is a body whose hash the headers declare.
type digested struct {
	io.ReadCloser
	hash hash.Hash
	want string
	err  error
}

// Read implements io.Reader.
func (d *digested) Read(b []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.ReadCloser.Read(b)
	d.hash.Write(b[:n])
	if err == nil {
		return n, nil
	}
	d.err = early(err)
	if err == io.EOF {
		if got := hex.EncodeToString(d.hash.Sum(nil)); subtle.ConstantTimeCompare([]byte(got), []byte(d.want)) != 1 {
			d.err = s3Error(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.",
				"ClientComputedContentSHA256", d.want, "S3ComputedContentSHA256", got)
		}
	}
	return n, d.err
}
