package sallyport

import (
	sallyportapi "github.com/sallyport/sallyport/internal/api/sallyport"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations.
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(sallyportapi.AskDecision, s.askDecision, op.On("sallyport:AskDecision", op.Any)),
		op.Bind(sallyportapi.DescribeServer, s.describeServer, op.On("sallyport:DescribeServer", op.Any)),
		op.Bind(sallyportapi.ExplainDecision, s.explainDecision, op.On("sallyport:ExplainDecision", op.Any)),
		op.Bind(sallyportapi.ListDecisions, s.listDecisions, op.On("sallyport:ListDecisions", op.Any)),
		op.Bind(sallyportapi.ListWhat, s.listWhat, op.On("sallyport:ListWhat", op.Any)),
		op.Bind(sallyportapi.ListWho, s.listWho, op.On("sallyport:ListWho", op.Any)),
		op.Bind(sallyportapi.Reset, s.reset, op.On("sallyport:Reset", op.Any)),
	}
}
