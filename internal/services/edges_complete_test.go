package services

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryEdgeIsWalked finds every place where a service makes a call over the
// bus, and wants an edge of TestEveryEdgeIsGated for each: a new way for one
// service to reach another does not arrive without its proof.
func TestEveryEdgeIsWalked(t *testing.T) {
	found := callsOverTheBus(t)
	walked := map[string]bool{}
	for _, e := range edges() {
		walked[e.call] = true
		if found[e.call] == "" {
			t.Errorf("the edge %q (%s) is in no service: remove it", e.call, e.name)
		}
	}
	for _, call := range slices.Sorted(maps.Keys(found)) {
		if !walked[call] {
			t.Errorf("%s: nothing proves that the gate is asked about %q: add an edge to edges()", found[call], call)
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d calls were found: does this test still know how they look?", len(found))
	}
}

// callsOverTheBus are the calls of op.Do and op.Try in the services, as edge.call
// spells them, with a place of each.
func callsOverTheBus(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		service, imports := filepath.Dir(path), importsOf(f)
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || imports[nameIn(s.X)] != "internal/op" || s.Sel.Name != "Do" && s.Sel.Name != "Try" {
				return true
			}
			where := files.Position(s.Pos()).String()
			operation := operationAt(f, s, imports)
			if operation == "" {
				t.Errorf("%s: op.%s must name its operation where it is called, as SERVICEapi.OPERATION: who reads the line must see the edge", where, s.Sel.Name)
				return true
			}
			arrow := map[string]string{"Do": " -> ", "Try": " ~> "}[s.Sel.Name]
			found[service+arrow+operation] = where
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// importsOf gives the packages of ours that a file imports, by their local names.
func importsOf(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, i := range f.Imports {
		path, ours := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), "github.com/sallyport/sallyport/")
		if !ours {
			continue
		}
		name := filepath.Base(path)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = path
	}
	return names
}

func nameIn(x ast.Expr) string {
	if id, ok := x.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// operationAt is service.Operation of the call whose function is do: its fourth
// argument. Empty if do is not called there, or the operation is not named.
func operationAt(f *ast.File, do *ast.SelectorExpr, imports map[string]string) (operation string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Fun != do || len(call.Args) < 4 {
			return true
		}
		if o, ok := call.Args[3].(*ast.SelectorExpr); ok {
			if service, ok := strings.CutPrefix(imports[nameIn(o.X)], "internal/api/"); ok {
				operation = service + "." + o.Sel.Name
			}
		}
		return true
	})
	return operation
}
