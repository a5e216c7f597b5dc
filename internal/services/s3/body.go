package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// staged is a body that was written to a file no record names yet.
type staged struct {
	file string
	size int64
	// md5 is the sum in hexadecimal; sum is of the algorithm that was asked for.
	md5 string
	sum checksum
}

// claims are what a request says about its body.
type claims struct {
	md5 string
	sum checksum
	// algorithm is of a sum that comes after the body, or that is only wanted.
	algorithm string
}

// want is the algorithm of the sum to make.
func (c *claims) want() string {
	switch {
	case c.sum.Algorithm != "":
		return c.sum.Algorithm
	case c.algorithm != "":
		return c.algorithm
	}
	return defaultSum
}

// stage writes a body to a file, and compares it with what was claimed of it.
// Whoever stores no record of the file removes it.
func (s *Service) stage(ctx context.Context, body *api.Stream, c claims) (*staged, error) {
	if err := first(checkMD5(c.md5), c.sum.check()); err != nil {
		return nil, err
	}
	name, file, err := s.files.New()
	if err != nil {
		return nil, err
	}
	d := &digests{md5: md5.New(), sum: newSum(c.want())}
	var r io.Reader = eof{}
	if body != nil && body.Body != nil {
		r = body.Body
	}
	size, err := d.copy(file, io.LimitReader(r, limits.ObjectBody+1))
	err = first(err, file.Close())
	out := &staged{file: name, size: size}
	if err == nil {
		err = s.verify(out, d, body, c)
	}
	if err != nil {
		s.remove(name)
		return nil, bodyError(err)
	}
	return out, nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// bodyError words what goes wrong while a body arrives.
func bodyError(err error) error {
	var known *api.Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return incompleteBody()
	}
	return err
}

func incompleteBody() *api.Error {
	return api.Newf(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
}

// verify compares a whole body with its claims.
func (s *Service) verify(out *staged, d *digests, body *api.Stream, c claims) error {
	if out.size > limits.ObjectBody {
		return with(api.Newf(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"), "ProposedSize", number(out.size), "MaxSizeAllowed", number(int64(limits.ObjectBody)))
	}
	if body != nil && body.Length >= 0 && out.size != body.Length {
		return incompleteBody()
	}
	raw := d.md5.Sum(nil)
	out.md5 = hex.EncodeToString(raw)
	if given := base64.StdEncoding.EncodeToString(raw); c.md5 != "" && c.md5 != given {
		return with(api.Newf(400, "BadDigest", "The Content-MD5 you specified did not match what we received."), "ExpectedDigest", c.md5, "CalculatedDigest", given)
	}
	out.sum = checksum{c.want(), base64.StdEncoding.EncodeToString(d.sum.Sum(nil))}
	claimed := c.sum
	if body != nil && claimed.Value == "" {
		claimed = trailing(body.Trailers)
	}
	if err := claimed.check(); err != nil || claimed.Value == "" {
		return err
	}
	if claimed.Algorithm != out.sum.Algorithm {
		// The trailer was not announced: the bytes are read once more.
		sum, err := s.sumOf(out.file, claimed.Algorithm)
		if err != nil {
			return err
		}
		out.sum = sum
	}
	if claimed != out.sum {
		return badDigest(claimed.Algorithm)
	}
	return nil
}

// sumOf reads a file for its sum.
func (s *Service) sumOf(name, algorithm string) (checksum, error) {
	file, err := s.files.Open(name)
	if err != nil {
		return checksum{}, err
	}
	defer file.Close()
	h := newSum(algorithm)
	if _, err := io.Copy(h, file); err != nil {
		return checksum{}, err
	}
	return checksum{algorithm, base64.StdEncoding.EncodeToString(h.Sum(nil))}, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// digests are the sums that are made of bytes on their way to a file.
type digests struct{ md5, sum hash.Hash }

// Blocks of a body: a body of one block is summed as it is; a longer one is
// read, summed and written at the same time.
const (
	smallBlock = 16 << 10
	blockSize  = 256 << 10
	blocks     = 5
)

func (d *digests) copy(file *os.File, r io.Reader) (int64, error) {
	// A small object takes a small block.
	block, err := fill(make([]byte, 0, smallBlock), r)
	if err == nil {
		block, err = fill(append(make([]byte, 0, blockSize), block...), r)
	}
	if err == nil {
		return d.pipe(file, block, r)
	}
	if err != io.EOF {
		return 0, err
	}
	d.md5.Write(block)
	d.sum.Write(block)
	_, err = file.Write(block)
	return int64(len(block)), err
}

// fill reads until the block is full or the body ends, which io.EOF says.
func fill(block []byte, r io.Reader) ([]byte, error) {
	for len(block) < cap(block) {
		n, err := r.Read(block[len(block):cap(block)])
		block = block[:len(block)+n]
		if err != nil {
			return block, err
		}
	}
	return block, nil
}

// shared is a block that several readers are done with one by one.
type shared struct {
	data  []byte
	users atomic.Int32
}

// pipe sums and writes blocks while the next ones are read.
func (d *digests) pipe(file *os.File, head []byte, r io.Reader) (int64, error) {
	free := make(chan *shared, blocks)
	for range blocks - 1 {
		free <- &shared{data: make([]byte, blockSize)}
	}
	var (
		workers  sync.WaitGroup
		writeErr error
		queues   []chan *shared
	)
	for _, use := range []func([]byte){
		func(p []byte) { d.md5.Write(p) },
		func(p []byte) { d.sum.Write(p) },
		func(p []byte) {
			if writeErr == nil {
				_, writeErr = file.Write(p)
			}
		},
	} {
		q := make(chan *shared, blocks)
		queues = append(queues, q)
		workers.Go(func() {
			for b := range q {
				use(b.data)
				if b.users.Add(-1) == 0 {
					free <- b
				}
			}
		})
	}
	send := func(b *shared) {
		b.users.Store(int32(len(queues)))
		for _, q := range queues {
			q <- b
		}
	}
	send(&shared{data: head})
	size, err := int64(len(head)), error(nil)
	for err == nil {
		b := <-free
		b.data, err = fill(b.data[:0], r)
		size += int64(len(b.data))
		send(b)
	}
	for _, q := range queues {
		close(q)
	}
	workers.Wait()
	if err != io.EOF {
		return size, err
	}
	return size, writeErr
}
