// Package conformance holds cases of how AWS decides and answers around Lambda's
// permissions, as plain files: see README.md. internal/conformance runs them.
package conformance

import "embed"

// Files are fixtures.json and cases/*.json.
//
//go:embed fixtures.json cases/*.json
var Files embed.FS
