package organizations

import (
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// arnOf is the ARN of something in an organization; it names the management
// account, whoever asks. The organization's own has no id after its kind.
func arnOf(o *organization, kind, id string) string {
	arn := "arn:" + op.Partition + ":organizations::" + o.Management + ":" + kind + "/" + o.ID
	if id != "" {
		arn += "/" + id
	}
	return arn
}

// typeSegment is how a type of policy stands in ARNs.
func typeSegment(kind string) string { return strings.ToLower(kind) }

// arn is the ARN of a policy. Those that AWS manages belong to no organization.
func (p *controlPolicy) arn(o *organization) string {
	if p.AWS {
		return "arn:" + op.Partition + ":organizations::aws:policy/" + typeSegment(p.Type) + "/" + p.ID
	}
	return arnOf(o, kindPolicy, typeSegment(p.Type)+"/"+p.ID)
}

// newID draws an id: n characters after a prefix.
func newID(prefix string, n int) string { return prefix + strings.ToLower(id.Unique(""))[:n] }
