package executor

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmarks measure against a floor in the same run, because only ratios
// mean anything on a shared machine: a bare process under the least server of
// the Runtime API that net/http allows.

// dance is that server.
type dance struct {
	server *http.Server
	addr   string
	events chan []byte
	answer chan []byte
}

func newDance(b *testing.B) *dance {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	d := &dance{addr: l.Addr().String(), events: make(chan []byte), answer: make(chan []byte)}
	var id atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-d.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.FormatInt(id.Add(1), 10))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "9999999999999")
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		d.answer <- body
	})
	d.server = &http.Server{Handler: mux}
	go func() { _ = d.server.Serve(l) }()
	b.Cleanup(func() { d.server.Close() })
	return d
}

func (d *dance) spawn(b *testing.B, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+d.addr, "LAMBDA_TASK_ROOT="+dir, "_HANDLER=main.handler")
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd
}

func (d *dance) invoke() {
	d.events <- []byte(`{"a":1}`)
	<-d.answer
}

// percentile of durations, in microseconds.
func percentile(d []time.Duration, p float64) float64 {
	slices.Sort(d)
	return float64(d[int(float64(len(d)-1)*p)].Nanoseconds()) / 1e3
}

func timed(n int, f func()) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		start := time.Now()
		f()
		out[i] = time.Since(start)
	}
	return out
}

// subject is a function, and how to start it bare.
type subject struct {
	name     string
	function *Function
	path     string
	args     []string
}

func subjects(b *testing.B, w *world) []subject {
	py := w.python("python", echo)
	r, err := w.x.runtimes.Resolve(py.Runtime)
	if err != nil {
		b.Fatal(err)
	}
	path, args, err := r.Command(py.Handler, w.x.runtimeDir(), py.CodeDir, "")
	if err != nil {
		b.Fatal(err)
	}
	goes := w.binary("go", "bootstrap")
	return []subject{{"go", goes, filepath.Join(goes.CodeDir, "bootstrap"), nil}, {"python", py, path, args}}
}

func (w *world) quiet(b *testing.B, f *Function) {
	r, err := w.x.Invoke(context.Background(), f, &Invocation{RequestID: "8f507cfc-xmpl-4697-b07a-ac58fc914c95", Payload: []byte(`{"a":1}`), InvokedARN: f.ARN})
	if err != nil || r.FunctionError != "" {
		b.Fatal(err, r)
	}
}

// BenchmarkWarm is one client. Goal: p50 at most 1.5 times the dance.
func BenchmarkWarm(b *testing.B) {
	w := newWorld(b, Config{})
	for _, s := range subjects(b, w) {
		b.Run(s.name, func(b *testing.B) {
			d := newDance(b)
			cmd := d.spawn(b, s.function.CodeDir, s.path, s.args...)
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			timed(300, d.invoke)
			timed(300, func() { w.quiet(b, s.function) })
			b.ResetTimer()
			for range b.N {
				var floor, ours []time.Duration
				for range 10 { // in turns, because the machine's other load changes
					floor = append(floor, timed(200, d.invoke)...)
					ours = append(ours, timed(200, func() { w.quiet(b, s.function) })...)
				}
				b.ReportMetric(percentile(floor, 0.5), "dance-p50-us")
				b.ReportMetric(percentile(ours, 0.5), "p50-us")
				b.ReportMetric(percentile(floor, 0.99), "dance-p99-us")
				b.ReportMetric(percentile(ours, 0.99), "p99-us")
				b.ReportMetric(percentile(ours, 0.5)/percentile(floor, 0.5), "p50/dance")
			}
		})
	}
}

// BenchmarkWarm8 is eight clients. Goal: at least 1.5 times the rate of one.
func BenchmarkWarm8(b *testing.B) {
	w := newWorld(b, Config{})
	for _, s := range subjects(b, w) {
		b.Run(s.name, func(b *testing.B) {
			const n = 4000
			rate := func(clients int) float64 {
				start := time.Now()
				var wg sync.WaitGroup
				for range clients {
					wg.Go(func() {
						for range n / clients {
							w.quiet(b, s.function)
						}
					})
				}
				wg.Wait()
				return n / time.Since(start).Seconds()
			}
			rate(8)
			b.ResetTimer()
			for range b.N {
				one, eight := rate(1), rate(8)
				b.ReportMetric(one, "one/s")
				b.ReportMetric(eight, "eight/s")
				b.ReportMetric(eight/one, "eight/one")
			}
		})
	}
}

// BenchmarkCold is a first invoke, with sandboxes made ahead, against a bare
// spawn. Goals: Go at most 3 times, Python at most 1.5 times.
func BenchmarkCold(b *testing.B) {
	w := newWorld(b, Config{})
	for _, s := range subjects(b, w) {
		b.Run(s.name, func(b *testing.B) {
			w.quiet(b, s.function)
			b.ResetTimer()
			for range b.N {
				var floor, ours []time.Duration
				for range 30 {
					d := newDance(b)
					start := time.Now()
					cmd := d.spawn(b, s.function.CodeDir, s.path, s.args...)
					d.invoke()
					floor = append(floor, time.Since(start))
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
					d.server.Close()
					w.x.Retire(s.function.Key)
					w.eventually("sandboxes are ready", func() bool {
						w.x.shelf.mu.Lock()
						defer w.x.shelf.mu.Unlock()
						return len(w.x.shelf.ready) > 0 && !w.x.shelf.filling
					})
					start = time.Now()
					w.quiet(b, s.function)
					ours = append(ours, time.Since(start))
				}
				b.ReportMetric(percentile(floor, 0.5)/1e3, "spawn-p50-ms")
				b.ReportMetric(percentile(ours, 0.5)/1e3, "p50-ms")
				b.ReportMetric(percentile(ours, 0.5)/percentile(floor, 0.5), "p50/spawn")
			}
		})
	}
}

// BenchmarkSandbox is the making of one, and the start of an executor.
func BenchmarkSandbox(b *testing.B) {
	w := sandboxedBench(b)
	var made, destroyed []time.Duration
	for range max(b.N, 10) {
		start := time.Now()
		s, err := w.x.driver.make()
		if err != nil {
			b.Fatal(err)
		}
		made = append(made, time.Since(start))
		start = time.Now()
		s.destroy()
		destroyed = append(destroyed, time.Since(start))
	}
	b.ReportMetric(percentile(made, 0.5)/1e3, "make-p50-ms")
	b.ReportMetric(percentile(destroyed, 0.5)/1e3, "destroy-p50-ms")
}

func sandboxedBench(b *testing.B) *world {
	w := newWorld(b, Config{})
	if s := w.x.Status(); s.Mode != Sandboxed {
		b.Skipf("no sandbox on this machine: %s", s.Reason)
	}
	return w
}
