package edge

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/sigv4"
	"github.com/sallyport/sallyport/internal/wire"
)

// Config is what a Handler is made of.
type Config struct {
	Bus   *op.Bus
	Clock clock.Clock
	Bug   *bug.Reporter
	// Log receives diagnostics; nil discards them.
	Log *slog.Logger
	// Version is what the health door says beside the name; it may be empty.
	Version string
}

// Handler answers AWS API requests. It is safe for concurrent use.
type Handler struct {
	bus      *op.Bus
	router   *wire.Router
	verifier *sigv4.Verifier
	clock    clock.Clock
	bug      *bug.Reporter
	log      *slog.Logger
	version  string
	// origins are the services that let pages of other origins read their answers.
	origins map[*api.Service]op.CrossOrigin
	// publishers are the services with documents for everybody.
	publishers []op.Publisher
	// urls knows function URLs; nil where no service has any.
	urls op.FunctionURLs
}

// New makes the handler for all services of the bus.
func New(c Config) *Handler {
	h := &Handler{bus: c.Bus, clock: c.Clock, bug: c.Bug, log: c.Log, version: c.Version, origins: map[*api.Service]op.CrossOrigin{}}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	var apis []*api.Service
	for _, s := range c.Bus.Services() {
		if u, ok := s.(op.FunctionURLs); ok {
			h.urls = u // not among those that are routed: all of its hosts' requests are its
			continue
		}
		apis = append(apis, s.API())
		if o, ok := s.(op.CrossOrigin); ok {
			h.origins[s.API()] = o
		}
		if p, ok := s.(op.Publisher); ok {
			h.publishers = append(h.publishers, p)
		}
	}
	h.router = wire.NewRouter(apis)
	h.verifier = sigv4.New(sigv4.Config{Clock: c.Clock, Lookup: h.lookup})
	return h
}

// exchange is one request on its way through the steps.
type exchange struct {
	w *answer
	// given is the request as it came and was signed, r as it is understood.
	given, r *http.Request
	// headed says that it is for S3: its headers describe its body, which is
	// read only after they are proven.
	headed    bool
	payload   *sigv4.Payload
	arriving  *arriving
	body      []byte
	stream    *api.Stream
	requestID string
	route     wire.Route
	call      *op.Call
	out       any
}

// ServeHTTP takes a request through every step; the first that fails answers.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.functionURL(w, r) || h.health(w, r) || h.document(w, r) || h.preflight(w, r) {
		return
	}
	e := &exchange{w: newAnswer(w), given: r, r: r, requestID: id.UUID()}
	defer h.recovered(e)
	for _, step := range []func(*exchange) error{
		h.understood,
		h.bound,
		h.routed,
		h.identified,
		h.known,
		h.received,
		h.decoded,
		h.run,
	} {
		if err := step(e); err != nil {
			h.refuse(e, err)
			return
		}
	}
	h.encode(e)
}

// routed finds the service and the operation.
func (h *Handler) routed(e *exchange) error {
	var failure *api.Error
	if e.route, failure = h.router.Route(e.r, e.body); failure != nil {
		return failure
	}
	if sigv4.IsS3(e.route.Service) != e.headed {
		// Its path means two things, by who reads it: neither was signed for the other.
		return api.Newf(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	h.shareWithOrigin(e)
	return nil
}

// known answers for operations that no row can be found for.
func (h *Handler) known(e *exchange) error {
	if e.route.Operation == nil {
		return h.router.Unknown(e.route, e.r)
	}
	return nil
}

// decoded makes the operation's input.
func (h *Handler) decoded(e *exchange) error {
	in, failure := h.codec(e).Decode(e.r, e.route, e.body)
	if failure != nil {
		return failure
	}
	e.call.Input = in
	if e.stream != nil {
		return wire.SetStream(in, e.stream)
	}
	return nil
}

// run is the step through op: needs, gate, handler.
func (h *Handler) run(e *exchange) (err error) {
	if e.call == nil || e.call.Operation != e.route.Operation {
		return errors.New("a call that was not identified")
	}
	e.out, err = h.bus.Serve(e.r.Context(), e.call)
	return err
}

// codec is the one of the protocol that the request came in, or Lambda's when
// not even a service is known.
func (h *Handler) codec(e *exchange) wire.Codec {
	if c := h.router.For(e.route.Protocol); c != nil {
		return c
	}
	return h.router.For(api.RESTJSON)
}
