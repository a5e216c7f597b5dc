package lambda

import (
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
)

func TestFunctionNamesInAllForms(t *testing.T) {
	for text, want := range map[string]ref{
		"f":                                 {name: "f"},
		"f:1":                               {name: "f", qualifier: "1"},
		"f:$LATEST":                         {name: "f", qualifier: "$LATEST"},
		"f:$LATEST.PUBLISHED":               {name: "f", qualifier: "$LATEST.PUBLISHED"},
		"f.g":                               {name: "f.g"},
		"my-f_1:prod":                       {name: "my-f_1", qualifier: "prod"},
		"function":                          {name: "function"},
		"function:f":                        {name: "f"},
		"function:f:2":                      {name: "f", qualifier: "2"},
		"111111111111":                      {name: "111111111111"},
		"111111111111:f":                    {account: here, name: "f"},
		"111111111111:function:f":           {account: here, name: "f"},
		"111111111111:function:f:p":         {account: here, name: "f", qualifier: "p"},
		"us-east-1:111111111111:function:f": {region: region, account: here, name: "f"},
		"us-gov-west-1:f":                   {region: "us-gov-west-1", name: "f"},
		"arn:aws:lambda:us-east-1:111111111111:function:f":               {region: region, account: here, name: "f"},
		"arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST":       {region: region, account: here, name: "f", qualifier: "$LATEST"},
		"arn:aws:lambda:us-east-1:111111111111:function:function:prod-1": {region: region, account: here, name: "function", qualifier: "prod-1"},
	} {
		if got, ok := parseName(text); !ok || got != want {
			t.Errorf("%s: got %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", ":", "f:", ":f", "f:1:2", "a b", "f/g", "ä", "f*", "*", "f:*", "f:a.b", "f:$LATEST.OTHER",
		"arn:aws:lambda:us-east-1:111111111111:function:", "arn:aws:lambda:us-east-1:111111111111:function", "arn:aws:lambda:us-east-1:1:function:f",
		"arn:aws:lambda::111111111111:function:f", "arn:aws:lambda:us-east-1:111111111111:layer:f", "arn:aws:s3:us-east-1:111111111111:function:f",
		"arn:aws-cn:lambda:cn-north-1:111111111111:function:f", "arn:aws:lambda:us-east-1:111111111111:function:f:1:2", "arn:aws:lambda:*:*:function:f",
	} {
		if got, ok := parseName(text); ok {
			t.Errorf("%q is no function name, but gave %+v", text, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"f", "f:1", "111111111111:function:f", "arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST", "::", "arn:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseName(s)
		if !ok {
			return
		}
		if !isWord(r.name, "-_.") || r.qualifier != "" && !isQualifier(r.qualifier) {
			t.Errorf("%q gave %+v", s, r)
		}
		r.account, r.region = here, region
		if again, ok := parseName(r.arn()); !ok || again != r {
			t.Errorf("%q gave %+v, whose ARN gives %+v", s, r, again)
		}
	})
}

func TestQualifierOfNameAndParameterMustAgree(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	get := func(name, qualifier string) error {
		_, err := call(w, root, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name, Qualifier: optional(qualifier)})
		return err
	}
	refused(t, get("f:1", "2"), 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier.")
	if err := get("f:$LATEST", "$LATEST"); err != nil {
		t.Errorf("both the same: %v", err)
	}
	refused(t, get("arn:aws:lambda:eu-west-1:"+here+":function:f", ""), 404, "ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')")
}

func TestOtherAccountsReachOnlyTheDocumentedOperations(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	stranger := w.user(there, "stranger", may("lambda:*", "*"))
	arn := arnOf(here, "f")
	_, err := call(w, stranger, lambdaapi.AddPermission, &lambdaapi.AddPermissionRequest{FunctionName: &arn, StatementId: ptr("s"), Action: ptr("lambda:*"), Principal: ptr("*")})
	refused(t, err, 403, "AccessDeniedException", "")
	_, err = call(w, stranger, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: &arn})
	refused(t, err, 403, "AccessDeniedException", "")
	get := func() error {
		_, err := call(w, stranger, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: &arn})
		return err
	}
	refusedLike(t, get(), 403, "AccessDeniedException", "because no resource-based policy allows the lambda:GetFunction action")
	w.permit("f", "s", "lambda:GetFunction", there)
	if err := get(); err != nil {
		t.Errorf("allowed on both sides: %v", err)
	}
	_, err = call(w, stranger, lambdaapi.GetFunction, &lambdaapi.GetFunctionRequest{FunctionName: ptr("f")})
	refused(t, err, 404, "ResourceNotFoundException", "Function not found: "+arnOf(there, "f"))
}

func TestOperationsOnWholeFunctionsKnowNoQualifier(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	_, err := call(w, root, lambdaapi.PutFunctionConcurrency, &lambdaapi.PutFunctionConcurrencyRequest{FunctionName: ptr("f:1"), ReservedConcurrentExecutions: ptr(int32(1))})
	refusedLike(t, err, 400, "InvalidParameterValueException", "This operation is permitted on Lambda functions only.")
}
