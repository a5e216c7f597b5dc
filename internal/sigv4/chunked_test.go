package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// chunker writes aws-chunked bodies as the specification's prose says, without
// any of the code under test.
type chunker struct {
	bytes.Buffer
	key  []byte
	last string
}

const chunkScope = "20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"

func newChunker(seed string) *chunker {
	key := []byte("AWS4" + s3Secret)
	for _, part := range []string{"20130524", "us-east-1", "s3", "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return &chunker{key: key, last: seed}
}

// signed appends a chunk with its signature; the last one has no data's end.
func (c *chunker) signed(data string) *chunker {
	c.last = hmacHex(c.key, "AWS4-HMAC-SHA256-PAYLOAD\n"+chunkScope+c.last+"\n"+emptyHash+"\n"+hexHash([]byte(data)))
	fmt.Fprintf(c, "%x;chunk-signature=%s\r\n%s", len(data), c.last, data)
	if data != "" {
		c.WriteString("\r\n")
	}
	return c
}

// trailer appends one trailer with the signature over it.
func (c *chunker) trailer(name, value string) *chunker {
	c.last = hmacHex(c.key, "AWS4-HMAC-SHA256-TRAILER\n"+chunkScope+c.last+"\n"+hexHash([]byte(name+":"+value+"\n")))
	fmt.Fprintf(c, "%s:%s\r\nx-amz-trailer-signature:%s\r\n", name, value, c.last)
	return c
}

func (c *chunker) end() string { c.WriteString("\r\n"); return c.String() }

// TestPublishedChunks are the examples of S3's API reference, "Transferring
// Payload in Multiple Chunks" and "Including Trailing Headers".
func TestPublishedChunks(t *testing.T) {
	first, second := strings.Repeat("a", 65536), strings.Repeat("a", 1024)
	const (
		head = "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\nHost: s3.amazonaws.com\r\nX-Amz-Date: 20130524T000000Z\r\nX-Amz-Storage-Class: REDUCED_REDUNDANCY\r\n" +
			"Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 66560\r\n"
		auth = "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;"
	)
	chunk := func(size, signature, data string) string {
		return size + ";chunk-signature=" + signature + "\r\n" + data
	}
	chunks := head + "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Length: 66824\r\n" + auth +
		"content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\r\n\r\n" +
		chunk("10000", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", first+"\r\n") +
		chunk("400", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", second+"\r\n") +
		chunk("0", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", "\r\n")
	trailers := head + "X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\r\nX-Amz-Trailer: x-amz-checksum-crc32c\r\nContent-Length: 66946\r\n" + auth +
		"host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e\r\n\r\n" +
		chunk("10000", "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", first+"\r\n") +
		chunk("400", "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7", second+"\r\n") +
		chunk("0", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992", "") +
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	for wire, crc := range map[string]string{chunks: "", trailers: "sOO8/Q=="} {
		r := fromWire(t, wire)
		who, body, stream, failure := open(s3Verifier(s3Time), r)
		if failure != nil || who == nil || string(body) != first+second || stream.Length != 66560 {
			t.Errorf("%v: %v, %d bytes", who, failure, len(body))
		} else if stream.Trailers["x-amz-checksum-crc32c"] != crc || crc == "" && stream.Trailers != nil {
			t.Errorf("trailers %v", stream.Trailers)
		}
	}
}

// chunkedRequest is a signed request whose body is what write makes of the seed.
func chunkedRequest(t testing.TB, declared, trailer string, length int, write func(seed string) string) *http.Request {
	t.Helper()
	m := s3Message("")
	m.header = http.Header{"X-Amz-Content-Sha256": {declared}, "X-Amz-Decoded-Content-Length": {fmt.Sprint(length)}}
	if length < 0 {
		m.header.Del("X-Amz-Decoded-Content-Length")
	}
	if trailer != "" {
		m.header.Set("X-Amz-Trailer", trailer)
	}
	r := m.signedInS3(t, "/bucket/a/b.txt", "")
	_, seed, _ := strings.Cut(r.Header.Get("Authorization"), ",Signature=")
	body := write(seed)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return r
}

// TestUnsignedChunks: what AWS was recorded to say of bodies in unsigned chunks
// (OpenStack Swift, test/s3api/test_input_errors.py).
func TestUnsignedChunks(t *testing.T) {
	const (
		crc       = "x-amz-checksum-crc32"
		cut       = "400 IncompleteBody: The request body terminated unexpectedly"
		wrongSize = "400 IncompleteBody: You did not provide the number of bytes specified by the Content-Length HTTP header"
		bad       = "400 MalformedTrailerError: The request contained trailing data that was not well-formed or did not conform to our published schema."
		not       = "400 InvalidRequest: The value specified in the x-amz-trailer header is not supported"
	)
	big := strings.Repeat("x", limits.SmallestChunk)
	for _, c := range []struct {
		name, trailer, body string
		length              int
		want, member        string
	}{
		{"no trailer", "", "5\r\nhello\r\n0\r\n\r\n", 5, "", ""},
		{"nothing at all", "", "0\r\n\r\n", 0, "", ""},
		{"size in upper case, with zeros", "", "000A\r\nhellohello\r\n0\r\n\r\n", 10, "", ""},
		{"without the empty line at the end", "", "5\r\nhello\r\n0\r\n", 5, "", ""},
		{"half of that line", "", "5\r\nhello\r\n0\r\n\r", 5, cut, ""},
		{"not chunked", "", "hello hello hello", 5, cut, ""},
		{"no last chunk", "", "5\r\nhello\r\n", 5, cut, ""},
		{"cut in a chunk", "", "5\r\nhell", 5, cut, ""},
		{"cut in a size", "", "5", 5, cut, ""},
		{"nothing", "", "", 5, cut, ""},
		{"no carriage returns", "", "5\nhello\n0\n\n", 5, cut, ""},
		{"no line feeds", "", "5\rhello\r0\r\r", 5, cut, ""},
		{"no end after the data", "", "5\r\nhello0\r\n\r\n", 5, cut, ""},
		{"negative", "", "-5\r\nhello\r\n0\r\n\r\n", 5, cut, ""},
		{"a size beyond all", "", "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", 5, cut, ""},
		{"endless size", "", strings.Repeat("0", 2000) + "5\r\nhello\r\n0\r\n\r\n", 5, cut, ""},
		{"larger than declared", "", "5\r\nhello\r\n0\r\n\r\n", 4, wrongSize, "NumberBytesProvided=5"},
		{"largest size there is", "", "7fffffffffffffff\r\nhello\r\n0\r\n\r\n", 4, wrongSize, "NumberBytesProvided=9223372036854775807"},
		{"smaller than declared", "", "5\r\nhello\r\n0\r\n\r\n", 6, wrongSize, "NumberBytesExpected=6"},
		{"length not declared", "", "5\r\nhello\r\n0\r\n\r\n", -1, "411 MissingContentLength: You must provide the Content-Length HTTP header.", ""},
		{"two chunks", "", "2000\r\n" + big + "\r\n5\r\nhello\r\n0\r\n\r\n", limits.SmallestChunk + 5, "", ""},
		{"small chunk in the middle", "", "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", 10, "403 InvalidChunkSizeError: Only the last chunk is allowed to have a size less than 8192 bytes", "BadChunkSize=5"},
		{"last chunk in the middle", "", "0\r\n5\r\nhello\r\n0\r\n\r\n", 5, wrongSize, "NumberBytesProvided=0"},
		{"trailer", crc, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 5, "", ""},
		{"trailer without the empty line", crc, "5\r\nhello\r\n0\r\n" + crc + ": NhCmhg==\r\n", 5, "", ""},
		{"trailer in other letters", "X-Amz-Checksum-CRC32", "5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32 :\tNhCmhg== \r\n\r\n", 5, "", ""},
		{"trailer, then anything", crc, "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\n\r\nbonus: trailer\r\n", 5, "", ""},
		{"trailer twice: the last counts", crc, "5\r\nhello\r\n0\r\n" + crc + ":wrong\r\n" + crc + ":NhCmhg==\r\n\r\n", 5, "", ""},
		{"commas after the name", crc + ",,", "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\n", 5, "", ""},
		{"comma before the name", ", " + crc, "", 5, not, ""},
		{"commas with a space between", crc + ", ,", "", 5, not, ""},
		{"trailer promised only", crc, "5\r\nhello\r\n0\r\n\r\n", 5, bad, ""},
		{"trailer behind an empty line", crc, "5\r\nhello\r\n0\r\n\r\n" + crc + ":NhCmhg==\r\n", 5, bad, ""},
		{"trailer nobody promised", "", "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\n\r\n", 5, bad, ""},
		{"trailer without a name", "", "5\r\nhello\r\n0\r\n:\r\n\r\n", 5, bad, ""},
		{"another trailer", crc + "c", "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\n\r\n", 5, bad, ""},
		{"one more trailer", crc, "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\nbonus: trailer\r\n\r\n", 5, bad, ""},
		{"trailer without a colon", crc, "5\r\nhello\r\n0\r\n" + crc + "\r\n\r\n", 5, bad, ""},
		{"trailers without end", crc, "5\r\nhello\r\n0\r\n" + strings.Repeat(crc+":NhCmhg==\r\n", 100), 5, bad, ""},
		{"a signature where nothing is signed", crc, "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r\nx-amz-trailer-signature:x\r\n", 5, bad, ""},
		{"trailer without carriage return", crc, "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\n", 5, cut, ""},
		{"trailer without line feed", crc, "5\r\nhello\r\n0\r\n" + crc + ":NhCmhg==\r", 5, cut, ""},
		{"trailer that is no checksum", "content-md5", "", 5, not, ""},
		{"checksum nobody knows", "x-amz-checksum-bad", "", 5, not, ""},
		{"two checksums", crc + ", x-amz-checksum-sha256", "", 5, "400 InvalidRequest: Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", ""},
		{"a checksum and another", crc + ", x-amz-foo", "", 5, not, ""},
	} {
		r := chunkedRequest(t, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", c.trailer, c.length, func(string) string { return c.body })
		_, body, stream, failure := open(s3Verifier(s3Time), r)
		check(t, c.name, failure, c.want, c.member)
		if c.want == "" && (len(body) != c.length || int(stream.Length) != c.length || c.trailer != "" && stream.Trailers[crc] != "NhCmhg==") {
			t.Errorf("%s: %q, trailers %v", c.name, body, stream.Trailers)
		}
	}
}

// TestSignedChunks: likewise, of signed chunks.
func TestSignedChunks(t *testing.T) {
	const (
		mode    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
		trailed = mode + "-TRAILER"
		crc     = "x-amz-checksum-crc32"
		cut     = "400 IncompleteBody: The request body terminated unexpectedly"
		wrong   = "403 SignatureDoesNotMatch: The request signature we calculated does not match"
		ofChunk = "StringToSign=AWS4-HMAC-SHA256-PAYLOAD\n"
	)
	good := func(seed string) *chunker { return newChunker(seed).signed("hello").signed("") }
	long := strings.Repeat("x", 15<<10)
	for _, c := range []struct {
		name, mode, trailer string
		length              int
		write               func(seed string) string
		want, member        string
	}{
		{"good", mode, "", 5, func(s string) string { return good(s).end() }, "", ""},
		{"nothing at all", mode, "", 0, func(s string) string { return newChunker(s).signed("").end() }, "", ""},
		{"chunks of different sizes", mode, "", 15<<10 + 8<<10 + 5, func(s string) string {
			return newChunker(s).signed(long).signed(long[:8<<10]).signed("hello").signed("").end()
		}, "", ""},
		{"spaces where AWS lets them be", mode, "", 5, func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(good(s).end(), ";chunk-signature=", " ; chunk-signature = "), "\r\nhello", " \r\nhello")
		}, "", ""},
		{"no signatures", mode, "", 5, func(string) string { return "5\r\nhello\r\n0\r\n\r\n" }, cut, ""},
		{"empty signatures", mode, "", 5, func(string) string { return "5;chunk-signature=\r\nhello\r\n0;chunk-signature=\r\n\r\n" }, cut, ""},
		{"signatures that are none", mode, "", 5, func(string) string { return "5;chunk-signature=invalid\r\nhello\r\n" }, wrong, ofChunk},
		{"something before the signature", mode, "", 5, func(s string) string { return strings.Replace(good(s).end(), ";", ";extra=param;", 1) }, wrong, ofChunk},
		{"something after the signature", mode, "", 5, func(s string) string { return strings.Replace(good(s).end(), "\r\n", ";extra=param\r\n", 1) }, cut, ""},
		{"another byte", mode, "", 5, func(s string) string { return strings.Replace(good(s).end(), "hello", "hallo", 1) }, wrong, ofChunk},
		{"signed by another request", mode, "", 5, func(string) string { return good(strings.Repeat("0", 64)).end() }, wrong, ofChunk},
		{"the first chunk left out", mode, "", 5, func(s string) string {
			w := newChunker(s).signed(long[:limits.SmallestChunk])
			w.Reset()
			return w.signed("hello").signed("").end()
		}, wrong, ofChunk},
		{"a chunk twice", mode, "", 2 * limits.SmallestChunk, func(s string) string {
			w := newChunker(s).signed(long[:limits.SmallestChunk])
			w.WriteString(w.String())
			return w.signed("").end()
		}, wrong, ofChunk},
		{"last chunk not signed right", mode, "", 5, func(s string) string {
			w := newChunker(s).signed("hello")
			w.last = s
			return w.signed("").end()
		}, wrong, ofChunk},
		{"last chunk missing", mode, "", 5, func(s string) string { return newChunker(s).signed("hello").String() }, cut, ""},
		{"signed, but shorter than declared", mode, "", 6, func(s string) string { return good(s).end() }, "400 IncompleteBody: You did not provide", "NumberBytesProvided=5"},
		{"something after the last chunk", mode, "", 5, func(s string) string { w := good(s); w.WriteString("x"); return w.end() }, cut, ""},
		{"small chunks", mode, "", 9 << 10, func(s string) string {
			return newChunker(s).signed(long[:1<<10]).signed(long[:8<<10]).signed("").end()
		}, "403 InvalidChunkSizeError: Only the last chunk", "Chunk=2"},
		{"a chunk larger than can be held back", mode, "", limits.SignedChunk + 1, func(string) string {
			return fmt.Sprintf("%x;chunk-signature=%064x\r\n", limits.SignedChunk+1, 0)
		}, "403 InvalidChunkSizeError: A signed chunk has at most", ""},
		{"trailer", trailed, crc, 5, func(s string) string { return good(s).trailer(crc, "NhCmhg==").end() }, "", ""},
		{"trailer changed", trailed, crc, 5, func(s string) string {
			return strings.Replace(good(s).trailer(crc, "NhCmhg==").end(), "NhCm", "MhCm", 1)
		}, wrong, "StringToSign=AWS4-HMAC-SHA256-TRAILER\n"},
		{"trailer with the signature of a chunk", trailed, crc, 5, func(s string) string {
			w := good(s)
			fmt.Fprintf(w, "%s:NhCmhg==\r\nx-amz-trailer-signature:%s\r\n", crc, w.last)
			return w.end()
		}, wrong, "StringToSign=AWS4-HMAC-SHA256-TRAILER\n"},
		{"trailer without a signature", trailed, crc, 5, func(s string) string {
			w := good(s)
			w.WriteString(crc + ":NhCmhg==\r\n")
			return w.end()
		}, cut, ""},
		{"trailer left out", trailed, crc, 5, func(s string) string { return good(s).end() }, cut, ""},
		{"no trailer promised", trailed, "", 5, func(s string) string { return good(s).trailer(crc, "NhCmhg==").end() }, cut, ""},
		{"trailer where none may be", mode, "", 5, func(s string) string { return good(s).trailer(crc, "NhCmhg==").end() }, cut, ""},
	} {
		r := chunkedRequest(t, c.mode, c.trailer, c.length, c.write)
		_, body, stream, failure := open(s3Verifier(s3Time), r)
		check(t, c.name, failure, c.want, c.member)
		if c.want == "" && (len(body) != c.length || c.trailer != "" && stream.Trailers[crc] != "NhCmhg==") {
			t.Errorf("%s: %q, trailers %v", c.name, body, stream.Trailers)
		}
	}
}

// TestNothingUnverifiedIsHandedOn: of a signed chunk that is wrong, no byte.
func TestNothingUnverifiedIsHandedOn(t *testing.T) {
	good := strings.Repeat("x", limits.SmallestChunk)
	r := chunkedRequest(t, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", len(good)+5, func(s string) string {
		return strings.Replace(newChunker(s).signed(good).signed("hello").signed("").end(), "hello", "hallo", 1)
	})
	_, body, _, failure := open(s3Verifier(s3Time), r)
	if failure == nil || string(body) != good {
		t.Errorf("%d bytes, %v", len(body), failure)
	}
}

// TestConnectionsThatBreak: the error of a connection stays what it is, at
// whatever place of the framing, and however the bytes come.
func TestConnectionsThatBreak(t *testing.T) {
	signed := func(s string) string {
		return newChunker(s).signed("hello").signed("").trailer("x-amz-checksum-crc32", "x").end()
	}
	plain := func(string) string { return "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:x\r\n\r\n" }
	for mode, write := range map[string]func(string) string{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": signed, "STREAMING-UNSIGNED-PAYLOAD-TRAILER": plain} {
		request := func() (*http.Request, string) {
			r := chunkedRequest(t, mode, "x-amz-checksum-crc32", 5, write)
			body, _ := io.ReadAll(r.Body)
			return r, string(body)
		}
		_, whole := request()
		for i := range len(whole) {
			r, body := request()
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:i]), iotest.ErrReader(os.ErrDeadlineExceeded)))
			_, p, failure := s3Verifier(s3Time).VerifyHead(r, Expect{Service: s3API})
			if failure != nil {
				t.Fatal(failure.Error(s3API, api.RESTXML))
			}
			_, err := io.ReadAll(p.Open(r.Body).Body)
			var known *api.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &known) {
				t.Fatalf("%s, after %d bytes: %v", mode, i, err)
			}
		}
		r, body := request()
		r.Body = io.NopCloser(iotest.OneByteReader(strings.NewReader(body)))
		if _, got, _, failure := open(s3Verifier(s3Time), r); failure != nil || string(got) != "hello" {
			t.Errorf("%s, byte by byte: %q, %v", mode, got, failure)
		}
	}
}

// TestBodiesThatEndEarly: net/http says that the connection ended before
// Content-Length; S3 says IncompleteBody.
func TestBodiesThatEndEarly(t *testing.T) {
	for _, declared := range []string{"UNSIGNED-PAYLOAD", hexHash([]byte("hello"))} {
		m := s3Message("hello")
		m.header.Set("X-Amz-Content-Sha256", declared)
		r := m.signedInS3(t, "/bucket/a/b.txt", "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(io.ErrUnexpectedEOF)))
		_, _, _, failure := open(s3Verifier(s3Time), r)
		check(t, declared, failure, "400 IncompleteBody: The request body terminated unexpectedly", "")
	}
}
