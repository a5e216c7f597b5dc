package main

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// workload is a set of policies with questions to them. The policies are IAM's;
// the engines that speak another language get a translation.
type workload struct {
	name string
	// identity are the policies of the role that asks, resource is the bucket's.
	identity  []*policy.Document
	resource  *policy.Document
	questions []question
}

// question asks for s3:GetObject on an object.
type question struct {
	name, object string
	want         answer
}

// answer is a decision and the statement it rests on, empty when none matched.
type answer struct {
	effect    policy.Effect
	statement string
}

const (
	account   = "111122223333"
	role      = "arn:aws:iam::" + account + ":role/order-worker"
	getObject = "s3:GetObject"
)

// keys are the context of every question.
var keys = []struct{ name, value string }{
	{"aws:SecureTransport", "true"},
	{"aws:SourceIp", "10.20.30.40"},
	{"aws:RequestedRegion", "us-east-1"},
	{"aws:PrincipalArn", role},
	{"aws:PrincipalAccount", account},
}

// workloads are those of every run.
func workloads() ([]*workload, error) {
	small, err := smallWorkload()
	if err != nil {
		return nil, err
	}
	scale, err := scaleWorkload()
	return []*workload{small, scale}, err
}

// each calls f with every statement and its name: where it is attached, the
// index of the policy there and of the statement in the policy.
func (w *workload) each(f func(name string, ofIdentity bool, s *policy.Statement) error) error {
	for i, d := range w.identity {
		for j := range d.Statements {
			if err := f(fmt.Sprintf("identity.%d.%d", i, j), true, &d.Statements[j]); err != nil {
				return err
			}
		}
	}
	if w.resource == nil {
		return nil
	}
	for j := range w.resource.Statements {
		if err := f(fmt.Sprintf("resource.0.%d", j), false, &w.resource.Statements[j]); err != nil {
			return err
		}
	}
	return nil
}

const appData = `{"Version": "2012-10-17", "Id": "app-data", "Statement": [
  {"Sid": "ReadIncoming", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::orders-data/incoming/*"},
  {"Sid": "ListIncoming", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::orders-data", "Condition": {"StringLike": {"s3:prefix": ["incoming/*"]}}},
  {"Sid": "OrderTable", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/Orders"},
  {"Sid": "Logs", "Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/*"},
  {"Sid": "NeverDropBucket", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
]}`

const appOps = `{"Version": "2012-10-17", "Id": "app-ops", "Statement": [
  {"Sid": "Queue", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"},
  {"Sid": "Key", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:111122223333:key/1b7e0c4e-0000-4000-8000-000000000001"},
  {"Sid": "Invoke", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-east-1:111122223333:function:order-*"},
  {"Sid": "Metrics", "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
  {"Sid": "KeepOut", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::orders-data/restricted/*"}
]}`

// bucketPolicy has eight partners of other accounts in its middle.
func bucketPolicy() string {
	statements := []string{`{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::orders-data", "arn:aws:s3:::orders-data/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`}
	for i := 1; i <= 8; i++ {
		statements = append(statements, fmt.Sprintf(`{"Sid": "Partner%[1]d", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::44445555000%[1]d:role/partner-%[1]d"}, "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::orders-data/partner/%[1]d/*"}`, i))
	}
	return document(append(statements, `{"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/bucket-admin"}, "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::orders-data", "arn:aws:s3:::orders-data/*"]}`)...)
}

func document(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ",") + `]}`
}

// smallWorkload is an ordinary role acting on a bucket of its account.
func smallWorkload() (*workload, error) {
	w := &workload{name: "small", questions: []question{
		{"allow", "arn:aws:s3:::orders-data/incoming/2026/08/22/a.json", answer{policy.Allow, "identity.0.0"}},
		{"deny", "arn:aws:s3:::orders-data/restricted/a.json", answer{policy.ExplicitDeny, "identity.1.4"}},
		{"implicit", "arn:aws:s3:::orders-data/other/a.json", answer{policy.ImplicitDeny, ""}},
	}}
	if err := w.attach(appData, appOps); err != nil {
		return nil, err
	}
	var err error
	w.resource, err = policy.Parse([]byte(bucketPolicy()))
	return w, err
}

// scaleWorkload is 50 policies of 20 statements, far past what AWS lets one
// role carry: 40 denies, 100 conditions.
func scaleWorkload() (*workload, error) {
	w := &workload{name: "scale", questions: []question{
		{"allow", "arn:aws:s3:::bucket-25-08/data/k1", answer{policy.Allow, "identity.25.8"}},
		{"deny", "arn:aws:s3:::bucket-25-08/data/sealed/k1", answer{policy.ExplicitDeny, "identity.49.19"}},
		{"implicit", "arn:aws:s3:::bucket-99-99/data/k1", answer{policy.ImplicitDeny, ""}},
	}}
	for p := range 50 {
		var statements []string
		for s := range 20 {
			statements = append(statements, scaleStatement(p, s))
		}
		if err := w.attach(document(statements...)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// scaleStatement is statement s of policy p.
func scaleStatement(p, s int) string {
	n := 20*p + s
	actions := [...]string{
		`"s3:GetObject", "s3:PutObject"`, `"s3:DeleteObject", "s3:GetObjectTagging"`,
		`"s3:ListBucket", "s3:GetBucketLocation"`, `"s3:PutObjectTagging", "s3:GetObjectVersion"`,
	}[n%4]
	condition := ""
	if n%10 == 7 {
		condition = `, "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}`
	}
	switch {
	case n == 999:
		return `{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket-25-08/data/sealed/*"}`
	case n%25 == 24:
		return fmt.Sprintf(`{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket-%02d-%02d/*"}`, p, s)
	case n%50 == 13:
		actions = `"s3:*"`
	}
	return fmt.Sprintf(`{"Effect": "Allow", "Action": [%s], "Resource": "arn:aws:s3:::bucket-%02d-%02d/data/*"%s}`, actions, p, s, condition)
}

// attach parses policies and gives them to the role.
func (w *workload) attach(texts ...string) error {
	for _, text := range texts {
		d, err := policy.Parse([]byte(text))
		if err != nil {
			return err
		}
		w.identity = append(w.identity, d)
	}
	return nil
}
