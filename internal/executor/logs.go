package executor

import (
	"bytes"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/limits"
)

// journal is the log of one environment: what its processes print, one event a
// line, between the platform's own lines. Output is held back a moment while an
// invoke runs, so that a short invoke hands everything on at once.
type journal struct {
	clock clock.Clock
	// write hands events on. It does not block.
	write func([]LogEvent)
	file  *os.File
	raw   syscall.RawConn

	// watch is told of what is printed, nil if nobody listens; beside is the log of
	// extensions, nil without.
	watch  atomic.Pointer[telemetry]
	beside atomic.Pointer[journal]

	mu sync.Mutex
	// partial is a line of output whose end has not come yet.
	partial []byte
	pending []LogEvent
	size    int
	// hold says that an invoke runs: its end, or a tick, hands the events on.
	hold bool
	// tail is the end of the log since the invoke's start, if it was asked for.
	tail   []byte
	tailed bool
	buffer []byte
}

// pendingBytes is how much waits at most while an invoke runs.
const pendingBytes = 64 << 10

func newJournal(c clock.Clock, output *os.File, write func([]LogEvent)) (*journal, error) {
	raw, err := output.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &journal{clock: c, file: output, raw: raw, write: write, buffer: make([]byte, 16<<10)}, nil
}

// follow takes output until the last process that could print is gone, and
// closes it.
func (j *journal) follow() {
	j.readAll()
	j.file.Close()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cut(j.clock.Now())
	j.flush()
}

// printed takes what was read.
func (j *journal) printed(text []byte) {
	j.output(text)
	if !j.hold || j.size > pendingBytes {
		j.flush()
	}
}

// output splits what was printed into lines.
func (j *journal) output(text []byte) {
	now := j.clock.Now()
	for len(text) > 0 {
		line, rest, found := bytes.Cut(text, []byte("\n"))
		if found {
			line = text[:len(line)+1]
		}
		text = rest
		if len(j.partial) > 0 || !found {
			j.partial = append(j.partial, line...)
			if found || len(j.partial) >= limits.LogLine {
				j.cut(now)
			}
			continue
		}
		j.said(now, string(line))
	}
}

// said takes a line that the function printed.
func (j *journal) said(now time.Time, line string) {
	j.event(now, line)
	if t := j.watch.Load(); t != nil {
		t.at(now, telemetryFunction, telemetryFunction, line)
	}
}

// besides takes what extensions printed.
func (j *journal) besides(events []LogEvent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range events {
		j.event(e.Time, e.Message)
		if t := j.watch.Load(); t != nil {
			t.at(e.Time, telemetryExtension, telemetryExtension, e.Message)
		}
	}
	if !j.hold || j.size > pendingBytes {
		j.flush()
	}
}

// settle takes whatever was printed until now, by extensions too.
func (j *journal) settle() {
	if b := j.beside.Load(); b != nil {
		b.drain()
	}
	j.drain()
}

// cut makes an event of an unfinished line.
func (j *journal) cut(now time.Time) {
	for len(j.partial) > 0 {
		n := min(len(j.partial), limits.LogLine)
		j.said(now, string(j.partial[:n]))
		j.partial = j.partial[n:]
	}
	j.partial = nil
}

func (j *journal) event(now time.Time, message string) {
	j.pending = append(j.pending, LogEvent{Time: now, Message: message})
	j.size += len(message)
	if !j.tailed {
		return
	}
	j.tail = append(j.tail, message...)
	if over := len(j.tail) - limits.LogTail; over > 0 {
		j.tail = j.tail[:copy(j.tail, j.tail[over:])]
	}
}

// platform adds a line of ours, after all output until now.
func (j *journal) platform(message string) {
	j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.line(message)
	if !j.hold {
		j.flush()
	}
}

func (j *journal) line(message string) {
	now := j.clock.Now()
	j.cut(now)
	j.event(now, message)
}

// begin starts an invoke's part of the log. A line that comes before it, and so
// is not in its tail, is handed on together with it.
func (j *journal) begin(tail bool, before string) {
	j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	if before != "" {
		j.line(before)
	}
	j.hold, j.tailed, j.tail = true, tail, nil
}

// tick hands on what a running invoke has logged.
func (j *journal) tick() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flush()
}

// end ends an invoke's part of the log with these lines, and gives its tail.
func (j *journal) end(lines ...string) []byte {
	j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range lines {
		if l != "" {
			j.line(l)
		}
	}
	tail := j.tail
	j.hold, j.tailed, j.tail = false, false, nil
	j.flush()
	return tail
}

func (j *journal) flush() {
	if len(j.pending) == 0 {
		return
	}
	events := j.pending
	j.pending, j.size = nil, 0
	j.write(events)
}
