package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// chunked reads a body out of aws-chunked framing:
//
//	size in hexadecimal[;chunk-signature=hex]\r\n
//	data\r\n
//	...
//	0[;chunk-signature=hex]\r\n
//	[name:value\r\n ... [x-amz-trailer-signature:hex\r\n]]
//	\r\n
//
// A signed chunk is held back until its signature verified; an unsigned one is
// handed on as it comes. What comes after the end is ignored. What is let pass and
// what is refused, and how, is as OpenStack Swift's tests record it of AWS.
type chunked struct {
	from *bufio.Reader
	body io.Closer
	p    *Payload
	out  *api.Stream
	// verified is what is left of a signed chunk, room the memory it is in.
	verified, room []byte
	// left is what is to come of an unsigned chunk.
	left int64
	// total is the size of all chunks so far; number and last are of the latest.
	total, last int64
	number      int
	err         error
}

func newChunked(body io.ReadCloser, p *Payload, out *api.Stream) *chunked {
	return &chunked{from: bufio.NewReaderSize(body, limits.ChunkBuffer), body: body, p: p, out: out}
}

// Close implements io.Closer.
func (c *chunked) Close() error { return c.body.Close() }

// Read implements io.Reader.
func (c *chunked) Read(b []byte) (int, error) {
	for c.err == nil && len(b) > 0 {
		switch {
		case len(c.verified) > 0:
			n := copy(b, c.verified)
			c.verified = c.verified[n:]
			return n, nil
		case c.left > 0:
			return c.pass(b)
		}
		c.err = c.next()
	}
	return 0, c.err
}

// pass hands on bytes of an unsigned chunk.
func (c *chunked) pass(b []byte) (int, error) {
	n, err := c.from.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if err == nil && c.left == 0 {
		err = c.lineEnd()
	}
	c.err = broken(err)
	return n, c.err
}

// next begins the next chunk: reads a signed one and verifies it. It gives
// io.EOF after the last, once all that follows it is right.
func (c *chunked) next() error {
	line, err := c.line()
	if err != nil {
		return broken(err)
	}
	size, given, failure := c.header(line)
	if failure != nil {
		return failure
	}
	if failure := c.count(size); failure != nil {
		return failure
	}
	if size == 0 {
		return c.end(given)
	}
	if !c.p.signed {
		c.left = size
		return nil
	}
	data, err := c.read(size)
	if err == nil {
		err = c.lineEnd()
	}
	if err != nil {
		return broken(err)
	}
	if failure := c.p.chain.chunk(data, given); failure != nil {
		return failure
	}
	c.verified = data
	return nil
}

// header reads "size" or "size;chunk-signature=signature", with spaces where
// AWS allows them.
func (c *chunked) header(line string) (size int64, given string, _ *api.Error) {
	text, extension, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(text), 16, 63)
	if err != nil {
		return 0, "", errIncomplete()
	}
	if !c.p.signed {
		return int64(n), "", nil
	}
	name, given, _ := strings.Cut(extension, "=")
	given = strings.TrimSpace(given)
	if strings.TrimSpace(name) != "chunk-signature" {
		given = strings.TrimSpace(extension) // no signature of anything
	} else if strings.Contains(given, ";") {
		given = ""
	}
	if given == "" {
		return 0, "", errIncomplete()
	}
	return int64(n), given, nil
}

// count holds the sizes of the chunks to their bounds and to the length that
// was declared for all of them.
func (c *chunked) count(size int64) *api.Error {
	c.number++
	if size > 0 && c.number > 1 && c.last < limits.SmallestChunk {
		return s3Error(403, "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes",
			"Chunk", c.number, "BadChunkSize", c.last)
	}
	if size > limits.SignedChunk && c.p.signed { // ours: AWS does not publish its own bound
		return s3Error(403, "InvalidChunkSizeError", "A signed chunk has at most 16777216 bytes", "Chunk", c.number, "BadChunkSize", size)
	}
	c.last = size
	if size > c.p.Length-c.total || size == 0 && c.total != c.p.Length {
		return s3Error(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header",
			"NumberBytesExpected", c.p.Length, "NumberBytesProvided", strconv.FormatUint(uint64(c.total)+uint64(size), 10))
	}
	c.total += size
	return nil
}

// end reads what follows the last chunk's header.
func (c *chunked) end(given string) error {
	if c.p.signed {
		if failure := c.p.chain.chunk(nil, given); failure != nil {
			return failure
		}
	}
	if c.p.trailers {
		return c.trailers()
	}
	line, err := c.line()
	if err != nil && err != io.EOF {
		return broken(err)
	}
	if line != "" {
		return errIncomplete()
	}
	return c.done()
}

// done is the end of a body that was right. It waits for the end of the request
// too, so that the connection can be used for another.
func (c *chunked) done() error {
	_, _ = c.from.Peek(1) // whatever comes, AWS takes no notice of it
	return io.EOF
}

// read gives the data of a signed chunk. Memory grows with what has come, not
// with what was promised.
func (c *chunked) read(size int64) ([]byte, error) {
	data := c.room[:0]
	for int64(len(data)) < size {
		piece := int(min(size-int64(len(data)), limits.ChunkBuffer))
		if cap(data)-len(data) < piece {
			grown := make([]byte, len(data), min(int(size), 2*len(data)+piece))
			copy(grown, data)
			data = grown
		}
		n, err := io.ReadFull(c.from, data[len(data):len(data)+piece])
		data = data[:len(data)+n]
		c.room = data
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// line reads one line, without its end: exactly \r\n. It gives io.EOF where the
// body ends before it.
func (c *chunked) line() (string, error) {
	line, err := c.from.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) == 0:
		return "", io.EOF
	case err == io.EOF:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	case len(line) > limits.ChunkLine || !bytes.HasSuffix(line, []byte("\r\n")):
		return "", io.ErrUnexpectedEOF
	}
	return string(line[:len(line)-2]), nil
}

// lineEnd reads the \r\n after a chunk's data.
func (c *chunked) lineEnd() error {
	var end [2]byte
	if _, err := io.ReadFull(c.from, end[:]); err != nil {
		return err
	}
	if end != [2]byte{'\r', '\n'} {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// broken is the error of a body that ends or leaves its framing where it must
// not; errors of the connection are passed on.
func broken(err error) error {
	switch {
	case err == nil:
		return nil
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), err == bufio.ErrBufferFull:
		return errIncomplete()
	}
	return err
}
