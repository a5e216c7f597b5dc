package gate

import (
	"context"

	"github.com/sallyport/sallyport/internal/op"
)

// encoded is the text of a denial by a service whose AWS original seals the
// reason into it (repost.aws, "How do I decode and analyze 'You are not
// authorized to perform this operation' errors for Amazon EC2"). The trail
// keeps the text without the seal, which says nothing more.
func (g *Gate) encoded(ctx context.Context, q *op.Question, a *op.Answer, text string) string {
	if _, encodes := g.owners[q.Call.Operation.Service.ID].(op.Encoded); !encodes || g.encoder == nil {
		return text
	}
	if q.Resource.ARN == "*" { // EC2's lists say the reason and seal nothing (seen in public reports)
		return "You are not authorized to perform this operation. " + text
	}
	sealed, err := g.encoder.EncodeDenial(q.Call.Account, &a.Request, &a.Layers)
	if err != nil {
		g.bug.Report(ctx, "encoding a denial of %s: %v", q.Action, err)
		return text
	}
	return "You are not authorized to perform this operation. " + text + ". Encoded authorization failure message: " + sealed
}
