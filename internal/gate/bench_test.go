package gate

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/op"
)

// BenchmarkAdmit is what every invoke pays: a user with two policies, a
// function with a resource-based policy that is about somebody else.
func BenchmarkAdmit(b *testing.B) {
	w := newWorld(b)
	w.permit(function, permits(`{"Service":"sns.amazonaws.com"}`, invoke))
	c := w.user(here, "u", statement("Allow", "s3:*", "*", ""), allow(invoke, function))
	b.ReportAllocs()
	for b.Loop() {
		q := question(c)
		if err := w.gate.Admit(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
	if n := w.trail.Lost(); n > 0 {
		b.Logf("%d records were not written in time", n)
	}
}

// BenchmarkAdmitSecondNeed is the price of one more need of the same call.
func BenchmarkAdmitSecondNeed(b *testing.B) {
	w := newWorld(b)
	q := question(w.user(here, "u", allow(invoke, function)))
	_ = w.gate.Admit(context.Background(), q)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.gate.Admit(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdmitNothing(b *testing.B) {
	w := newWorld(b)
	q := &op.Question{Call: question(w.user(here, "u")).Call, Nothing: "for the benchmark"}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.gate.Admit(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
}
