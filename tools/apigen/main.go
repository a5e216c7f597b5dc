// Command apigen writes the packages internal/api/SERVICE from the models in
// models/SERVICE.json: plain structs with wire tags, typed operation
// descriptors and errors.
//
//	go run ./tools/apigen                     writes the code from the models
//	go run ./tools/apigen -botocore DATA      first takes the models anew from botocore's data folder
//
// A model is pruned to the operations that services.go binds, and holds no
// prose. A new operation is added to services.go and taken with -botocore.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the repository")
	data := flag.String("botocore", "", "botocore's data folder, to take the models anew")
	flag.Parse()
	if err := run(*root, *data); err != nil {
		fmt.Fprintln(os.Stderr, "apigen:", err)
		os.Exit(1)
	}
}

func run(root, data string) error {
	for _, t := range targets {
		if data != "" && t.upstream != "" {
			m, err := fetch(data, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.id, err)
			}
			if err := m.save(modelPath(root, t)); err != nil {
				return err
			}
		}
		files, err := build(root, t)
		if err != nil {
			return err
		}
		dir := packageDir(root, t)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func modelPath(root string, t target) string { return filepath.Join(root, "models", t.id+".json") }

func packageDir(root string, t target) string { return filepath.Join(root, "internal", "api", t.id) }

// build is the code that belongs to the model as it stands.
func build(root string, t target) (map[string][]byte, error) {
	m, err := load(modelPath(root, t))
	if err != nil {
		return nil, err
	}
	return generate(t, m)
}
