package trail

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

var background = context.Background()

// world is a trail over a store that a test may open again.
type world struct {
	testing.TB
	*Trail
	store *store.Store
	dir   string
	size  sizes
}

// small are bounds that a test reaches soon.
var small = sizes{memory: 8, recent: 8, stored: 20, chapter: 5, batch: 3, pace: time.Millisecond}

// newWorld opens a trail on disk; with dir empty, in memory.
func newWorld(t testing.TB, dir string, size sizes) *world {
	t.Helper()
	w := &world{TB: t, dir: dir, size: size}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.Helper()
	var err error
	if w.store, err = store.Open(background, store.Options{Dir: w.dir}); err != nil {
		w.Fatal(err)
	}
	if w.Trail, err = open(background, w.store, nil, w.size); err != nil {
		w.Fatal(err)
	}
}

func (w *world) close() {
	w.Helper()
	if err := errors.Join(w.Close(), w.store.Close()); err != nil {
		w.Error(err)
	}
}

// reopen is a restart of the server.
func (w *world) reopen() {
	w.Helper()
	w.close()
	w.open()
}

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	allowText = "{ \"Version\": \"2012-10-17\", \"Statement\": {\"Effect\":\"Allow\",\"Action\":\"lambda:*\",\"Resource\":\"*\",\"Condition\":{\"ForAnyValue:StringEquals\":{\"aws:TagKeys\":\"b\"}}} }\n"
	trustText = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"AIDAU"},"Action":"lambda:InvokeFunction","Resource":"*"}}`
	user      = "arn:aws:iam::111111111111:user/u"
	function  = "arn:aws:lambda:us-east-1:111111111111:function:f"
)

// asked is a record with everything in it, and its layers.
func asked(t testing.TB, requestID string) (*Record, *policy.Layers) {
	t.Helper()
	keys := &policy.Context{}
	keys.Set("aws:PrincipalTag/Team", "blue")
	keys.Set("aws:SecureTransport", "false")
	keys.SetList("aws:TagKeys", []string{"a", "b"})
	keys.SetList("aws:CalledVia", []string{"lambda.amazonaws.com"})
	r := &Record{
		Time: time.Date(2026, 11, 20, 10, 0, 0, 123, time.UTC), RequestID: requestID, Parent: "parent", Account: "111111111111", Region: "us-east-1",
		Service: "lambda", Operation: "Invoke", Principal: policy.Principal{Kind: policy.User, Account: "111111111111", ARN: user, UniqueID: "AIDAU"},
		AccessKeyID: "AKIAU", SourceIP: "10.0.0.1", Action: "lambda:InvokeFunction", Resource: function, ResourceAccount: "111111111111",
		Effect: "implicitDeny", Layer: "session", Message: "User: u is not authorized",
	}
	r.SetContext(keys)
	boundary := policy.Attached{ARN: "arn:aws:iam::aws:policy/gone", Name: "gone", Source: "user u"}
	resource := policy.Attached{Policy: load(t, trustText), Name: "policy", Source: "function f"}
	endpoint := policy.Attached{Policy: load(t, trustText), Name: "endpoint policy", Source: "endpoint vpce-1"}
	control := func(name, source string) []policy.Attached {
		return []policy.Attached{{Policy: load(t, allowText), ARN: "arn:aws:organizations::111111111111:policy/o-1/service_control_policy/" + name, Name: name, Source: source}}
	}
	return r, &policy.Layers{
		Identity: []policy.Attached{{Policy: load(t, allowText), ARN: "arn:aws:iam::111111111111:policy/p", Name: "p", Source: "user u"}},
		Boundary: &boundary, Resource: &resource,
		Session:        []policy.Attached{{Policy: load(t, allowText), Name: "session policy", Source: "session"}},
		SessionLimited: true, ResourceMustAllow: true,
		// A level without a policy allows nothing, so it must not get lost.
		ServiceControl:  [][]policy.Attached{append(control("p-1", "root r-1"), control("p-2", "root r-1")...), {}, control("p-3", "account 1")},
		ResourceControl: [][]policy.Attached{control("p-4", "root r-1"), nil},
		Endpoint:        &endpoint,
	}
}

// add adds n plain records, of requests named by their number.
func (w *world) add(n int) {
	w.Helper()
	for range n {
		w.Add(&Record{RequestID: fmt.Sprint("r", w.Last()+1), Effect: "allowed", Allowed: true, Action: "sts:GetCallerIdentity"}, &policy.Layers{})
	}
}

// settle waits until everything is written.
func (w *world) settle() {
	w.Helper()
	for range 1000 {
		if newest, err := w.disk.newest(background); err != nil {
			w.Fatal(err)
		} else if newest == w.Last() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	w.Fatal("the writer does not come round")
}

func seqs(all []*Record) []uint64 {
	var out []uint64
	for _, r := range all {
		out = append(out, r.Seq)
	}
	return out
}

func (w *world) newest(before uint64, f Filter, limit int) []uint64 {
	w.Helper()
	all, err := w.Newest(background, before, f, limit)
	if err != nil {
		w.Fatal(err)
	}
	return seqs(all)
}

func (w *world) request(id string) []*Record {
	w.Helper()
	all, err := w.Request(background, id)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func down(from, to int) []uint64 {
	var out []uint64
	for i := from; i >= to; i-- {
		out = append(out, uint64(i))
	}
	return out
}

// same compares records without the question they carry in memory.
func same(t testing.TB, got, want *Record) {
	t.Helper()
	g, w := *got, *want
	g.context, g.layers, w.context, w.layers = nil, nil, nil, nil
	if !reflect.DeepEqual(g, w) {
		t.Error(cmp.Diff(w, g, cmp.AllowUnexported(Record{})))
	}
}
