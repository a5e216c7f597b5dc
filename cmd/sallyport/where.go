package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/actions"
)

// WhereCmd finds an IAM action in the source. It needs no server.
type WhereCmd struct {
	Action string `arg:"" name:"action" help:"IAM action, such as lambda:InvokeFunction; * stands for anything, letter case does not matter."`
}

// place is one need of one operation.
type place struct {
	Action      string `json:"action"`
	Service     string `json:"service"`
	Operation   string `json:"operation,omitempty"`
	Within      string `json:"within,omitempty"`
	Resource    string `json:"resource,omitempty"`
	About       string `json:"about,omitempty"`
	Optional    bool   `json:"optional,omitempty"`
	Row         string `json:"row"`
	Finder      string `json:"finder,omitempty"`
	Handler     string `json:"handler,omitempty"`
	HandlerName string `json:"handlerName,omitempty"`
}

// Run finds.
func (w *WhereCmd) Run(c *console) error {
	if service, name, ok := strings.Cut(w.Action, ":"); !ok || service == "" || name == "" {
		return usagef("%q is not an action: one is service:Name, such as lambda:InvokeFunction", w.Action)
	}
	all, err := actions.All()
	if err != nil {
		return err
	}
	var found []place
	for _, o := range all {
		for i := range o.Needs {
			n := &o.Needs[i]
			if !n.Match(w.Action) {
				continue
			}
			found = append(found, place{
				Action: n.Action, Service: o.Service, Operation: o.Name, Within: n.Within, Resource: n.Resource, About: n.About, Optional: n.Optional,
				Row: o.Row, Finder: n.Finder, Handler: o.Handler, HandlerName: o.HandlerName,
			})
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("no operation here needs %s.%s", w.Action, near(all, w.Action))
	}
	if c.JSON {
		return c.printJSON(found)
	}
	for i, p := range found {
		if i > 0 {
			c.printf("\n")
		}
		p.print(c)
	}
	return nil
}

func (p *place) print(c *console) {
	c.printf("%s\n", p.Action)
	line := func(name, format string, args ...any) { c.printf("  %-9s  %s\n", name, fmt.Sprintf(format, args...)) }
	line("service", "%s", p.Service)
	if p.Within != "" {
		line("asked", "in the middle of operations: %s says when", p.Within)
		line("row", "%s", p.Row)
		return
	}
	line("operation", "%s", p.Operation)
	resource := p.Resource
	switch {
	case p.Resource == "*":
		resource = "none: the action is judged on *"
	case p.About != "":
		resource = p.About
	}
	if p.Optional {
		resource += " (if there is one)"
	}
	line("resource", "%s", resource)
	line("row", "%s", p.Row)
	if p.Finder != "" {
		line("finder", "%s in %s", p.Resource, p.Finder)
	}
	line("handler", "%s in %s", p.HandlerName, p.Handler)
}

// near names actions that resemble what was asked for.
func near(all []actions.Operation, asked string) string {
	_, name, _ := strings.Cut(strings.ToLower(asked), ":")
	name = strings.Trim(name, "*?")
	var list []string
	for _, o := range all {
		for i := range o.Needs {
			a := o.Needs[i].Action
			if _, n, ok := strings.Cut(strings.ToLower(a), ":"); ok && name != "" && (strings.Contains(n, name) || strings.Contains(name, n)) {
				list = append(list, a)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) == 0 {
		return ` All are in ACTIONS.md, or "sallyport where 'lambda:*'" lists those of a service.`
	}
	return " Near it: " + strings.Join(list[:min(len(list), 8)], ", ") + "."
}
