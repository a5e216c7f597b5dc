package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const repository = "../.."

// TestGeneratedCodeIsCurrent fails when the committed code is not what the
// models say: run `go run ./tools/apigen` and commit.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	for _, target := range targets {
		files, err := build(repository, target)
		if err != nil {
			t.Fatal(err)
		}
		dir := packageDir(repository, target)
		for name, want := range files {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Error(err)
			} else if !bytes.Equal(got, want) {
				t.Errorf("%s is stale", filepath.Join(dir, name))
			}
		}
		found, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if _, ok := files[f.Name()]; !ok {
				t.Errorf("%s is not generated: nothing else belongs there", filepath.Join(dir, f.Name()))
			}
		}
	}
}

func TestModelsHoldWhatIsBoundAndNoMore(t *testing.T) {
	for _, target := range targets {
		m, err := load(modelPath(repository, target))
		if err != nil {
			t.Fatal(err)
		}
		if len(target.bind) > 0 && len(target.bind) != len(m.Operations) {
			t.Errorf("%s: %d operations are bound, the model has %d: take it anew with -botocore", target.id, len(target.bind), len(m.Operations))
		}
		for _, name := range target.bind {
			if _, ok := m.Operations[name]; !ok {
				t.Errorf("%s: the model lacks %s", target.id, name)
			}
		}
		if target.upstream != "" && (m.Source == nil || len(m.Source.SHA256) != 64) {
			t.Errorf("%s: the model does not say where it comes from", target.id)
		}
		kept := len(m.Shapes)
		bind := target.bind
		if len(bind) == 0 {
			for name := range m.Operations {
				bind = append(bind, name)
			}
		}
		if err := m.prune(bind); err != nil {
			t.Error(err)
		} else if len(m.Shapes) != kept {
			t.Errorf("%s: %d shapes of the model are reached by nothing", target.id, kept-len(m.Shapes))
		}
	}
}
