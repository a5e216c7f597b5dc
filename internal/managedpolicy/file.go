package managedpolicy

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The file: a line that names its format; the deflated index, after its
// length; then deflated blocks of documents, each after its length. Lengths are
// unsigned varints. A line of the index is one policy, in name order, its
// members separated by tabs: name, path, version, created, updated (Unix
// seconds), block, first byte in the block, byte after the last.

const format = "sallyport managed policies 1\n"

// blockSize is about how many bytes of documents are deflated together: more
// compress better, fewer are decoded faster.
const blockSize = 64 << 10

// Source is a policy to be written.
type Source struct {
	Name, Path, Version string
	Created, Updated    time.Time
	Document            string
}

// Write gives the file of these policies.
func Write(all []Source) ([]byte, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
	var lines strings.Builder
	var blocks [][]byte
	var block bytes.Buffer
	for i, p := range all {
		if i > 0 && all[i-1].Name == p.Name {
			return nil, fmt.Errorf("two policies are called %s", p.Name)
		}
		from := block.Len()
		block.WriteString(p.Document)
		fmt.Fprintf(&lines, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", p.Name, p.Path, p.Version, p.Created.Unix(), p.Updated.Unix(), len(blocks), from, block.Len())
		if block.Len() >= blockSize || i == len(all)-1 {
			blocks = append(blocks, bytes.Clone(block.Bytes()))
			block.Reset()
		}
	}
	out := []byte(format)
	for _, part := range append([][]byte{[]byte(lines.String())}, blocks...) {
		packed, err := deflate(part)
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(out, uint64(len(packed)))
		out = append(out, packed...)
	}
	return out, nil
}

func deflate(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func inflate(packed string) ([]byte, error) {
	return io.ReadAll(flate.NewReader(strings.NewReader(packed)))
}

// index is the file with its names decoded. Blocks stay deflated.
type index struct {
	policies []Policy
	blocks   []string
}

func readIndex(file string) (*index, error) {
	rest, ok := strings.CutPrefix(file, format)
	if !ok {
		return nil, fmt.Errorf("managed policies: not a file of this format")
	}
	var parts []string
	for rest != "" {
		head := []byte(rest[:min(len(rest), binary.MaxVarintLen64)])
		n, size := binary.Uvarint(head)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, fmt.Errorf("managed policies: the file is cut off")
		}
		parts = append(parts, rest[size:size+int(n)])
		rest = rest[size+int(n):]
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("managed policies: the file has no index")
	}
	raw, err := inflate(parts[0])
	if err != nil {
		return nil, fmt.Errorf("managed policies: index: %w", err)
	}
	x := &index{blocks: parts[1:]}
	text := string(raw) // the names below are parts of it
	x.policies = make([]Policy, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		p, err := readLine(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		x.policies = append(x.policies, p)
	}
	return x, nil
}

func readLine(line string) (Policy, error) {
	m := strings.Split(line, "\t")
	if len(m) != 8 {
		return Policy{}, fmt.Errorf("managed policies: the index has a line of %d members", len(m))
	}
	var n [5]int64
	for i := range n {
		v, err := strconv.ParseInt(m[3+i], 10, 64)
		if err != nil {
			return Policy{}, fmt.Errorf("managed policies: %s: %w", m[0], err)
		}
		n[i] = v
	}
	return Policy{
		Name: m[0], Path: m[1], Version: m[2], created: n[0], updated: n[1],
		block: int(n[2]), from: int(n[3]), to: int(n[4]),
	}, nil
}
