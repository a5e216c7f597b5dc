package tidy

import (
	"path"
	"strings"
	"testing"
)

// law says what a package may import of this module; a trailing /* stands for everything below.
type law struct {
	// pkg is a package, or a pattern of path.Match.
	pkg     string
	allowed []string
	why     string
}

var laws = []law{
	{"policy", nil, "the engine is public and pure: anyone can import it, and it decides from its arguments alone"},
	{"policy/policytest", []string{"policy"}, "the corpus runner must fit other engines too"},
	{"internal/api", nil, "descriptions know nothing but themselves"},
	{"internal/api/*", []string{"internal/api"}, "generated code is data"},
	{"internal/caller", []string{"policy"}, "who is asking depends on nobody"},
	{"internal/op", []string{"internal/api", "internal/bug", "internal/caller", "internal/clock", "internal/id", "internal/limits", "policy"}, "the road to the handlers must stay small enough to check by reading"},
	{"internal/trail", []string{"internal/limits", "internal/store", "policy"}, "the record knows questions and answers only"},
	{"internal/gate", []string{"internal/api", "internal/bug", "internal/caller", "internal/op", "internal/trail", "policy"}, "the gate never knows a service: facts come from the owner"},
	{"internal/wire", []string{"internal/api", "internal/limits", "internal/id"}, "codecs never know a service or a caller"},
	{"internal/sigv4", []string{"internal/api", "internal/clock", "internal/limits"}, "signatures are checked without knowing what they sign"},
	{"internal/localca", []string{"internal/clock", "internal/limits"}, "the server's certificates depend on nothing it serves"},
	{"internal/store", nil, "storage knows no record"},
	{"internal/eventpattern", nil, "patterns and events are plain JSON"},
	{"internal/resourcepolicy", []string{"internal/op", "policy"}, "a policy with principals is the same for every resource"},
	{"internal/outbox", []string{"internal/bug", "internal/clock", "internal/store"}, "a delivery is whatever its service says it is"},
	{"internal/executor", []string{"internal/bug", "internal/clock", "internal/limits", "internal/executor/*"}, "running code knows nothing of permissions"},
	{"internal/services/*", []string{
		"internal/api", "internal/api/*", "internal/advice", "internal/authref", "internal/bug", "internal/caller", "internal/clock", "internal/eventpattern", "internal/id",
		"internal/limits", "internal/managedpolicy", "internal/op", "internal/outbox", "internal/resourcepolicy", "internal/store", "internal/trail", "policy",
	}, "a service that imports another one could reach its handlers without the gate"},
}

// exceptions are single edges beside the laws, each with its reason.
var exceptions = map[[2]string]string{
	{"internal/services/lambda", "internal/executor"}: "Lambda runs functions",
}

func TestImportLaw(t *testing.T) {
	used := map[string]bool{}
	for _, f := range files(t) {
		if f.test() {
			continue // tests may assemble anything
		}
		for _, l := range laws {
			if matched, _ := path.Match(l.pkg, f.dir); !matched {
				continue
			}
			used[l.pkg] = true
			for _, i := range f.imports() {
				if i == f.dir || allowed(l, i) || exceptions[[2]string{f.dir, i}] != "" {
					continue
				}
				t.Errorf("%s imports %s: %s", f.path, i, l.why)
			}
		}
	}
	for _, l := range laws {
		if !used[l.pkg] {
			t.Errorf("the law for %s matches no package: it guards nothing", l.pkg)
		}
	}
}

func allowed(l law, imported string) bool {
	for _, a := range l.allowed {
		if matched, _ := path.Match(a, imported); matched {
			return true
		}
	}
	return false
}

func TestEngineImportsTheStandardLibraryOnly(t *testing.T) {
	for _, f := range files(t) {
		if f.dir != "policy" || f.test() {
			continue
		}
		for _, i := range f.syntax.Imports {
			if p := strings.Trim(i.Path.Value, `"`); strings.Contains(strings.Split(p, "/")[0], ".") {
				t.Errorf("%s imports %s: whoever imports the engine must get nothing else with it", f.path, p)
			}
		}
	}
}

func TestOnlyTheListSeesAllServices(t *testing.T) {
	for _, f := range files(t) {
		// The root package names the operator's root keys by IAM's type.
		if f.test() || f.dir == "" || f.dir == "internal/services" || strings.HasPrefix(f.dir, "internal/services/") {
			continue
		}
		for _, i := range f.imports() {
			if strings.HasPrefix(i, "internal/services/") {
				t.Errorf("%s imports %s: only internal/services lists services, so that no door knows one by name", f.path, i)
			}
		}
	}
}
