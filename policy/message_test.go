package policy

import "testing"

func TestMessageAppendsTheARNOfADenyingPolicy(t *testing.T) {
	deny, err := Load([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	const here, there = "111111111111", "222222222222"
	const scp = "arn:aws:organizations::333333333333:policy/o-aaaaaaaaaa/service_control_policy/p-1"
	request := func(account, from, to string) *Request {
		r := &Request{Principal: Principal{Kind: User, Account: here, ARN: "arn:aws:iam::" + here + ":user/ada"}, Action: "lambda:InvokeFunction",
			Resource: "arn:aws:lambda:us-east-1:" + account + ":function:f", Context: new(Context)}
		if from != "" {
			r.Context.Set("aws:PrincipalOrgID", from)
		}
		if to != "" {
			r.Context.Set("aws:ResourceOrgID", to)
		}
		return r
	}
	inSCP := &Layers{ServiceControl: [][]Attached{{{Policy: open(t)}, {Policy: deny, ARN: scp}}}}
	inline := &Layers{Identity: []Attached{{Policy: deny}}}
	managed := &Layers{Identity: []Attached{{Policy: open(t)}, {Policy: deny, ARN: "arn:aws:iam::111111111111:policy/p"}}}
	tests := []struct {
		name    string
		request *Request
		layers  *Layers
		want    string
	}{
		{"same account", request(here, "", ""), inSCP, " with an explicit deny in a service control policy: " + scp},
		{"same organization", request(there, "o-a", "o-a"), inSCP, " with an explicit deny in a service control policy: " + scp},
		{"other organization", request(there, "o-a", "o-b"), inSCP, " with an explicit deny in a service control policy"},
		{"no organization", request(there, "", ""), inSCP, " with an explicit deny in a service control policy"},
		{"an inline policy has no ARN", request(here, "", ""), inline, " with an explicit deny in an identity-based policy"},
		{"a managed policy has", request(here, "", ""), managed, " with an explicit deny in an identity-based policy: arn:aws:iam::111111111111:policy/p"},
	}
	for _, test := range tests {
		want := "User: arn:aws:iam::111111111111:user/ada is not authorized to perform: lambda:InvokeFunction on resource: " + test.request.Resource + test.want
		if got := Message(test.request, test.layers, Evaluate(test.request, test.layers)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, want)
		}
	}
	allowed := request(here, "", "")
	l := &Layers{Identity: []Attached{{Policy: open(t)}}}
	if got := Message(allowed, l, Evaluate(allowed, l)); got != "" {
		t.Errorf("an allow says %q", got)
	}
}
