//go:build linux && !amd64 && !arm64

package executor

// No filter has been written for this architecture; chooseDriver makes no
// sandbox where auditArch is 0.
const (
	auditArch      = 0
	foreignNumbers = 0
)

var refusedHere []uint32
