package trail

import (
	"reflect"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/policy"
)

// TestEveryMemberOfARecordIsWritten fills whatever members Record has, so that
// one that is added to it and not to the encoder fails here.
func TestEveryMemberOfARecordIsWritten(t *testing.T) {
	const hard = "a \"quoted\" \\ \x01 \n <é&\u2028> \U0001f600"
	full, layers := asked(t, "q")
	full.layers = layers
	full.SessionLimited, full.ResourceMustAllow = true, true
	full.context.Set("aws:UserAgent", hard)
	full.context.Set("aws:Referer", "")
	layers.Identity = append(layers.Identity, policy.Attached{Name: hard, Source: hard})
	v := reflect.ValueOf(full).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case !f.CanSet():
		case f.Kind() == reflect.String:
			f.SetString(v.Type().Field(i).Name + hard)
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.Uint64:
			f.SetUint(7)
		}
	}
	empty := &Record{Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), layers: &policy.Layers{}}
	level := &Record{Seq: 1, layers: &policy.Layers{ServiceControl: [][]policy.Attached{{}}}}
	all := []*Record{full, empty, level, full}

	var (
		e     encoder
		lines []byte
		err   error
	)
	for _, r := range all {
		if lines, err = e.append(lines, r); err != nil {
			t.Fatal(err)
		}
	}
	found, err := unpack(store.Entry{Key: seqKey(1), Value: packed(t, string(lines))})
	if err != nil || len(found) != len(all) {
		t.Fatalf("%d records, %v: %s", len(found), err, lines)
	}
	for i, r := range all {
		same(t, found[i], r.spelled())
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && reflect.ValueOf(full.spelled()).Elem().Field(i).IsZero() {
			t.Errorf("%s is empty: the test says nothing about it", f.Name)
		}
	}
}
