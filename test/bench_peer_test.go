package test

import (
	"context"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// moto starts moto's server, the peer that has the same feature in the same
// run; nil, with the reason in the log, if it is not here.
func moto(b *testing.B) *aws.Config {
	b.Helper()
	if err := exec.Command("python3", "-c", "import moto.server").Run(); err != nil {
		b.Logf("without the peer: python3 cannot import moto.server (pip install 'moto[server]'): %v", err)
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.Command("python3", "-m", "moto.server", "-p", port)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	endpoint := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(endpoint + "/moto-api/data.json"); err == nil {
			r.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("moto's server does not answer after 30 s")
		}
	}
	return &aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

// pooled gives a client's connections room for all that share it.
func pooled(c aws.Config) aws.Config {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	c.HTTPClient = &http.Client{Transport: transport}
	return c
}

func objectsOf(c aws.Config) *s3.Client {
	return s3.NewFromConfig(pooled(c), func(o *s3.Options) { o.UsePathStyle = true })
}

func queuesOf(c aws.Config) *sqs.Client { return sqs.NewFromConfig(pooled(c)) }

// together runs f n times in all, by so many clients, and gives the rate.
func together(clients, n int, f func(i int)) float64 {
	start := time.Now()
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := c; i < n; i += clients {
				f(i)
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(start).Seconds()
}

func itoa(i int) string { return strconv.Itoa(i) }

// grant gives a role an inline policy.
func (c *clients) grant(b *testing.B, role, document string) {
	if _, err := c.iam.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: &document}); err != nil {
		b.Fatal(err)
	}
}
