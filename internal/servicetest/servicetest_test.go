package servicetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	stsapi "github.com/sallyport/sallyport/internal/api/sts"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/trail"
)

// recorder takes what a check reports.
type recorder struct {
	testing.TB
	reports []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

// wants checks that exactly one thing was reported, and what.
func wants(t *testing.T, name string, r *recorder, want string) {
	t.Helper()
	switch {
	case want == "" && len(r.reports) == 0:
	case want != "" && len(r.reports) == 1 && strings.Contains(r.reports[0], want):
	default:
		t.Errorf("%s: reported %q, want %q", name, r.reports, want)
	}
}

// service is one of given rows.
type service struct {
	op.Service
	api  *api.Service
	rows []op.Row
}

func (s *service) API() *api.Service { return s.api }
func (s *service) Rows() []op.Row    { return s.rows }

func TestRowsSeesWhatIsWrong(t *testing.T) {
	handle := func(context.Context, *op.Call, *api.Empty) (*api.Empty, error) { return nil, nil }
	d := &api.Service{ID: "lambda", Unbound: []api.UnboundOperation{{Name: "CreateAlias"}}}
	o := api.Op[api.Empty, api.Empty]{Operation: &api.Operation{Service: d, Name: "Invoke", Input: reflect.TypeFor[api.Empty]()}}
	stranger := api.Op[api.Empty, api.Empty]{Operation: &api.Operation{Service: &api.Service{ID: "x"}, Name: "Invoke"}}
	d.Operations = []*api.Operation{o.Operation}
	good := op.On("lambda:InvokeFunction", op.Any)
	for name, c := range map[string]struct {
		rows []op.Row
		want string
	}{
		"nothing":                    {[]op.Row{op.Bind(o, handle, good)}, ""},
		"an unbound action":          {[]op.Row{op.Bind(o, handle, op.On("lambda:CreateAlias", op.Any))}, ""},
		"no row":                     {nil, "has 0 rows"},
		"two rows":                   {[]op.Row{op.Bind(o, handle, good), op.Bind(o, handle, good)}, "has 2 rows"},
		"another service's row":      {[]op.Row{op.Bind(o, handle, good), op.Bind(stranger, handle, good)}, "another service's"},
		"an operation's name":        {[]op.Row{op.Bind(o, handle, op.On("lambda:Invoke", op.Any))}, "no action of AWS"},
		"an action that is not":      {[]op.Row{op.Bind(o, handle, op.On("lambda:InvokeFunctions", op.Any))}, "no action of AWS"},
		"another case":               {[]op.Row{op.Bind(o, handle, op.On("lambda:invokeFunction", op.Any))}, "no action of AWS"},
		"an action of no service":    {[]op.Row{op.Bind(o, handle, op.On("InvokeFunction", op.Any))}, "no action of AWS"},
		"a service that is not here": {[]op.Row{op.Bind(o, handle, op.On("s3:GetObject", op.Any))}, "no action of AWS"},
		"optional needs only":        {[]op.Row{op.Bind(o, handle, op.Maybe(good))}, "without a question"},
		"no reason":                  {[]op.Row{op.Bind(o, handle, op.Nothing("no"))}, "the reason is"},
	} {
		r := &recorder{TB: t}
		Rows(r, []op.Service{&service{api: d, rows: c.rows}})
		wants(t, name, r, c.want)
	}
}

func TestRefusalsAreJudged(t *testing.T) {
	denied := api.Newf(403, "AccessDenied", "no")
	for name, c := range map[string]struct {
		a    answer
		want string
	}{
		"refused":                  {answer{err: denied, records: []*trail.Record{{}}}, ""},
		"answered":                 {answer{}, "answered"},
		"the handler ran":          {answer{err: denied, reached: true}, "the handler ran"},
		"an error of ours":         {answer{err: errors.New("x")}, "no error of AWS"},
		"a fault":                  {answer{err: op.InternalFailure()}, "the server failed"},
		"allowed on the way there": {answer{err: denied, records: []*trail.Record{{}, {Allowed: true}}}, "was allowed"},
	} {
		r := &recorder{TB: t}
		mustBeRefused(r, name, c.a)
		wants(t, name, r, c.want)
	}
}

func TestResourcesAreJudged(t *testing.T) {
	const function = "arn:aws:lambda:us-east-1:111111111111:function:f"
	for name, c := range map[string]struct {
		record trail.Record
		want   string
	}{
		"a resource":                          {trail.Record{Action: "lambda:GetFunction", Resource: function}, ""},
		"an action with one, on *":            {trail.Record{Action: "lambda:GetFunction", Resource: "*"}, "was judged on"},
		"an action without, on one":           {trail.Record{Action: "lambda:ListFunctions", Resource: function}, "was judged on"},
		"an action without, on *":             {trail.Record{Action: "lambda:ListFunctions", Resource: "*"}, ""},
		"a service whose table is not here":   {trail.Record{Action: "logs:DescribeLogGroups", Resource: "*"}, ""},
		"a name":                              {trail.Record{Action: "logs:DeleteLogGroup", Resource: "g"}, "no ARN"},
		"half an ARN":                         {trail.Record{Action: "logs:DeleteLogGroup", Resource: "arn:aws:logs:g"}, "no ARN"},
		"an operation that needs no resource": {trail.Record{Nothing: "x"}, ""},
	} {
		r := &recorder{TB: t}
		onResource(r, name, &c.record)
		wants(t, name, r, c.want)
	}
}

func TestFillLeavesNothingEmpty(t *testing.T) {
	in := new(lambdaapi.CreateFunctionRequest)
	Fill(in, map[string]string{"Role": "arn:aws:iam::111111111111:role/r", "Handler": ""})
	if in.GetFunctionName() != "my-x" || in.GetRole() != "arn:aws:iam::111111111111:role/r" || in.GetHandler() != "" || len(in.Layers) != 1 || len(in.Tags) != 1 ||
		in.VpcConfig == nil || len(in.VpcConfig.SubnetIds) != 1 || in.Code == nil || len(in.Code.ZipFile) == 0 || in.GetPackageType() != "Zip" || in.GetTimeout() != 1 {
		t.Errorf("%+v", in)
	}
	role := new(stsapi.AssumeRoleRequest)
	Fill(role, nil)
	if role.GetRoleArn() != "arn:aws:iam::111111111111:role/my-x" || len(role.Tags) != 1 || role.Tags[0].GetKey() != "my-x" || role.GetPolicy() == "" {
		t.Errorf("%+v", role)
	}
}
