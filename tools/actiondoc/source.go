package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/actions"
)

// source is one service's package.
type source struct {
	root, dir string
	service   string
	fset      *token.FileSet
	table     *ast.File
	functions map[string]*ast.FuncDecl
	constants map[string]string
	// seen are the places of action literals that belong to a row.
	seen map[token.Pos]bool
}

// read gives the rows of a service.
func read(root, dir string) ([]actions.Operation, error) {
	s := &source{root: root, dir: dir, service: filepath.Base(dir), fset: token.NewFileSet(), functions: map[string]*ast.FuncDecl{}, constants: map[string]string{}, seen: map[token.Pos]bool{}}
	if err := s.parse(); err != nil {
		return nil, err
	}
	var rows []actions.Operation
	var failed error
	ast.Inspect(s.table, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || failed != nil || !isOp(call.Fun, "Bind") {
			return failed == nil
		}
		row, err := s.row(call)
		if err != nil {
			failed = err
			return false
		}
		rows = append(rows, row)
		return false
	})
	if failed != nil {
		return nil, failed
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no rows", s.file(s.table.Pos()))
	}
	return append(rows, s.within()...), nil
}

// parse reads the package, without its tests.
func (s *source) parse() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, filepath.Join(s.dir, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if e.Name() == "operations.go" {
			s.table = f
		}
		for _, d := range f.Decls {
			s.declare(d)
		}
	}
	return nil
}

func (s *source) declare(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || receiver(d) == "Service" {
			s.functions[d.Name.Name] = d
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for i, name := range v.Names {
				if i >= len(v.Values) {
					continue
				}
				if text, ok := literal(v.Values[i]); ok {
					s.constants[name.Name] = text
				}
			}
		}
	}
}

// receiver is the type a method belongs to.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// row reads op.Bind(api.Operation, s.handler, needs...).
func (s *source) row(call *ast.CallExpr) (actions.Operation, error) {
	where := s.fset.Position(call.Pos())
	if len(call.Args) < 3 {
		return actions.Operation{}, fmt.Errorf("%s: a row without needs", where)
	}
	operation, ok := call.Args[0].(*ast.SelectorExpr)
	handler, ok2 := call.Args[1].(*ast.SelectorExpr)
	if !ok || !ok2 || s.functions[handler.Sel.Name] == nil {
		return actions.Operation{}, fmt.Errorf("%s: the row does not name an operation and a method", where)
	}
	o := actions.Operation{
		Service: s.service, Name: operation.Sel.Name, Row: s.file(call.Pos()),
		Handler: s.file(s.functions[handler.Sel.Name].Pos()), HandlerName: handler.Sel.Name,
	}
	needs, err := s.needs(call.Args[2:])
	if err != nil {
		return actions.Operation{}, fmt.Errorf("%s: %s: %w", where, o.Name, err)
	}
	o.Needs = needs
	return o, nil
}

// needs reads needs; those that stand for one another, in Either, one by one.
func (s *source) needs(args []ast.Expr) ([]actions.Need, error) {
	var all []actions.Need
	for _, arg := range args {
		if call, ok := arg.(*ast.CallExpr); ok && isOp(call.Fun, "Either") {
			either, err := s.needs(call.Args)
			if err != nil {
				return nil, err
			}
			all = append(all, either...)
			continue
		}
		n, err := s.need(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// need reads On, Maybe and Nothing, and what is chained to them.
func (s *source) need(e ast.Expr) (actions.Need, error) {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return actions.Need{}, fmt.Errorf("a need that is not a call")
	}
	switch {
	case isOp(call.Fun, "Maybe") && len(call.Args) == 1:
		n, err := s.need(call.Args[0])
		n.Optional = true
		return n, err
	case isOp(call.Fun, "Nothing") && len(call.Args) == 1:
		reason, ok := s.text(call.Args[0])
		if !ok {
			return actions.Need{}, fmt.Errorf("a reason that is not a string")
		}
		return actions.Need{Nothing: reason}, nil
	case isOp(call.Fun, "On") && len(call.Args) == 2:
		return s.on(call)
	}
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		// On(...).With(...).Bare()
		if _, chained := f.X.(*ast.CallExpr); chained {
			return s.need(f.X)
		}
	case *ast.Ident:
		// A function of the package that adds context to a need.
		if len(call.Args) == 1 && s.wraps(f.Name) {
			return s.need(call.Args[0])
		}
	}
	return actions.Need{}, fmt.Errorf("a need that is neither On, Maybe nor Nothing")
}

// wraps says whether a function of the package takes a need and gives one.
func (s *source) wraps(name string) bool {
	d := s.functions[name]
	if d == nil || d.Recv != nil || d.Type.Results == nil || len(d.Type.Results.List) != 1 || len(d.Type.Params.List) != 1 {
		return false
	}
	return isOp(d.Type.Params.List[0].Type, "Need") && isOp(d.Type.Results.List[0].Type, "Need")
}

// on reads op.On("service:Action", finder).
func (s *source) on(call *ast.CallExpr) (actions.Need, error) {
	action, ok := s.text(call.Args[0])
	if !ok {
		return actions.Need{}, fmt.Errorf("an action that is not a string")
	}
	s.seen[call.Args[0].Pos()] = true
	n := actions.Need{Action: action}
	finder := call.Args[1]
	if made, ok := finder.(*ast.CallExpr); ok {
		finder = made.Fun
	}
	switch f := finder.(type) {
	case *ast.SelectorExpr:
		n.Resource = f.Sel.Name
	case *ast.Ident:
		n.Resource = f.Name
	default:
		return actions.Need{}, fmt.Errorf("%s: a finder without a name", action)
	}
	if isOp(finder, "Any") {
		n.Resource = "*"
		return n, nil
	}
	d := s.functions[n.Resource]
	if d == nil {
		return actions.Need{}, fmt.Errorf("%s: no finder %s in the package", action, n.Resource)
	}
	n.Finder, n.About = s.file(d.Pos()), about(d)
	return n, nil
}

// within are the needs that stand beside the rows, in functions of
// operations.go: operations ask for them in their middle.
func (s *source) within() []actions.Operation {
	var rows []actions.Operation
	for _, d := range s.table.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		o := actions.Operation{Service: s.service, Row: s.file(f.Pos())}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isOp(call.Fun, "On") || len(call.Args) == 0 || s.seen[call.Args[0].Pos()] {
				return true
			}
			if action, ok := s.text(call.Args[0]); ok {
				o.Needs = append(o.Needs, actions.Need{Action: action, Within: f.Name.Name})
			}
			return true
		})
		if len(o.Needs) > 0 {
			rows = append(rows, o)
		}
	}
	return rows
}

// text is a string literal or a constant of the package.
func (s *source) text(e ast.Expr) (string, bool) {
	if id, ok := e.(*ast.Ident); ok {
		text, known := s.constants[id.Name]
		return text, known
	}
	return literal(e)
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// isOp says whether an expression is op.NAME.
func isOp(e ast.Expr, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "op"
}

// file is the path below the repository, with slashes.
func (s *source) file(p token.Pos) string {
	rel, err := filepath.Rel(s.root, s.fset.Position(p).Filename)
	if err != nil {
		return s.fset.Position(p).Filename
	}
	return filepath.ToSlash(rel)
}

// about is the first sentence of a function's comment, without its name.
func about(d *ast.FuncDecl) string {
	text := strings.Join(strings.Fields(d.Doc.Text()), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimSuffix(text, ".")
	for _, prefix := range []string{d.Name.Name + " is ", d.Name.Name + " are ", d.Name.Name + " "} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			text = rest
			break
		}
	}
	for _, prefix := range []string{"the finder of ", "finds ", "names "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
