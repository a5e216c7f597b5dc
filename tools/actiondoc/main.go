// Command actiondoc writes the index of IAM actions from the rows of the
// services: internal/actions/actions.json and, from it, ACTIONS.md.
//
//	go run ./tools/actiondoc           writes both
//
// It reads the source: only there the name of a handler and the file it stands
// in can be seen. What it cannot read is an error, so that no row is left out;
// a test in internal/services compares the table with the rows of a server.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/actions"
)

func main() {
	root := flag.String("root", ".", "the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "actiondoc:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := build(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// build gives the content of the files, by their path below the repository.
func build(root string) (map[string][]byte, error) {
	tables, err := filepath.Glob(filepath.Join(root, "internal", "services", "*", "operations.go"))
	if err != nil {
		return nil, err
	}
	var all []actions.Operation
	for _, file := range tables {
		rows, err := read(root, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	slices.SortStableFunc(all, func(a, b actions.Operation) int {
		// Needs within operations, which have no row, come last.
		return cmp.Or(strings.Compare(a.Service, b.Service), cmp.Compare(b2i(a.Name == ""), b2i(b.Name == "")), strings.Compare(a.Name, b.Name))
	})
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		return nil, err
	}
	return map[string][]byte{
		filepath.Join("internal", "actions", "actions.json"): raw.Bytes(),
		"ACTIONS.md": []byte(actions.Markdown(all)),
	}, nil
}
