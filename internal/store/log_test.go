package store

import (
	"context"
	"fmt"
	"testing"
)

// TestALogTakesBatchesOfAnySize: rows go to SQLite many to a statement, and
// none may be lost where one statement ends and the next begins.
func TestALogTakesBatchesOfAnySize(t *testing.T) {
	for _, n := range []int{0, 1, putRows - 1, putRows, putRows + 1, 3*putRows + 5} {
		s := open(t, Options{Dir: t.TempDir()})
		l := OpenLog(s, "log")
		var batch []Entry
		for i := range n {
			batch = append(batch, Entry{fmt.Sprintf("%04d", i), fmt.Append(nil, i)})
		}
		// Within a statement and across two: the last of one key counts.
		for _, i := range []int{0, n / 2} {
			if n > 0 {
				batch = append(batch, Entry{fmt.Sprintf("%04d", i), nil}, Entry{fmt.Sprintf("%04d", i), []byte("again")})
			}
		}
		update(t, s, func(tx *Tx) error { return l.Append(tx, batch...) })
		got, err := l.Scan(context.Background(), Range{Limit: 1000})
		if err != nil || len(got) != n {
			t.Fatalf("%d entries of %d, %v", len(got), n, err)
		}
		for i, e := range got {
			want := fmt.Sprint(i)
			if i == 0 || i == n/2 {
				want = "again"
			}
			if e.Key != fmt.Sprintf("%04d", i) || string(e.Value) != want {
				t.Errorf("batch of %d: entry %d is %q = %q, want %q", n, i, e.Key, e.Value, want)
			}
		}
	}
}

func TestAnEmptyValueIsNotNoValue(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	l := OpenLog(s, "log")
	update(t, s, func(tx *Tx) error { return l.Append(tx, Entry{"a", nil}, Entry{"b", []byte{}}) })
	got, err := l.Scan(context.Background(), Range{Limit: 10})
	if err != nil || len(got) != 2 || len(got[0].Value) != 0 || len(got[1].Value) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l, next := OpenLog(s, "log"), 0
	for b.Loop() {
		batch := make([]Entry, 100)
		for i := range batch {
			next++
			batch[i] = Entry{fmt.Sprintf("%020d", next), make([]byte, 120)}
		}
		if err := s.Update(context.Background(), func(tx *Tx) error { return l.Append(tx, batch...) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(next), "µs/entry")
}
