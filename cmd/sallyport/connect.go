package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/id"
)

// connectFlags name the server a command talks to, and as whom.
type connectFlags struct {
	Data     string `env:"SALLYPORT_DATA" type:"path" placeholder:"DIR" help:"Data directory of the server (default: ${data})."`
	Endpoint string `env:"SALLYPORT_ENDPOINT" placeholder:"URL" help:"Address of a server whose data directory is not at hand; requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."`
	Account  string `placeholder:"ID" help:"Account as whose root user to ask (default: that of AWS_ACCESS_KEY_ID, else the first)."`
}

// client is the way to the server.
func (f *connectFlags) client() (*client, error) {
	if f.Endpoint != "" {
		return f.named()
	}
	n, err := f.find()
	if err != nil {
		return nil, err
	}
	key, err := f.key(n)
	if err != nil {
		return nil, err
	}
	return newClient(n.at.Endpoint, aws.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}), nil
}

// named is the server of --endpoint, with the credentials of the environment.
func (f *connectFlags) named() (*client, error) {
	if !strings.HasPrefix(f.Endpoint, "http://") && !strings.HasPrefix(f.Endpoint, "https://") {
		return nil, usagef("--endpoint %s: an address begins with http:// or https://", f.Endpoint)
	}
	if f.Account != "" {
		return nil, usagef("--account chooses a root key of the data directory; with --endpoint the key is that of AWS_ACCESS_KEY_ID")
	}
	c := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return nil, fmt.Errorf("nothing to sign with for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (on the server's machine, \"sallyport env\" prints them)", f.Endpoint)
	}
	return newClient(strings.TrimSuffix(f.Endpoint, "/"), c), nil
}

// find is the note of the server that runs on the data directory, or else of
// an ephemeral one.
func (f *connectFlags) find() (note, error) {
	dirs := []string{f.Data}
	if f.Data == "" {
		dirs = []string{defaultData(), ephemeralNote()}
	}
	for _, dir := range dirs {
		n, ok, err := readNote(dir)
		if err != nil {
			return n, err
		}
		if ok {
			return n, nil
		}
	}
	start := "sallyport serve"
	if f.Data != "" {
		start += " --data " + f.Data
	}
	return note{}, fmt.Errorf("no server runs on %s: start one with %q, or name another with --data DIR or --endpoint URL", dirs[0], start)
}

// key is the root key to sign with.
func (f *connectFlags) key(n note) (sallyport.Credentials, error) {
	of := func(account string) (sallyport.Credentials, bool) {
		i := slices.IndexFunc(n.keys, func(c sallyport.Credentials) bool { return c.Account == account })
		if i < 0 {
			return sallyport.Credentials{}, false
		}
		return n.keys[i], true
	}
	if len(n.keys) == 0 {
		return sallyport.Credentials{}, fmt.Errorf("%s holds no root keys: restart the server to have them written", n.dir)
	}
	if f.Account == "" {
		if account, ok := id.KeyAccount(os.Getenv("AWS_ACCESS_KEY_ID")); ok {
			if c, ok := of(account); ok {
				return c, nil
			}
		}
		return n.keys[0], nil
	}
	c, ok := of(f.Account)
	if !ok {
		var have []string
		for _, k := range n.keys {
			have = append(have, k.Account)
		}
		return c, fmt.Errorf("the server has no account %s; it has %s", f.Account, strings.Join(have, ", "))
	}
	return c, nil
}

// region is that of the environment.
func region() string {
	return cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
}
