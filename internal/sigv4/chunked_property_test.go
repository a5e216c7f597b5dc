package sigv4

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// TestChunksSignedBySpecificationVerify, and no flip of any byte of them makes
// another body of it: it is refused, or says the same in other letters.
func TestChunksSignedBySpecificationVerify(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(limits.SmallestChunk, limits.SmallestChunk+300), 0, 3).Draw(rt, "sizes")
		sizes = append(sizes, rapid.IntRange(1, 200).Draw(rt, "size of the last"))
		mode, trailer := "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ""
		if rapid.Bool().Draw(rt, "trailer") {
			mode, trailer = mode+"-TRAILER", "x-amz-checksum-crc32"
		}
		flip := rapid.IntRange(-1, 100_000).Draw(rt, "byte to flip")
		bit := rapid.IntRange(0, 7).Draw(rt, "bit")
		want := ""
		for i, size := range sizes {
			want += strings.Repeat(string(rune('a'+i)), size)
		}
		flipped := false
		r := chunkedRequest(t, mode, trailer, len(want), func(seed string) string {
			w, rest := newChunker(seed), want
			for _, size := range sizes {
				w.signed(rest[:size])
				rest = rest[size:]
			}
			w.signed("")
			if trailer != "" {
				w.trailer(trailer, "NhCmhg==")
			}
			body := []byte(w.end())
			if flip >= 0 {
				flipped = true
				body[flip%len(body)] ^= 1 << bit
			}
			return string(body)
		})
		_, got, stream, failure := open(s3Verifier(s3Time), r)
		switch {
		case !flipped && failure != nil:
			rt.Fatalf("refused: %v", failure)
		case failure == nil && (string(got) != want || stream.Trailers[trailer] != map[string]string{"": "", "x-amz-checksum-crc32": "NhCmhg=="}[trailer]):
			rt.Fatalf("another body verifies: %.40q, %v", got, stream.Trailers)
		case failure != nil && !strings.HasPrefix(want, string(got)):
			rt.Fatalf("bytes were handed on that nobody signed")
		}
	})
}

// TestEveryFlipOfAChunkedBody, one bit at a time.
func TestEveryFlipOfAChunkedBody(t *testing.T) {
	const mode, trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "x-amz-checksum-crc32"
	var body []byte
	chunkedRequest(t, mode, trailer, 43, func(seed string) string {
		body = []byte(newChunker(seed).signed(strings.Repeat("hello, world! ", 3)+"x").signed("").trailer(trailer, "NhCmhg==").end())
		return ""
	})
	verified := 0
	for i := range body {
		for bit := range 8 {
			body[i] ^= 1 << bit
			r := chunkedRequest(t, mode, trailer, 43, func(string) string { return string(body) })
			_, got, stream, failure := open(s3Verifier(s3Time), r)
			if failure == nil {
				verified++
				if string(got) != strings.Repeat("hello, world! ", 3)+"x" || stream.Trailers[trailer] != "NhCmhg==" {
					t.Errorf("byte %d, bit %d: %q verifies", i, bit, got)
				}
			}
			body[i] ^= 1 << bit
		}
	}
	// The sizes and the trailer's name in other letters; nothing else.
	if most := len("2b"+trailer+"x-amz-trailer-signature") + 8; verified > most {
		t.Errorf("%d flips verified, want at most %d", verified, most)
	}
}

// FuzzChunks: whatever comes is refused or read to its end, without more bytes
// than were declared; signed framing needs signatures nobody can guess.
func FuzzChunks(f *testing.F) {
	for _, seed := range []string{
		"5\r\nhello\r\n0\r\n\r\n", "0\r\n", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "-1\r\n", "7fffffffffffffff\r\n", "5 ; a = b\r\nhello\r\n0\r\n\r\n",
		"5;chunk-signature=" + strings.Repeat("0", 64) + "\r\nhello\r\n0;chunk-signature=" + strings.Repeat("0", 64) + "\r\n\r\n", "", "\r\n\r\n", "0\r\nx-amz-trailer-signature:\r\n\r\n",
	} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, body string, length int) {
		if length < 0 {
			return
		}
		for _, trailer := range []string{"", "x-amz-checksum-crc32"} {
			r := chunkedRequest(t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", trailer, length, func(string) string { return body })
			_, got, stream, failure := open(s3Verifier(s3Time), r)
			if failure == nil && (len(got) != length || (trailer != "") != (stream.Trailers != nil)) || len(got) > length || len(got) > len(body) {
				t.Errorf("%q of %d declared, trailers %v, %v", got, length, stream.Trailers, failure)
			}
			for _, mode := range []string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"} {
				r := chunkedRequest(t, mode, trailer, length, func(string) string { return body })
				if _, got, _, failure := open(s3Verifier(s3Time), r); failure == nil || len(got) > 0 {
					t.Errorf("%s: %q verifies", mode, got)
				}
			}
		}
	})
}

// TestMemoryOfSignedChunks: a chunk that is only promised takes up no room.
func TestMemoryOfSignedChunks(t *testing.T) {
	r := chunkedRequest(t, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", limits.SignedChunk, func(string) string {
		return fmt.Sprintf("%x;chunk-signature=%064x\r\nhello", limits.SignedChunk, 0)
	})
	_, p, failure := s3Verifier(s3Time).VerifyHead(r, Expect{Service: s3API})
	if failure != nil {
		t.Fatal(failure.Error(s3API, api.RESTXML))
	}
	c := p.Open(r.Body).Body.(*chunked)
	if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("got %v", err)
	}
	if cap(c.room) > limits.ChunkBuffer {
		t.Errorf("%d bytes are kept", cap(c.room))
	}
}
