package iam

import (
	"sync"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/policy"
)

// awsPolicies are the AWS managed policies. Those in use are compiled; the
// last few stay so though nobody uses them.
type awsPolicies struct {
	library *managedpolicy.Library
	texts   *texts

	mu sync.Mutex
	// kept are texts by ARN; next is the place in order that goes next.
	kept  map[string]*text
	order []string
	next  int
}

func newAWSPolicies() *awsPolicies {
	return &awsPolicies{library: managedpolicy.New(), kept: map[string]*text{}}
}

// find is the policy of an ARN as a record; nil if AWS has none of it.
func (a *awsPolicies) find(arn string) *managed {
	p := a.library.Find(arn)
	if p == nil {
		return nil
	}
	return awsRecord(p)
}

// awsRecord shows an AWS managed policy as one of ours. Its document is
// decoded only where it is asked for.
func awsRecord(p *managedpolicy.Policy) *managed {
	return &managed{
		Account: awsAccount, Name: p.Name, Path: p.Path, ID: p.ID(), Created: p.Created(), Updated: p.Updated(),
		Default: p.Version, Versions: []version{{ID: p.Version, Created: p.Updated()}}, aws: p,
	}
}

// document is the text of a policy's default version.
func (a *awsPolicies) document(p *managedpolicy.Policy) (string, error) {
	return a.library.Document(p)
}

// attached is the compiled policy of an ARN.
func (a *awsPolicies) attached(arn string) (policy.Attached, bool, error) {
	p := a.library.Find(arn)
	if p == nil {
		return policy.Attached{}, false, nil
	}
	t, err := a.text(arn, p)
	if err != nil {
		return policy.Attached{}, true, err
	}
	loaded, err := t.policy()
	return policy.Attached{Policy: loaded, ARN: arn, Name: p.Name}, true, err
}

func (a *awsPolicies) text(arn string, p *managedpolicy.Policy) (*text, error) {
	a.mu.Lock()
	t := a.kept[arn]
	a.mu.Unlock()
	if t != nil {
		return t, nil
	}
	document, err := a.library.Document(p)
	if err != nil {
		return nil, err
	}
	t = a.texts.share(document)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept[arn] != nil {
		return t, nil
	}
	if len(a.order) < limits.ManagedPoliciesKept {
		a.order = append(a.order, arn)
	} else {
		delete(a.kept, a.order[a.next])
		a.order[a.next] = arn
		a.next = (a.next + 1) % len(a.order)
	}
	a.kept[arn] = t
	return t, nil
}
