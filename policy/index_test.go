package policy

import (
	"fmt"
	"strings"
	"testing"
)

// found are the statements a policy's index gives for a request.
func found(p *Policy, r *Request) []uint32 {
	q := newQuestion(r, &Layers{})
	var all []uint32
	add := func(members []member) {
		for _, m := range members {
			if m.actions&q.keys.actionBit != 0 {
				all = append(all, m.statement)
			}
		}
	}
	add(p.index.always)
	for n := range q.keys.prefixes {
		if p.index.lengths&q.keys.lengths>>n&1 == 1 {
			add(p.index.find(q.keys.prefixes[n]))
		}
	}
	if p.index.actions {
		add(p.index.find(q.keys.action))
		add(p.index.find(q.keys.service))
	}
	return all
}

// TestIndexFindsFew asks a policy of a thousand statements.
func TestIndexFindsFew(t *testing.T) {
	var statements []string
	for i := range 500 {
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::bucket-%03d/*"}`, i))
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":"svc%d:*","Resource":"*"}`, i))
	}
	p, err := Load([]byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := &Request{Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ada"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket-123/k"}
	got := found(p, r)
	if len(got) > 20 {
		t.Errorf("%d of 1000 statements are looked at", len(got))
	}
	if fmt.Sprint(got) == "[]" || !contains(got, 246) {
		t.Errorf("found %v, not statement 246", got)
	}
}

func contains(list []uint32, want uint32) bool {
	for _, v := range list {
		if v == want {
			return true
		}
	}
	return false
}

// TestIndexKeepsWhatItCanNotFile has one statement of each kind that must be
// looked at although its text begins otherwise than the request.
func TestIndexKeepsWhatItCanNotFile(t *testing.T) {
	r := &Request{Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ada"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/k"}
	for _, statement := range []string{
		`"Action":"*","Resource":"*"`,
		`"NotAction":"iam:*","Resource":"*"`,
		`"NotAction":"iam:*","NotResource":"arn:aws:iam::111111111111:role/x"`,
		`"Action":"s3:getobject","NotResource":"arn:aws:iam::111111111111:role/x"`,
		`"Action":"GetObject","Resource":"*"`,
		`"Action":[],"Resource":"*"`,
		`"Resource":"*"`,
		`"Action":"s3:GetObject"`,
		`"Action":"s3:GetObject","Resource":[]`,
		`"Action":"s3:GetObject","Resource":"bucket"`,
		`"Action":"s3:GetObject","Resource":["arn:aws:sqs:us-east-1:1:q","*:k"]`,
		`"Action":"s*:GetObject","Resource":"*"`,
		`"Action":"S3:Get*","Resource":"*"`,
		`"Action":"*","Resource":"arn:aws:s3:::bucket/*"`,
		`"Action":"*","Resource":"arn:aws:s3:::${aws:username"`,
		`"Action":"*","Resource":["arn:aws:sqs:us-east-1:1:q","arn:aws:s3:::bucket/k"]`,
		`"Action":"*","Resource":"arn:*"`,
		`"Action":"*","Resource":"arn:aws:s3*"`,
	} {
		p, err := Load([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` + statement + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if len(found(p, r)) == 0 {
			t.Errorf("{%s} is not looked at", statement)
		}
		if d := Evaluate(r, &Layers{Identity: []Attached{{Policy: p}}}); d.Effect != ExplicitDeny {
			t.Errorf("{%s} as a Deny: %+v", statement, d)
		}
	}
}

// TestEqualHashesAreToldApart files everything under one key.
func TestEqualHashesAreToldApart(t *testing.T) {
	r := &Request{Principal: Principal{Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ada"}, Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/k"}
	p, err := Load([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObjecu","Resource":"arn:aws:s3:::bucket/k"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/kk"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/k"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.statements {
		p.index.always = append(p.index.always, member{uint32(i), 1<<32 - 1})
		for j := range p.statements[i].action.patterns {
			p.statements[i].action.patterns[j].hash = hashFolded(seedAction, r.Action)
		}
	}
	r.ResourceAccount = "111111111111"
	if d := Evaluate(r, &Layers{Identity: []Attached{{Policy: p}}}); !d.Allowed() || d.Statement != 2 {
		t.Errorf("%+v", d)
	}
}
