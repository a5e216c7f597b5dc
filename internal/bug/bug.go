// Package bug reports violated invariants: faults of ours, never of a caller.
// Tests make them panic; in production they are counted and logged.
package bug

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
)

// Reporter counts and logs bugs. The zero value logs to slog.Default, and so
// does nil. It is safe for concurrent use.
type Reporter struct {
	// Log is where bugs go; nil means slog.Default().
	Log *slog.Logger
	// Panic makes Report panic, for tests.
	Panic bool
	count atomic.Int64
}

// Report notes one violated invariant, with the stack.
func (r *Reporter) Report(ctx context.Context, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r == nil {
		slog.ErrorContext(ctx, "bug: "+text, "stack", string(debug.Stack()))
		return
	}
	r.count.Add(1)
	if r.Panic {
		panic("bug: " + text)
	}
	log := r.Log
	if log == nil {
		log = slog.Default()
	}
	log.ErrorContext(ctx, "bug: "+text, "stack", string(debug.Stack()))
}

// Count is how many bugs were reported; a nil Reporter does not count.
func (r *Reporter) Count() int64 {
	if r == nil {
		return 0
	}
	return r.count.Load()
}
