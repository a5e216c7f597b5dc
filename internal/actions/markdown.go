package actions

import (
	"fmt"
	"strings"
)

// Markdown is the content of ACTIONS.md.
func Markdown(all []Operation) string {
	var b strings.Builder
	b.WriteString(`# Actions

Every operation Sallyport answers, and the permissions it takes. Written by tools/actiondoc from the rows
in internal/services/*/operations.go; do not edit. "sallyport where ACTION" finds one.
`)
	for i, o := range all {
		if i == 0 || all[i-1].Service != o.Service {
			fmt.Fprintf(&b, "\n## %s\n\nRows in [%s](%s).\n\n| action | operation | resource | handler |\n|---|---|---|---|\n", o.Service, o.Row, o.Row)
		}
		for j := range o.Needs {
			n := &o.Needs[j]
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", n.title(), o.Name, escape(n.resource()), o.handler())
		}
	}
	return b.String()
}

func (n *Need) title() string {
	if n.Action == "" {
		return "nothing"
	}
	return "`" + n.Action + "`"
}

// resource is what the action is judged on.
func (n *Need) resource() string {
	switch {
	case n.Nothing != "":
		return n.Nothing
	case n.Within != "":
		return "asked in the middle of operations: `" + n.Within + "` says when"
	}
	text := "`" + n.Resource + "`"
	if n.About != "" {
		text += ": " + n.About
	}
	if n.Optional {
		text += " (if there is one)"
	}
	return text
}

func (o *Operation) handler() string {
	if o.Handler == "" {
		return ""
	}
	return fmt.Sprintf("[%s](%s)", o.HandlerName, o.Handler)
}

func escape(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
