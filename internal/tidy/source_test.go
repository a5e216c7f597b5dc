package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/sallyport/sallyport"

// file is one Go file of the repository.
type file struct {
	// path is relative to the repository, with slashes; dir is its package's.
	path, dir string
	syntax    *ast.File
	text      string
}

func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// imports are the import paths inside this module, relative to it ("" for the root).
func (f file) imports() []string {
	var out []string
	for _, i := range f.syntax.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if path == module {
			out = append(out, "")
		} else if rest, ours := strings.CutPrefix(path, module+"/"); ours {
			out = append(out, rest)
		}
	}
	return out
}

// generated says whether a program wrote the file.
func (f file) generated() bool { return ast.IsGenerated(f.syntax) }

var fset = token.NewFileSet()

// nested says whether a directory is a module of its own: the product does not
// depend on those, and the laws are not about them.
func nested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// files parses every Go file of the module.
func files(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var all []file
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || nested(path)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(fset, path, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		dir := filepath.ToSlash(filepath.Dir(rel))
		if dir == "." {
			dir = ""
		}
		all = append(all, file{rel, dir, syntax, string(raw)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: the walk is broken", len(all))
	}
	return all
}
