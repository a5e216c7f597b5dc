package executor

import (
	"bytes"
	"encoding/json"
	"net"

	"github.com/sallyport/sallyport/internal/limits"
)

// The X-Ray daemon takes segment documents as datagrams: a header line and a document
// (X-Ray developer guide, "Sending segment documents to the X-Ray daemon"). It is a
// socket of ours inside the sandbox, so that the server knows whose they are.

// traceHeader is what the first line of a datagram says.
type traceHeader struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// daemon reads segments until the sandbox closes the socket.
func (e *Environment) daemon(c net.PacketConn) {
	e.x.running.Go(func() {
		buffer := make([]byte, limits.TraceSegment+limits.TraceDatagramHeader)
		for {
			n, _, err := c.ReadFrom(buffer)
			if err != nil {
				return
			}
			if document := segmentOf(buffer[:n]); document != nil {
				e.function.Traces(e, [][]byte{document})
			}
		}
	})
}

// segmentOf is the document of a datagram; nil if it is none.
func segmentOf(datagram []byte) []byte {
	line, document, ok := bytes.Cut(datagram, []byte("\n"))
	var h traceHeader
	if !ok || json.Unmarshal(line, &h) != nil || h.Format != "json" || h.Version != 1 || len(document) > limits.TraceSegment || !json.Valid(document) {
		return nil
	}
	return bytes.Clone(document)
}

// tracesTo is what an assignment says of the daemon.
func (e *Environment) tracesTo() func(net.PacketConn) {
	if !e.function.Tracing || e.function.Traces == nil {
		return nil
	}
	return e.daemon
}
