package s3

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

const (
	here  = "111111111111"
	there = "222222222222"
)

// world is S3 beside IAM, behind a real gate.
type world struct {
	testing.TB
	s3    *Service
	iam   *iam.Service
	bus   *op.Bus
	clock *clock.Manual
	trail *trail.Trail
	stop  func()
}

func newWorld(t testing.TB) *world { return openWorld(t, "") }

// openWorld starts a server on the state of a directory, or in memory.
func openWorld(t testing.TB, dir string, more ...op.Service) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{TB: t, clock: clock.NewManual(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))}
	bugs := &bug.Reporter{Panic: true}
	st, err := store.Open(ctx, store.Options{Dir: dir})
	w.ok(err)
	w.iam, err = iam.New(ctx, iam.Deps{Store: st, Clock: w.clock, Bug: bugs, Accounts: []string{here, there}})
	w.ok(err)
	w.s3, err = New(ctx, Deps{Store: st, Clock: w.clock, Bug: bugs, Directory: w.iam, WorkDir: t.TempDir()})
	w.ok(err)
	w.trail, err = trail.Open(ctx, st, nil)
	w.ok(err)
	services := append([]op.Service{w.iam, w.s3}, more...)
	w.bus, err = op.NewBus(op.Config{Gate: gate.New(w.iam, services, w.trail, bugs), Services: services, Clock: w.clock, Bug: bugs})
	w.ok(err)
	w.ok(w.s3.Start(ctx, w.bus))
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			w.ok(errors.Join(w.s3.Close(), w.trail.Close(), st.Close()))
		}
	}
	t.Cleanup(w.stop)
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func root(account string) caller.Caller { return caller.Root(account, caller.Key{}) }

// user makes a user with one policy; an empty policy is none.
func (w *world) user(account, name, document string) caller.Caller {
	w.Helper()
	out := mustAs(w, root(account), iamapi.CreateUser, &iamapi.CreateUserRequest{UserName: &name})
	if document != "" {
		mustAs(w, root(account), iamapi.PutUserPolicy, &iamapi.PutUserPolicyRequest{UserName: &name, PolicyName: ptr("p"), PolicyDocument: &document})
	}
	return caller.ForUser(caller.User{Account: account, ARN: out.User.GetArn(), Name: name, ID: out.User.GetUserId()}, caller.Key{})
}

func allow(action, resource, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}]}`
}

func bucketPolicy(effect, who, action, resource, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Principal":` + who + `,"Action":"` + action + `","Resource":"` + resource + `"` + condition + `}]}`
}

func call[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) (*Out, error) {
	w.Helper()
	return op.Do(context.Background(), w.bus, op.As{Caller: as, Region: "us-east-1"}, o, in)
}

// must is a call that has to succeed, as the root user here.
func must[In, Out any](w *world, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	return mustAs(w, root(here), o, in)
}

func mustAs[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In) *Out {
	w.Helper()
	out, err := call(w, as, o, in)
	if err != nil {
		w.Fatalf("%s: %v", o.Name, err)
	}
	return out
}

// refuses is a call of the root user here that has to fail with a code.
func refuses[In, Out any](w *world, o api.Op[In, Out], in *In, status int, code string) *api.Error {
	w.Helper()
	return refusesAs(w, root(here), o, in, status, code)
}

func refusesAs[In, Out any](w *world, as caller.Caller, o api.Op[In, Out], in *In, status int, code string) *api.Error {
	w.Helper()
	_, err := call(w, as, o, in)
	var known *api.Error
	if !errors.As(err, &known) || known.Code != code || known.Status != status {
		w.Errorf("%s: %v, want %d %s", o.Name, err, status, code)
		return &api.Error{}
	}
	return known
}

func (w *world) bucket(name string) {
	w.Helper()
	must(w, s3api.CreateBucket, &s3api.CreateBucketRequest{Bucket: &name})
}

func stream(s string) *api.Stream {
	return &api.Stream{Body: io.NopCloser(strings.NewReader(s)), Length: int64(len(s))}
}

func put(bucket, key, body string) *s3api.PutObjectRequest {
	return &s3api.PutObjectRequest{Bucket: &bucket, Key: &key, Body: stream(body)}
}

func get(bucket, key string) *s3api.GetObjectRequest {
	return &s3api.GetObjectRequest{Bucket: &bucket, Key: &key}
}

func (w *world) put(bucket, key, body string) *s3api.PutObjectOutput {
	w.Helper()
	return must(w, s3api.PutObject, put(bucket, key, body))
}

// content reads an answer to its end.
func (w *world) content(out *s3api.GetObjectOutput) string {
	w.Helper()
	raw, err := io.ReadAll(io.LimitReader(out.Body.Body, out.Body.Length))
	w.ok(errors.Join(err, out.Body.Body.Close()))
	if int64(len(raw)) != out.Body.Length {
		w.Errorf("%d of %d bytes", len(raw), out.Body.Length)
	}
	return string(raw)
}

func (w *world) get(bucket, key string) string {
	w.Helper()
	return w.content(must(w, s3api.GetObject, get(bucket, key)))
}

// unblock lets a bucket be public.
func (w *world) unblock(bucket string) {
	w.Helper()
	must(w, s3api.DeletePublicAccessBlock, &s3api.DeletePublicAccessBlockRequest{Bucket: &bucket})
}

func (w *world) policy(bucket, document string) {
	w.Helper()
	must(w, s3api.PutBucketPolicy, &s3api.PutBucketPolicyRequest{Bucket: &bucket, Policy: &document})
}

// files are the files that hold objects.
func (w *world) files() (n int) {
	w.Helper()
	w.ok(w.s3.files.Sweep(func(string) bool { n++; return true }))
	return n
}
