package lambda

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// page collects one page of a list. Its marker is opaque to clients: the kind
// of list and where it goes on.
type page struct {
	kind, start string
	left        int
	last        string
	more        bool
}

// Kinds of lists; a marker of one does not fit another.
const (
	functionPage     = "functions"
	versionPage      = "versions"
	aliasPage        = "aliases"
	asyncPage        = "async"
	mappingPage      = "mappings"
	urlPage          = "urls"
	layerPage        = "layers"
	layerVersionPage = "layer-versions"
	provisionedPage  = "provisioned"
	signingPage      = "signing"
	signedPage       = "signed"
)

// maxMarker bounds what is decoded of a marker: a name, a version, a kind.
const maxMarker = 1_024

func newPage(kind string, marker *string, items *int32, most int) (*page, error) {
	p := &page{kind: kind, left: most}
	if items != nil && int(*items) < most {
		p.left = int(*items)
	}
	if marker == nil || *marker == "" {
		return p, nil
	}
	if len(*marker) > maxMarker {
		return nil, badMarker()
	}
	raw, err := base64.RawURLEncoding.DecodeString(*marker)
	if err != nil {
		return nil, badMarker()
	}
	start, ok := strings.CutPrefix(string(raw), kind+"\x00")
	if !ok || start == "" {
		return nil, badMarker()
	}
	p.start = start
	return p, nil
}

func badMarker() error { return invalid("Invalid Marker.") }

// after is the key the list goes on behind, empty for the first page.
func (p *page) after(prefix string) string {
	if p.start == "" {
		return ""
	}
	return prefix + p.start
}

// take says whether the item at a position still fits.
func (p *page) take(position string) bool {
	if p.left == 0 {
		p.more = true
		return false
	}
	p.left--
	p.last = position
	return true
}

// next is the marker of the next page, nil after the last.
func (p *page) next() *string {
	if !p.more || p.last == "" {
		return nil
	}
	return ptr(base64.RawURLEncoding.EncodeToString([]byte(p.kind + "\x00" + p.last)))
}

func decimal[N int32 | int | float64](n N) string { return fmt.Sprint(n) }
