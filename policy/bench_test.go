package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// The workloads that decisions are measured on: an ordinary role acting on a
// bucket of its account, and the same with a thousand statements.

const (
	benchAccount = "111122223333"
	appData      = `{"Version": "2012-10-17", "Id": "app-data", "Statement": [
  {"Sid": "ReadIncoming", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::orders-data/incoming/*"},
  {"Sid": "ListIncoming", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::orders-data", "Condition": {"StringLike": {"s3:prefix": ["incoming/*"]}}},
  {"Sid": "OrderTable", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/Orders"},
  {"Sid": "Logs", "Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/*"},
  {"Sid": "NeverDropBucket", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
]}`
	appOps = `{"Version": "2012-10-17", "Id": "app-ops", "Statement": [
  {"Sid": "Queue", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"},
  {"Sid": "Key", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:111122223333:key/1b7e0c4e-0000-4000-8000-000000000001"},
  {"Sid": "Invoke", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-east-1:111122223333:function:order-*"},
  {"Sid": "Metrics", "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
  {"Sid": "KeepOut", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::orders-data/restricted/*"}
]}`
	tlsOnly = `{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::orders-data", "arn:aws:s3:::orders-data/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`
	admin   = `{"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/bucket-admin"}, "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::orders-data", "arn:aws:s3:::orders-data/*"]}`
)

// question is one of a workload, with the decision it must have.
type question struct {
	name     string
	resource string
	effect   policy.Effect
	layer    policy.Layer
	// policy and statement decide.
	policy, statement int
}

func (q *question) request() *policy.Request {
	c := new(policy.Context)
	c.Set("aws:SecureTransport", "true")
	c.Set("aws:SourceIp", "10.20.30.40")
	c.Set("aws:RequestedRegion", "us-east-1")
	c.Set("aws:PrincipalArn", "arn:aws:iam::"+benchAccount+":role/order-worker")
	c.Set("aws:PrincipalAccount", benchAccount)
	return &policy.Request{
		Principal: policy.Principal{
			Kind: policy.RoleSession, Account: benchAccount, ARN: "arn:aws:sts::" + benchAccount + ":assumed-role/order-worker/s",
			RoleARN: "arn:aws:iam::" + benchAccount + ":role/order-worker", UniqueID: "AROAWORKEREXAMPLE0001:s",
		},
		Action: "s3:GetObject", Resource: q.resource, ResourceAccount: benchAccount, Context: c,
	}
}

var small = []question{
	{"allow", "arn:aws:s3:::orders-data/incoming/2026/08/22/a.json", policy.Allow, policy.LayerIdentity, 0, 0},
	{"deny", "arn:aws:s3:::orders-data/restricted/a.json", policy.ExplicitDeny, policy.LayerIdentity, 1, 4},
	{"implicit", "arn:aws:s3:::orders-data/other/a.json", policy.ImplicitDeny, policy.LayerIdentity, -1, -1},
}

var scale = []question{
	{"allow", "arn:aws:s3:::bucket-25-08/data/k1", policy.Allow, policy.LayerIdentity, 25, 8},
	{"deny", "arn:aws:s3:::bucket-25-08/data/sealed/k1", policy.ExplicitDeny, policy.LayerIdentity, 49, 19},
	{"implicit", "arn:aws:s3:::bucket-99-99/data/k1", policy.ImplicitDeny, policy.LayerIdentity, -1, -1},
}

func load(t testing.TB, text string) policy.Attached {
	t.Helper()
	p, err := policy.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return policy.Attached{Policy: p}
}

func smallLayers(t testing.TB) *policy.Layers {
	statements := []string{tlsOnly}
	for i := 1; i <= 8; i++ {
		statements = append(statements, fmt.Sprintf(`{"Sid": "Partner%d", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::44445555000%d:role/partner-%d"}, "Action": ["s3:GetObject", "s3:GetObjectTagging"], "Resource": "arn:aws:s3:::orders-data/partner/%d/*"}`, i, i, i, i))
	}
	statements = append(statements, admin)
	bucket := load(t, `{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ",")+`]}`)
	return &policy.Layers{Identity: []policy.Attached{load(t, appData), load(t, appOps)}, Resource: &bucket}
}

// scaleStatement is number n of the thousand.
func scaleStatement(n int) string {
	p, s := n/20, n%20
	pair := [...]string{`"s3:GetObject", "s3:PutObject"`, `"s3:DeleteObject", "s3:GetObjectTagging"`, `"s3:ListBucket", "s3:GetBucketLocation"`, `"s3:PutObjectTagging", "s3:GetObjectVersion"`}[n%4]
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
		pair = `"s3:*"`
	}
	return fmt.Sprintf(`{"Effect": "Allow", "Action": [%s], "Resource": "arn:aws:s3:::bucket-%02d-%02d/data/*"%s}`, pair, p, s, condition)
}

func scaleLayers(t testing.TB) *policy.Layers {
	l := new(policy.Layers)
	for p := range 50 {
		var statements []string
		for s := range 20 {
			statements = append(statements, scaleStatement(20*p+s))
		}
		l.Identity = append(l.Identity, load(t, `{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ",")+`]}`))
	}
	return l
}

// TestWorkloads keeps the benchmarks from measuring something else.
func TestWorkloads(t *testing.T) {
	for name, w := range map[string]struct {
		layers    *policy.Layers
		questions []question
	}{"small": {smallLayers(t), small}, "scale": {scaleLayers(t), scale}} {
		for _, q := range w.questions {
			r := q.request()
			d := policy.Evaluate(r, w.layers)
			if d != (policy.Decision{Effect: q.effect, Layer: q.layer, Policy: q.policy, Statement: q.statement}) {
				t.Errorf("%s %s: %+v", name, q.name, d)
			}
			compare(t, r, w.layers)
			if n := testing.AllocsPerRun(100, func() { policy.Evaluate(r, w.layers) }); n != 0 {
				t.Errorf("%s %s: %v allocations", name, q.name, n)
			}
		}
	}
}

func benchmark(b *testing.B, l *policy.Layers, questions []question) {
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			r := q.request()
			b.ReportAllocs()
			for b.Loop() {
				policy.Evaluate(r, l)
			}
		})
	}
}

func BenchmarkDecisionSmall(b *testing.B) { benchmark(b, smallLayers(b), small) }
func BenchmarkDecisionScale(b *testing.B) { benchmark(b, scaleLayers(b), scale) }

// BenchmarkDecisionExplain draws the whole tree of the small workload: every
// layer, every statement and every part of it, with what was wanted and seen.
// It does not look for fixes, as little as Outline does:
// BenchmarkDecisionFixes does that too.
func BenchmarkDecisionExplain(b *testing.B) { benchmarkTree(b, policy.Outline) }

// BenchmarkDecisionFixes draws the same tree and looks for what would allow a
// denied request, which decides it again under every change it proposes.
func BenchmarkDecisionFixes(b *testing.B) { benchmarkTree(b, policy.Explain) }

func benchmarkTree(b *testing.B, draw func(*policy.Request, *policy.Layers) *policy.Explanation) {
	l := smallLayers(b)
	for _, q := range small {
		b.Run(q.name, func(b *testing.B) {
			r := q.request()
			b.ReportAllocs()
			for b.Loop() {
				draw(r, l)
			}
		})
	}
}
