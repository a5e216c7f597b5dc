package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestDecisions has every engine decide as the workloads say, and for the
// same statement: otherwise the numbers would compare different things.
func TestDecisions(t *testing.T) {
	forEach(t, func(name string, q question, a asked) {
		if got := a.explain(); got != q.want {
			t.Errorf("%s: got %s by %q, want %s by %q", name, got.effect, got.statement, q.want.effect, q.want.statement)
		}
		if got := a.decide(); got != q.want.effect {
			t.Errorf("%s: what is measured decides %s, want %s", name, got, q.want.effect)
		}
	})
}

// TestTranslations asks about an object below every resource of every
// statement: all engines must decide it as IAM's policies say.
func TestTranslations(t *testing.T) {
	all, err := workloads()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		var effects [3]int
		for _, q := range everyObject(t, w) {
			effects[q.want.effect]++
		}
		if effects[policy.Allow] == 0 || effects[policy.ExplicitDeny] == 0 || effects[policy.ImplicitDeny] == 0 {
			t.Errorf("%s: the questions have %v answers of a kind", w.name, effects)
		}
		for _, e := range engines() {
			l := load(t, e, w)
			for _, q := range everyObject(t, w) {
				a, err := l.ask(q)
				if err != nil {
					t.Fatal(err)
				}
				if got := a.decide(); got != q.want.effect {
					t.Errorf("%s, %s, %s: got %s, want %s", w.name, e.name, q.object, got, q.want.effect)
				}
			}
		}
	}
}

// everyObject are questions about what the statements of a workload name, with
// the answers of Sallyport.
func everyObject(t *testing.T, w *workload) []question {
	ours := load(t, engines()[0], w)
	var all []question
	_ = w.each(func(_ string, _ bool, s *policy.Statement) error {
		for _, r := range s.Resource.Items {
			q := question{object: strings.ReplaceAll(r, "*", "x/y")}
			if !strings.HasPrefix(r, "arn:") {
				continue
			}
			a, err := ours.ask(q)
			if err != nil {
				t.Fatal(err)
			}
			q.want = a.explain()
			all = append(all, q)
		}
		return nil
	})
	return all
}

// TestTranslationsRefuse: what a translation would get wrong, it must not make.
func TestTranslationsRefuse(t *testing.T) {
	for name, statement := range map[string]string{
		"a negated action":         `{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}`,
		"a negated resource":       `{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"}`,
		"part of an action":        `{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`,
		"all actions":              `{"Effect": "Allow", "Action": "*", "Resource": "*"}`,
		"a list with a pattern":    `{"Effect": "Allow", "Action": ["s3:GetObject", "sqs:*"], "Resource": "*"}`,
		"a variable":               `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}/*"}`,
		"one character of any":     `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/?"}`,
		"an operator of no engine": `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringNotLikeIfExists": {"s3:prefix": "a"}}}`,
	} {
		w := new(workload)
		if err := w.attach(document(statement)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, translated := range []func(*workload) (loaded, error){loadCedar, loadOPA} {
			if _, err := translated(w); !errors.Is(err, errTranslation) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestCrowdIsMeasured(t *testing.T) {
	c, err := measureCrowd(t.Context(), 1500, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.AtRest < 100 || c.Asked < c.AtRest || c.Same <= 0 || c.Other <= 0 {
		t.Errorf("%+v", c)
	}
}

func load(t testing.TB, e engine, w *workload) loaded {
	t.Helper()
	l, err := e.load(w)
	if err != nil {
		t.Fatalf("%s, %s: %v", w.name, e.name, err)
	}
	return l
}

func BenchmarkDecision(b *testing.B) {
	forEach(b, func(name string, _ question, a asked) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.decide()
			}
		})
	})
}

// BenchmarkPrincipals is the part of the program about many principals.
func BenchmarkPrincipals(b *testing.B) {
	for b.Loop() {
		c, err := measureCrowd(b.Context(), 100_000, 200)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c.AtRest), "B/rest")
		b.ReportMetric(float64(c.Asked), "B/asked")
		b.ReportMetric(c.Same, "ns/same")
		b.ReportMetric(c.Other, "ns/other")
	}
}

// forEach puts every question of every workload to every engine.
func forEach(t testing.TB, f func(name string, q question, a asked)) {
	all, err := workloads()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		for _, e := range engines() {
			l := load(t, e, w)
			for _, q := range w.questions {
				a, err := l.ask(q)
				if err != nil {
					t.Fatalf("%s, %s: %v", w.name, e.name, err)
				}
				f(w.name+"/"+q.name+"/"+e.name, q, a)
			}
		}
	}
}
