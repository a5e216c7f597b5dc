package main

import (
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// CaveatsCmd lists the rules of which AWS's own are not certain. It needs no server.
type CaveatsCmd struct{}

// Help is shown below the command's usage.
func (CaveatsCmd) Help() string {
	return `Where AWS does not publish a rule, or its pages contradict each other, Sallyport
decides so that nothing is allowed by mistake, and decisions that rest on such a
rule say so.`
}

// Run lists.
func (CaveatsCmd) Run(c *console) error {
	all := policy.Caveats()
	if c.JSON {
		return c.printJSON(all)
	}
	for i, x := range all {
		if i > 0 {
			c.printf("\n")
		}
		c.printf("%s  (%s)\n%s\n", x.ID, x.Certainty, wrap(x.Sentence, "  "))
	}
	return nil
}

// wrap breaks a text into indented lines of a terminal's width.
func wrap(text, indent string) string {
	const width = 78
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		if column > 0 && column+1+len(word) > width {
			b.WriteByte('\n')
			column = 0
		}
		if column == 0 {
			b.WriteString(indent)
			column = len(indent)
		} else {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
