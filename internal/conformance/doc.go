// Package conformance runs cases against an endpoint that speaks AWS's APIs:
// requests, and the answers that AWS gives. test/conformance/README.md describes
// the files; this package reads them, makes what they need under names of its
// own, compares, and takes away again what it made.
package conformance
