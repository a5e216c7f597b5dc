package test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The benchmarks measure the server against a floor in the same run: the bare
// Runtime-API dance (no signature, no gate, no sandbox) for warm invokes, a
// bare spawn for cold ones. Only the ratios mean anything on a shared machine.

// dance is the least a server of the Runtime API can do.
type dance struct {
	server *http.Server
	addr   string
	events chan []byte
	answer chan []byte
	ready  chan struct{}
	polled sync.Once
}

func newDance(b *testing.B) *dance {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	d := &dance{addr: l.Addr().String(), events: make(chan []byte), answer: make(chan []byte), ready: make(chan struct{})}
	var id atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		d.polled.Do(func() { close(d.ready) })
		select {
		case event := <-d.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.FormatInt(id.Add(1), 10))
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		d.answer <- body
	})
	// invoke is the client's side, over HTTP as with the server.
	mux.HandleFunc("POST /invoke", func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		d.events <- event
		_, _ = w.Write(<-d.answer)
	})
	d.server = &http.Server{Handler: mux}
	go func() { _ = d.server.Serve(l) }()
	b.Cleanup(func() { d.server.Close() })
	return d
}

// spawn starts a function bare, under this dance.
func (d *dance) spawn(b *testing.B, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+d.addr)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd
}

func (d *dance) invoke(b *testing.B) {
	r, err := http.Post("http://"+d.addr+"/invoke", "application/json", strings.NewReader(`{"a":1}`))
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	r.Body.Close()
}

// echo builds the echo function.
func echo(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-o", path, "./testdata/echo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// packFile makes a zip of one executable file.
func packFile(b *testing.B, name, path string) []byte {
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(0o755)
	f, err := z.CreateHeader(h)
	if err == nil {
		_, err = f.Write(raw)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return buf.Bytes()
}

func (c *clients) create(b *testing.B, name, role string, rt lambdatypes.Runtime, handler string, code []byte) {
	_, err := c.lambda.CreateFunction(context.Background(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: rt, Handler: &handler, MemorySize: aws.Int32(512),
		Code: &lambdatypes.FunctionCode{ZipFile: code}, Timeout: aws.Int32(30),
	})
	if err != nil {
		b.Fatal(err)
	}
	c.wait(b, name)
}

func (c *clients) wait(b *testing.B, name string) {
	if err := lambda.NewFunctionUpdatedV2Waiter(c.lambda, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 5*time.Millisecond, 10*time.Millisecond
	}).Wait(context.Background(), &lambda.GetFunctionInput{FunctionName: &name}, 10*time.Second); err != nil {
		b.Fatal(err)
	}
}

func (c *clients) invoke(b *testing.B, name string) {
	out, err := c.lambda.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"a":1}`)})
	if err != nil {
		b.Error(err)
		return
	}
	if out.FunctionError != nil {
		b.Errorf("%s: %s", *out.FunctionError, out.Payload)
	}
}

// caller signs and sends invokes over net/http, as the floor does: what the SDK
// does around a request is not the server's.
type caller struct {
	endpoint    string
	credentials aws.Credentials
	signer      *v4.Signer
	http        *http.Client
}

func (p *process) caller() *caller {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	return &caller{
		p.endpoint, aws.Credentials{AccessKeyID: p.keys[0].AccessKeyID, SecretAccessKey: p.keys[0].SecretAccessKey},
		v4.NewSigner(), &http.Client{Transport: transport},
	}
}

func (c *caller) invoke(b *testing.B, name string) {
	const payload = `{"a":1}`
	sum := sha256.Sum256([]byte(payload))
	r, err := http.NewRequest("POST", c.endpoint+"/2015-03-31/functions/"+name+"/invocations", strings.NewReader(payload))
	if err == nil {
		err = c.signer.SignHTTP(context.Background(), c.credentials, r, hex.EncodeToString(sum[:]), "lambda", "us-east-1", time.Now())
	}
	if err != nil {
		b.Error(err)
		return
	}
	answer, err := c.http.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || answer.StatusCode != 200 || answer.Header.Get("X-Amz-Function-Error") != "" {
		b.Errorf("%d %v: %s", answer.StatusCode, err, body)
	}
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

// BenchmarkWarmInvoke is one client: signed requests through gate and sandbox,
// over the bare dance with the same function. Goal: p50 at most 1.5 times the dance.
func BenchmarkWarmInvoke(b *testing.B) {
	function := echo(b)
	d := newDance(b)
	bare := d.spawn(b, function)
	defer bare.Process.Kill()
	<-d.ready
	p := mustServe(b, filepath.Join(b.TempDir(), "state"))
	c := p.clients(0)
	c.create(b, "echo", c.makeRole(b, "r"), lambdatypes.RuntimeProvidedal2023, "bootstrap", packFile(b, "bootstrap", function))
	signed := p.caller()
	timed(200, func() { d.invoke(b) })
	timed(200, func() { signed.invoke(b, "echo") })
	b.ResetTimer()
	for range b.N {
		// In turns, so that what else the machine does meets both alike.
		var floor, ours []time.Duration
		for range 20 {
			floor = append(floor, timed(100, func() { d.invoke(b) })...)
			ours = append(ours, timed(100, func() { signed.invoke(b, "echo") })...)
		}
		b.ReportMetric(percentile(floor, 0.5), "dance-p50-us")
		b.ReportMetric(percentile(ours, 0.5), "p50-us")
		b.ReportMetric(percentile(ours, 0.99), "p99-us")
		b.ReportMetric(percentile(ours, 0.5)/percentile(floor, 0.5), "p50/dance")
	}
}

// BenchmarkWarmInvoke8 is eight clients. Goal: at least 1.5 times the rate of one.
func BenchmarkWarmInvoke8(b *testing.B) {
	function := echo(b)
	p := mustServe(b, filepath.Join(b.TempDir(), "state"))
	c := p.clients(0)
	c.create(b, "echo", c.makeRole(b, "r"), lambdatypes.RuntimeProvidedal2023, "bootstrap", packFile(b, "bootstrap", function))
	signed := p.caller()
	const n = 4000
	rate := func(clients int) float64 {
		start := time.Now()
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range n / clients {
					signed.invoke(b, "echo")
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
}

// BenchmarkColdGo is a first invoke against a bare spawn. Goal: at most 3 times.
func BenchmarkColdGo(b *testing.B) {
	function := echo(b)
	coldStart(b, lambdatypes.RuntimeProvidedal2023, "bootstrap", packFile(b, "bootstrap", function), function)
}

// bareLoop is the least Python needs to answer one event.
const bareLoop = `
import os, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
s = socket.create_connection((host, int(port)))
def read():
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(l.lower().split(b": ", 1) for l in head.split(b"\r\n")[1:])
    n = int(fields.get(b"content-length", 0))
    while len(body) < n:
        body += s.recv(65536)
    return fields, body
while True:
    s.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    fields, body = read()
    s.sendall(b"POST /2018-06-01/runtime/invocation/" + fields[b"lambda-runtime-aws-request-id"] + b"/response HTTP/1.1\r\nHost: x\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
    read()
`

// BenchmarkColdPython is a first invoke against a bare spawn. Goal: at most 1.5 times.
func BenchmarkColdPython(b *testing.B) {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable); print('python%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		b.Skip("python3 is not installed on this machine")
	}
	lines := strings.Fields(string(out))
	loop := filepath.Join(b.TempDir(), "loop.py")
	if err := os.WriteFile(loop, []byte(bareLoop), 0o600); err != nil {
		b.Fatal(err)
	}
	code := pack(b, map[string]string{"main.py": "def handler(event, context):\n    return event\n"})
	coldStart(b, lambdatypes.Runtime(lines[1]), "main.handler", code, lines[0], loop)
}

func coldStart(b *testing.B, rt lambdatypes.Runtime, handler string, code []byte, bare ...string) {
	p := mustServe(b, filepath.Join(b.TempDir(), "state"))
	c := p.clients(0)
	c.create(b, "cold", c.makeRole(b, "r"), rt, handler, code)
	c.invoke(b, "cold")
	b.ResetTimer()
	for range b.N {
		var floor, ours []time.Duration
		for i := range 30 {
			d := newDance(b)
			start := time.Now()
			cmd := d.spawn(b, bare[0], bare[1:]...)
			d.invoke(b)
			floor = append(floor, time.Since(start))
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			d.server.Close()
			if _, err := c.lambda.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{
				FunctionName: aws.String("cold"), Description: aws.String(fmt.Sprint(i)),
			}); err != nil {
				b.Fatal(err)
			}
			c.wait(b, "cold")
			time.Sleep(30 * time.Millisecond) // let the pool refill: a burst of cold starts is another question
			start = time.Now()
			c.invoke(b, "cold")
			ours = append(ours, time.Since(start))
		}
		b.ReportMetric(percentile(floor, 0.5)/1e3, "spawn-p50-ms")
		b.ReportMetric(percentile(ours, 0.5)/1e3, "p50-ms")
		b.ReportMetric(percentile(ours, 0.5)/percentile(floor, 0.5), "p50/spawn")
	}
}

// BenchmarkServerStart is the time from exec to the first answer, and the idle
// memory a little later. Goals: 50 ms, 40 MiB.
func BenchmarkServerStart(b *testing.B) {
	data := filepath.Join(b.TempDir(), "state")
	mustServe(b, data).stop()
	for range b.N {
		var starts []time.Duration
		var idle float64
		for range 10 {
			start := time.Now()
			p, err := serve(data)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := p.clients(0).sts.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{}); err != nil {
				b.Fatal(err)
			}
			starts = append(starts, time.Since(start))
			time.Sleep(500 * time.Millisecond)
			idle = residentMiB(b, p.cmd.Process.Pid)
			p.stop()
		}
		b.ReportMetric(percentile(starts, 0.5)/1e3, "start-p50-ms")
		b.ReportMetric(idle, "idle-MiB")
	}
}

// residentMiB is a process's resident memory.
func residentMiB(b *testing.B, pid int) float64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(l, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024
		}
	}
	return 0
}
