package main

import (
	"encoding/json"
	"fmt"
)

func (c *console) printf(format string, args ...any) { fmt.Fprintf(c.Out, format, args...) }

// printJSON prints a value on one line.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
