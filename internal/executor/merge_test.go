package executor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder makes a folder of files: "path=text", or "path/" for an empty folder.
func folder(t testing.TB, dir string, entries ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name, text, file := strings.Cut(e, "=")
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if file {
			err = os.WriteFile(at, []byte(text), 0o755)
		} else {
			err = os.MkdirAll(at, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listed is what is in a folder, without modes: "path=text", or "path" of a folder.
func listed(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	for _, line := range tree(t, dir) {
		_, entry, _ := strings.Cut(line, " ")
		all = append(all, entry)
	}
	return all
}

func TestLayersAreMergedInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		layers [][]string
		want   []string
	}{
		"the later file counts":          {[][]string{{"a=1", "b=1"}, {"b=2", "c=2"}}, []string{"a=1", "b=2", "c=2"}},
		"folders hold the files of both": {[][]string{{"python/x.py=1", "python/y.py=1"}, {"python/y.py=2", "lib/z.so=2"}}, []string{"lib", "lib/z.so=2", "python", "python/x.py=1", "python/y.py=2"}},
		"a later file hides a folder":    {[][]string{{"bin/tool=1", "bin/other=1"}, {"bin=2"}}, []string{"bin=2"}},
		"a later folder hides a file":    {[][]string{{"bin=1"}, {"bin/tool=2"}}, []string{"bin", "bin/tool=2"}},
		"an empty folder stays":          {[][]string{{"a/"}, {"b=2"}}, []string{"a", "b=2"}},
		"five":                           {[][]string{{"f=1", "1=1"}, {"f=2", "2=2"}, {"f=3", "3=3"}, {"f=4", "4=4"}, {"f=5", "5=5"}}, []string{"1=1", "2=2", "3=3", "4=4", "5=5", "f=5"}},
		"of an empty one nothing":        {[][]string{{"a=1"}, {}}, []string{"a=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var layers []string
			for i, entries := range c.layers {
				layers = append(layers, folder(t, filepath.Join(dir, "layer", string(rune('a'+i))), entries...))
			}
			merged := filepath.Join(dir, "merged")
			if err := Merge(layers, merged); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(dir, "layer")); err != nil {
				t.Fatal(err)
			}
			if got := listed(t, merged); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAFailedMergeLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	merged := filepath.Join(dir, "merged")
	if err := Merge([]string{filepath.Join(dir, "absent"), folder(t, filepath.Join(dir, "a"), "x=1")}, merged); err == nil {
		t.Fatal("a layer that is not there was merged")
	}
	if _, err := os.Lstat(merged); !os.IsNotExist(err) {
		t.Errorf("the folder was left: %v", err)
	}
}
