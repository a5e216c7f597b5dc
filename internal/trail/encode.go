package trail

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// encoder writes records as lines of JSON that decode to Record.spelled. Every
// request is recorded, so this is written out where encoding/json would look at
// types and sort maps: it takes a fifth of the time.
type encoder struct {
	// principal is the last one written, and said what was written for it: one
	// principal asks many questions in a row.
	principal policy.Principal
	said      []byte
}

func (e *encoder) append(b []byte, r *Record) ([]byte, error) {
	principal, err := e.say(r.Principal)
	if err != nil {
		return b, err
	}
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, r.Seq, 10)
	b = append(b, `,"time":"`...)
	b = r.Time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","principal":`...)
	b = append(b, principal...)
	for _, m := range [...]struct{ name, value string }{
		{"requestId", r.RequestID}, {"parent", r.Parent}, {"account", r.Account}, {"region", r.Region},
		{"service", r.Service}, {"operation", r.Operation}, {"accessKeyId", r.AccessKeyID}, {"sourceIp", r.SourceIP},
		{"action", r.Action}, {"resource", r.Resource}, {"resourceAccount", r.ResourceAccount},
		{"effect", r.Effect}, {"layer", r.Layer}, {"message", r.Message}, {"nothing", r.Nothing}, {"refused", r.Refused},
	} {
		b = appendText(b, m.name, m.value)
	}
	b = appendTrue(b, "sessionLimited", r.SessionLimited)
	b = appendTrue(b, "resourceMustAllow", r.ResourceMustAllow)
	b = appendTrue(b, "trial", r.Trial)
	b = appendTrue(b, "allowed", r.Allowed)
	b = appendContext(b, r.context)
	b = appendLayers(b, r.layers)
	return append(b, '}', '\n'), nil
}

func (e *encoder) say(p policy.Principal) ([]byte, error) {
	if e.said != nil && e.principal == p {
		return e.said, nil
	}
	said, err := json.Marshal(p)
	if err == nil {
		e.principal, e.said = p, said
	}
	return said, err
}

// appendContext is spellContext.
func appendContext(b []byte, c *policy.Context) []byte {
	keys := c.Keys()
	if len(keys) == 0 {
		return b
	}
	var lists []string
	open := `,"context":{`
	for _, k := range keys {
		b = append(b, open...)
		b = appendString(b, k)
		values, _ := c.Get(k)
		b = append(b, ':')
		b = appendStrings(b, values)
		open = ","
		if c.Multivalued(k) {
			lists = append(lists, k)
		}
	}
	b = append(b, '}')
	if len(lists) > 0 {
		b = append(b, `,"lists":`...)
		b = appendStrings(b, lists)
	}
	return b
}

// appendLayers is refs, and the numbers of levels.
func appendLayers(b []byte, l *policy.Layers) []byte {
	open := `,"policies":[{"layer":"`
	each(l, func(layer string, level int, a *policy.Attached) {
		b = append(b, open...)
		b = append(b, layer...)
		b = append(b, `","digest":"`...)
		if a.Policy != nil {
			b = append(b, a.Policy.Digest()...)
		}
		b = append(b, '"')
		b = appendNumber(b, "level", level)
		b = appendText(b, "arn", a.ARN)
		b = appendText(b, "name", a.Name)
		b = appendText(b, "source", a.Source)
		b = append(b, '}')
		open = `,{"layer":"`
	})
	if open[1] == '{' {
		b = append(b, ']')
	}
	b = appendNumber(b, "serviceLevels", len(l.ServiceControl))
	return appendNumber(b, "resourceLevels", len(l.ResourceControl))
}

// The members below are left out when they are empty.

func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(appendName(b, name), value)
}

func appendTrue(b []byte, name string, value bool) []byte {
	if !value {
		return b
	}
	return append(appendName(b, name), "true"...)
}

func appendNumber(b []byte, name string, value int) []byte {
	if value == 0 {
		return b
	}
	return strconv.AppendInt(appendName(b, name), int64(value), 10)
}

func appendName(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString leaves to encoding/json whatever needs an escape, or is not ASCII.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // strings always marshal
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
