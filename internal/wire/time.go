package wire

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// timeFormat is how a timestamp is written.
type timeFormat string

const (
	unixTime timeFormat = "unix" // seconds since 1970 as a number
	isoTime  timeFormat = "iso"  // 2026-11-01T12:00:00Z
	httpTime timeFormat = "http" // Sun, 01 Nov 2026 12:00:00 GMT
)

func (f timeFormat) check() error {
	switch f {
	case unixTime, isoTime, httpTime:
		return nil
	}
	return fmt.Errorf("unknown time format %q", string(f))
}

const httpTimeLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// append writes a timestamp; fractions of a second are kept to the
// millisecond, and left out when there are none, as AWS does.
func (f timeFormat) append(b []byte, t time.Time) []byte {
	t = t.UTC()
	ms := t.Nanosecond() / int(time.Millisecond)
	switch f {
	case httpTime:
		return t.AppendFormat(b, httpTimeLayout)
	case isoTime:
		if ms != 0 {
			return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
		}
		return t.AppendFormat(b, "2006-01-02T15:04:05Z")
	}
	millis := t.UnixMilli()
	if ms == 0 {
		return strconv.AppendInt(b, millis/1000, 10)
	}
	return strconv.AppendFloat(b, float64(millis)/1000, 'f', 3, 64)
}

// parse reads a timestamp from text: in its own format, and in the others,
// for AWS takes all of them wherever it takes text.
func (f timeFormat) parse(s string) (time.Time, bool) {
	if seconds, ok := parseFloat(s, 64); ok {
		return fromSeconds(seconds)
	}
	for _, layout := range []string{time.RFC3339Nano, httpTimeLayout, time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil && inYears(t) {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// fromSeconds refuses what is not a time that every format can write.
func fromSeconds(seconds float64) (time.Time, bool) {
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e12 {
		return time.Time{}, false
	}
	t := time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return t, inYears(t)
}

func inYears(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }
