package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/clock"
)

// AWS is the endpoint that stands for AWS itself: every service has its own host.
const AWS = "aws"

// Client calls the APIs at one endpoint.
type Client struct {
	// Endpoint is the base address of all services, or AWS.
	Endpoint string
	Region   string
	Clock    clock.Clock
	http     *http.Client
	signer   *v4.Signer
	services map[string]*api.Service
}

// Credentials sign a request; the zero value leaves it unsigned.
type Credentials struct{ AccessKeyID, Secret, Token string }

// requestTime is how long an answer may take: an invoke of the slowest case, and
// the start of its environment.
const requestTime = 2 * time.Minute

// New makes a client for the services.
func New(endpoint, region string, c clock.Clock, services []*api.Service) *Client {
	known := map[string]*api.Service{}
	for _, s := range services {
		known[s.ID] = s
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err == nil && strings.HasSuffix(host, ".localhost") {
			address = net.JoinHostPort("127.0.0.1", port) // RFC 6761; not every resolver says so
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return &Client{
		Endpoint: strings.TrimSuffix(endpoint, "/"), Region: region, Clock: c, services: known,
		http:   &http.Client{Transport: transport, Timeout: requestTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.LogSigning = false }),
	}
}

// Close ends the connections that are kept.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Operation finds an operation by the name cases have for it: "lambda.Invoke".
func (c *Client) Operation(name string) (*api.Operation, error) {
	service, operation, _ := strings.Cut(name, ".")
	s, ok := c.services[service]
	if !ok {
		return nil, fmt.Errorf("%s: no service %q is known", name, service)
	}
	for _, o := range s.Operations {
		if o.Name == operation {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%s: the service has no operation %q", name, operation)
}

// Call makes one request and reads the answer; a refusal is an answer, not an error.
func (c *Client) Call(ctx context.Context, as Credentials, operation string, in map[string]any) (*Answer, error) {
	o, err := c.Operation(operation)
	if err != nil {
		return nil, err
	}
	r, body, err := c.request(ctx, o, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	raw, err := c.send(r, body, as, o.Service.SigningName, o.Service)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	return raw.read(o)
}

// Request is one in terms of HTTP, as function URLs take them.
type Request struct {
	Method, URL string
	Header      map[string]string
	Body        string
	// Service is whom it is signed for: "lambda" if empty.
	Service string
}

// Send makes a request in terms of HTTP.
func (c *Client) Send(ctx context.Context, as Credentials, q Request) (*Answer, error) {
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if q.Service == "" {
		q.Service = "lambda"
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	for name, v := range q.Header {
		r.Header.Set(name, v)
	}
	raw, err := c.send(r, []byte(q.Body), as, q.Service, nil)
	if err != nil {
		return nil, err
	}
	return raw.plain(), nil
}

// send signs, sends, and reads the whole answer.
func (c *Client) send(r *http.Request, body []byte, as Credentials, service string, s *api.Service) (*answer, error) {
	if as.AccessKeyID != "" {
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		region := c.Region
		if s != nil && s.Global {
			region = "us-east-1"
		}
		s3 := s != nil && s.Protocol == api.RESTXML
		if s3 {
			r.Header.Set("X-Amz-Content-Sha256", digest)
		}
		key := aws.Credentials{AccessKeyID: as.AccessKeyID, SecretAccessKey: as.Secret, SessionToken: as.Token}
		err := c.signer.SignHTTP(r.Context(), key, r, digest, service, region, c.Clock.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s3 })
		if err != nil {
			return nil, err
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &answer{status: res.StatusCode, header: res.Header, body: raw}, nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 32 << 20

// request makes the request of an operation, unsigned.
func (c *Client) request(ctx context.Context, o *api.Operation, in map[string]any) (*http.Request, []byte, error) {
	p, err := encode(o, in)
	if err != nil {
		return nil, nil, err
	}
	base, err := url.Parse(c.base(o.Service) + p.path)
	if err != nil {
		return nil, nil, err
	}
	base.RawQuery = p.query
	r, err := http.NewRequestWithContext(ctx, p.method, base.String(), bytes.NewReader(p.body))
	if err != nil {
		return nil, nil, err
	}
	for name, v := range p.header {
		r.Header.Set(name, v)
	}
	return r, p.body, nil
}

// base is the address of a service.
func (c *Client) base(s *api.Service) string {
	switch {
	case c.Endpoint != AWS:
		return c.Endpoint
	case s.Global:
		return "https://" + s.ID + ".amazonaws.com"
	}
	return "https://" + s.ID + "." + c.Region + ".amazonaws.com"
}
