package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func update(t *testing.T, s *Store, fn func(tx *Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// TestDataDirectoryIsPrivate: it holds secret keys, and a directory the user
// made may be open to everybody.
func TestDataDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.db"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{Dir: dir})
	put(t, s, table(t, s), "k", "secret")
	if _, _, err := s.Blobs().Put(context.Background(), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v %v", f.Name(), info.Mode(), err)
		}
	}
}

// TestAnyDirectoryWillDo: names that mean something to URIs and patterns.
func TestAnyDirectoryWillDo(t *testing.T) {
	for _, name := range []string{"a b", "100%25", "what?x=1", "#1", "[ab]*", "ü"} {
		dir := filepath.Join(t.TempDir(), name)
		s := open(t, Options{Dir: dir})
		put(t, s, table(t, s), "k", "v")
		digest, _, err := s.Blobs().Put(context.Background(), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := os.Stat(filepath.Join(dir, "state.db")); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		s = open(t, Options{Dir: dir})
		if table(t, s).Get("k") == nil {
			t.Errorf("%q: the state is elsewhere", name)
		}
		if all, err := s.Blobs().List(context.Background()); err != nil || !slices.Equal(all, []string{digest}) {
			t.Errorf("%q: blobs %v %v", name, all, err)
		}
	}
}

// TestUnfinishedBlobsLeave: a server that was killed while it stored a blob
// leaves nothing for ever.
func TestUnfinishedBlobsLeave(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	digest, _, err := s.Blobs().Put(context.Background(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	left := filepath.Join(dir, "blobs", "new-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if all, _ := s.Blobs().List(context.Background()); !slices.Equal(all, []string{digest}) {
		t.Errorf("blobs %v", all)
	}
}

// TestKeysDoNotRunIntoEachOther: names come from callers, so no name may reach
// the records of another one.
func TestKeysDoNotRunIntoEachOther(t *testing.T) {
	part := rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 'a', '0', 0xff}), 0, 4, -1)
	parts := rapid.SliceOfN(part, 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		given := slices.Clone(a)
		if (Key(a...) == Key(b...)) != slices.Equal(a, b) {
			t.Errorf("%q and %q have the key %q", a, b, Key(a...))
		}
		below := len(b) > len(a) && slices.Equal(a, b[:len(a)])
		if strings.HasPrefix(Key(b...), Prefix(a...)) != below {
			t.Errorf("%q below %q: %v", b, a, !below)
		}
		if !slices.Equal(a, given) {
			t.Errorf("Key changed its arguments: %q", a)
		}
	})
	if got := Key("123456789012", "us-east-1", "f"); got != "123456789012\x00us-east-1\x00f" {
		t.Errorf("an ordinary key is %q", got)
	}
}

// TestPanicInUpdateChangesNothing, and the next writer is not kept waiting.
func TestPanicInUpdateChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.Update(context.Background(), func(tx *Tx) error {
				if err := tab.Put(tx, "a", &thing{"x"}); err != nil {
					return err
				}
				panic("broken")
			})
		}()
		if tab.Get("a") != nil {
			t.Error("half a transaction is visible")
		}
		put(t, s, tab, "b", "y")
	})
}

// TestWatcherSeesWhatBecameVisible: not what was rolled back, and old and new
// value of each change.
func TestWatcherSeesWhatBecameVisible(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		var seen []string
		say := func(v *thing) string {
			if v == nil {
				return "-"
			}
			return v.Name
		}
		tab, err := OpenWatched(context.Background(), s, "thing", func(key string, old, now *thing) { seen = append(seen, key+" "+say(old)+" "+say(now)) })
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Update(context.Background(), func(tx *Tx) error { _ = tab.Put(tx, "a", &thing{"0"}); return errors.New("no") })
		update(t, s, func(tx *Tx) error { return tab.Put(tx, "a", &thing{"1"}) })
		update(t, s, func(tx *Tx) error { return errors.Join(tab.Put(tx, "a", &thing{"2"}), tab.Put(tx, "b", &thing{"1"})) })
		update(t, s, func(tx *Tx) error { return errors.Join(tab.Delete(tx, "a"), tab.Delete(tx, "gone")) })
		if want := []string{"a - 1", "a 1 2", "b - 1", "a 2 -", "gone - -"}; !slices.Equal(seen, want) {
			t.Errorf("saw %q", seen)
		}
	})
}

func TestTransactionReadsItsOwnWrites(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab := table(t, s)
		put(t, s, tab, "a", "1")
		update(t, s, func(tx *Tx) error {
			if err := tab.Delete(tx, "a"); err != nil {
				return err
			}
			if tab.GetIn(tx, "a") != nil || tab.Get("a") == nil {
				t.Error("a deleted record: gone in the transaction only, until it is durable")
			}
			return tab.Put(tx, "a", &thing{"2"})
		})
		if tab.Get("a").Name != "2" {
			t.Errorf("left: %+v", tab.Get("a"))
		}
	})
}

// TestListingIsOfOneMoment: what changes while it is read does not show.
func TestListingIsOfOneMoment(t *testing.T) {
	s := open(t, Options{})
	tab := table(t, s)
	for _, k := range []string{"a", "b", "c"} {
		put(t, s, tab, k, k)
	}
	var got []string
	for k, v := range tab.All("", "") {
		if k == "a" {
			put(t, s, tab, "b", "changed")
			update(t, s, func(tx *Tx) error { return errors.Join(tab.Delete(tx, "c"), tab.Put(tx, "d", &thing{"d"})) })
		}
		got = append(got, v.Name)
	}
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
}

func TestLogRanges(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		l := OpenLog(s, "log")
		update(t, s, func(tx *Tx) error {
			return l.Append(tx, Entry{"a", nil}, Entry{"a\xff", nil}, Entry{"a\xff\xff", nil}, Entry{"b", nil}, Entry{"b", []byte("again")}, Entry{"c", nil})
		})
		for _, c := range []struct {
			name string
			r    Range
			want []string
		}{
			{"all", Range{Limit: 10}, []string{"a", "a\xff", "a\xff\xff", "b", "c"}},
			{"backward", Range{Limit: 2, Backward: true}, []string{"c", "b"}},
			{"from is in it, to is not", Range{From: "a\xff", To: "b", Limit: 10}, []string{"a\xff", "a\xff\xff"}},
			{"prefix", PrefixRange("a", 10), []string{"a", "a\xff", "a\xff\xff"}},
			{"prefix that ends in the last byte", PrefixRange("a\xff", 10), []string{"a\xff", "a\xff\xff"}},
			{"no limit is none", Range{}, nil},
		} {
			found, err := l.Scan(context.Background(), c.r)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range found {
				got = append(got, e.Key)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q", c.name, got)
			}
		}
	})
}

func TestClosedStoreTakesNothing(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(context.Background(), func(*Tx) error { t.Error("ran"); return nil }); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestStateOfANewerVersionIsLeftAlone(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	s := open(t, o)
	if _, err := s.db.Exec(`INSERT INTO migrations(version) VALUES(1000)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), "newer Sallyport") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(context.Background(), o); err == nil || strings.Contains(err.Error(), "another sallyport server") {
		t.Errorf("a failed start keeps the directory locked: %v", err)
	}
}

func TestRecordThatIsNoneIsSaid(t *testing.T) {
	s := open(t, Options{})
	update(t, s, func(tx *Tx) error { return tx.put("thing", Entry{"k", []byte("{")}) })
	if _, err := OpenTable[thing](context.Background(), s, "thing"); err == nil || !strings.Contains(err.Error(), `thing "k"`) {
		t.Errorf("got %v", err)
	}
	update(t, s, func(tx *Tx) error { return tx.delete("thing", "k") })
	table(t, s)
	if _, err := OpenTable[thing](context.Background(), s, "thing"); err == nil {
		t.Error("two tables of one kind would not see each other's writes")
	}
}

// TestReadersAndWritersTogether is for the race detector.
func TestReadersAndWritersTogether(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		s := open(t, o)
		tab, l := table(t, s), OpenLog(s, "log")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 30 {
					_ = s.Update(context.Background(), func(tx *Tx) error {
						return errors.Join(tab.Put(tx, "a", &thing{"x"}), tab.Delete(tx, "b"), tab.Put(tx, "b", &thing{"y"}), l.Append(tx, Entry{"k", []byte("v")}))
					})
				}
			})
			wg.Go(func() {
				for range 30 {
					_, _, _ = tab.Get("a"), tab.Len(), names(tab, "", "")
					if _, err := l.Scan(context.Background(), Range{Limit: 5}); err != nil {
						t.Error(err)
					}
					if _, _, err := s.Blobs().Put(context.Background(), strings.NewReader("same")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}
