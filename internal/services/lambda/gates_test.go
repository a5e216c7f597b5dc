package lambda

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/executor"
)

// gates let functions and tests wait for each other. A function that asks its
// AWS_ENDPOINT_URL for /NAME is noted as waiting there, and answered when the test
// opens that gate.
type gates struct {
	mu    sync.Mutex
	known map[string]*gateState
}

type gateState struct {
	opened chan struct{}
	// arrived gets one entry for each who comes.
	arrived chan struct{}
}

func (g *gates) of(name string) *gateState {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known == nil {
		g.known = map[string]*gateState{}
	}
	if g.known[name] == nil {
		g.known[name] = &gateState{opened: make(chan struct{}), arrived: make(chan struct{}, 1_000)}
	}
	return g.known[name]
}

// open lets go on whoever waits at a gate, or comes to it later.
func (g *gates) open(name string) { close(g.of(name).opened) }

// arrivals waits until n have come to a gate.
func (g *gates) arrivals(name string, n int) {
	for range n {
		<-g.of(name).arrived
	}
}

func (g *gates) serve(_ *executor.Environment, l net.Listener) {
	_ = http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		gate := g.of(strings.TrimPrefix(r.URL.Path, "/"))
		gate.arrived <- struct{}{}
		select {
		case <-gate.opened:
		case <-r.Context().Done():
		}
	}))
}

// waitAt is Python that waits at a gate.
const waitAt = `
import os, urllib.request
def wait(name):
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/" + name).read()
`
