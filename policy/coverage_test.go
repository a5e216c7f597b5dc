package policy_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
	"github.com/sallyport/sallyport/policy/policytest"
)

// TestTheCorpusCovers reads off the scenarios' own texts what they show, and
// compares that with what must be shown. Names of files prove nothing: a
// scenario counts for what stands in it.
func TestTheCorpusCovers(t *testing.T) {
	shown := map[string]bool{}
	for _, s := range corpus(t) {
		for _, f := range featuresOf(t, s) {
			shown[f] = true
		}
	}
	var missing []string
	for _, want := range slices.Concat(wantedOfOperators(), wantedOfVariables(), wantedOfGrades(), wantedAcross(), wantedOfLayers(), wantedOfNotForms(), wantedOfLambda()) {
		if !shown[want] {
			missing = append(missing, want)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d things are shown by no scenario:\n%s", len(missing), strings.Join(missing, "\n"))
	}
}

// factFiles are the files of facts; a scenario names one of them, and where in it.
var factFile = regexp.MustCompile(`^(iam-evaluation|lambda-actions|lambda-permissions|execution-role|sts|vpc|push-sources|access-analyzer|managed-policies-and-sam)\.md(:| section| and)`)

func TestEveryScenarioNamesItsFact(t *testing.T) {
	for _, s := range corpus(t) {
		if !factFile.MatchString(s.Fact) {
			t.Errorf("%s rests on %q, which is in no file of facts", s.Name, s.Fact)
		}
	}
}

// sourceForm is project, licence and place: what was retold must have been
// published under a licence that lets us.
var sourceForm = regexp.MustCompile(`^([a-z0-9-]+)/([A-Za-z0-9-]+) \((Apache-2\.0|MIT|BSD-[23]-Clause)\) \S+`)

// TestForeignCases: scenarios of other projects say where they are from, and
// the corpus' README has each project.
func TestForeignCases(t *testing.T) {
	readme, err := os.ReadFile("testdata/corpus/README.md")
	if err != nil {
		t.Fatal(err)
	}
	projects := map[string]int{}
	for _, s := range corpus(t) {
		m := sourceForm.FindStringSubmatch(s.Source)
		switch {
		case strings.HasPrefix(s.Name, "foreign-") != (m != nil):
			t.Errorf("%s has the source %q", s.Name, s.Source)
		case m != nil:
			project := m[1] + "/" + m[2]
			projects[project]++
			if !strings.Contains(string(readme), "| "+project+" | "+m[3]+" |") {
				t.Errorf("%s: the README lacks %s under %s", s.Name, project, m[3])
			}
		}
	}
	if len(projects) < 5 {
		t.Errorf("only the projects %v", projects)
	}
}

// shownBy collects the features of one scenario.
type shownBy struct {
	t *testing.T
	*policytest.Scenario
	context  map[string]policytest.Key
	features map[string]bool
}

// part is one policy of a scenario, with the layer it belongs to.
type part struct {
	layer    string
	document *policy.Document
}

func (s *shownBy) add(words ...string) { s.features[strings.Join(words, " ")] = true }

func featuresOf(t *testing.T, scenario *policytest.Scenario) []string {
	s := &shownBy{t: t, Scenario: scenario, context: map[string]policytest.Key{}, features: map[string]bool{}}
	for _, k := range scenario.Context {
		s.context[strings.ToLower(k.Name)] = k
	}
	s.add("decision", s.Expect.Decision, "by", s.Expect.Layer)
	s.add("action", s.Action)
	parts := s.parts()
	conditions := 0
	for _, p := range parts {
		for i := range p.document.Statements {
			for _, b := range p.document.Statements[i].Condition {
				conditions += len(b.Keys)
			}
		}
	}
	for _, p := range parts {
		for i := range p.document.Statements {
			st := &p.document.Statements[i]
			s.conditions(st, conditions == 1)
			s.variables(p, st)
			s.notForms(p, st)
			if p.layer == "resource" && st.Effect == "Allow" && st.Principal != nil {
				s.grades(st.Principal)
			}
			s.qualifiers(st)
		}
	}
	if s.ResourcePolicy == nil && s.crossAccount() {
		s.grade("nothing")
	}
	return slices.Collect(maps.Keys(s.features))
}

// parts are the scenario's policies. Those that cannot be parsed show nothing.
func (s *shownBy) parts() []part {
	var all []part
	read := func(layer string, documents ...policytest.Document) {
		for _, d := range documents {
			if parsed, err := policy.Parse(d.JSON); err == nil {
				all = append(all, part{layer, parsed})
			}
		}
	}
	read("identity", s.Identity...)
	read("session", s.Session...)
	for _, level := range s.ServiceControlLevels {
		read("service-control", level...)
	}
	for _, level := range s.ResourceControlLevels {
		read("resource-control", level...)
	}
	for layer, d := range map[string]*policytest.Document{"resource": s.ResourcePolicy, "boundary": s.Boundary, "endpoint": s.Endpoint} {
		if d != nil {
			read(layer, *d)
		}
	}
	return all
}

// state is how a key stands in the request.
func (s *shownBy) state(key string) string {
	k, ok := s.context[strings.ToLower(key)]
	switch {
	case !ok:
		return "absent"
	case len(k.Values) == 0:
		return "without values"
	case len(k.Values) == 1 && k.Values[0] == "":
		return "empty"
	case k.Multi:
		return "multivalued"
	}
	return "present"
}

// conditions notes operators with the state of their key. The answer counts
// only where no other condition has a part in it.
func (s *shownBy) conditions(st *policy.Statement, alone bool) {
	for _, b := range st.Condition {
		for _, k := range b.Keys {
			s.add("key", strings.ToLower(k.Key), s.state(k.Key))
			if alone {
				s.add(st.Effect, "if", b.Operator, s.state(k.Key), "->", s.Expect.Decision)
				s.add(st.Effect, "if", b.Operator, s.state(k.Key))
			}
		}
	}
}

var written = regexp.MustCompile(`\$\{([^}]*)\}`)

// variables notes where variables stand, in what form, and whether they have a value.
func (s *shownBy) variables(p part, st *policy.Statement) {
	note := func(place, text string) {
		for _, m := range written.FindAllStringSubmatch(text, -1) {
			key, _, hasDefault := strings.Cut(m[1], ",")
			switch {
			case p.document.Version != policy.Version2012:
				s.add("variable of 2008 in", place)
			case key == "*" || key == "?" || key == "$":
				s.add("variable", m[0])
			case hasDefault:
				s.add(st.Effect, "default in", place, s.state(key))
			default:
				s.add(st.Effect, "variable in", place, s.state(key))
			}
		}
	}
	for place, v := range map[string]*policy.Values{"Action": st.Action, "Resource": st.Resource, "NotResource": st.NotResource} {
		if v != nil {
			for _, text := range v.Items {
				note(place, text)
				if parts := strings.SplitN(text, ":", 6); strings.Contains(strings.Join(parts[:min(len(parts), 5)], ":"), "${") {
					s.add("variable before the fifth colon of", place, st.Effect)
				}
			}
		}
	}
	for _, b := range st.Condition {
		for _, k := range b.Keys {
			for _, v := range k.Values {
				note(operatorGroup(b.Operator), v.Text)
			}
		}
	}
}

// operatorGroup is an operator's family, and whether it is negated.
func operatorGroup(operator string) string {
	_, name, ok := strings.Cut(operator, ":")
	if !ok {
		name = operator
	}
	sense := "positive"
	if strings.Contains(name, "Not") {
		sense = "negated"
	}
	for _, family := range []string{"String", "Arn", "Numeric", "Date", "Bool", "Null"} {
		if strings.HasPrefix(name, family) {
			return sense + " " + family
		}
	}
	return sense + " other"
}

// notForms notes NotAction, NotResource and NotPrincipal.
func (s *shownBy) notForms(p part, st *policy.Statement) {
	if st.NotAction != nil {
		s.add(st.Effect, "NotAction in", p.layer, "->", s.Expect.Decision)
	}
	if st.NotResource != nil {
		s.add(st.Effect, "NotResource in", p.layer, "->", s.Expect.Decision)
	}
	if st.NotPrincipal != nil {
		boundary := "no boundary"
		if s.Boundary != nil {
			boundary = "boundary"
		}
		s.add(st.Effect, "NotPrincipal in", p.layer, "for", s.Principal.Kind, "with", boundary, "->", s.Expect.Decision)
	}
}

func (s *shownBy) owner() string {
	if parts := strings.Split(s.Resource, ":"); s.Owner == "" && len(parts) > 4 {
		return parts[4]
	}
	return s.Owner
}

func (s *shownBy) account() string {
	if parts := strings.Split(s.Principal.ARN, ":"); len(parts) > 4 {
		return parts[4]
	}
	return ""
}

func (s *shownBy) crossAccount() bool { return s.account() != "" && s.account() != s.owner() }

// grades notes how the resource's policy names the principal.
func (s *shownBy) grades(p *policy.Principals) {
	if p.Star {
		s.grade("everybody")
		return
	}
	for _, e := range p.Entries {
		for _, v := range e.Values.Items {
			switch p := &s.Principal; {
			case v == "*":
				s.grade("everybody")
			case v == p.ARN, e.Type == "Service" && v == p.Name, e.Type == "Federated" && v == p.Name:
				s.grade("itself")
			case v == s.account(), strings.HasSuffix(v, ":"+s.account()+":root"):
				s.grade("account")
			case v != "" && v == p.Role, v != "" && v == p.User:
				s.grade("who is behind it")
			case strings.HasPrefix(p.ID, v), v == p.UserID:
				s.grade("unique id")
			}
		}
	}
}

// grade notes a grade with the principal's guards.
func (s *shownBy) grade(form string) {
	where := "here"
	if s.crossAccount() {
		where = "across"
	}
	s.add(where, s.Principal.Kind, "named as", form, "identity", s.says(s.Identity...), "boundary", s.says(pointed(s.Boundary)...), "session", s.says(s.Session...))
}

func pointed(d *policytest.Document) []policytest.Document {
	if d == nil {
		return nil
	}
	return []policytest.Document{*d}
}

// says is what policies, taken alone, say of the question.
func (s *shownBy) says(documents ...policytest.Document) string {
	if len(documents) == 0 {
		return "none"
	}
	alone := *s.Scenario
	alone.Identity, alone.Session, alone.Boundary, alone.ResourcePolicy, alone.Endpoint = documents, nil, nil, nil, nil
	alone.ServiceControlLevels, alone.ResourceControlLevels, alone.MustAllow, alone.SessionLimited = nil, nil, false, false
	alone.Principal = policytest.Principal{Kind: "user", ARN: "arn:aws:iam::" + s.owner() + ":user/x"}
	a, err := policytest.Sallyport{}.Decide(&alone)
	if err != nil {
		s.t.Fatalf("%s: %v", s.Name, err)
	}
	return map[string]string{"allow": "allows", "implicit deny": "lacks", "explicit deny": "denies"}[a.Decision]
}

// qualifiers notes the patterns of function ARNs, each with the qualifier asked for.
func (s *shownBy) qualifiers(st *policy.Statement) {
	_, asked, ok := strings.Cut(s.Resource, ":function:f")
	if !ok || st.Resource == nil {
		return
	}
	for _, text := range st.Resource.Items {
		if _, pattern, ok := strings.Cut(text, ":function:f"); ok {
			s.add("function f"+pattern, "asked as f"+asked)
		}
	}
}
