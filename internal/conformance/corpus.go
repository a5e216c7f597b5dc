package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Corpus is a set of groups of cases, and the fixtures that they share.
type Corpus struct {
	Groups   []*Group
	Fixtures map[string][]Step
}

// Group is one file: cases about one thing, with what they share.
type Group struct {
	Name  string `json:"-"`
	Title string `json:"title"`
	// Use names fixtures, and First are steps, that are made once for the group.
	Use   []string `json:"use"`
	First []Step   `json:"first"`
	Cases []*Case  `json:"cases"`
	// What follows stands for every case that does not say otherwise; In is
	// merged, member by member.
	Source    string         `json:"source"`
	Certainty Certainty      `json:"certainty"`
	Needs     []string       `json:"needs"`
	Call      string         `json:"call"`
	As        string         `json:"as"`
	In        map[string]any `json:"in"`
}

// Case is one thing to be found out about an endpoint.
type Case struct {
	Name      string    `json:"name"`
	About     string    `json:"about"`
	Source    string    `json:"source"`
	Certainty Certainty `json:"certainty"`
	// Needs are conditions: "second account", "organization", "functions run".
	Needs []string `json:"needs"`
	Use   []string `json:"use"`
	First []Step   `json:"first"`
	Step
	Then []Step `json:"then"`
}

// Certainty says how it is known that AWS answers so.
type Certainty string

// Certainties, from the surest down.
const (
	Recorded   Certainty = "recorded"
	Documented Certainty = "documented"
	Seen       Certainty = "seen"
	Inferred   Certainty = "inferred"
)

func (c Certainty) known() bool {
	return slices.Contains([]Certainty{Recorded, Documented, Seen, Inferred}, c)
}

// Step is one request with what is expected of its answer, or one of the short
// forms that make a caller: a user, a role, a session.
type Step struct {
	// Call is SERVICE.OPERATION with the input In; HTTP is a request in its own terms.
	Call string         `json:"call"`
	In   map[string]any `json:"in"`
	HTTP *HTTP          `json:"http"`
	// As is the caller: "admin" if empty.
	As string `json:"as"`

	User    string `json:"user"`
	Role    string `json:"role"`
	Session string `json:"session"`
	// Policy and Boundary are lists of statements, for the user, role or session;
	// Trust is a role's; Of is the ARN of the role of a session; Tags are its tags.
	Policy   []any          `json:"policy"`
	Boundary []any          `json:"boundary"`
	Trust    []any          `json:"trust"`
	Of       string         `json:"of"`
	Tags     map[string]any `json:"tags"`

	// Set gives variables values.
	Set map[string]string `json:"set"`

	Fails  *Failure          `json:"fails"`
	Status int               `json:"status"`
	Gives  map[string]any    `json:"gives"`
	Header map[string]string `json:"header"`
	Body   any               `json:"body"`
	Save   map[string]string `json:"save"`
	// Settles says that AWS may need a while to get there.
	Settles bool `json:"settles"`
}

// HTTP is a request that no operation describes: one to a function URL.
type HTTP struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Header  map[string]string `json:"header"`
	Body    string            `json:"body"`
	Service string            `json:"service"`
}

// Failure is a refusal: [status, code] or [status, code, message]. A message of
// null is no text at all.
type Failure struct {
	Status      int
	Code        string
	Message     *string
	NullMessage bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Failure) UnmarshalJSON(raw []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if len(parts) < 2 || len(parts) > 3 {
		return errors.New("a failure is [status, code] or [status, code, message]")
	}
	if err := errors.Join(json.Unmarshal(parts[0], &f.Status), json.Unmarshal(parts[1], &f.Code)); err != nil {
		return err
	}
	if len(parts) == 3 {
		f.NullMessage = string(parts[2]) == "null"
		return json.Unmarshal(parts[2], &f.Message)
	}
	return nil
}

// Load reads a corpus: fixtures.json and cases/*.json.
func Load(files fs.FS) (*Corpus, error) {
	c := &Corpus{}
	if err := read(files, "fixtures.json", &c.Fixtures); err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "cases/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		g := &Group{Name: strings.TrimSuffix(path.Base(name), ".json")}
		if err := read(files, name, g); err != nil {
			return nil, err
		}
		if err := c.complete(g); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Groups = append(c.Groups, g)
	}
	return c, nil
}

// read reads one file; a member that nobody knows is a slip of the pen, not to
// be passed over.
func read(files fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s, near byte %d: %w", name, d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%s: something follows the document", name)
	}
	return nil
}

// complete gives every case what its group says for all, and checks it.
func (c *Corpus) complete(g *Group) error {
	seen := map[string]bool{}
	for _, k := range g.Cases {
		k.inherit(g)
		switch {
		case k.Name == "" || seen[k.Name]:
			return fmt.Errorf("case %q: every case has a name, and each name is there once", k.Name)
		case k.About == "":
			return fmt.Errorf("case %q does not say what it is about", k.Name)
		case k.Source == "" || !k.Certainty.known():
			return fmt.Errorf("case %q: source %q, certainty %q: a case says how it is known that AWS answers so", k.Name, k.Source, k.Certainty)
		case !k.expects():
			return fmt.Errorf("case %q expects nothing", k.Name)
		}
		seen[k.Name] = true
	}
	uses := slices.Clone(g.Use)
	for _, k := range g.Cases {
		uses = append(uses, k.Use...)
	}
	for _, name := range uses {
		if c.Fixtures[name] == nil {
			return fmt.Errorf("there is no fixture %q", name)
		}
	}
	return nil
}

func (k *Case) inherit(g *Group) {
	if k.Source == "" {
		k.Source = g.Source
	}
	if k.Certainty == "" {
		k.Certainty = g.Certainty
	}
	k.Needs = append(slices.Clone(g.Needs), k.Needs...)
	if k.Call == "" && k.HTTP == nil {
		k.Call = g.Call
	}
	if k.As == "" {
		k.As = g.As
	}
	if k.Call == g.Call && len(g.In) > 0 {
		in := maps.Clone(g.In)
		maps.Copy(in, k.In)
		k.In = in
	}
}

// expects says whether the case could fail.
func (k *Case) expects() bool {
	if k.Step.expects() {
		return true
	}
	return slices.ContainsFunc(k.Then, Step.expects)
}

func (s Step) expects() bool {
	return s.Fails != nil || s.Status != 0 || s.Gives != nil || s.Body != nil || s.Header != nil
}

// Count is how many cases there are.
func (c *Corpus) Count() int {
	n := 0
	for _, g := range c.Groups {
		n += len(g.Cases)
	}
	return n
}
