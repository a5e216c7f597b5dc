package lambda

import (
	"bytes"
	"encoding/json"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// grant is one stored statement: what AddPermission was given. Nothing else
// can stand in a function's policy.
type grant struct {
	Sid       string
	Principal principal
	Action    string
	// SourceARN, SourceAccount, OrgID, AuthType and Token are conditions, empty without.
	SourceARN     string `json:",omitempty"`
	SourceAccount string `json:",omitempty"`
	OrgID         string `json:",omitempty"`
	AuthType      string `json:",omitempty"`
	Token         string `json:",omitempty"`
	ViaURL        bool   `json:",omitempty"`
}

// principal is whom a grant is for.
type principal struct {
	// Given is the parameter as it was passed.
	Given string
	// Service or AWS is set, or neither for everybody. AWS holds the unique id
	// of a user or role of this server, so that a new principal of the same
	// name does not inherit the grant.
	Service string `json:",omitempty"`
	AWS     string `json:",omitempty"`
}

// statement is a grant as AWS prints it; the order of the members is recorded
// from AWS.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition *condition `json:",omitempty"`
}

type condition struct {
	StringEquals *stringEquals `json:",omitempty"`
	ArnLike      *arnLike      `json:",omitempty"`
	Bool         *boolean      `json:",omitempty"`
}

type stringEquals struct {
	SourceAccount string `json:"AWS:SourceAccount,omitempty"`
	AuthType      string `json:"lambda:FunctionUrlAuthType,omitempty"`
	OrgID         string `json:"aws:PrincipalOrgID,omitempty"`
	Token         string `json:"lambda:EventSourceToken,omitempty"`
}

type arnLike struct {
	SourceARN string `json:"AWS:SourceArn"`
}

type boolean struct {
	ViaURL string `json:"lambda:InvokedViaFunctionUrl,omitempty"`
}

type document struct {
	Version   string
	ID        string `json:"Id"`
	Statement []statement
}

// print makes the statement; name turns a stored AWS principal into what is shown.
func (g *grant) print(resource string, name func(string) string) statement {
	s := statement{Sid: g.Sid, Effect: "Allow", Principal: "*", Action: g.Action, Resource: resource}
	switch {
	case g.Principal.Service != "":
		s.Principal = struct{ Service string }{g.Principal.Service}
	case g.Principal.AWS != "":
		s.Principal = struct{ AWS string }{name(g.Principal.AWS)}
	}
	var c condition
	if equals := (stringEquals{g.SourceAccount, g.AuthType, g.OrgID, g.Token}); equals != (stringEquals{}) {
		c.StringEquals = &equals
	}
	if g.SourceARN != "" {
		c.ArnLike = &arnLike{g.SourceARN}
	}
	if g.ViaURL {
		c.Bool = &boolean{"true"}
	}
	if c != (condition{}) {
		s.Condition = &c
	}
	return s
}

// compact is JSON as AWS prints policies: no blanks, nothing escaped for HTML.
func compact(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// newGrant checks an AddPermission request.
func (s *Service) newGrant(in *lambdaapi.AddPermissionRequest) (*grant, error) {
	if in.FunctionUrlAuthType != nil && in.GetAction() != invokeFunctionURL {
		return nil, invalid("FunctionUrlAuthType is only supported for %s action", invokeFunctionURL)
	}
	// AWS's words for this one are not known; these follow its pattern.
	if in.GetInvokedViaFunctionUrl() && in.GetAction() != invokeFunction {
		return nil, invalid("InvokedViaFunctionUrl is only supported for %s action", invokeFunction)
	}
	p, err := s.principal(in.GetPrincipal())
	if err != nil {
		return nil, err
	}
	return &grant{
		Sid: in.GetStatementId(), Principal: p, Action: in.GetAction(),
		SourceARN: in.GetSourceArn(), SourceAccount: in.GetSourceAccount(), OrgID: in.GetPrincipalOrgID(),
		AuthType: in.GetFunctionUrlAuthType(), Token: in.GetEventSourceToken(), ViaURL: in.GetInvokedViaFunctionUrl(),
	}, nil
}

func badPrincipal() error {
	return invalid("The provided principal was invalid. Please check the principal and try again.")
}

// principal reads the Principal parameter. Users and roles of accounts that
// this server has must exist; of other accounts nothing can be known, and they
// are taken as they are (inferred: AWS knows all accounts).
func (s *Service) principal(given string) (principal, error) {
	p := principal{Given: given}
	switch {
	case given == "*":
		return p, nil
	case id.IsAccount(given):
		p.AWS = "arn:" + op.Partition + ":iam::" + given + ":root"
		return p, nil
	case s.isService(given):
		p.Service = given
		return p, nil
	case !strings.HasPrefix(given, "arn:"):
		return p, badPrincipal()
	}
	account, kind, ok := principalARN(given)
	if !ok {
		return p, invalid(`The provided input'%s'was invalid. Member must satisfy expression: [\w+=,.@-]* Please check your input and try again.`, given)
	}
	p.AWS = given
	if (kind == "user" || kind == "role") && s.directory.HasAccount(account) {
		unique, found := s.directory.PrincipalID(given)
		if !found {
			return p, badPrincipal()
		}
		p.AWS = unique
	}
	return p, nil
}

// principalARN reads the ARN of a principal; kind is its resource type.
func principalARN(arn string) (account, kind string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[1] != op.Partition || parts[3] != "" || !id.IsAccount(parts[4]) {
		return "", "", false
	}
	kind, name, named := strings.Cut(parts[5], "/")
	switch parts[2] + ":" + kind {
	case "iam:root":
		return parts[4], kind, !named
	case "iam:user", "iam:role", "sts:federated-user":
		return parts[4], kind, isWord(name, "_+=,.@-/") && !strings.HasSuffix(name, "/")
	case "sts:assumed-role":
		role, session, _ := strings.Cut(name, "/")
		return parts[4], kind, isWord(role, "_+=,.@-") && isWord(session, "_+=,.@-")
	}
	return "", "", false
}

// shownPrincipal is the way back from a stored principal: the ARN of a user or
// role, or its id once it is gone, as AWS shows it.
func (s *Service) shownPrincipal(stored string) string {
	if strings.HasPrefix(stored, "arn:") {
		return stored
	}
	if arn, ok := s.directory.PrincipalARN(stored); ok {
		return arn
	}
	return stored
}
