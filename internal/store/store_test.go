package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
)

type thing struct{ Name string }

// both runs a test on disk and in memory: the contract is one.
func both(t *testing.T, test func(t *testing.T, o Options)) {
	t.Run("memory", func(t *testing.T) { test(t, Options{}) })
	t.Run("disk", func(t *testing.T) { test(t, Options{Dir: t.TempDir()}) })
}

func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func table(t *testing.T, s *Store) *Table[thing] {
	t.Helper()
	tab, err := OpenTable[thing](context.Background(), s, "thing")
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func put(t *testing.T, s *Store, tab *Table[thing], key, name string) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx *Tx) error { return tab.Put(tx, key, &thing{name}) }); err != nil {
		t.Fatal(err)
	}
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		put(t, s, tab, "a", "first")
		stop := errors.New("stop")
		err := s.Update(context.Background(), func(tx *Tx) error {
			if err := tab.Put(tx, "a", &thing{"second"}); err != nil {
				return err
			}
			if got := tab.GetIn(tx, "a"); got.Name != "second" {
				t.Errorf("the transaction reads %q", got.Name)
			}
			if got := tab.Get("a"); got.Name != "first" {
				t.Errorf("others read %q before the commit", got.Name)
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if got := tab.Get("a"); got.Name != "first" {
			t.Errorf("after the failure: %q", got.Name)
		}
	})
}

func TestWrittenStateIsThereAfterReopening(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	s := open(t, o)
	tab := table(t, s)
	put(t, s, tab, Key("1", "b"), "b")
	put(t, s, tab, Key("1", "a"), "a")
	put(t, s, tab, Key("2", "c"), "c")
	log := OpenLog(s, "log")
	if err := s.Update(context.Background(), func(tx *Tx) error {
		return log.Append(tx, Entry{"k1", []byte("v1")}, Entry{"k2", []byte("v2")})
	}); err != nil {
		t.Fatal(err)
	}
	digest, _, err := s.Blobs().Put(context.Background(), strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()

	s = open(t, o)
	var seen []string
	again, err := OpenWatched(context.Background(), s, "thing", func(key string, old, now *thing) { seen = append(seen, now.Name) })
	if err != nil {
		t.Fatal(err)
	}
	if got := names(again, Prefix("1"), ""); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("listed %q", got)
	}
	if !slices.Equal(seen, []string{"a", "b", "c"}) {
		t.Errorf("the watcher saw %q", seen)
	}
	entries, err := OpenLog(s, "log").Scan(context.Background(), Range{From: "k", Limit: 1, Backward: true})
	if err != nil || len(entries) != 1 || string(entries[0].Value) != "v2" {
		t.Errorf("log: %v %v", entries, err)
	}
	r, err := s.Blobs().Open(context.Background(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if raw, _ := io.ReadAll(r); string(raw) != "content" {
		t.Errorf("blob: %q", raw)
	}
}

func names(tab *Table[thing], prefix, after string) []string {
	var out []string
	for _, v := range tab.All(prefix, after) {
		out = append(out, v.Name)
	}
	return out
}

func TestListingPagesWithoutGaps(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		for i := range 7 {
			put(t, s, tab, Key("x", fmt.Sprint(i)), fmt.Sprint(i))
		}
		put(t, s, tab, Key("w", "9"), "before")
		put(t, s, tab, Key("y", "9"), "after")
		if got := names(tab, Prefix("x"), Key("x", "4")); !slices.Equal(got, []string{"5", "6"}) {
			t.Errorf("after 4: %q", got)
		}
		if got := names(tab, Prefix("x"), ""); len(got) != 7 {
			t.Errorf("all: %q", got)
		}
	})
}

func TestSecondServerIsRefusedWithTheHolder(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	_, err := Open(context.Background(), Options{Dir: dir})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "--data") {
		t.Errorf("no next step in %q", err)
	}
}

func TestTrimRemovesOnlyItsRange(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		log := OpenLog(s, "log")
		ctx := context.Background()
		if err := s.Update(ctx, func(tx *Tx) error {
			return log.Append(tx, Entry{"a\x001", nil}, Entry{"a\x002", nil}, Entry{"b\x001", nil})
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, func(tx *Tx) error { return log.Trim(tx, PrefixRange("a\x00", 1)) }); err != nil {
			t.Fatal(err)
		}
		left, err := log.Scan(ctx, Range{Limit: 10})
		if err != nil || len(left) != 1 || left[0].Key != "b\x001" {
			t.Errorf("left: %v %v", left, err)
		}
	})
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 20 {
					put(t, s, tab, fmt.Sprintf("%d-%d", w, i), "v")
					for range tab.All("", "") {
						break
					}
				}
			})
		}
		wg.Wait()
		if tab.Len() != 160 {
			t.Errorf("%d records", tab.Len())
		}
	})
}

func TestBlobs(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		b := open(t, o).Blobs()
		ctx := context.Background()
		first, size, err := b.Put(ctx, strings.NewReader("x"))
		if err != nil || size != 1 {
			t.Fatal(size, err)
		}
		if second, _, _ := b.Put(ctx, strings.NewReader("x")); second != first {
			t.Errorf("same content, other digest: %s %s", first, second)
		}
		if all, _ := b.List(ctx); !slices.Equal(all, []string{first}) {
			t.Errorf("list: %q", all)
		}
		if err := b.Delete(ctx, first); err != nil {
			t.Fatal(err)
		}
		for _, digest := range []string{first, "../../etc/passwd", ""} {
			if _, err := b.Open(ctx, digest); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("open %q: %v", digest, err)
			}
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	tab, err := OpenTable[thing](context.Background(), s, "thing")
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := s.Update(context.Background(), func(tx *Tx) error { return tab.Put(tx, fmt.Sprint(i%1000), &thing{"v"}) }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s, _ := Open(context.Background(), Options{})
	defer s.Close()
	tab, _ := OpenTable[thing](context.Background(), s, "thing")
	_ = s.Update(context.Background(), func(tx *Tx) error { return tab.Put(tx, "k", &thing{"v"}) })
	b.ReportAllocs()
	for b.Loop() {
		if tab.Get("k") == nil {
			b.Fatal("gone")
		}
	}
}
