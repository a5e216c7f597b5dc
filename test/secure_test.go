package test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// printed is what `sallyport env --json` says.
func printed(t *testing.T, p *process, environ ...string) map[string]string {
	t.Helper()
	cmd := exec.Command(binary, "env", "--json", "--data", p.data)
	cmd.Env = append(os.Environ(), environ...)
	raw, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// trusting is an HTTP client that trusts what is in the file, and nothing else.
func trusting(t *testing.T, file string) *http.Client {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		t.Fatalf("%s holds no certificate", file)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		// Names below localhost are this machine (RFC 6761), also where the resolver does not say so.
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, _ := net.SplitHostPort(address)
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestHTTPSAndHTTPOnOnePort(t *testing.T) {
	t.Parallel()
	p := mustServe(t, t.TempDir())
	env := printed(t, p)
	if env["tlsEndpoint"] != strings.Replace(p.endpoint, "http:", "https:", 1) {
		t.Errorf("HTTPS at %s, HTTP at %s", env["tlsEndpoint"], p.endpoint)
	}
	root := p.clients(0)
	secure := root.makeUser(t, p.endpoint, "u",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:ListFunctions","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
		{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	c := secure.config
	c.HTTPClient = trusting(t, env["caBundle"])
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.endpoint, "http://"))
	for _, host := range []string{"127.0.0.1", "localhost", "lambda.us-east-1.localhost"} {
		c.BaseEndpoint = aws.String("https://" + host + ":" + port)
		if _, err := lambda.NewFromConfig(c).ListFunctions(context.Background(), &lambda.ListFunctionsInput{}); err != nil {
			t.Errorf("over TLS at %s, allowed under aws:SecureTransport: %v", host, err)
		}
		if _, err := iam.NewFromConfig(c).ListUsers(context.Background(), &iam.ListUsersInput{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("over TLS at %s, allowed without TLS only: %v", host, err)
		}
	}
	if _, err := secure.lambda.ListFunctions(context.Background(), &lambda.ListFunctionsInput{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("over plain HTTP, allowed under aws:SecureTransport only: %v", err)
	}
	if _, err := secure.iam.ListUsers(context.Background(), &iam.ListUsersInput{}); err != nil {
		t.Errorf("over plain HTTP: %v", err)
	}
	// Whoever does not trust the authority does not talk.
	c.HTTPClient = nil
	if _, err := lambda.NewFromConfig(c, func(o *lambda.Options) { o.RetryMaxAttempts = 1 }).ListFunctions(context.Background(), &lambda.ListFunctionsInput{}); err == nil {
		t.Error("a client that does not trust the authority was answered")
	}
}

func TestTLSPortSpeaksHTTPSOnly(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	p := mustServe(t, t.TempDir(), "--tls-port", port)
	env := printed(t, p)
	if env["tlsEndpoint"] != "https://"+address {
		t.Errorf("HTTPS at %s, asked for %s", env["tlsEndpoint"], address)
	}
	client := trusting(t, env["ca"])
	for url, good := range map[string]bool{"https://" + address: true, "http://" + address: false, p.endpoint: true, strings.Replace(p.endpoint, "http:", "https:", 1): true} {
		r, err := client.Get(url + "/_sallyport/health")
		if err == nil {
			r.Body.Close()
		}
		if ok := err == nil && r.StatusCode == http.StatusOK; ok != good {
			t.Errorf("%s: %v, want success %v", url, err, good)
		}
	}
}

// The bundle is the authority and what the user trusted before: AWS itself
// still answers in the same shell.
func TestBundleKeepsWhatWasTrusted(t *testing.T) {
	t.Parallel()
	p, other := mustServe(t, t.TempDir()), mustServe(t, t.TempDir())
	theirs := filepath.Join(other.data, "ca.pem")
	for what, environ := range map[string][]string{
		"a bundle of the user's":      {"AWS_CA_BUNDLE=" + theirs},
		"system roots of the user's":  {"AWS_CA_BUNDLE=", "SSL_CERT_FILE=" + theirs},
		"our own bundle, from before": {"AWS_CA_BUNDLE=" + filepath.Join(p.data, "ca-bundle.pem"), "SSL_CERT_FILE=" + theirs},
	} {
		bundle, err := os.ReadFile(printed(t, p, environ...)["caBundle"])
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{filepath.Join(p.data, "ca.pem"), theirs} {
			cert, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(bundle), string(cert)) {
				t.Errorf("%s: the bundle lacks %s", what, file)
			}
		}
		if n := strings.Count(string(bundle), "BEGIN CERTIFICATE"); n != 2 {
			t.Errorf("%s: %d certificates in the bundle, want 2", what, n)
		}
	}
}
