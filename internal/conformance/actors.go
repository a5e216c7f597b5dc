package conformance

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed" // for lambdaTrust
	"encoding/base64"
	"fmt"

	"github.com/sallyport/sallyport/internal/conformance/client"
)

// lambdaTrust is the trust policy of a role that says nothing else.
//
//go:embed trust.json
var lambdaTrust string

func document(statements []any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

// admins do all these steps as the administrator of the account that As names.
func (w *work) admins(ctx context.Context, s *Step, call string, in map[string]any) (*client.Answer, error) {
	return w.do(ctx, &Step{Call: call, As: s.As, In: in, Settles: true})
}

// user makes an IAM user with a key: a caller of that name. ${NAME} is its user
// name, ${NAME.arn} its ARN.
func (w *work) user(ctx context.Context, s *Step) error {
	name := "${u}-" + s.User
	a, err := w.admins(ctx, s, "iam.CreateUser", map[string]any{"UserName": name})
	if err != nil {
		return err
	}
	if err := w.called(s.User, a, "User.UserName", "User.Arn"); err != nil {
		return err
	}
	if len(s.Tags) > 0 {
		if _, err := w.admins(ctx, s, "iam.TagUser", map[string]any{"UserName": name, "Tags": pairs(s.Tags)}); err != nil {
			return err
		}
	}
	if err := w.boundary(ctx, s, "User", name); err != nil {
		return err
	}
	if len(s.Policy) > 0 {
		if _, err := w.admins(ctx, s, "iam.PutUserPolicy", map[string]any{"UserName": name, "PolicyName": "p", "PolicyDocument": document(s.Policy)}); err != nil {
			return err
		}
	}
	if a, err = w.admins(ctx, s, "iam.CreateAccessKey", map[string]any{"UserName": name}); err != nil {
		return err
	}
	return w.enter(ctx, s.User, s.As, a.Out["AccessKey"])
}

// role makes a role, which Lambda may assume unless a trust policy says
// otherwise: ${NAME} is its name, ${NAME.arn} its ARN.
func (w *work) role(ctx context.Context, s *Step) error {
	name := "${u}-" + s.Role
	var trust any = lambdaTrust
	if s.Trust != nil {
		trust = document(s.Trust)
	}
	a, err := w.admins(ctx, s, "iam.CreateRole", map[string]any{"RoleName": name, "AssumeRolePolicyDocument": trust})
	if err != nil {
		return err
	}
	if err := w.called(s.Role, a, "Role.RoleName", "Role.Arn"); err != nil {
		return err
	}
	if err := w.boundary(ctx, s, "Role", name); err != nil || len(s.Policy) == 0 {
		return err
	}
	_, err = w.admins(ctx, s, "iam.PutRolePolicy", map[string]any{"RoleName": name, "PolicyName": "p", "PolicyDocument": document(s.Policy)})
	return err
}

// boundary gives a user or role a permissions boundary; ${u.boundary} is its ARN.
func (w *work) boundary(ctx context.Context, s *Step, kind, name string) error {
	if s.Boundary == nil {
		return nil
	}
	a, err := w.admins(ctx, s, "iam.CreatePolicy", map[string]any{"PolicyName": name + "-boundary", "PolicyDocument": document(s.Boundary)})
	if err != nil {
		return err
	}
	arn, err := at(a.Out, "Policy.Arn")
	if err != nil {
		return err
	}
	w.scope.vars["u.boundary"] = arn
	_, err = w.admins(ctx, s, "iam.Put"+kind+"PermissionsBoundary", map[string]any{kind + "Name": name, "PermissionsBoundary": arn})
	return err
}

// session assumes a role: a caller of that name; ${NAME.arn} is its ARN.
func (w *work) session(ctx context.Context, s *Step) error {
	in := map[string]any{"RoleArn": s.Of, "RoleSessionName": s.Session}
	if s.Policy != nil {
		in["Policy"] = document(s.Policy)
	}
	if len(s.Tags) > 0 {
		in["Tags"] = pairs(s.Tags)
	}
	a, err := w.do(ctx, &Step{Call: "sts.AssumeRole", As: s.As, In: in, Settles: true})
	if err != nil {
		return err
	}
	if err := w.called(s.Session, a, "AssumedRoleUser.AssumedRoleId", "AssumedRoleUser.Arn"); err != nil {
		return err
	}
	return w.enter(ctx, s.Session, s.As, a.Out["Credentials"])
}

func (w *work) called(name string, a *client.Answer, id, arn string) (err error) {
	if w.scope.vars[name], err = at(a.Out, id); err != nil {
		return err
	}
	w.scope.vars[name+".arn"], err = at(a.Out, arn)
	return err
}

// enter makes a caller of a key, and waits until the endpoint knows it.
func (w *work) enter(ctx context.Context, name, as string, key any) error {
	maker, err := w.scope.actor(as)
	if err != nil {
		return err
	}
	w.scope.who[name] = actor{credentialsOf(key), maker.admin}
	if w.Patience == 0 {
		return nil
	}
	_, err = w.do(ctx, &Step{Call: "sts.GetCallerIdentity", As: name, Settles: true})
	return err
}

// credentialsOf reads the key of an answer of IAM or STS.
func credentialsOf(key any) client.Credentials {
	members, _ := key.(map[string]any)
	text := func(name string) string {
		s, _ := members[name].(string)
		return s
	}
	return client.Credentials{AccessKeyID: text("AccessKeyId"), Secret: text("SecretAccessKey"), Token: text("SessionToken")}
}

func pairs(tags map[string]any) []any {
	var list []any
	for k, v := range tags {
		list = append(list, map[string]any{"Key": k, "Value": v})
	}
	return list
}

// Code of functions: the first gives back its event, the second fails.
const (
	plainCode = "def handler(event, context):\n    return {'event': event, 'arn': context.invoked_function_arn, 'version': context.function_version}\n"
	otherCode = "def handler(event, context):\n    raise ValueError('on purpose')\n"
)

// zipped is a deployment package with the code, for a member ZipFile. It is the
// same at every run.
func zipped(code string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("index.py")
	if err == nil {
		_, err = f.Write([]byte(code))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("a zip in memory: %v", err)) // never
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
