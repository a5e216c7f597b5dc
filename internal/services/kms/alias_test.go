package kms

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// TestAnAliasIsChangedOnlyAsItWasJudged: whoever may take an alias from one key must
// not take it from another one, which it came to name since, nor take one over that
// was not there.
func TestAnAliasIsChangedOnlyAsItWasJudged(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	s, err := New(ctx, Deps{Store: st, Clock: now, Bug: &bug.Reporter{Panic: true}, Directory: people{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	})
	first, second := ref{here, "us-east-1", "11111111-1111-1111-1111-111111111111"}, ref{here, "us-east-1", "22222222-2222-2222-2222-222222222222"}
	named := func(r ref) {
		k := s.newKey(r, now.Now())
		if k.Policy, err = s.newPolicy(defaultPolicy(here)); err != nil {
			t.Fatal(err)
		}
		err := st.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(s.keys.Put(tx, r.key(), k),
				s.aliases.Put(tx, aliasRef{here, r.region, "alias/a"}.key(), &alias{Account: here, Region: r.region, Name: "alias/a", Target: r.id}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	call := func(in any) *op.Call { return &op.Call{Account: here, Region: "us-east-1", Input: in, Time: now.Now()} }
	update := &kmsapi.UpdateAliasRequest{AliasName: ptr("alias/a"), TargetKeyId: &first.id}
	remove := &kmsapi.DeleteAliasRequest{AliasName: ptr("alias/a")}
	judge := func(c *op.Call, finders ...op.Finder) {
		for _, find := range finders {
			if _, err := find(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	changed := func(c *op.Call) error {
		if c.Input == any(update) {
			_, err := s.updateAlias(ctx, c, update)
			return err
		}
		_, err := s.deleteAlias(ctx, c, remove)
		return err
	}
	absent, updated, deleted := call(update), call(update), call(remove)
	judge(absent, s.alias, s.aliased, s.aliasTarget)
	named(first)
	judge(updated, s.alias, s.aliased, s.aliasTarget)
	judge(deleted, s.alias, s.aliased)
	named(second)
	for what, c := range map[string]*op.Call{"an update of none": absent, "an update of another one": updated, "a deletion": deleted} {
		var refused *api.Error
		if err := changed(c); !errors.As(err, &refused) || refused.Code != "NotFoundException" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if a := s.aliases.Get(aliasRef{here, "us-east-1", "alias/a"}.key()); a.Target != second.id {
		t.Errorf("the alias names %s", a.Target)
	}
	again := call(update)
	judge(again, s.alias, s.aliased, s.aliasTarget)
	if err := changed(again); err != nil {
		t.Error(err)
	}
}
