package executor

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/executor/runtimes"
)

// The platform's log lines, as recorded from AWS (facts/execution-role.md
// section 8). Their ends are AWS's too.

func startLine(requestID, version string) string {
	return "START RequestId: " + requestID + " Version: " + version + "\n"
}

func endLine(requestID string) string { return "END RequestId: " + requestID + "\n" }

// initStartLine names the runtime that really runs. The ARN identifies it, as
// AWS's does, but is ours.
func initStartLine(f *Function, r runtimes.Runtime, bare string) string {
	name := r.Language
	if name == "" {
		name = f.Runtime
	}
	if r.Version != "" {
		name += ":" + r.Version
	}
	sum := sha256.Sum256([]byte(name + " " + r.Interpreter))
	line := "INIT_START Runtime Version: " + name
	if !r.Exact && r.Interpreter != "" {
		line += " (" + f.Runtime + " is not installed here; this is the nearest newer version)"
	}
	line += "\tRuntime Version ARN: arn:aws:lambda:" + f.Region + "::runtime:" + hex.EncodeToString(sum[:])
	if bare != "" {
		line += "\tNOT SANDBOXED: " + bare
	}
	return line + "\n"
}

// initReportLine is written for an init that did not succeed.
func initReportLine(took time.Duration, phase string, o outcome) string {
	line := "INIT_REPORT Init Duration: " + milliseconds(took) + " ms\tPhase: " + phase + "\tStatus: " + o.status
	if o.status == "error" {
		line += "\tError Type: " + o.errorType
	}
	return line + "\n"
}

// usage is what an invoke used.
type usage struct {
	duration time.Duration
	// init is the time of the init before it; 0 on a warm start.
	init           time.Duration
	memoryMB, peak int64
}

// reportLine is an invoke's REPORT. The init is billed, as on AWS since August 2025.
func reportLine(inv *Invocation, u usage, o outcome) string {
	used := (u.peak + 1<<20 - 1) >> 20
	b := append(make([]byte, 0, 256), "REPORT RequestId: "...)
	b = append(b, inv.RequestID...)
	b = append(b, "\tDuration: "...)
	b = append(b, milliseconds(u.duration)...)
	b = append(b, " ms\tBilled Duration: "...)
	b = strconv.AppendInt(b, max(1, int64(math.Ceil((u.duration+u.init).Seconds()*1e3))), 10)
	b = append(b, " ms\tMemory Size: "...)
	b = strconv.AppendInt(b, u.memoryMB, 10)
	b = append(b, " MB\tMax Memory Used: "...)
	b = strconv.AppendInt(b, min(used, u.memoryMB), 10)
	b = append(b, " MB\t"...)
	if u.init > 0 {
		b = append(b, "Init Duration: "...)
		b = append(b, milliseconds(u.init)...)
		b = append(b, " ms\t"...)
	}
	if o.status != "" {
		b = append(b, "Status: "...)
		b = append(b, o.status...)
	}
	if o.status == "error" {
		b = append(b, "\tError Type: "...)
		b = append(b, o.errorType...)
	}
	if inv.Segment != "" {
		b = append(b, "\nXRAY TraceId: "...)
		b = append(b, traceID(inv.TraceID)...)
		b = append(b, "\tSegmentId: "...)
		b = append(b, inv.Segment...)
		b = append(b, "\tSampled: true\t"...)
	}
	return string(append(b, '\n'))
}

// traceID is the trace's id in a tracing header.
func traceID(header string) string {
	for part := range strings.SplitSeq(header, ";") {
		if id, ok := strings.CutPrefix(part, "Root="); ok {
			return id
		}
	}
	return ""
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds()*1e3, 'f', 2, 64)
}

// failureLines are logged for an invoke that ended without the runtime's answer.
func failureLines(requestID string, o outcome, now time.Time) string {
	if o.status == "timeout" {
		return now.UTC().Format("2006-01-02T15:04:05.000Z") + " " + requestID + " " + o.text + "\n\n"
	}
	return "RequestId: " + requestID + " Error: " + o.text + "\n" + o.errorType + "\n"
}
