package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheIndexIsUpToDate(t *testing.T) {
	root := filepath.Join("..", "..")
	files, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is stale (%v): run go generate ./internal/actions", name, err)
		}
	}
}

// TestWhatCannotBeReadIsAnError guards against rows that are silently left out.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	const head = "package x\n\nfunc (s *Service) do() {}\nfunc (s *Service) res() {}\nfunc (o *other) alien() {}\nconst named = \"x:Do\"\nfunc tagged(n op.Need) op.Need { return n }\nfunc number(n int) op.Need { return nil }\nfunc (s *Service) Rows() []op.Row { return []op.Row{"
	for row, want := range map[string]string{
		`op.Bind(api.Do, s.do, op.On("x:Do", s.res))`:                                   "",
		`op.Bind(api.Do, s.do, op.Maybe(op.On(named, op.Any).Bare().With(s.key("x"))))`: "",
		`op.Bind(api.Do, s.do, tagged(op.On("x:Do", s.res).Bare()))`:                    "",
		`op.Bind(api.Do, s.do, number(1))`:                                              "neither On, Maybe nor Nothing",
		`op.Bind(api.Do, s.do, op.Nothing("everybody may"))`:                            "",
		`op.Bind(api.Do, s.do)`:                                                         "without needs",
		`op.Bind(api.Do, s.other, op.On("x:Do", s.res))`:                                "does not name an operation and a method",
		`op.Bind(api.Do, s.alien, op.On("x:Do", s.res))`:                                "does not name an operation and a method",
		`op.Bind(api.Do, s.do, s.need)`:                                                 "not a call",
		`op.Bind(api.Do, s.do, s.need())`:                                               "neither On, Maybe nor Nothing",
		`op.Bind(api.Do, s.do, op.On("x:"+"Do", s.res))`:                                "not a string",
		`op.Bind(api.Do, s.do, op.On("x:Do", s.missing))`:                               "no finder missing",
		``: "no rows",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "operations.go"), []byte(head+row+"} }\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := read(dir, dir)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", row, err, want)
		}
	}
}

func TestNeedsBesideTheRowsAreFound(t *testing.T) {
	dir := t.TempDir()
	text := "package x\n\nfunc (s *Service) do() {}\nfunc (s *Service) Rows() []op.Row { return []op.Row{op.Bind(api.Do, s.do, op.On(\"x:Do\", op.Any))} }\nfunc also() op.Need { return op.On(\"x:Also\", op.Any) }\n"
	if err := os.WriteFile(filepath.Join(dir, "operations.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := read(dir, dir)
	if err != nil || len(rows) != 2 || rows[1].Needs[0].Action != "x:Also" || rows[1].Needs[0].Within != "also" {
		t.Errorf("%+v, %v", rows, err)
	}
}
