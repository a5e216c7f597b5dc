package wire

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// signed is a header that says what a request was signed for.
func signed(service string) string {
	return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261101/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
}

const formType = "application/x-www-form-urlencoded; charset=utf-8"

type request struct {
	method, target, body string
	header               map[string]string
}

func (q request) http() *http.Request {
	r := httptest.NewRequest(or(q.method, "POST"), or(q.target, "/"), strings.NewReader(q.body))
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	return r
}

func TestRoutes(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		request
		want   string
		labels map[string]string
	}{
		"a query action and its version": {request{body: "Action=GetUser&Version=2010-05-08", header: map[string]string{"Content-Type": formType}}, "iam:GetUser", nil},
		"as a GET":                       {request{method: "GET", target: "/?Action=GetCallerIdentity&Version=2011-06-15"}, "sts:GetCallerIdentity", nil},
		"the version tells services apart, whatever it is signed for": {
			request{body: "Action=GetCallerIdentity&Version=2011-06-15", header: map[string]string{"Content-Type": formType, "Authorization": signed("iam")}}, "sts:GetCallerIdentity", nil},
		"no version: what it is signed for":    {request{body: "Action=GetUser", header: map[string]string{"Authorization": signed("iam")}}, "iam:GetUser", nil},
		"no version, not signed: the action":   {request{body: "Action=GetSessionToken", header: map[string]string{"Content-Type": formType}}, "sts:GetSessionToken", nil},
		"presigned":                            {request{method: "GET", target: "/?Action=GetUser&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261101%2Fus-east-1%2Fiam%2Faws4_request"}, "iam:GetUser", nil},
		"of an action given twice, the first":  {request{body: "Action=GetUser&Version=2010-05-08&Action=DeleteUser", header: map[string]string{"Content-Type": formType}}, "iam:GetUser", nil},
		"the URL comes before the form":        {request{target: "/?Action=GetUser", body: "Action=DeleteUser&Version=2010-05-08", header: map[string]string{"Content-Type": formType}}, "iam:GetUser", nil},
		"a target":                             {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, "logs:PutLogEvents", nil},
		"our own API":                          {request{header: map[string]string{"X-Amz-Target": "Sallyport_20261101.ListDecisions"}}, "sallyport:ListDecisions", nil},
		"a path":                               {request{method: "GET", target: "/2015-03-31/functions/f/configuration"}, "lambda:GetFunctionConfiguration", map[string]string{"FunctionName": "f"}},
		"a list":                               {request{method: "GET", target: "/2015-03-31/functions/"}, "lambda:ListFunctions", map[string]string{}},
		"without the slash at the end":         {request{method: "GET", target: "/2015-03-31/functions?MaxItems=1"}, "lambda:ListFunctions", map[string]string{}},
		"the method tells operations apart":    {request{method: "DELETE", target: "/2015-03-31/functions/f"}, "lambda:DeleteFunction", map[string]string{"FunctionName": "f"}},
		"an ARN with colons":                   {request{target: "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f:live/invocations"}, "lambda:Invoke", map[string]string{"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f:live"}},
		"an ARN, escaped":                      {request{target: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations"}, "lambda:Invoke", map[string]string{"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f"}},
		"a slash inside a label":               {request{method: "GET", target: "/2017-03-31/tags/a%2Fb"}, "lambda:ListTags", map[string]string{"Resource": "a/b"}},
		"what is unbound keeps its name":       {request{method: "GET", target: "/2025-11-30/capacity-providers"}, "lambda:ListCapacityProviders unbound", nil},
		"a parameter that the path asks for":   {request{method: "GET", target: "/2018-10-31/layers?find=LayerVersion&Arn=a"}, "lambda:GetLayerVersionByArn", map[string]string{}},
		"without the parameter":                {request{method: "GET", target: "/2018-10-31/layers"}, "lambda:ListLayers", map[string]string{}},
		"an action of EC2":                     {request{body: "Action=DescribeVpcs&Version=2016-11-15", header: map[string]string{"Content-Type": formType}}, "ec2:DescribeVpcs", nil},
		"an unbound action of EC2":             {request{body: "Action=RunInstances&Version=2016-11-15", header: map[string]string{"Content-Type": formType}}, "ec2:RunInstances unbound", nil},
		"an action of EC2, signed":             {request{target: "/?Action=DescribeVpcs", method: "GET", header: map[string]string{"Authorization": signed("ec2")}}, "ec2:DescribeVpcs", nil},
		"an unbound target":                    {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.AssociateKmsKey"}}, "logs:AssociateKmsKey unbound", nil},
		"an unknown target":                    {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.Nope"}}, "logs:Nope unknown", nil},
		"an unknown action":                    {request{body: "Action=Nope&Version=2010-05-08", header: map[string]string{"Content-Type": formType}}, "iam:Nope unknown", nil},
		"another version of a known service":   {request{body: "Action=GetUser&Version=2009-01-01", header: map[string]string{"Authorization": signed("iam")}}, "iam:GetUser unknown", nil},
		"no action":                            {request{body: "", header: map[string]string{"Authorization": signed("sts")}}, "sts: unknown", nil},
		"an unknown path, signed for Lambda":   {request{method: "GET", target: "/nope", header: map[string]string{"Authorization": signed("lambda")}}, "lambda:GET /nope unknown", nil},
		"a method that the path does not know": {request{method: "PATCH", target: "/2015-03-31/functions/f", header: map[string]string{"Authorization": signed("lambda")}}, "lambda:PATCH /2015-03-31/functions/f unknown", nil},
		"a target without a dot":               {request{header: map[string]string{"X-Amz-Target": "PutLogEvents", "Authorization": signed("logs")}}, "logs:PutLogEvents unknown", nil},
		"a target is for POST":                 {request{method: "GET", header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents", "Authorization": signed("logs")}}, "logs:GET / unknown", nil},
		"an action is for POST and GET":        {request{method: "DELETE", target: "/?Action=GetUser&Version=2010-05-08", header: map[string]string{"Authorization": signed("iam")}}, "iam:DELETE / unknown", nil},
		"an empty part of a path":              {request{method: "GET", target: "/2015-03-31//functions/f", header: map[string]string{"Authorization": signed("lambda")}}, "lambda:GET /2015-03-31//functions/f unknown", nil},
		"an empty label":                       {request{target: "/2015-03-31/functions//invocations", header: map[string]string{"Authorization": signed("lambda")}}, "lambda:POST /2015-03-31/functions//invocations unknown", nil},
	} {
		t.Run(name, func(t *testing.T) {
			route, failure := router.Route(c.http(), []byte(c.body))
			if failure != nil {
				t.Fatal(failure)
			}
			got := route.Service.ID + ":" + route.Name
			switch {
			case route.Unbound:
				got += " unbound"
			case route.Operation == nil:
				got += " unknown"
			case route.Operation.Name != route.Name:
				t.Errorf("named %s but bound to %s", route.Name, route.Operation.Name)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.labels != nil && !maps.Equal(route.Labels, c.labels) {
				t.Errorf("labels %v, want %v", route.Labels, c.labels)
			}
		})
	}
}

func TestNowhereToRouteTo(t *testing.T) {
	router := NewRouter(slices.DeleteFunc(generated(), func(s *api.Service) bool { return s.ID == "s3" })) // S3 takes every path
	for name, c := range map[string]struct {
		request
		protocol api.Protocol
		status   int
		says     []string
	}{
		"a browser":        {request{method: "GET"}, api.RESTJSON, 404, []string{"GET /", "iam, lambda, logs, sallyport, sns, sqs, sts"}},
		"another service":  {request{method: "GET", target: "/bucket", header: map[string]string{"Authorization": signed("s3")}}, api.Query, 501, []string{"the service s3 yet"}},
		"one with JSON":    {request{method: "GET", target: "/v1/apis", header: map[string]string{"Authorization": signed("apigateway")}}, api.RESTJSON, 501, []string{"the service apigateway yet"}},
		"another target":   {request{header: map[string]string{"X-Amz-Target": "DynamoDB_20120810.GetItem", "Authorization": signed("dynamodb")}}, api.JSON11, 501, []string{"the service dynamodb yet"}},
		"another action":   {request{body: "Action=SendEmail&Version=2010-12-01", header: map[string]string{"Content-Type": formType, "Authorization": signed("ses")}}, api.Query, 501, []string{"the service ses yet"}},
		"action unsigned":  {request{body: "Action=SendEmail&Version=2010-12-01", header: map[string]string{"Content-Type": formType}}, api.Query, 404, []string{"Action=SendEmail Version=2010-12-01"}},
		"a broken form":    {request{body: "Action=%zz", header: map[string]string{"Content-Type": formType}}, api.Query, 400, []string{"syntax error"}},
		"a name too long":  {request{method: "GET", target: "/" + strings.Repeat("x", 4000)}, api.RESTJSON, 404, []string{"xxx..."}},
		"text that is not": {request{body: "Action=%ff", header: map[string]string{"Content-Type": formType}}, api.Query, 400, []string{"syntax error"}},
	} {
		t.Run(name, func(t *testing.T) {
			route, failure := router.Route(c.http(), []byte(c.body))
			if failure == nil || failure.Status != c.status || route.Operation != nil {
				t.Fatalf("got %+v, %+v", route, failure)
			}
			if route.Service.Protocol != c.protocol || route.Service.ID != "" {
				t.Errorf("to be answered as %q %q", route.Service.ID, route.Service.Protocol)
			}
			for _, s := range c.says {
				if !strings.Contains(failure.Message, s) {
					t.Errorf("%q does not say %q", failure.Message, s)
				}
			}
			if len(failure.Message) > 1000 {
				t.Errorf("the message has %d bytes", len(failure.Message))
			}
		})
	}
}

func TestUnknownOperationsAreNamed(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		request
		status        int
		code, message string
	}{
		"query": {request{body: "Action=Nope&Version=2010-05-08", header: map[string]string{"Content-Type": formType}},
			400, "InvalidAction", "Could not find operation Nope for version 2010-05-08"},
		"query, another version": {request{body: "Action=GetUser&Version=2009-01-01", header: map[string]string{"Authorization": signed("iam")}},
			400, "InvalidAction", "Could not find operation GetUser for version 2009-01-01"},
		"query, unbound": {request{body: "Action=AssumeRoleWithSAML&Version=2011-06-15", header: map[string]string{"Content-Type": formType}},
			400, "InvalidAction", "Sallyport does not have sts:AssumeRoleWithSAML yet."},
		"query, no action": {request{header: map[string]string{"Authorization": signed("sts")}},
			400, "MissingAction", "The request is missing an action: it has no parameter Action."},
		"JSON":          {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.Nope"}}, 400, "UnknownOperationException", "CloudWatch Logs has no operation Nope"},
		"JSON, unbound": {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.StartQuery"}}, 400, "UnknownOperationException", "Sallyport does not have logs:StartQuery yet."},
		"rest-json": {request{method: "GET", target: "/nope", header: map[string]string{"Authorization": signed("lambda")}},
			404, "UnknownOperationException", "Lambda has no operation at GET /nope"},
		"rest-json, unbound": {request{target: "/2025-11-30/capacity-providers"}, 501, "UnknownOperationException", "Sallyport does not have lambda:CreateCapacityProvider yet."},
		"EC2":                {request{body: "Action=Nope&Version=2016-11-15", header: map[string]string{"Content-Type": formType}}, 400, "InvalidAction", "The action Nope is not valid for this web service."},
		"EC2, unbound":       {request{body: "Action=RunInstances&Version=2016-11-15", header: map[string]string{"Content-Type": formType}}, 400, "InvalidAction", "Sallyport does not have ec2:RunInstances yet."},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.http()
			route, failure := router.Route(r, []byte(c.body))
			if failure != nil || route.Operation != nil {
				t.Fatalf("got %+v, %v", route, failure)
			}
			e := router.Unknown(route, r)
			if e.Status != c.status || e.Code != c.code || e.Message != c.message {
				t.Errorf("got %d %v", e.Status, e)
			}
		})
	}
}

func TestBodyLimits(t *testing.T) {
	router := NewRouter(generated())
	for name, c := range map[string]struct {
		request
		want int64
	}{
		"a form":                {request{header: map[string]string{"Content-Type": formType}}, limits.QueryBody},
		"an invoke":             {request{target: "/2015-03-31/functions/f/invocations"}, limits.SyncPayload},
		"a function with code":  {request{target: "/2015-03-31/functions"}, limits.CodeRequestBody},
		"new code":              {request{method: "PUT", target: "/2015-03-31/functions/f/code"}, limits.CodeRequestBody},
		"a batch of log events": {request{header: map[string]string{"X-Amz-Target": "Logs_20140328.PutLogEvents"}}, limits.RequestBody},
		"what goes nowhere":     {request{method: "PUT", target: "/x"}, limits.RequestBody},
	} {
		t.Run(name, func(t *testing.T) {
			if got := router.BodyLimit(c.http()); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// TestGreedyLabels uses a service of its own: no bound API has one yet.
func TestGreedyLabels(t *testing.T) {
	s := &api.Service{ID: "s", Name: "S", SigningName: "s", Protocol: api.RESTJSON, Unbound: []api.UnboundOperation{
		{Name: "GetObject", Method: "GET", Path: "/{Bucket}/{Key+}"},
		{Name: "GetACL", Method: "GET", Path: "/{Bucket}/{Key+}?acl"},
		{Name: "List", Method: "GET", Path: "/{Bucket}?list-type=2"},
		{Name: "Inner", Method: "GET", Path: "/arns/{Arn+}/tags"},
	}}
	router := NewRouter([]*api.Service{s})
	for target, want := range map[string]string{
		"/b/k":                          "GetObject map[Bucket:b Key:k]",
		"/b/k/l%2Fm/n":                  "GetObject map[Bucket:b Key:k/l/m/n]",
		"/b/k?acl":                      "GetACL map[Bucket:b Key:k]",
		"/b?list-type=2":                "List map[Bucket:b]",
		"/arns/a/b/tags":                "Inner map[Arn:a/b]",
		"/arns/a/b/other":               "GetObject map[Bucket:arns Key:a/b/other]",
		"/b?list-type=1":                "GET /b map[]",
		"/" + strings.Repeat("a/", 100): "GET /" + strings.Repeat("a/", 100) + " map[]",
	} {
		route, _ := router.Route(request{method: "GET", target: target}.http(), nil)
		if got := route.Name + " " + strings.ReplaceAll(labelText(route.Labels), "  ", " "); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
}

func labelText(labels map[string]string) string {
	var b bytes.Buffer
	b.WriteString("map[")
	for i, name := range []string{"Arn", "Bucket", "Key"} {
		if v, ok := labels[name]; ok {
			if b.Len() > 4 && i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(name + ":" + v)
		}
	}
	return b.String() + "]"
}
