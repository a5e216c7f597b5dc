package kms

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

const here = "111111111111"

// people is a directory of root users.
type people struct{ op.Directory }

func (people) Grants(caller.Caller) (op.Grants, bool) { return op.Grants{}, true }
func (people) HasAccount(string) bool                 { return true }
func (people) PrincipalID(string) (string, bool)      { return "", false }
func (people) PrincipalARN(string) (string, bool)     { return "", false }

// TestADeletedKeyIsGoneWhenItIsDue, with what belongs to it: at that moment for
// every call, and from the database at the next sweep.
func TestADeletedKeyIsGoneWhenItIsDue(t *testing.T) {
	ctx := context.Background()
	now := clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bugs := &bug.Reporter{Panic: true}
	record, err := trail.Open(ctx, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(ctx, Deps{Store: st, Clock: now, Bug: bugs, Directory: people{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), record.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	services := []op.Service{s}
	bus, err := op.NewBus(op.Config{Gate: gate.New(people{}, services, record, bugs), Services: services, Clock: now, Bug: bugs})
	if err != nil {
		t.Fatal(err)
	}
	as := op.As{Caller: caller.Root(here, caller.Key{}), Region: "us-east-1"}
	k := call(t, bus, as, kmsapi.CreateKey, &kmsapi.CreateKeyRequest{}).KeyMetadata.Arn
	call(t, bus, as, kmsapi.CreateAlias, &kmsapi.CreateAliasRequest{AliasName: ptr("alias/a"), TargetKeyId: k})
	call(t, bus, as, kmsapi.CreateGrant, &kmsapi.CreateGrantRequest{KeyId: k, GranteePrincipal: ptr("arn:aws:iam::" + here + ":root"), Operations: []string{"Decrypt"}})
	call(t, bus, as, kmsapi.ScheduleKeyDeletion, &kmsapi.ScheduleKeyDeletionRequest{KeyId: k, PendingWindowInDays: ptr(int32(7))})

	now.Advance(7*day - time.Second)
	if err := s.sweepOnce(ctx); err != nil {
		t.Fatal(err)
	}
	call(t, bus, as, kmsapi.DescribeKey, &kmsapi.DescribeKeyRequest{KeyId: k})
	now.Advance(time.Second)
	for range 2 {
		_, err := op.Do(ctx, bus, as, kmsapi.DescribeKey, &kmsapi.DescribeKeyRequest{KeyId: k})
		var refused *api.Error
		if !errors.As(err, &refused) || refused.Code != "NotFoundException" || !strings.HasSuffix(refused.Message, "does not exist") {
			t.Errorf("a key that is gone: %v", err)
		}
		if err := s.sweepOnce(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.keys.Len() + s.aliases.Len() + s.grants.Len() + len(s.index.entries) + len(s.index.ids); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func call[In, Out any](t *testing.T, bus *op.Bus, as op.As, o api.Op[In, Out], in *In) *Out {
	t.Helper()
	out, err := op.Do(context.Background(), bus, as, o, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
