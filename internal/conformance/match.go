package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// differs says in what an answer is not the expected one; empty when it is.
func (s *scope) differs(step *Step, a *client.Answer) (string, error) {
	if step.Fails != nil {
		return s.failsOtherwise(step.Fails, a)
	}
	if a.Code != "" && !(step.HTTP != nil && step.Status != 0) {
		return fmt.Sprintf("it was refused: %s", describe(a)), nil
	}
	if step.Status != 0 && step.Status != a.Status {
		return fmt.Sprintf("status %d, want %d", a.Status, step.Status), nil
	}
	if step.HTTP != nil && step.Status == 0 && a.Status >= 300 {
		return fmt.Sprintf("status %d: %s", a.Status, cut(a.Body)), nil
	}
	for name, want := range step.Header {
		want, err := s.expand(want)
		if err != nil {
			return "", err
		}
		if got := a.Header.Get(name); !like(got, want) {
			return fmt.Sprintf("header %s: %q, want %q", name, got, want), nil
		}
	}
	if step.Body != nil {
		want, err := s.value(step.Body)
		if err != nil {
			return "", err
		}
		if d := unlike("the body", a.Body, want); d != "" {
			return d, nil
		}
	}
	want, err := s.object(step.Gives)
	if err != nil {
		return "", err
	}
	return unlike("", any(a.Out), any(want)), nil
}

func (s *scope) failsOtherwise(f *Failure, a *client.Answer) (string, error) {
	switch {
	case a.Code == "" && a.Status < 300:
		return fmt.Sprintf("it succeeded with status %d, want %d %s", a.Status, f.Status, f.Code), nil
	case a.Status != f.Status || a.Code != f.Code:
		return fmt.Sprintf("%s, want %d %s", describe(a), f.Status, f.Code), nil
	case f.NullMessage && !a.NullMessage:
		return fmt.Sprintf("message %q, want none (null)", a.Message), nil
	case f.Message == nil:
		return "", nil
	}
	want, err := s.expand(*f.Message)
	if err != nil {
		return "", err
	}
	if !like(a.Message, want) {
		return fmt.Sprintf("message\n    %s\n  want\n    %s", a.Message, want), nil
	}
	return "", nil
}

func describe(a *client.Answer) string {
	return fmt.Sprintf("%d %s: %s", a.Status, a.Code, a.Message)
}

// like compares with a text in which ${*} stands for anything.
func like(got, want string) bool {
	pieces := strings.Split(want, anything)
	if len(pieces) == 1 {
		return got == want
	}
	rest, ok := strings.CutPrefix(got, pieces[0])
	if !ok {
		return false
	}
	for _, p := range pieces[1 : len(pieces)-1] {
		at := strings.Index(rest, p)
		if at < 0 {
			return false
		}
		rest = rest[at+len(p):]
	}
	return strings.HasSuffix(rest, pieces[len(pieces)-1])
}

// unlike says where a value is not as wanted. Of objects the wanted members are
// looked at, null being an absent one; lists are compared element by element,
// unless they are wanted as {"$has": [...]}. A text that is wanted as an object
// or a list is read as JSON.
func unlike(at string, got, want any) string {
	switch w := want.(type) {
	case nil:
		if got != nil {
			return fmt.Sprintf("%s: %s, want none", at, show(got))
		}
		return ""
	case string:
		g, ok := got.(string)
		if !ok || !like(g, w) {
			return fmt.Sprintf("%s: %s, want %s", at, show(got), show(want))
		}
		return ""
	case map[string]any:
		if has, ok := w["$has"].([]any); ok {
			return lacks(at, parsed(got), has)
		}
		g, ok := parsed(got).(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: %s, want an object", at, show(got))
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if d := unlike(strings.TrimPrefix(at+"."+k, "."), g[k], w[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := parsed(got).([]any)
		if !ok && got == nil && len(w) == 0 {
			return ""
		}
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: %s, want %d elements: %s", at, show(got), len(w), show(want))
		}
		for i := range w {
			if d := unlike(fmt.Sprintf("%s[%d]", at, i), g[i], w[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Sprintf("%s: %s, want %s", at, show(got), show(want))
	}
	return ""
}

// lacks says which of the wanted elements the list does not have.
func lacks(at string, got any, want []any) string {
	list, ok := got.([]any)
	if !ok {
		return fmt.Sprintf("%s: %s, want a list", at, show(got))
	}
	for _, w := range want {
		if !slices.ContainsFunc(list, func(g any) bool { return unlike(at, g, w) == "" }) {
			return fmt.Sprintf("%s: %s lacks %s", at, show(got), show(w))
		}
	}
	return ""
}

// parsed is what a text holds as JSON; every other value is itself.
func parsed(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var inner any
	if json.Unmarshal([]byte(s), &inner) != nil {
		return v
	}
	return inner
}

func show(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return cut(string(raw))
}

func cut(s string) string {
	const most = 800
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// at finds a member by its path: "Role.Arn", "Versions.1.Version".
func at(v any, path string) (string, error) {
	for name := range strings.SplitSeq(path, ".") {
		switch in := parsed(v).(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i := -1
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(in) {
				return "", fmt.Errorf("there is no element %s of %s", name, path)
			}
			v = in[i]
		default:
			v = nil
		}
		if v == nil {
			return "", fmt.Errorf("the answer has no %s", path)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return show(v), nil
}
