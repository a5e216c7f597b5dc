// Package resourcepolicy keeps policies that name principals: trust policies,
// and those of queues, topics and buckets. AWS stores the unique id of a user or
// role in place of its ARN, so that who later takes the name over is not meant,
// and shows the ARN again as long as the principal exists
// (facts/iam-evaluation.md section 6; IAM user guide, "IAM identifiers").
package resourcepolicy

import (
	"iter"
	"strings"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// Policy is a policy as it is stored. The zero Policy is none.
type Policy struct {
	// Document is the policy as it was given.
	Document string
	// IDs are the unique ids of the users and roles it names, by ARN.
	IDs map[string]string `json:",omitempty"`
}

// New reads a policy that was given. The error is a *policy.MalformedError whose
// text is AWS's reason; services wrap it in their own words.
func New(document string, kind policy.Kind, d op.Directory) (Policy, error) {
	parsed, err := policy.Validate([]byte(document), kind)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{Document: document}
	for i := range parsed.Statements {
		for _, list := range []*policy.Principals{parsed.Statements[i].Principal, parsed.Statements[i].NotPrincipal} {
			if err := checkServices(list); err != nil {
				return Policy{}, err
			}
		}
	}
	for name := range principals(parsed) {
		unique, ok := uniqueID(*name, d)
		if !ok {
			return Policy{}, policy.InvalidPrincipal("AWS", *name)
		}
		if unique != "" {
			if p.IDs == nil {
				p.IDs = map[string]string{}
			}
			p.IDs[*name] = unique
		}
	}
	return p, nil
}

// Stored is the document that is judged: with ids in place of ARNs.
func (p *Policy) Stored() string {
	return p.renamed(func(arn string) string { return p.IDs[arn] })
}

// Shown is the document as AWS shows it now: a principal that is gone is an id.
func (p *Policy) Shown(d op.Directory) string {
	return p.renamed(func(arn string) string {
		if now, ok := d.PrincipalARN(p.IDs[arn]); ok {
			return now
		}
		return p.IDs[arn]
	})
}

// renamed is the document with its users and roles under other names. It is
// the text as it was given when no name differs.
func (p *Policy) renamed(name func(arn string) string) string {
	same := true
	for arn := range p.IDs {
		same = same && name(arn) == arn
	}
	if same {
		return p.Document
	}
	d, err := policy.Parse([]byte(p.Document))
	if err != nil {
		// It was parsed when it was stored. Text that does not parse does not
		// compile either, and lets nobody in.
		return p.Document
	}
	for principal := range principals(d) {
		if p.IDs[*principal] != "" {
			*principal = name(*principal)
		}
	}
	return string(d.JSON())
}

// principals are the values under AWS in the principals of a document.
func principals(d *policy.Document) iter.Seq[*string] {
	return func(yield func(*string) bool) {
		for i := range d.Statements {
			s := &d.Statements[i]
			for _, list := range []*policy.Principals{s.Principal, s.NotPrincipal} {
				if list == nil {
					continue
				}
				for j := range list.Entries {
					if list.Entries[j].Type != "AWS" {
						continue
					}
					values := list.Entries[j].Values.Items
					for k := range values {
						if !yield(&values[k]) {
							return
						}
					}
				}
			}
		}
	}
}

// uniqueID is the unique id to store for a principal, empty to store it as it is
// given. ok is false when it must exist and does not: a user or role of an
// account that this server has. What other accounts hold is not known (inferred:
// AWS knows them all).
func uniqueID(given string, d op.Directory) (unique string, ok bool) {
	if !strings.HasPrefix(given, "arn:") {
		if given == "*" || !strings.HasPrefix(given, "A") {
			return "", true // an account
		}
		_, ok := d.PrincipalARN(given)
		return given, ok
	}
	parts := strings.SplitN(given, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !d.HasAccount(parts[4]) {
		return "", true
	}
	if !strings.HasPrefix(parts[5], "user/") && !strings.HasPrefix(parts[5], "role/") {
		return "", true
	}
	return d.PrincipalID(given)
}

// checkServices keeps misspelt service principals out. AWS knows each by name.
func checkServices(p *policy.Principals) error {
	if p == nil {
		return nil
	}
	for _, e := range p.Entries {
		if e.Type != "Service" {
			continue
		}
		for _, name := range e.Values.Items {
			if !IsService(name) {
				return policy.InvalidPrincipal(e.Type, name)
			}
		}
	}
	return nil
}

// IsService says whether a name ends as service principals do.
func IsService(name string) bool {
	for _, end := range []string{".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal", ".aws.com", ".api.aws"} {
		if strings.HasSuffix(name, end) && len(name) > len(end) {
			return true
		}
	}
	return false
}
