package sns

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	snsapi "github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/edge"
	"github.com/sallyport/sallyport/internal/op"
)

// site is a web endpoint that notes what is posted to it.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	posts []post
	// answer gives the status of the n-th post, from 1; nil is 200.
	answer func(n int) int
}

type post struct {
	header http.Header
	body   string
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.posts = append(s.posts, post{r.Header, string(body)})
		n, answer := len(s.posts), s.answer
		s.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(n)
		}
		if status == http.StatusFound {
			w.Header().Set("Location", s.URL+"/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.posts)
}

// take gives the posts so far and forgets them.
func (s *site) take() []post {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.posts
	s.posts = nil
	return all
}

// one waits for exactly one post.
func (w *world) one(s *site) post {
	w.Helper()
	w.eventually("the endpoint is posted to", func() bool { return s.count() > 0 })
	w.settled()
	all := s.take()
	if len(all) != 1 {
		w.Fatalf("%d posts", len(all))
	}
	return all[0]
}

// door serves the world over HTTP.
func (w *world) door() *httptest.Server {
	w.Helper()
	h := edge.New(edge.Config{Bus: w.bus, Clock: w.clock, Bug: &bug.Reporter{Log: slog.New(slog.DiscardHandler)}})
	s := httptest.NewServer(h)
	w.Cleanup(s.Close)
	return s
}

// subscribeAt subscribes as a client that reached the server at an address.
func (w *world) subscribeAt(door *httptest.Server, topic, endpoint string, attributes ...string) {
	w.Helper()
	protocol, _, _ := strings.Cut(endpoint, ":")
	out, err := w.bus.Serve(w.Context(), &op.Call{
		Caller: root, Operation: snsapi.Subscribe.Operation, Region: region, Origin: op.Origin{Host: strings.TrimPrefix(door.URL, "http://")},
		Input: &snsapi.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: pairs(attributes)},
	})
	if err != nil {
		w.Fatal(err)
	}
	if arn := *out.(*snsapi.SubscribeResponse).SubscriptionArn; arn != "pending confirmation" {
		w.Fatalf("subscribed as %s", arn)
	}
}

// get follows a link, unsigned.
func (w *world) get(url string) (int, string) {
	w.Helper()
	a, err := http.Get(url)
	if err != nil {
		w.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		w.Fatal(err)
	}
	return a.StatusCode, string(body)
}

// confirmed subscribes a site and confirms by the link it gets.
func (w *world) confirmed(door *httptest.Server, s *site, topic string, attributes ...string) {
	w.Helper()
	w.subscribeAt(door, topic, s.URL+"/endpoint", attributes...)
	n := readNotification(w, w.one(s).body)
	if status, body := w.get(n.SubscribeURL); status != 200 {
		w.Fatalf("confirmed with %d %s", status, body)
	}
}

// TestTheLifeOfAWebSubscription by the links alone, as an endpoint lives it.
func TestTheLifeOfAWebSubscription(t *testing.T) {
	w := newWorld(t)
	door, s, topic := w.door(), newSite(t), w.topic("t", "SignatureVersion", "2")
	w.subscribeAt(door, topic, s.URL+"/endpoint")
	asked := w.one(s)
	n := readNotification(t, asked.body)
	for name, want := range map[string]string{
		"Content-Type": "text/plain; charset=UTF-8", "User-Agent": "Amazon Simple Notification Service Agent",
		"X-Amz-Sns-Message-Type": "SubscriptionConfirmation", "X-Amz-Sns-Message-Id": n.MessageId, "X-Amz-Sns-Topic-Arn": topic, "X-Amz-Sns-Subscription-Arn": "",
	} {
		if got := asked.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n.Type != "SubscriptionConfirmation" || n.TopicArn != topic || !strings.HasPrefix(n.SubscribeURL, door.URL+"/?Action=ConfirmSubscription&TopicArn="+topic+"&Token=") {
		t.Errorf("asked %+v", n)
	}
	w.verify(n)

	w.publish(topic, "before it is confirmed")
	if status, body := w.get(n.SubscribeURL[:len(n.SubscribeURL)-1]); status != 400 || !strings.Contains(body, "<Message>Invalid parameter: Token</Message>") {
		t.Errorf("a wrong token: %d %s", status, body)
	}
	for range 2 { // following a link twice is no mistake
		if status, body := w.get(n.SubscribeURL); status != 200 || !strings.Contains(body, "<SubscriptionArn>"+topic+":") {
			t.Errorf("confirmed with %d %s", status, body)
		}
	}
	r := w.decisions("sns:ConfirmSubscription")
	if last := r[len(r)-1]; !last.Allowed || last.Nothing == "" || last.Resource != topic {
		t.Errorf("recorded %+v", last)
	}
	id := w.publish(topic, "hello <&>")
	got := w.one(s)
	n = readNotification(t, got.body)
	if n.Type != "Notification" || n.MessageId != id || n.Message != "hello <&>" || got.header.Get("X-Amz-Sns-Subscription-Arn") != w.only().arn() || got.header.Get("X-Amz-Sns-Rawdelivery") != "" {
		t.Errorf("got %+v with %v", n, got.header)
	}
	w.verify(n)

	if status, body := w.get(n.UnsubscribeURL); status != 200 {
		t.Errorf("unsubscribed with %d %s", status, body)
	}
	if all := must(w, root, snsapi.ListSubscriptionsByTopic, &snsapi.ListSubscriptionsByTopicInput{TopicArn: &topic}).Subscriptions; len(all) != 0 {
		t.Errorf("%d subscriptions are listed", len(all))
	}
	gone := readNotification(t, w.one(s).body)
	if gone.Type != "UnsubscribeConfirmation" || gone.Token == "" {
		t.Errorf("told %+v", gone)
	}
	w.verify(gone)
	w.publish(topic, "while it is gone")
	w.settled()
	if status, body := w.get(gone.SubscribeURL); status != 200 {
		t.Errorf("came back with %d %s", status, body)
	}
	w.publish(topic, "again")
	n = readNotification(t, w.one(s).body)
	if n.Message != "again" {
		t.Errorf("got %+v", n)
	}

	// Subscribed anew, it cannot come back a second time by an old link.
	if status, _ := w.get(n.UnsubscribeURL); status != 200 {
		t.Errorf("unsubscribed with %d", status)
	}
	gone = readNotification(t, w.one(s).body)
	w.confirmed(door, s, topic)
	if status, _ := w.get(gone.SubscribeURL); status != 400 {
		t.Errorf("an old link is followed with %d", status)
	}
	w.publish(topic, "once")
	if n := readNotification(t, w.one(s).body); n.Message != "once" {
		t.Errorf("got %+v", n)
	}
}

// TestAddressesStayOutOfErrors: they may hold a secret.
func TestAddressesStayOutOfErrors(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:1/?key=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := newWeb().send(r); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func (w *world) only() *subscription {
	w.Helper()
	for _, b := range w.sns.subscriptions.All("", "") {
		return b
	}
	w.Fatal("no subscription")
	return nil
}

// verify does what clients do: it fetches the certificate, and checks the
// signature of the members that AWS names.
func (w *world) verify(n notification) {
	w.Helper()
	status, text := w.get(n.SigningCertURL)
	block, _ := pem.Decode([]byte(text))
	if status != 200 || block == nil {
		w.Fatalf("certificate: %d %q", status, text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.Fatal(err)
	}
	if now := w.clock.Now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		w.Errorf("the certificate counts from %v to %v", certificate.NotBefore, certificate.NotAfter)
	}
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	if err != nil {
		w.Fatal(err)
	}
	check := func(text string) error {
		key := certificate.PublicKey.(*rsa.PublicKey)
		if n.SignatureVersion == "2" {
			sum := sha256.Sum256([]byte(text))
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
		}
		sum := sha1.Sum([]byte(text))
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	}
	var signed string
	for _, f := range [][2]string{
		{"Message", n.Message}, {"MessageId", n.MessageId}, {"SubscribeURL", n.SubscribeURL}, {"Subject", n.Subject},
		{"Timestamp", n.Timestamp}, {"Token", n.Token}, {"TopicArn", n.TopicArn}, {"Type", n.Type},
	} {
		if f[1] != "" {
			signed += f[0] + "\n" + f[1] + "\n"
		}
	}
	if err := check(signed); err != nil {
		w.Errorf("version %s: %v", n.SignatureVersion, err)
	}
	if check(signed+" ") == nil {
		w.Error("the signature is for any text")
	}
}

// TestTheSigningKeyStays over restarts and Reset, and version 1 is the default.
func TestTheSigningKeyStays(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t")
	url, arn := w.queue(root, "q", "")
	w.subscribe(topic, "sqs", arn)
	w.publish(topic, "one")
	first := readNotification(t, w.bodies(root, url, 1)[0])
	w.settled()
	w.restart()
	must(w, root, snsapi.Publish, &snsapi.PublishInput{TopicArn: &topic, Message: ptr("two"), Subject: ptr("s")})
	second := readNotification(t, w.bodies(root, url, 1)[0])
	if first.SigningCertURL != second.SigningCertURL || !strings.HasPrefix(first.SigningCertURL, "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-") || first.SignatureVersion != "1" {
		t.Errorf("%+v\n%+v", first, second)
	}
	door := w.door()
	second.SigningCertURL = strings.Replace(second.SigningCertURL, "https://sns.us-east-1.amazonaws.com", door.URL, 1)
	w.verify(second)
}

// TestLinksThatDoNotCount: over, of others, guarded, of what is no web endpoint.
func TestLinksThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	door, topic, other := w.door(), w.topic("t"), w.topic("other")
	s := newSite(t)
	w.subscribeAt(door, topic, s.URL+"/endpoint")
	n := readNotification(t, w.one(s).body)
	for name, link := range map[string]string{
		"another topic":  strings.Replace(n.SubscribeURL, topic, other, 1),
		"another region": strings.Replace(n.SubscribeURL, region, "eu-west-1", 1),
		"no token":       strings.Split(n.SubscribeURL, "&Token")[0] + "&Token=",
		"no topic":       strings.Replace(n.SubscribeURL, topic, "topic", 1),
	} {
		if status, body := w.get(link); status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	w.clock.Advance(48 * time.Hour)
	if status, _ := w.get(n.SubscribeURL); status != 400 {
		t.Errorf("a token of two days ago: %d", status)
	}
	if all := must(w, root, snsapi.ListSubscriptions, &snsapi.ListSubscriptionsInput{}).Subscriptions; len(all) != 0 {
		t.Errorf("what was not confirmed in time is listed: %d", len(all))
	}

	// Confirmed by a signed caller who guards it.
	w.subscribeAt(door, topic, s.URL+"/endpoint")
	n = readNotification(t, w.one(s).body)
	if w.sns.subscriptions.Len() != 1 {
		t.Errorf("%d subscriptions are stored", w.sns.subscriptions.Len())
	}
	must(w, root, snsapi.ConfirmSubscription, &snsapi.ConfirmSubscriptionInput{TopicArn: &topic, Token: &n.Token, AuthenticateOnUnsubscribe: ptr("true")})
	arn := w.only().arn()
	attributes := must(w, root, snsapi.GetSubscriptionAttributes, &snsapi.GetSubscriptionAttributesInput{SubscriptionArn: &arn}).Attributes
	if attributes["ConfirmationWasAuthenticated"] != "true" || attributes["PendingConfirmation"] != "false" {
		t.Errorf("attributes %v", attributes)
	}
	queue := w.subscribe(topic, "sqs", "arn:aws:sqs:"+region+":"+here+":q")
	for name, c := range map[string]struct {
		arn    string
		status int
	}{
		"a guarded one": {arn, 403}, "a queue's": {queue, 403}, "none": {topic + ":00000000-0000-4000-8000-000000000000", 403}, "a topic": {topic, 400},
	} {
		if status, body := w.get(door.URL + "/?Action=Unsubscribe&SubscriptionArn=" + c.arn); status != c.status {
			t.Errorf("the link of %s: %d %s", name, status, body)
		}
	}
	if _, err := call(w, stranger, snsapi.Unsubscribe, &snsapi.UnsubscribeInput{SubscriptionArn: &arn}); err == nil {
		t.Error("a signed stranger unsubscribed it")
	}
	must(w, root, snsapi.Unsubscribe, &snsapi.UnsubscribeInput{SubscriptionArn: &arn})
	if w.sns.subscriptions.Len() != 1 || s.count() != 0 {
		t.Errorf("%d subscriptions are left, the endpoint was told %d times", w.sns.subscriptions.Len(), s.count())
	}
}

// TestAPolicyDeniesEvenTheToken.
func TestAPolicyDeniesEvenTheToken(t *testing.T) {
	w := newWorld(t)
	door, s, topic := w.door(), newSite(t), w.topic("t")
	w.subscribeAt(door, topic, s.URL)
	n := readNotification(t, w.one(s).body)
	set := func(document string) {
		must(w, root, snsapi.SetTopicAttributes, &snsapi.SetTopicAttributesInput{TopicArn: &topic, AttributeName: ptr("Policy"), AttributeValue: &document})
	}
	set(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sns:ConfirmSubscription","Resource":"` + topic + `"}}`)
	if status, body := w.get(n.SubscribeURL); status != 403 || !strings.Contains(body, "<Code>AuthorizationError</Code>") {
		t.Errorf("denied with %d %s", status, body)
	}
	set(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"` + topic + `"}}`)
	if status, body := w.get(n.SubscribeURL); status != 200 {
		t.Errorf("allowed with %d %s", status, body)
	}
}

// TestWebEndpointsAreTriedAgain as their policy says, and only when it can help.
func TestWebEndpointsAreTriedAgain(t *testing.T) {
	const twice = `{"healthyRetryPolicy":{"numRetries":2,"minDelayTarget":7,"maxDelayTarget":7},"requestPolicy":{"headerContentType":"application/json"}}`
	for _, c := range []struct {
		name, policy string
		answer       func(n int) int
		posts        int
		dead         bool
	}{
		{"a fault, then not", "", func(n int) int { return []int{0, 500, 503, 200}[n] }, 3, false},
		{"faults without end", "", func(int) int { return 500 }, 4, true},
		{"faults without end, and a policy", twice, func(int) int { return 502 }, 3, true},
		{"too many requests", twice, func(int) int { return 429 }, 3, true},
		{"a refusal", "", func(int) int { return 404 }, 1, true},
		{"a redirect, which is not followed", twice, func(int) int { return 302 }, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			door, s, topic := w.door(), newSite(t), w.topic("t")
			url, arn := w.queue(root, "dead", "")
			attributes := []string{"RedrivePolicy", `{"deadLetterTargetArn":"` + arn + `"}`}
			if c.policy != "" {
				attributes = append(attributes, "DeliveryPolicy", c.policy)
			}
			w.confirmed(door, s, topic, attributes...)
			s.answer = c.answer
			w.publish(topic, "x")
			w.moving(time.Second, "it is over", func() bool { return w.owed() == 0 })
			posts := s.take()
			if len(posts) != c.posts {
				t.Errorf("%d posts, want %d", len(posts), c.posts)
			}
			want := plainText
			if c.policy != "" {
				want = "application/json"
			}
			if got := posts[0].header.Get("Content-Type"); got != want {
				t.Errorf("content type %q, want %q", got, want)
			}
			if got := w.receive(root, url); (len(got) == 1) != c.dead {
				t.Errorf("%d dead letters", len(got))
			}
		})
	}
}

func TestRawDeliveryToTheWeb(t *testing.T) {
	w := newWorld(t)
	door, s, topic := w.door(), newSite(t), w.topic("t")
	w.confirmed(door, s, topic, "RawMessageDelivery", "true")
	w.publish(topic, "plain")
	if p := w.one(s); p.body != "plain" || p.header.Get("X-Amz-Sns-Rawdelivery") != "true" {
		t.Errorf("posted %q with %v", p.body, p.header)
	}
}

// TestAHangingEndpointHoldsUpNothing: not the other deliveries, not the end of the
// server, which makes the post again when it is back.
func TestAHangingEndpointHoldsUpNothing(t *testing.T) {
	if got := newWeb().client.Timeout; got != 15*time.Second {
		t.Errorf("a post may take %v", got)
	}
	w := newWorld(t)
	door, s, topic := w.door(), newSite(t), w.topic("t")
	w.confirmed(door, s, topic)
	release := make(chan struct{})
	s.answer = func(n int) int {
		if n == 1 {
			<-release
		}
		return 200
	}
	w.subscribe(topic, "lambda", w.function(here, "f", ""))
	w.publish(topic, "x")
	w.eventually("the endpoint hangs, the function does not", func() bool { return s.count() == 1 && len(w.functions.got()) == 1 })
	w.restart()
	w.eventually("the post is made again", func() bool { return s.count() == 2 })
	w.settled()
	close(release)
}

// TestNobodyElseIsUnsigned: the two links, and nothing else of SNS.
func TestNobodyElseIsUnsigned(t *testing.T) {
	w := newWorld(t)
	topic := w.topic("t", "Policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sns:*","Resource":"arn:aws:sns:us-east-1:111111111111:t"}}`)
	door := w.door()
	if status, body := w.get(door.URL + "/?Action=Publish&Message=x&TopicArn=" + topic); status != 403 || !strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("published with %d %s", status, body)
	}
	if _, err := call(w, caller.Anonymous(), snsapi.ConfirmSubscription, &snsapi.ConfirmSubscriptionInput{TopicArn: &topic, Token: ptr("00")}); err == nil {
		t.Error("confirmed without the token, as the policy lets everybody in")
	}
}
