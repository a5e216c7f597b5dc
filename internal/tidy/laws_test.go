package tidy

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// actionLiteral is an IAM action as a whole string.
var actionLiteral = regexp.MustCompile(`"(access-analyzer|cloudformation|dynamodb|ec2|events|execute-api|iam|kinesis|kms|lambda|logs|organizations|s3|sallyport|sns|sqs|states|sts|xray):[A-Z][A-Za-z]+"`)

// actionsAreData are files in which actions are data of AWS, not needs of ours.
var actionsAreData = map[string]string{}

func TestActionsStandOnRowsOnly(t *testing.T) {
	for _, f := range files(t) {
		row, _ := path.Match("internal/services/*/operations.go", f.path)
		if f.test() || row || !strings.HasPrefix(f.dir, "internal/") || strings.HasPrefix(f.dir, "internal/api") || f.generated() || actionsAreData[f.path] != "" {
			continue
		}
		for i, line := range strings.Split(f.text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			if found := actionLiteral.FindString(line); found != "" {
				t.Errorf("%s:%d: %s: an IAM action stands on a row of operations.go and nowhere else, so that a search for it lands on the one place that asks for it", f.path, i+1, found)
			}
		}
	}
}

// makers of callers, and who may make them. The gate makes those that are only
// asked about (Gate.Ask): it has no handler that they could reach.
var makers = map[string][]string{
	"Root":           {"internal/services/iam", "internal/services/sts", "internal/gate"},
	"ForUser":        {"internal/services/iam", "internal/services/sts", "internal/gate"},
	"ForRoleSession": {"internal/services/sts", "internal/gate"},
	"ForFederated":   {"internal/services/sts"},
	"ForService":     {"internal/services/lambda", "internal/services/s3", "internal/services/sns", "internal/gate"},
	"Anonymous":      {"internal/edge", "internal/gate"},
}

func TestCallersAreMadeWhereCredentialsAreKept(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		if f.test() || f.dir == "internal/caller" || f.dir == forTests {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := s.X.(*ast.Ident)
			if !ok || pkg.Name != "caller" {
				return true
			}
			if who, maker := makers[s.Sel.Name]; maker {
				seen[s.Sel.Name] = true
				if !slices.Contains(who, f.dir) {
					t.Errorf("%s calls caller.%s: an identity made anywhere but from credentials is a way past the gate", fset.Position(n.Pos()), s.Sel.Name)
				}
			}
			return true
		})
	}
	for name := range makers {
		if !seen[name] {
			t.Errorf("caller.%s is made nowhere: this law guards nothing", name)
		}
	}
}

// forTests is a package that only tests may import: it makes callers as it
// likes and replaces handlers.
const forTests = "internal/servicetest"

func TestWhatIsForTestsStaysThere(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || f.dir == forTests {
			continue
		}
		if slices.Contains(f.imports(), forTests) {
			t.Errorf("%s imports %s: it makes callers without credentials", f.path, forTests)
		}
		probes(t, f)
	}
}

// probes checks that no server replaces a handler.
func probes(t *testing.T, f file) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Probe" {
			t.Errorf("%s: Probe is for checks of the road: a server answers with its handlers", fset.Position(n.Pos()))
		}
		return true
	})
}

// testSupport plays every kind of caller, and is no part of the program.
const testSupport = "internal/servicetest"

func TestOnlyTestsImportTestSupport(t *testing.T) {
	for _, f := range files(t) {
		if !f.test() && slices.Contains(f.imports(), testSupport) {
			t.Errorf("%s imports %s, which makes callers out of nothing: only tests may", f.path, testSupport)
		}
	}
}

func TestHandlersCannotBeReachedPastOp(t *testing.T) {
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		if f.dir == "internal/op" {
			rowKeepsItsHandler(t, f)
			continue
		}
		service, _ := path.Match("internal/services/*", f.dir)
		if !service {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Name.IsExported() && takesCall(fn) {
				t.Errorf("%s: %s is exported and takes an *op.Call: a handler others can call is a handler without a gate", fset.Position(fn.Pos()), fn.Name.Name)
			}
		}
	}
}

// rowKeepsItsHandler checks that no exported field or method of op hands out a handler.
func rowKeepsItsHandler(t *testing.T, f file) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Row" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			for _, name := range field.Names {
				if name.IsExported() {
					t.Errorf("op.Row.%s is exported: whoever holds a row could go round the gate", name.Name)
				}
			}
		}
		return false
	})
}

// refuse and Refuser take calls but run nothing.
var harmless = []string{"Refuse"}

func takesCall(fn *ast.FuncDecl) bool {
	if slices.Contains(harmless, fn.Name.Name) {
		return false
	}
	for _, p := range fn.Type.Params.List {
		star, ok := p.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		if s, ok := star.X.(*ast.SelectorExpr); ok && s.Sel.Name == "Call" {
			return true
		}
	}
	return false
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		documented[f.dir] = documented[f.dir] || f.syntax.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%q has no package comment: a reader meets a package through it", dir)
		}
	}
}

func TestNoInitAndNoVagueNames(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "manager", "misc", "shared"}
	for _, f := range files(t) {
		if slices.Contains(vague, path.Base(f.dir)) {
			t.Errorf("%s: a package is named for what it knows, not for being useful", f.dir)
		}
		if f.test() || initAllowed[f.path] != "" {
			continue
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init registers behind the reader's back; list things where they are used", fset.Position(fn.Pos()))
			}
		}
	}
}

// initAllowed are files with an init function, and why nothing else would do.
var initAllowed = map[string]string{
	"internal/executor/inside_linux.go": "a test binary that embeds the server must become a sandbox before its tests run, and nobody else can make it",
}

func TestTimeComesFromTheClock(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || !strings.HasPrefix(f.dir, "internal/") || clockFree[f.dir] != "" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Sleep") {
				t.Errorf("%s: time.%s: time comes from internal/clock so that tests own it, and a sleep hides a missing signal", fset.Position(n.Pos()), s.Sel.Name)
			}
			return true
		})
	}
}

// clockFree are packages that may read the machine's time.
var clockFree = map[string]string{
	"internal/clock": "it is the clock",
}

func TestNoMutablePackageState(t *testing.T) {
	for _, f := range files(t) {
		if f.test() || f.generated() || !strings.HasPrefix(f.dir, "internal/") {
			continue
		}
		for _, d := range f.syntax.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if sel, ok := v.Type.(*ast.SelectorExpr); ok {
					if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "sync" {
						t.Errorf("%s: package-level sync.%s: two servers in one process must not share state", fset.Position(v.Pos()), sel.Sel.Name)
					}
				}
			}
		}
	}
}
