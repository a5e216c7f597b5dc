package sallyport

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// model is a scenario as plain data, built from the file alone: it shares
// nothing with the services, so that a mistake of theirs shows as a difference.
type model struct {
	s          *scenario
	principals map[string]*principal
	functions  map[string]*function
	sessions   map[string]*session
	// member and organization are the ids that were drawn, empty without an
	// organization.
	member, organization string
	controls             controls
}

type principal struct {
	kind, name, account string // kind is user, group or role
	members             []string
	policies            []policy.Attached
	boundary            *policy.Attached
	trust               *policy.Policy
	tags                map[string]string
}

func (p *principal) arn() string { return "arn:aws:iam::" + p.account + ":" + p.kind + "/" + p.name }

type function struct {
	account string
	// statements are the policies' statements, by qualifier.
	statements map[string][]string
}

type session struct {
	principal policy.Principal
	base      *principal
	policies  []policy.Attached
	limited   bool
	function  string
}

func newModel(s *scenario) *model {
	return &model{s: s, principals: map[string]*principal{}, functions: map[string]*function{}, sessions: map[string]*session{}}
}

func (m *model) owner(name string) *principal { return m.principals[name] }

func load(text string) *policy.Policy {
	p, err := policy.Load([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("%v in %s", err, text))
	}
	return p
}

func (m *model) attached(file string) policy.Attached {
	return policy.Attached{Policy: load(m.s.files[file]), Name: file}
}

func (m *model) build(l line) {
	name := l.words[min(1, len(l.words)-1)]
	switch l.words[0] {
	case "user", "group", "role":
		p := &principal{kind: l.words[0], name: name, account: l.account(), tags: map[string]string{}}
		if p.kind == "group" {
			p.members = l.words[2:]
		}
		if p.kind == "role" {
			p.trust = load(m.s.files[l.after("trust")])
		}
		m.principals[name] = p
	case "attach":
		m.principals[name].policies = append(m.principals[name].policies, m.attached(l.words[2]))
	case "boundary":
		a := m.attached(l.words[2])
		m.principals[name].boundary = &a
	case "tag":
		m.principals[name].tags[l.words[2]] = l.words[3]
	case "function":
		m.functions[name] = &function{account: l.account(), statements: map[string][]string{}}
	case "permit":
		m.permit(l)
	case "session", "federated":
		m.session(l)
	case "scp", "rcp":
		m.control(l)
	}
}

func (m *model) sid(l line) string { return fmt.Sprintf("line%d", l.number) }

// permit writes down the statement that AWS makes of AddPermission's parameters.
func (m *model) permit(l line) {
	name, qualifier, _ := strings.Cut(l.words[1], ":")
	f := m.functions[name]
	var who any = map[string]string{"AWS": m.principalName(l.words[3])}
	switch p := m.principalName(l.words[3]); {
	case p == "*":
		who = "*"
	case strings.HasSuffix(p, ".amazonaws.com"):
		who = map[string]string{"Service": p}
	case len(p) == 12:
		who = map[string]string{"AWS": "arn:aws:iam::" + p + ":root"}
	}
	statement := map[string]any{"Sid": m.sid(l), "Effect": "Allow", "Principal": who, "Action": l.words[2], "Resource": m.arn(l.words[1])}
	condition := map[string]any{}
	equals := map[string]string{}
	if v := l.options["source-account"]; v != "" {
		equals["AWS:SourceAccount"] = v
	}
	if v := l.options["org"]; v != "" {
		equals["aws:PrincipalOrgID"] = v
	}
	if len(equals) > 0 {
		condition["StringEquals"] = equals
	}
	if v := l.options["source-arn"]; v != "" {
		condition["ArnLike"] = map[string]string{"AWS:SourceArn": v}
	}
	if len(condition) > 0 {
		statement["Condition"] = condition
	}
	f.statements[qualifier] = append(f.statements[qualifier], mustJSON(statement))
}

// principalName turns a name of the scenario into a Principal parameter.
func (m *model) principalName(word string) string {
	switch {
	case word == "first":
		return first
	case word == "second":
		return second
	case word == "third":
		return m.member
	case m.principals[word] != nil:
		return m.principals[word].arn()
	case m.sessions[word] != nil:
		return m.sessions[word].principal.ARN
	}
	return word
}

func (m *model) session(l line) {
	name := l.words[1]
	s := &session{}
	if l.words[0] == "federated" {
		by := m.principals[l.after("by")]
		s.base, s.limited = by, true
		s.principal = policy.Principal{
			Kind: policy.FederatedUser, Account: by.account, UserARN: by.arn(),
			ARN: "arn:aws:sts::" + by.account + ":federated-user/" + name, UniqueID: by.account + ":" + name,
		}
	} else {
		role := m.principals[l.after("role")]
		s.base = role
		s.principal = policy.Principal{
			Kind: policy.RoleSession, Account: role.account, RoleARN: role.arn(),
			ARN: "arn:aws:sts::" + role.account + ":assumed-role/" + role.name + "/" + name, UniqueID: "AROAMODEL:" + name,
		}
		if l.after("by") == "lambda" {
			s.function = "arn:aws:lambda:us-east-1:" + role.account + ":function:" + name
		}
	}
	if file := l.options["policy"]; file != "" {
		s.policies, s.limited = []policy.Attached{m.attached(file)}, true
	}
	m.sessions[name] = s
}

// arn is the ARN of a resource word.
func (m *model) arn(word string) string {
	kind, name, slash := strings.Cut(word, "/")
	switch {
	case word == "*" || strings.HasPrefix(word, "arn:"):
		return word
	case slash && kind == "log-group":
		return "arn:aws:logs:us-east-1:" + first + ":log-group:" + name
	case slash:
		if p := m.principals[name]; p != nil && p.kind == kind {
			return p.arn()
		}
		return "arn:aws:iam::" + first + ":" + word
	}
	name, qualifier, qualified := strings.Cut(word, ":")
	account := first
	if f := m.functions[name]; f != nil {
		account = f.account
	}
	arn := "arn:aws:lambda:us-east-1:" + account + ":function:" + name
	if qualified {
		arn += ":" + qualifier
	}
	return arn
}

// who is a principal with its own policies.
func (m *model) who(word string) (policy.Principal, policy.Layers, map[string]string) {
	var l policy.Layers
	switch {
	case word == "root", word == "root@2", word == "root@3":
		account := map[string]string{"root": first, "root@2": second, "root@3": m.member}[word]
		return policy.Principal{Kind: policy.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root", UniqueID: account}, l, nil
	case strings.HasSuffix(word, ".amazonaws.com"):
		return policy.Principal{Kind: policy.Service, ARN: word, Service: word}, l, nil
	}
	if s := m.sessions[word]; s != nil {
		l.Identity, l.Boundary = m.identity(s.base)
		l.Session, l.SessionLimited = s.policies, s.limited
		return s.principal, l, s.base.tags
	}
	p := m.principals[word]
	l.Identity, l.Boundary = m.identity(p)
	return policy.Principal{Kind: policy.User, Account: p.account, ARN: p.arn(), UniqueID: "AIDAMODEL" + p.name}, l, p.tags
}

func (m *model) identity(p *principal) ([]policy.Attached, *policy.Attached) {
	all := append([]policy.Attached(nil), p.policies...)
	for _, g := range m.principals {
		for _, member := range g.members {
			if g.kind == "group" && p.kind == "user" && member == p.name {
				all = append(all, g.policies...)
			}
		}
	}
	return all, p.boundary
}

// resource is the resource-based side of a question.
func (m *model) resource(action, word string, l *policy.Layers) {
	kind, name, slash := strings.Cut(word, "/")
	if slash {
		if p := m.principals[name]; kind == "role" && strings.HasPrefix(action, "sts:") {
			l.ResourceMustAllow = true
			if p != nil {
				l.Resource = &policy.Attached{Policy: p.trust, Name: "trust policy"}
			}
		}
		return
	}
	name, qualifier, _ := strings.Cut(word, ":")
	if f := m.functions[name]; f != nil && len(f.statements[qualifier]) > 0 {
		text := `{"Version":"2012-10-17","Id":"default","Statement":[` + strings.Join(f.statements[qualifier], ",") + `]}`
		l.Resource = &policy.Attached{Policy: load(text), Name: "function policy"}
	}
}
