package trail

import (
	"testing"
)

func BenchmarkAdd(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "disk": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, dir, whole)
			r, layers := asked(b, "0f5b7d4e-0000-4000-8000-000000000000")
			b.ReportAllocs()
			for b.Loop() {
				one := *r
				w.Add(&one, layers)
			}
			b.ReportMetric(float64(w.Lost())/float64(b.N), "lost/op")
		})
	}
}

// BenchmarkWrite is what a record costs the writer, in the background.
func BenchmarkWrite(b *testing.B) {
	w := newWorld(b, b.TempDir(), whole)
	d := newDisk(w.store, w.size)
	r, layers := asked(b, "0f5b7d4e-0000-4000-8000-000000000000")
	r.layers = layers
	seq := uint64(0)
	for b.Loop() {
		var batch []*Record
		for range 100 {
			one := *r
			seq++
			one.Seq = seq
			batch = append(batch, &one)
		}
		if _, err := d.append(background, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(seq), "µs/record")
}
