package wire

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// unpacked is the body as it was before the client compressed it: some clients
// send batches of log events so. most bounds what it unpacks to.
func unpacked(r *http.Request, body []byte, most int64) ([]byte, *api.Error) {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, notUnpacked("Unable to unpack the body: " + err.Error())
	}
	plain, err := io.ReadAll(io.LimitReader(z, most+1))
	if err != nil {
		return nil, notUnpacked("Unable to unpack the body: " + err.Error())
	}
	if int64(len(plain)) > most {
		e := api.Newf(413, "RequestEntityTooLargeException", "The body unpacks to more than %d bytes.", most)
		return nil, e
	}
	return plain, nil
}

func notUnpacked(text string) *api.Error {
	return api.Newf(400, "SerializationException", "%s", text)
}
