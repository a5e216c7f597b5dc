package wire

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// filler makes random values of our types: for inputs such as satisfy the
// constraints, for outputs the worst that the protocols can carry.
type filler struct {
	t     *testing.T
	rand  *rand.Rand
	valid bool
	// sparse leaves out what is not required.
	sparse bool
}

// fills is how deep types that contain themselves are filled.
const fills = 8

func (f *filler) structure(p *plan, v reflect.Value, depth int) {
	for i := range p.fields {
		m := &p.fields[i]
		if depth > fills || f.sparse && !m.required && m.in != inStatus {
			continue
		}
		f.member(p, m, v.Field(i), depth)
	}
}

func (f *filler) member(p *plan, m *field, v reflect.Value, depth int) {
	if m.in == inStatus {
		target(v).SetInt(int64([]int{200, 202}[f.rand.IntN(2)]))
		return
	}
	switch {
	case sdksOwn[p.typ.Field(m.index).Name]:
		return
	case m.in == inPath && m.name == "Bucket": // the SDK looks at it closely
		target(v).SetString("my-bucket")
		return
	case m.name == "Content-Range":
		target(v).SetString("bytes 0-1/2")
		return
	}
	s := m.shape
	f.value(&s, target(v), m.in, depth, p.typ.Name()+"."+m.name)
}

func (f *filler) value(s *shape, v reflect.Value, in place, depth int, path string) {
	switch s.kind {
	case stringKind:
		v.SetString(f.text(s.check, in, path))
	case integerKind, longKind:
		v.SetInt(f.whole(s.check))
	case floatKind, doubleKind:
		v.SetFloat(f.fraction(s.check))
	case boolKind:
		v.SetBool(f.valid || f.rand.IntN(2) == 0) // a false one is not always sent
	case timeKind:
		t := time.Unix(1_700_000_000+f.rand.Int64N(1e8), 0).UTC()
		if s.time != httpTime {
			t = t.Add(time.Duration(f.rand.IntN(4)) * 250 * time.Millisecond)
		}
		v.Set(reflect.ValueOf(t))
	case blobKind:
		b := make([]byte, 1+f.rand.IntN(100))
		for i := range b {
			b[i] = byte(f.rand.Uint32())
		}
		v.SetBytes(b)
	case listKind:
		n := f.size(s.check)
		v.Set(reflect.MakeSlice(s.typ, n, n))
		for i := range n {
			f.value(s.elem, target(v.Index(i)), in, depth+1, path+".member")
		}
	case mapKind:
		v.Set(reflect.MakeMap(s.typ))
		for range f.size(s.check) {
			value := reflect.New(s.typ.Elem()).Elem()
			f.value(s.elem, target(value), in, depth+1, path+".value")
			key := f.text(s.keyCheck, in, path+".key")
			if in == inHeaders {
				key = []string{"plain", "a-b", "x_1"}[f.rand.IntN(3)]
			}
			v.SetMapIndex(reflect.ValueOf(key), value)
		}
	case streamKind:
		b := make([]byte, f.rand.IntN(1000))
		for i := range b {
			b[i] = byte(f.rand.Uint32())
		}
		v.Set(reflect.ValueOf(newStreamed(b)).Elem())
	case structKind:
		f.structure(s.fields, v, depth+1)
	}
}

func (f *filler) size(c *constraints) int {
	if c == nil {
		return 1 + f.rand.IntN(3)
	}
	n := max(1, int(c.minLength.value))
	if most := int(c.maxLength.value); most > n {
		n += f.rand.IntN(min(2, most-n) + 1)
	}
	return n
}

func (f *filler) whole(c *constraints) int64 {
	low, high := int64(1), int64(1000)
	if c != nil && c.minimum.text != "" {
		low = max(1, int64(c.minimum.value))
		high = low + 1000
	}
	if c != nil && c.maximum.text != "" {
		high = int64(c.maximum.value)
	}
	return low + f.rand.Int64N(high-low+1)
}

func (f *filler) fraction(c *constraints) float64 {
	n := []float64{0.25, 0.5, 0.1, 1}[f.rand.IntN(4)]
	if c != nil && c.minimum.value > n {
		n += c.minimum.value
	}
	return n
}

// nasty are texts that each protocol has to escape somewhere.
var nasty = []string{
	"plain", "a b", "<a href=\"x\">&amp;'</a>", "ü€😀", "line\nfeed\ttab", "return\r\n", "100%25+/?#&=;", "\"quoted\\\"", " spaces ", "null", "true", "1e3", "]]>", "\u2028\u0085",
}

// candidates are texts of which one satisfies every pattern of the models.
var candidates = []string{
	"abc", "a", "1", "Abc-1_x", "$LATEST", "v1", "123456789012", "/a/b/", "/aws/lambda/f", "lambda:InvokeFunction", "lambda:GetLayerVersion", "Exception", "ALL",
	"arn:aws:lambda:us-east-1:123456789012:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f:1",
	"arn:aws:lambda:us-east-1:123456789012:layer:l:1", "arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:policy/p",
	"arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdefg", "arn:aws:lambda:us-east-1::runtime:abc",
	"arn:aws:lambda:us-east-1:123456789012:capacity-provider:c", "arn:aws:kms:us-east-1:123456789012:key/k",
	"arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0", "/mnt/files", "o-0123456789", "us-east-1",
	"arn:aws:sqs:us-east-1:123456789012:q", "0123456789abcdef0123456789abcdef0123456789abcdef", "AKIAIOSFODNN7EXAMPLE", "subnet-1", "sg-1", "vpc-1",
	"{\"Version\":\"2012-10-17\"}", "arn:aws:logs:us-east-1:123456789012:log-group:g", "urn:amazon:test", "https://example.com", "123456", "[a, b]",
}

// text is a random text; where in the request it goes decides what it may hold.
func (f *filler) text(c *constraints, in place, path string) string {
	if !f.valid || c == nil {
		choices := nasty
		if in == inHeader || in == inHeaders {
			choices = []string{"plain", "a b", "100%25+/?#&=;", "\"quoted\""}
			if strings.HasSuffix(path, ".member") {
				choices = choices[:2] // quoted elements of a list are not known at AWS
			}
		}
		return choices[f.rand.IntN(len(choices))]
	}
	if c.enum != nil {
		return c.enum[f.rand.IntN(len(c.enum))]
	}
	choices := slices.Clone(candidates)
	if in != inHeader && in != inHeaders {
		choices = append(choices, nasty...)
	}
	f.rand.Shuffle(len(choices), reflect.Swapper(choices))
	for _, s := range choices {
		if short := int(c.minLength.value) - len(s); short > 0 {
			s += strings.Repeat("x", short)
		}
		if len(c.brokenText(s)) == 0 {
			return s
		}
	}
	f.t.Fatalf("%s: no candidate satisfies %v", path, c.all())
	return ""
}
