package edge

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/sallyport/sallyport/internal/limits"
)

// Server wraps a handler with the timeouts that keep slow clients from holding
// connections. Bodies and answers have theirs in the handler: an invoke may
// rightly take fifteen minutes between the two.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: limits.HeaderTime,
		IdleTimeout:       limits.IdleTime,
		MaxHeaderBytes:    limits.HeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// HealthPath is a door that needs no signature. It names no operation, reads no
// state, and says that the server is up.
const HealthPath = "/_sallyport/health"

// health answers at the health door; false for every other request.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != HealthPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	body, err := json.Marshal(struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}{"sallyport", h.version})
	if err != nil {
		h.bug.Report(r.Context(), "health: %v", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n')) // a client that went away is no error of ours
	return true
}

// document answers for what a service publishes for everybody (op.Publisher);
// false for every other request.
func (h *Handler) document(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.RawQuery != "" || len(r.Header["Authorization"]) > 0 {
		return false
	}
	for _, p := range h.publishers {
		kind, body, ok := p.Document(r.URL.Path)
		if !ok {
			continue
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body) // a client that went away is no error of ours
		return true
	}
	return false
}
