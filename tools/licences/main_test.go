package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestNoticesAreCurrent fails when a dependency changed: run
// `go run ./tools/licences` in the root of the repository and commit.
func TestNoticesAreCurrent(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := notices(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "THIRD_PARTY_NOTICES"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("THIRD_PARTY_NOTICES is stale")
	}
}

func TestOtherLicencesAreRefused(t *testing.T) {
	for _, text := range []string{"GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3", "GNU GENERAL PUBLIC LICENSE", "All rights reserved."} {
		if kind := classify(text); kind != "" {
			t.Errorf("%q is taken for %s", text, kind)
		}
	}
}
