package api

import (
	"bytes"
	"io"
)

// Stream is a body that is never held in memory as a whole: an S3 object on its
// way in or out.
//
// Of an input, Body gives the decoded bytes and checks them on the way: where
// the request's signature or its framing covers them, the read that would give
// io.EOF gives an *Error instead if they are not what was signed. A handler
// stages what it reads, and commits only after io.EOF. Of an output, whoever
// writes the answer reads Body to its end and closes it in any case.
type Stream struct {
	Body io.ReadCloser
	// Length is how many bytes Body has, in bytes; -1 when that is known only at
	// the end.
	Length int64
	// Trailers are the headers that came after the body, by their names in lower
	// case. They are complete once Body gave io.EOF, and nil where none came.
	Trailers map[string]string
}

// BytesStream is a Stream of bytes that are in memory already.
func BytesStream(b []byte) *Stream {
	return &Stream{Body: io.NopCloser(bytes.NewReader(b)), Length: int64(len(b))}
}
