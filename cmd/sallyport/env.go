package main

import (
	"context"
	"strings"
)

// EnvCmd prints the environment of AWS tools.
type EnvCmd struct {
	connectFlags
	Shell  string `enum:"sh,fish,powershell" default:"sh" help:"Whose syntax: ${enum} (${default})."`
	Region string `placeholder:"REGION" help:"Region to set (default: the one that is set, else us-east-1)."`
}

// Help is shown below the command's usage.
func (EnvCmd) Help() string {
	return `For example: eval "$(sallyport env)". The output holds the secret of a root key.

The endpoint is HTTP. The same address answers HTTPS, with a certificate of the
server's own authority: AWS_CA_BUNDLE names a file with that authority and what
the machine trusts (or what AWS_CA_BUNDLE named before), so that AWS itself still
answers in the same shell; NODE_EXTRA_CA_CERTS adds the authority for Node.js.
With --endpoint they are left as they are: the file is on the server's machine.`
}

// variable is one of the environment; an empty value unsets it.
type variable struct{ name, value string }

// Run prints.
func (e *EnvCmd) Run(ctx context.Context, c *console) error {
	cl, err := e.client()
	if err != nil {
		return err
	}
	// A server that is gone, or a key it does not know, is better said here
	// than by the next tool.
	if _, err := cl.describe(ctx); err != nil {
		return err
	}
	where := e.Region
	if where == "" {
		where = region()
	}
	trust := e.trust(c)
	if c.JSON {
		out := map[string]string{
			"endpoint": cl.endpoint, "accessKeyId": cl.credentials.AccessKeyID, "secretAccessKey": cl.credentials.SecretAccessKey,
			"sessionToken": cl.credentials.SessionToken, "region": where,
		}
		if trust.ca != "" {
			out["tlsEndpoint"], out["ca"], out["caBundle"] = trust.endpoint, trust.ca, trust.bundle
		}
		return c.printJSON(out)
	}
	for _, v := range append([]variable{
		{"AWS_ENDPOINT_URL", cl.endpoint},
		{"AWS_ACCESS_KEY_ID", cl.credentials.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", cl.credentials.SecretAccessKey},
		// One left over from another session would make every signature wrong.
		{"AWS_SESSION_TOKEN", cl.credentials.SessionToken},
		{"AWS_REGION", where},
		{"AWS_DEFAULT_REGION", where},
	}, trust.variables()...) {
		c.printf("%s\n", v.line(e.Shell))
	}
	return nil
}

// line sets the variable in the syntax of a shell.
func (v variable) line(shell string) string {
	switch {
	case shell == "fish" && v.value == "":
		return "set -e " + v.name + ";"
	case shell == "fish":
		return "set -gx " + v.name + " " + "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(v.value) + "';"
	case shell == "powershell" && v.value == "":
		return "Remove-Item Env:" + v.name + " -ErrorAction SilentlyContinue"
	case shell == "powershell":
		return "$Env:" + v.name + " = '" + strings.ReplaceAll(v.value, "'", "''") + "'"
	case v.value == "":
		return "unset " + v.name
	}
	return "export " + v.name + "='" + strings.ReplaceAll(v.value, "'", `'\''`) + "'"
}
