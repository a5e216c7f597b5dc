package gate

import (
	"slices"

	"github.com/sallyport/sallyport/internal/op"
)

// worded is the text of a denial in the words of a service that has its own.
func (g *Gate) worded(q *op.Question, a *op.Answer, text string) string {
	s, ok := g.owners[q.Call.Operation.Service.ID].(op.Wording)
	if !ok {
		return text
	}
	return s.WordDenial(text, q.Resource.ARN, together(q, a))
}

// together says whether caller and resource are of one account or organization.
func together(q *op.Question, a *op.Answer) bool {
	account := q.Call.Caller.Account()
	if _, service := q.Call.Caller.Service(); service || account == "" {
		return false
	}
	of, ok := a.Request.Context.Get("aws:PrincipalOrgID")
	to, ok2 := a.Request.Context.Get("aws:ResourceOrgID")
	return account == a.Request.ResourceAccount || ok && ok2 && slices.Equal(of, to)
}
