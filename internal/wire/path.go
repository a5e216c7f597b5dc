package wire

import (
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// pathNode is one step of the paths of a REST service. A literal is preferred
// to a label, and a label to a greedy one, as Smithy has it.
type pathNode struct {
	literal       map[string]*pathNode
	label, greedy *pathNode
	bindings      []binding
}

// binding is an operation at the end of a path.
type binding struct {
	entry  *entry
	method string
	// query are parameters that the path itself asks for ("?find=LayerVersion").
	query url.Values
	// labels are the names of the path's labels, in order.
	labels []string
}

// add binds an operation: "POST", "/2015-03-31/functions/{FunctionName}/invocations".
func (n *pathNode) add(method, pattern string, e *entry) error {
	path, query, _ := strings.Cut(pattern, "?")
	b := binding{entry: e, method: method}
	var err error
	if b.query, err = url.ParseQuery(query); err != nil {
		return err
	}
	for _, segment := range segments(path) {
		name, isLabel := strings.CutPrefix(segment, "{")
		switch {
		case !isLabel:
			if n.literal == nil {
				n.literal = map[string]*pathNode{}
			}
			if n.literal[segment] == nil {
				n.literal[segment] = &pathNode{}
			}
			n = n.literal[segment]
			continue
		case strings.HasSuffix(name, "+}"):
			if n.greedy == nil {
				n.greedy = &pathNode{}
			}
			n = n.greedy
		default:
			if n.label == nil {
				n.label = &pathNode{}
			}
			n = n.label
		}
		b.labels = append(b.labels, strings.TrimRight(name, "+}"))
	}
	n.bindings = append(n.bindings, b)
	return nil
}

// segments are the parts of an escaped path. A slash at the end says nothing.
func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// find looks a path up. The values of the labels are decoded.
func (n *pathNode) find(method, escapedPath string, query url.Values) (*entry, map[string]string) {
	parts := segments(escapedPath)
	if len(parts) > limits.PathSegments {
		return nil, nil
	}
	for i, p := range parts {
		decoded, err := url.PathUnescape(p)
		if err != nil {
			return nil, nil
		}
		parts[i] = decoded
	}
	b, values := n.match(method, parts, query, nil)
	if b == nil {
		return nil, nil
	}
	labels := make(map[string]string, len(values))
	for i, name := range b.labels {
		labels[name] = values[i]
	}
	return b.entry, labels
}

func (n *pathNode) match(method string, parts []string, query url.Values, values []string) (*binding, []string) {
	if len(parts) == 0 {
		return n.here(method, query), values
	}
	first, rest := parts[0], parts[1:]
	if next := n.literal[first]; next != nil {
		if b, v := next.match(method, rest, query, values); b != nil {
			return b, v
		}
	}
	if n.label != nil && first != "" {
		if b, v := n.label.match(method, rest, query, append(values, first)); b != nil {
			return b, v
		}
	}
	for end := len(parts); n.greedy != nil && end > 0; end-- {
		taken := strings.Join(parts[:end], "/")
		if b, v := n.greedy.match(method, parts[end:], query, append(values, taken)); b != nil {
			return b, v
		}
	}
	return nil, nil
}

// here is the operation bound to this very path: the one that asks for most
// parameters among those whose parameters are there.
func (n *pathNode) here(method string, query url.Values) (best *binding) {
	for i := range n.bindings {
		b := &n.bindings[i]
		if b.method == method && asks(b.query, query) && (best == nil || len(b.query) > len(best.query)) {
			best = b
		}
	}
	return best
}

// asks says whether the parameters that a path asks for are there.
func asks(asked, given url.Values) bool {
	for name, wanted := range asked {
		got, ok := given[name]
		if !ok || wanted[0] != "" && got[0] != wanted[0] {
			return false
		}
	}
	return true
}
