package gate

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
	"github.com/sallyport/sallyport/policy"
)

// newRecord notes what is known of a question before it is answered.
func newRecord(q *op.Question) *trail.Record {
	c := q.Call
	return &trail.Record{
		Time: c.Time, RequestID: c.RequestID, Parent: c.Parent, Account: c.Account, Region: c.Region,
		Service: c.Operation.Service.ID, Operation: c.Operation.Name, Trial: c.Trial,
		Principal: c.Caller.Principal(), AccessKeyID: c.Caller.Key().AccessKeyID, SourceIP: c.Origin.SourceIP,
		Action: q.Action, Resource: q.Resource.ARN,
	}
}

// fill notes the question as the engine saw it, and the answer.
func fill(r *trail.Record, request *policy.Request, d policy.Decision) {
	r.ResourceAccount = request.ResourceAccount
	r.SetContext(request.Context)
	r.Allowed = d.Allowed()
	r.Effect = d.Effect.String()
	r.Layer = d.Layer.String()
}

// message is the text of a denial, as AWS words it.
func message(q *op.Question, request *policy.Request, l *policy.Layers, d policy.Decision) string {
	if q.Unknown {
		return policy.MessageBare(request) + " because " + trail.UnknownResource
	}
	if q.Bare {
		return policy.MessageBare(request)
	}
	text := policy.Message(request, l, d)
	if spelled := q.Call.Operation.Service.Spelling.Spell(q.Action); spelled != q.Action {
		text = strings.ReplaceAll(text, q.Action, spelled)
	}
	return text
}

// denied is the refusal in the shape of the service's protocol (Common Errors
// of each service's API reference; Logs and other JSON services use 400).
func denied(s *api.Service, text string) *api.Error {
	e := &api.Error{Code: "AccessDeniedException", Status: 403, Fault: api.Client, Message: text, MessageMember: "Message"}
	switch s.Protocol {
	case api.Query, api.EC2Query, api.RESTXML:
		e.Code, e.MessageMember = "AccessDenied", ""
	case api.JSON10, api.JSON11:
		e.Status = 400
	}
	if slices.Contains(s.Also, api.Query) {
		e.Status, e.QueryCode = 403, "AccessDenied" // SQS: seen through both of its protocols
	}
	if s.DenialCode != "" {
		e.Code = s.DenialCode
	}
	return e
}
