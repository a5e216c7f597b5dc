package runtimes

import (
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkCold is a start up to the first answer, against the floor: a bare
// start of the same interpreter that does nothing ("floor"), and one without
// the site module, as the loop is started ("floor-S").
func BenchmarkCold(b *testing.B) {
	for _, name := range []string{"python3.8", "python3.11", "nodejs20.x"} {
		r := real(b, name)
		floors := map[string][]string{"floor": {"-c", "pass"}, "floor-S": {"-S", "-c", "pass"}}
		p := play{runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return event\n"}, events: jsonEvents("{}")}
		if r.Language == nodejs {
			floors = map[string][]string{"floor": {"-e", "0"}}
			p.files = map[string]string{"main.js": "exports.handler = async (event) => event;\n"}
		}
		b.Run(r.Language+"-"+r.Version, func(b *testing.B) {
			for kind, args := range floors {
				b.Run(kind, func(b *testing.B) {
					for b.Loop() {
						if err := exec.Command(r.Interpreter, args...).Run(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.Run("loop", func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					w := startWarm(b, p)
					b.StartTimer()
					w.start(b)
					w.turn(b, "{}")
					b.StopTimer()
					w.stop()
					b.StartTimer()
				}
			})
		})
	}
}

// BenchmarkWarm is one event there and back, against the floor: one request
// and its answer over the same connection, served by the same library.
func BenchmarkWarm(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("{}")) })}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		buf := make([]byte, 4096)
		for b.Loop() {
			if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
				b.Fatal(err)
			}
			if _, err := c.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, name := range []string{"python3.8", "python3.11", "nodejs20.x"} {
		r := real(b, name)
		p := play{runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return event\n", "main.js": "exports.handler = async (event) => event;\n"}}
		for size, payload := range map[string]string{"small": `{"key": "value"}`, "1MB": `"` + strings.Repeat("x", 1<<20) + `"`} {
			b.Run(r.Language+"-"+r.Version+"/"+size, func(b *testing.B) {
				w := startWarm(b, p)
				w.start(b)
				defer w.stop()
				w.turn(b, payload)
				var took []time.Duration
				for b.Loop() {
					start := time.Now()
					w.turn(b, payload)
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			})
		}
	}
}

// warm is a process that is handed one event at a time.
type warm struct {
	server *http.Server
	cmd    *exec.Cmd
	events chan string
	done   chan int
}

func startWarm(b *testing.B, p play) *warm {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	w := &warm{events: make(chan string), done: make(chan int)}
	n := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(rw http.ResponseWriter, r *http.Request) {
		select {
		case e := <-w.events:
			n++
			h := rw.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", requestID(n))
			h.Set("Lambda-Runtime-Deadline-Ms", "9999999999999")
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f")
			h.Set("Content-Length", strconv.Itoa(len(e)))
			_, _ = rw.Write([]byte(e))
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(rw http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 64<<10)
		total := 0
		for {
			n, err := r.Body.Read(buf)
			total += n
			if err != nil {
				break
			}
		}
		w.done <- total
		rw.WriteHeader(http.StatusAccepted)
	})
	w.server = &http.Server{Handler: mux}
	go func() { _ = w.server.Serve(l) }()
	w.cmd = p.command(b, b.Context(), writeCode(b, p.files), l.Addr().String())
	return w
}

func (w *warm) start(b *testing.B) {
	if err := w.cmd.Start(); err != nil {
		b.Fatal(err)
	}
}

func (w *warm) turn(b *testing.B, payload string) {
	w.events <- payload
	if n := <-w.done; n < len(payload)/2 {
		b.Fatalf("%d bytes came back", n)
	}
}

func (w *warm) stop() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
	_ = w.server.Close()
}
