package sallyport

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/tools/txtar"
)

// A scenario is a .txtar file of testdata/scenarios: a comment that says what
// it shows, the section "given" that builds the accounts, the section "ask"
// with questions and the answers AWS gives, and the policies they name.
//
//	given:
//	  user NAME [in 2]                    an IAM user, in the first account or another
//	  group NAME USER...                  a group with members
//	  role NAME trust FILE [in 2]
//	  attach NAME FILE                    an inline policy of a user, group or role
//	  boundary NAME FILE                  a permissions boundary of a user or role
//	  tag NAME KEY VALUE                  a tag of a user or role
//	  function NAME role ROLE [in 2]
//	  version NAME                        publishes the next version
//	  alias NAME:ALIAS VERSION
//	  permit FUNCTION ACTION PRINCIPAL [source-arn=ARN] [source-account=ID] [org=ID]
//	  session NAME role ROLE by lambda|USER [policy=FILE] [external-id=X]
//	  federated NAME by USER [policy=FILE]
//	  organization                        the first account manages one, with a member: account 3
//	  scp FILE to 1|3|root [only]         a service control policy; only: in place of FullAWSAccess
//	  rcp FILE to 1|3|root                a resource control policy
//	ask:
//	  WHO ACTION RESOURCE [source-arn=..] [source-account=..] [external-id=..] -> allow|deny|explicit [LAYER]
//
// The ids of account 3 and of the organization are drawn: files and options say
// 333333333333 and o-aaaaaaaaaa for them.
//
// WHO is root, root@2, root@3, a user, a session, or a service principal. RESOURCE is a
// function (f, f:1, f:live, f:$LATEST), user/NAME, role/NAME, log-group/NAME or *.
//
// Each question is asked three times: of the engine, with the policies of the
// file; of the gate, with those the services keep; and over HTTP with the real
// SDK (services, which do not come over HTTP, through the bus).
type scenario struct {
	file  string
	files map[string]string
	given []line
	asked []question
}

// line is one line of "given": words, and the key=value words.
type line struct {
	number  int
	words   []string
	options map[string]string
	// member is the id of account 3, empty without an organization.
	member string
}

type question struct {
	line
	who, action, resource string
	// effect is allow, deny or explicit; layer may be empty.
	effect, layer string
}

const (
	first  = "111111111111"
	second = "222222222222"
)

func parseScenario(path string) (*scenario, error) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &scenario{file: filepath.Base(path), files: map[string]string{}}
	if len(strings.TrimSpace(string(archive.Comment))) == 0 {
		return nil, fmt.Errorf("%s does not say what it shows", path)
	}
	for _, f := range archive.Files {
		s.files[f.Name] = string(f.Data)
	}
	s.given = parseLines(s.files["given"])
	for _, l := range parseLines(s.files["ask"]) {
		q, err := parseQuestion(l)
		if err != nil {
			return nil, fmt.Errorf("%s: ask:%d: %w", path, l.number, err)
		}
		s.asked = append(s.asked, q)
	}
	return s, nil
}

func parseLines(text string) []line {
	var out []line
	for i, raw := range strings.Split(text, "\n") {
		raw, _, _ = strings.Cut(raw, "#")
		l := line{number: i + 1, options: map[string]string{}}
		for _, w := range strings.Fields(raw) {
			if k, v, ok := strings.Cut(w, "="); ok {
				l.options[k] = v
			} else {
				l.words = append(l.words, w)
			}
		}
		if len(l.words) > 0 {
			out = append(out, l)
		}
	}
	return out
}

func parseQuestion(l line) (question, error) {
	i := slices.Index(l.words, "->")
	if i != 3 || len(l.words) < 5 || len(l.words) > 6 {
		return question{}, fmt.Errorf("want WHO ACTION RESOURCE -> EFFECT [LAYER], got %q", l.words)
	}
	q := question{line: l, who: l.words[0], action: l.words[1], resource: l.words[2], effect: l.words[4]}
	if len(l.words) == 6 {
		q.layer = l.words[5]
	}
	if !slices.Contains([]string{"allow", "deny", "explicit"}, q.effect) {
		return question{}, fmt.Errorf("effect %q", q.effect)
	}
	return q, nil
}

// account is the account a line's object is in.
func (l line) account() string {
	switch l.after("in") {
	case "2":
		return second
	case "3":
		return l.member
	}
	return first
}

// has says whether the line has a word.
func (l line) has(w string) bool { return slices.Contains(l.words, w) }

// after is the word that follows w, empty if there is none.
func (l line) after(w string) string {
	if i := slices.Index(l.words, w); i >= 0 && i+1 < len(l.words) {
		return l.words[i+1]
	}
	return ""
}

func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenarios", err)
	}
	var ran, simulated, asked atomic.Int32
	t.Cleanup(func() {
		if all := int(ran.Load()) == len(paths); all && (simulated.Load() < 80 || asked.Load() < 110) {
			t.Errorf("the simulator answered %d questions, our own API %d: they agree with the gate by saying nothing", simulated.Load(), asked.Load())
		}
	})
	answered := map[string]*atomic.Int32{"simulator": &simulated, "own API": &asked}
	for _, path := range paths {
		s, err := parseScenario(path)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(strings.TrimSuffix(s.file, ".txtar"), func(t *testing.T) {
			t.Parallel()
			ran.Add(1)
			s.hasTwins(t)
			w := buildWorld(t, s)
			for _, q := range s.asked {
				for leg, ask := range map[string]func(*testing.T, question) (effect, layer string){
					"engine": w.askEngine, "gate": w.askGate, "edge": w.askEdge, "simulator": w.askSimulator, "own API": w.askOwnAPI,
				} {
					effect, layer := ask(t, q)
					if effect == notExpressible {
						continue
					}
					if n := answered[leg]; n != nil {
						n.Add(1)
					}
					if effect != q.effect && !(leg == "edge" && effect == "deny" && q.effect == "explicit") {
						t.Errorf("%s: ask:%d: the %s says %s (%s), AWS says %s: %s", s.file, q.number, leg, effect, layer, q.effect, strings.Join(q.words, " "))
					}
					if q.layer != "" && layer != "" && layer != q.layer {
						t.Errorf("%s: ask:%d: the %s names the %s layer, want %s: %s", s.file, q.number, leg, layer, q.layer, strings.Join(q.words, " "))
					}
				}
			}
		})
	}
}

// hasTwins checks that every denied action has its allowing twin in the file,
// so that a denial cannot come from a broken set-up.
func (s *scenario) hasTwins(t *testing.T) {
	allowed := map[string]bool{}
	for _, q := range s.asked {
		if q.effect == "allow" {
			allowed[q.action] = true
		}
	}
	for _, q := range s.asked {
		if q.effect != "allow" && !allowed[q.action] {
			t.Errorf("%s: ask:%d: %s is denied but nobody is allowed it: add the allowing twin", s.file, q.number, q.action)
		}
	}
}
