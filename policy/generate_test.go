package policy_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// dice rolls a number from 0 to n-1. Questions are made from one, so that
// random numbers, rapid and a fuzzer can all drive the making.
type dice func(n int) int

func (d dice) chance(percent int) bool { return d(100) < percent }

func pick[T any](d dice, from []T) T { return from[d(len(from))] }

// Accounts are few and names fewer, so that what is made often meets.
const here, there = "111111111111", "222222222222"

var callers = []policy.Principal{
	{Kind: policy.Anonymous},
	{Kind: policy.Root, Account: here, ARN: "arn:aws:iam::" + here + ":root", UniqueID: here, CanonicalID: "c0ffee"},
	{Kind: policy.User, Account: here, ARN: "arn:aws:iam::" + here + ":user/ada", UniqueID: "AIDAADAAAAAAAAAAAAAAA"},
	{Kind: policy.User, Account: here, ARN: "arn:aws:iam::" + here + ":user/team/bob", UniqueID: "AIDABOBAAAAAAAAAAAAAA", CanonicalID: "c0ffee"},
	{Kind: policy.User, Account: there, ARN: "arn:aws:iam::" + there + ":user/ada", UniqueID: "AIDAEVEAAAAAAAAAAAAAA"},
	{Kind: policy.RoleSession, Account: here, ARN: "arn:aws:sts::" + here + ":assumed-role/app/s1", RoleARN: "arn:aws:iam::" + here + ":role/app", UniqueID: "AROAAPPAAAAAAAAAAAAAA:s1"},
	{Kind: policy.RoleSession, Account: here, ARN: "arn:aws:sts::" + here + ":assumed-role/dev/s2", RoleARN: "arn:aws:iam::" + here + ":role/x/dev", UniqueID: "AROADEVAAAAAAAAAAAAAA:s2"},
	{Kind: policy.RoleSession, Account: here, ARN: "arn:aws:sts::" + here + ":assumed-role/AWSServiceRoleForX/s", RoleARN: "arn:aws:iam::" + here + ":role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", UniqueID: "AROASLRAAAAAAAAAAAAAA:s"},
	{Kind: policy.RoleSession, Account: there, ARN: "arn:aws:sts::" + there + ":assumed-role/app/s1", RoleARN: "arn:aws:iam::" + there + ":role/app", UniqueID: "AROAFARAAAAAAAAAAAAAA:s1"},
	{Kind: policy.FederatedUser, Account: here, ARN: "arn:aws:sts::" + here + ":federated-user/fay", UserARN: "arn:aws:iam::" + here + ":user/ada", UserID: "AIDAADAAAAAAAAAAAAAAA", UniqueID: here + ":fay"},
	{Kind: policy.FederatedUser, Account: here, ARN: "arn:aws:sts::" + here + ":federated-user/gus", UserARN: "arn:aws:iam::" + here + ":root", UniqueID: here + ":gus"},
	{Kind: policy.Service, Service: "sns.amazonaws.com"},
	{Kind: policy.ProviderUser, Provider: "arn:aws:iam::" + here + ":oidc-provider/issuer.example"},
}

var (
	actions = []string{"s3:GetObject", "s3:GetObject", "s3:PutObject", "lambda:InvokeFunction", "sts:AssumeRole", "iam:ListRoles", "s3:getOBJECT"}
	targets = []string{
		"arn:aws:s3:::bucket/home/ada/file", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a:b", "arn:aws:s3:::other/*",
		"arn:aws:lambda:us-east-1:" + here + ":function:f", "arn:aws:lambda:us-east-1:" + here + ":function:f:prod",
		"arn:aws:lambda:us-east-1:" + there + ":function:f", "arn:aws:iam::" + here + ":role/app", "arn:aws:iam::aws:policy/Some", "*",
	}
	// keys of the request with what they may hold: several lists make a key multivalued.
	contextKeys = []struct {
		name   string
		multi  bool
		values []string
	}{
		{"aws:username", false, []string{"ada", "bob", "a*", "?da", ""}},
		{"aws:PrincipalTag/team", false, []string{"red", "blue", "*", "r?d", ""}},
		{"aws:ResourceTag/team", false, []string{"red", "Red", "blue", ""}},
		{"aws:TagKeys", true, []string{"team", "cost", "Team", ""}},
		{"aws:CalledVia", true, []string{"athena.amazonaws.com", "dynamodb.amazonaws.com"}},
		{"aws:SourceIp", false, []string{"10.0.0.1", "192.168.7.7", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0", "nonsense"}},
		{"aws:CurrentTime", false, []string{"2026-11-24T12:00:00Z", "2026-11-24", "2020", "1700000000", "never"}},
		{"aws:SecureTransport", false, []string{"true", "false", "TRUE"}},
		{"s3:max-keys", false, []string{"10", "10.50", "-3", "007", "ten"}},
		{"aws:SourceArn", false, []string{"arn:aws:sns:us-east-1:" + here + ":topic", "arn:aws:s3:::bucket", "arn:aws:s3:::b:c", "no-arn"}},
		{"app:blob", false, []string{"aGk=", "aGj="}},
	}
)

// world makes a request with the policies that answer it.
func world(d dice) (*policy.Request, *policy.Layers) {
	r := &policy.Request{Principal: pick(d, callers), Action: pick(d, actions), Resource: pick(d, targets), Context: new(policy.Context)}
	if d.chance(3) {
		r.Action = pick(d, []string{"", "s3", "s3:*", "s3:Get Object", "s3:Get:Object", "\u017f3:GetObject"})
	}
	if d.chance(3) {
		r.Resource = pick(d, []string{"", "bucket", "arn:aws:s3"})
	}
	if d.chance(30) {
		r.ResourceAccount = pick(d, []string{here, here, there})
	}
	for _, k := range contextKeys {
		switch {
		case d.chance(35):
		case !k.multi:
			r.Context.Set(k.name, pick(d, k.values))
		default:
			var values []string
			for range d(3) {
				values = append(values, pick(d, k.values))
			}
			r.Context.SetList(k.name, values)
		}
	}
	if d.chance(60) {
		identify(r)
	}
	m := &maker{dice: d, r: r}
	l := &policy.Layers{SessionLimited: d.chance(10), ResourceMustAllow: d.chance(10)}
	for range 1 + d(2) {
		l.Identity = append(l.Identity, m.policy(false))
	}
	if d.chance(50) {
		l.Resource = m.maybe(true)
	}
	if d.chance(20) {
		l.Boundary = m.maybe(false)
	}
	if d.chance(15) {
		for range 1 + d(2) {
			l.Session = append(l.Session, m.policy(false))
		}
	}
	if d.chance(8) {
		l.Endpoint = m.maybe(true)
	}
	if d.chance(10) {
		l.ServiceControl = m.levels(false)
	}
	if d.chance(8) {
		l.ResourceControl = m.levels(true)
	}
	return r, l
}

// identify fills the keys that say who asks.
func identify(r *policy.Request) {
	p := &r.Principal
	r.Context.Delete("aws:PrincipalArn")
	r.Context.Delete("aws:PrincipalServiceName")
	switch {
	case p.Service != "":
		r.Context.Set("aws:PrincipalServiceName", p.Service)
	case p.RoleARN != "":
		r.Context.Set("aws:PrincipalArn", p.RoleARN)
	case p.ARN != "":
		r.Context.Set("aws:PrincipalArn", p.ARN)
	}
}

// maker makes policies that have something to do with a request.
type maker struct {
	dice
	r *policy.Request
	// count names the policies apart.
	count int
}

func (m *maker) levels(principals bool) [][]policy.Attached {
	var all [][]policy.Attached
	for range 1 + m.dice(2) {
		var level []policy.Attached
		for range 1 + m.dice(2) {
			level = append(level, m.policy(principals))
		}
		all = append(all, level)
	}
	return all
}

func (m *maker) maybe(principals bool) *policy.Attached {
	a := m.policy(principals)
	if m.chance(3) {
		a.Policy = nil
	}
	return &a
}

func (m *maker) policy(principals bool) policy.Attached {
	p, err := policy.Load(m.document(principals))
	if err != nil {
		panic(err)
	}
	m.count++
	return policy.Attached{Policy: p, Name: fmt.Sprint("policy-", m.count)}
}

func (m *maker) document(principals bool) []byte {
	statements := []any{}
	for range 1 + m.dice(3) {
		statements = append(statements, m.statement(principals))
	}
	d := map[string]any{"Version": "2012-10-17", "Statement": statements}
	if m.chance(10) {
		d["Version"] = "2008-10-17"
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return text
}

func (m *maker) statement(principals bool) map[string]any {
	s := map[string]any{"Effect": "Allow"}
	if m.chance(22) {
		s["Effect"] = "Deny"
	}
	if principals != m.chance(2) {
		name := "Principal"
		if m.chance(15) {
			name = "NotPrincipal"
		}
		s[name] = m.principal()
	}
	m.element(s, "Action", m.action)
	if !principals || !m.chance(15) {
		m.element(s, "Resource", m.resource)
	}
	if m.chance(30) {
		conditions := map[string]any{}
		for range 1 + m.dice(2) {
			k := pick(m.dice, contextKeys)
			conditions[m.operator(k.name)] = map[string]any{m.spell(k.name): m.values(func() string { return m.value(k.name, k.values) })}
		}
		s["Condition"] = conditions
	}
	return s
}

// element writes an element, its Not form, both, or neither.
func (m *maker) element(s map[string]any, name string, one func() string) {
	roll := m.dice(100)
	if roll < 84 || roll == 98 {
		s[name] = m.values(one)
	}
	if roll >= 84 && roll < 99 {
		s["Not"+name] = m.values(one)
	}
}

// values is one value, or a list, now and then an empty one.
func (m *maker) values(one func() string) any {
	if m.chance(60) {
		return one()
	}
	list := []string{}
	for range 1 + m.dice(2) {
		list = append(list, one())
	}
	if m.chance(4) {
		return []string{}
	}
	return list
}

func (m *maker) action() string {
	if m.chance(50) {
		return m.r.Action
	}
	return pick(m.dice, []string{"*", "*", "s3:*", "s3:Get*", "s3:?etObject", "lambda:*", "lambda:InvokeFunction", "LAMBDA:invoke*", "iam:List*",
		"sts:AssumeRole", "s*:GetObject", "*:*", "**", "nonsense", "s3:Get:Object", "", "s3:", "\u017f3:*", "\u212as3:*"})
}

func (m *maker) resource() string {
	if m.chance(40) {
		return m.r.Resource
	}
	return pick(m.dice, []string{"*", "*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket*", "arn:aws:s3:::b?cket/home/${aws:username}/*",
		"arn:aws:s3:::bucket/home/${aws:username, 'ada'}/*", "arn:aws:s3:::bucket/${aws:TagKeys}*", "arn:aws:s3:::bucket/${ aws:username }", "arn:aws:s3:::other/${*}",
		"arn:aws:s3:::bucket/${aws:username", "arn:aws:s3:::bucket/*/${aws:PrincipalTag/team}*", "arn:aws:s3:*:*:bucket*",
		"arn:aws:lambda:*:*:function:*", "arn:aws:lambda:us-east-1:" + here + ":function:f", "arn:aws:lambda:us-east-1:" + here + ":function:f:*",
		"arn:aws:lambda:us-*:f*", "arn:aws:lambda:us-east-*:function:f:prod", "arn:aws:lambda:*", "arn:*:iam::" + here + ":role/*", "arn:aws:iam::*:role/app",
		"arn:aws:${aws:username}:::bucket", "arn:aws:s*:::bucket", "bucket", "*bucket", "**", "*:aws:s3:::bucket", ""})
}

func (m *maker) principal() any {
	if m.chance(25) {
		return "*"
	}
	p := m.r.Principal
	own := []string{p.ARN, p.RoleARN, p.UserARN, p.Account, "arn:aws:iam::" + p.Account + ":root", strings.Split(p.UniqueID, ":")[0], p.UserID}
	out := map[string]any{}
	one := func() string {
		if v := pick(m.dice, own); v != "" && m.chance(70) {
			return v
		}
		return pick(m.dice, []string{"*", here, there, "arn:aws:iam::" + here + ":user/ada", "arn:aws:iam::" + here + ":role/app", "arn:aws:iam::" + there + ":root",
			"AROAAPPAAAAAAAAAAAAAA", "AIDAADAAAAAAAAAAAAAAA", "arn:aws:iam::" + here + ":user/*", "arn:aws:sts::" + here + ":assumed-role/app", "nonsense", "arn:aws:iam::" + here + ":group/g"})
	}
	for _, kind := range []struct {
		name   string
		chance int
		one    func() string
	}{
		{"AWS", 85, one},
		{"Service", 20, func() string { return pick(m.dice, []string{"sns.amazonaws.com", "s3.amazonaws.com", "*"}) }},
		{"Federated", 20, func() string { return pick(m.dice, []string{callers[len(callers)-1].Provider, "cognito"}) }},
		{"CanonicalUser", 20, func() string { return pick(m.dice, []string{"c0ffee", "decaf"}) }},
	} {
		if m.chance(kind.chance) {
			out[kind.name] = m.values(kind.one)
		}
	}
	return out
}

// operator is one that suits a key, mostly.
func (m *maker) operator(key string) string {
	base := pick(m.dice, []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "Null"})
	suits := map[string]string{"aws:SourceIp": "Ip", "aws:CurrentTime": "Date", "s3:max-keys": "Numeric", "aws:SourceArn": "Arn", "app:blob": "Binary", "aws:SecureTransport": "Bool"}[key]
	if suits != "" && m.chance(75) {
		var fit []string
		for _, o := range operators {
			if strings.Contains(o, suits) {
				fit = append(fit, o)
			}
		}
		base = pick(m.dice, fit)
	}
	if m.chance(2) {
		base = pick(m.dice, []string{"StringIs", "stringequals", "NotBool", ""})
	}
	if m.chance(15) {
		base += "IfExists"
	}
	if m.chance(30) {
		base = pick(m.dice, []string{"ForAllValues:", "ForAnyValue:"}) + base
	}
	return base
}

// spell writes a key in another letter case now and then.
func (m *maker) spell(key string) string {
	if m.chance(10) {
		return strings.ToUpper(key)
	}
	return key
}

// value is one for a condition on a key.
func (m *maker) value(key string, of []string) string {
	if given, ok := m.r.Context.Get(key); ok && m.chance(30) {
		return pick(m.dice, given)
	}
	if m.chance(40) {
		return pick(m.dice, of)
	}
	return pick(m.dice, []string{"*", "r*", "?da", "${aws:username}", "${aws:PrincipalTag/team}", "x-${aws:PrincipalTag/team, 'red'}*", "${aws:TagKeys}", "${AWS:USERNAME}", "${", "${}", "${*}", "a${?}",
		"10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::ffff:10.0.0.0/104", "::ffff:0.0.0.0/90", "10", "10.5", "2026-11-24T13:00:00+01:00", "1700000000", "2020-01", "true", "false", "True",
		"arn:aws:sns:*:*:topic", "arn:aws:s3:::*", "arn:aws:s3:::b?cket", "arn:aws:sns", "*:aws:s3:::bucket", "arn:aws:*:us-east-1:*:*", "arn:aws:s3:::${aws:username}", "aGk=", "###", "", "athena.amazonaws.com", "*.amazonaws.com"})
}
