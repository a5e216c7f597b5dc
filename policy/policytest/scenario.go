package policytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Scenario is one question with the policies that answer it, and the answer.
type Scenario struct {
	// Name is the file's name without its suffix.
	Name string
	// Title says what the scenario shows; Fact names the rule it rests on.
	Title, Fact string
	// Source is the project whose case the scenario retells, with its licence
	// and where in it; empty for one that was made from the rule alone.
	Source string
	// Twin is the name of a scenario that differs in the one thing that counts.
	// Every denial has an allowed twin.
	Twin      string
	Principal Principal
	// Action is service:Name; Resource an ARN, or "*" where the action has none.
	Action, Resource string
	// Owner is the account that owns the resource, when its ARN does not say.
	Owner string
	// MustAllow says that only the resource's policy can allow (a role's trust
	// policy, a KMS key policy); SessionLimited that only session policies
	// grant, even if there is none.
	MustAllow, SessionLimited bool
	// Context are the condition keys: one value is single-valued.
	Context []Key
	// The policies' JSON. Resource, Boundary and Endpoint are nil without one.
	Identity, Session                           []Document
	ResourcePolicy, Boundary, Endpoint          *Document
	ServiceControlLevels, ResourceControlLevels [][]Document
	Expect                                      Expectation
}

// Principal is who asks.
type Principal struct {
	// Kind is one of: anonymous, root, user, role session, federated user,
	// service, provider user.
	Kind string
	// ARN is the principal; for sessions the sts form.
	ARN string
	// Role is the ARN of the role behind a session, User that of the user
	// behind a federated user.
	Role, User string
	// ID is the unique id, UserID that of the user behind a federated user.
	ID, UserID string
	// Name is the service principal, or the identity provider.
	Name string
}

// Key is a condition key of the request.
type Key struct {
	Name   string
	Values []string
	// Multi says that the key is multivalued, however many values it has.
	Multi bool
}

// Document is a policy.
type Document struct {
	Name string
	JSON []byte
}

// Expectation is the answer.
type Expectation struct {
	// Decision is allow, implicit deny or explicit deny.
	Decision string
	// Layer decided: resource, identity, boundary, session, service-control,
	// resource-control or endpoint.
	Layer string
	// Caveats name the rules AWS leaves open that the answer rests on.
	Caveats []string
	// Message is AWS's text of the denial; empty when the scenario does not say.
	Message string
}

// Load reads all scenarios of a folder, sorted by name.
func Load(fsys fs.FS) ([]*Scenario, error) {
	names, err := fs.Glob(fsys, "*.txtar")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []*Scenario
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		s, err := Parse(strings.TrimSuffix(path.Base(name), ".txtar"), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// Parse reads a scenario. The text is a txtar archive: a comment, then
// sections that begin with a line "-- NAME --".
//
// The comment says what the scenario shows. Its line "fact: ..." names the rule
// it rests on, its line "twin: ..." another scenario that differs in the one
// thing that counts, its line "source: ..." the project that has the case.
//
// Section "request" has lines "name: value": principal (the kind), arn, role,
// user, id, user-id, name (what of it a kind needs), action, resource, and
// where needed owner, must-allow: yes, session-limited: yes.
//
// Section "context.json" is an object of condition keys. A string is the value
// of a single-valued key, a list those of a multivalued one.
//
// The policies are sections "identity/NAME.json", "session/NAME.json",
// "service-control/LEVEL/NAME.json" and "resource-control/LEVEL/NAME.json",
// any number of each (levels from the organization's root downwards), and
// "resource.json", "boundary.json" and "endpoint.json", one each.
//
// Section "expect" has lines decision (allow, implicit deny, explicit deny),
// layer, and where it applies caveats (names, with commas) and message.
func Parse(name string, text []byte) (*Scenario, error) {
	s := &Scenario{Name: name}
	comment, sections, err := split(text)
	if err != nil {
		return nil, err
	}
	var title []string
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "fact:"); ok {
			s.Fact = strings.TrimSpace(v)
		} else if v, ok := strings.CutPrefix(line, "source:"); ok {
			s.Source = strings.TrimSpace(v)
		} else if v, ok := strings.CutPrefix(line, "twin:"); ok {
			s.Twin = strings.TrimSpace(v)
		} else if line != "" {
			title = append(title, line)
		}
	}
	s.Title = strings.Join(title, " ")
	seen := map[string]bool{}
	for i := range sections {
		section := &sections[i]
		if seen[section.Name] {
			return nil, fmt.Errorf("section %s stands twice", section.Name)
		}
		seen[section.Name] = true
		if err := s.read(section); err != nil {
			return nil, fmt.Errorf("section %s: %w", section.Name, err)
		}
	}
	return s, s.complete()
}

// complete says what a scenario must not lack.
func (s *Scenario) complete() error {
	switch {
	case s.Title == "" || s.Fact == "":
		return fmt.Errorf("the comment must say what is shown, and on what fact it rests")
	case s.Principal.Kind == "" || s.Action == "" || s.Resource == "":
		return fmt.Errorf("the request needs principal, action and resource")
	case s.Expect.Decision == "":
		return fmt.Errorf("no decision is expected")
	}
	return nil
}

func (s *Scenario) read(section *Document) error {
	kind, rest, _ := strings.Cut(section.Name, "/")
	switch kind {
	case "request":
		return lines(section.JSON, s.request)
	case "expect":
		return lines(section.JSON, s.expect)
	case "context.json":
		return s.context(section.JSON)
	}
	if !json.Valid(section.JSON) {
		return fmt.Errorf("not JSON")
	}
	d := Document{Name: strings.TrimSuffix(path.Base(section.Name), ".json"), JSON: bytes.TrimSpace(section.JSON)}
	switch kind {
	case "identity":
		s.Identity = append(s.Identity, d)
	case "session":
		s.Session = append(s.Session, d)
	case "resource.json":
		s.ResourcePolicy = &d
	case "boundary.json":
		s.Boundary = &d
	case "endpoint.json":
		s.Endpoint = &d
	case "service-control", "resource-control":
		return s.level(kind, rest, d)
	default:
		return fmt.Errorf("not a section of a scenario")
	}
	return nil
}

// level adds a policy to its level. The levels stand in order.
func (s *Scenario) level(kind, rest string, d Document) error {
	level, _, ok := strings.Cut(rest, "/")
	if !ok {
		return fmt.Errorf("name it %s/LEVEL/NAME.json", kind)
	}
	levels := &s.ServiceControlLevels
	if kind == "resource-control" {
		levels = &s.ResourceControlLevels
	}
	d.Name = level + "/" + d.Name
	if n := len(*levels); n > 0 {
		if before, _, _ := strings.Cut((*levels)[n-1][0].Name, "/"); before == level {
			(*levels)[n-1] = append((*levels)[n-1], d)
			return nil
		}
	}
	*levels = append(*levels, []Document{d})
	return nil
}

func (s *Scenario) request(name, value string) bool {
	p := &s.Principal
	field, ok := map[string]*string{
		"principal": &p.Kind, "arn": &p.ARN, "role": &p.Role, "user": &p.User, "id": &p.ID, "user-id": &p.UserID, "name": &p.Name,
		"action": &s.Action, "resource": &s.Resource, "owner": &s.Owner,
	}[name]
	if ok {
		*field = value
		return true
	}
	flag, ok := map[string]*bool{"must-allow": &s.MustAllow, "session-limited": &s.SessionLimited}[name]
	if ok {
		*flag = true
	}
	return ok && value == "yes"
}

func (s *Scenario) expect(name, value string) bool {
	switch e := &s.Expect; name {
	case "decision":
		e.Decision = value
		return value == "allow" || value == "implicit deny" || value == "explicit deny"
	case "layer":
		e.Layer = value
	case "caveats":
		for c := range strings.SplitSeq(value, ",") {
			e.Caveats = append(e.Caveats, strings.TrimSpace(c))
		}
	case "message":
		e.Message = value
	default:
		return false
	}
	return true
}

// context reads the condition keys in their order.
func (s *Scenario) context(text []byte) error {
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		k := Key{Name: name}
		switch v := values[name].(type) {
		case string:
			k.Values = []string{v}
		case []any:
			k.Multi = true
			for _, one := range v {
				text, ok := one.(string)
				if !ok {
					return fmt.Errorf("%s: values are strings", name)
				}
				k.Values = append(k.Values, text)
			}
		default:
			return fmt.Errorf("%s: neither a string nor a list of strings", name)
		}
		s.Context = append(s.Context, k)
	}
	return nil
}

// lines reads "name: value" lines; what take refuses is an error.
func lines(text []byte, take func(name, value string) bool) error {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !take(name, strings.TrimSpace(value)) {
			return fmt.Errorf("can not read the line %q", line)
		}
	}
	return nil
}

// split takes a txtar archive apart.
func split(text []byte) (comment string, sections []Document, err error) {
	current := -1
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if name, ok := bytes.CutPrefix(trimmed, []byte("-- ")); ok {
			if name, ok = bytes.CutSuffix(name, []byte(" --")); ok {
				sections = append(sections, Document{Name: string(name)})
				current++
				continue
			}
		}
		if current < 0 {
			comment += string(line)
			continue
		}
		sections[current].JSON = append(sections[current].JSON, line...)
	}
	if current < 0 {
		return "", nil, fmt.Errorf("no sections")
	}
	return comment, sections, nil
}
