package sns

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/store"
)

// signingKey is the key that messages are signed with, as it is stored.
type signingKey struct {
	// Key is in PKCS #8 form, Certificate in PEM.
	Key, Certificate []byte
	// Path is where the server publishes the certificate; its name holds a digest.
	Path string
}

// signer signs messages with one key for all topics, made when it is first needed.
type signer struct {
	store *store.Store
	clock clock.Clock
	table *store.Table[signingKey]

	mu     sync.RWMutex
	key    *rsa.PrivateKey
	stored *signingKey

	// made are the latest signatures: what goes to many endpoints is the same for
	// all, and a signature takes longer than the rest of a delivery.
	latest sync.Mutex
	made   map[[sha256.Size]byte]*madeOnce
}

// madeOnce is a signature that one delivery makes and others wait for.
type madeOnce struct {
	once sync.Once
	text string
	err  error
}

// keptSignatures is how many signatures are kept at most.
const keptSignatures = 256

// theKey is the key of the one record.
const theKey = "key"

func openSigner(ctx context.Context, st *store.Store, c clock.Clock) (*signer, error) {
	g := &signer{store: st, clock: c, made: map[[sha256.Size]byte]*madeOnce{}}
	var err error
	if g.table, err = store.OpenTable[signingKey](ctx, st, "sns.signing"); err != nil {
		return nil, err
	}
	if known := g.table.Get(theKey); known != nil {
		err = g.use(known)
	}
	return g, err
}

// use reads a stored key.
func (g *signer) use(k *signingKey) error {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Key)
	if err != nil {
		return fmt.Errorf("sns: the key that signs messages: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New("sns: the key that signs messages is none of RSA")
	}
	g.key, g.stored = key, k
	return nil
}

// ready gives the key, and makes it if there is none.
func (g *signer) ready(ctx context.Context) (*rsa.PrivateKey, *signingKey, error) {
	g.mu.RLock()
	key, stored := g.key, g.stored
	g.mu.RUnlock()
	if key != nil {
		return key, stored, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.key == nil {
		made, err := newSigningKey(g.clock.Now())
		if err != nil {
			return nil, nil, err
		}
		if err := g.store.Update(ctx, func(tx *store.Tx) error { return g.table.Put(tx, theKey, made) }); err != nil {
			return nil, nil, err
		}
		if err := g.use(made); err != nil {
			return nil, nil, err
		}
	}
	return g.key, g.stored, nil
}

const (
	keyBits = 2048
	// certificateTime is how long the certificate counts: messages are not kept
	// longer than that.
	certificateTime = 10 * 365 * 24 * time.Hour
)

func newSigningKey(now time.Time) (*signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	subject := pkix.Name{CommonName: servicePrincipal, Organization: []string{"Sallyport"}}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateTime),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return &signingKey{
		Key: private, Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Path: "/SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem",
	}, nil
}

// sign gives the signature of a text, and the path of the certificate that
// verifies it: version 1 is SHA1withRSA, version 2 SHA256withRSA.
func (g *signer) sign(ctx context.Context, version, text string) (signature, certificate string, err error) {
	key, stored, err := g.ready(ctx)
	if err != nil {
		return "", "", err
	}
	m := g.known(sha256.Sum256([]byte(version + "\n" + text)))
	m.once.Do(func() { m.text, m.err = signed(key, version, text) })
	return m.text, stored.Path, m.err
}

func (g *signer) known(digest [sha256.Size]byte) *madeOnce {
	g.latest.Lock()
	defer g.latest.Unlock()
	if m := g.made[digest]; m != nil {
		return m
	}
	if len(g.made) >= keptSignatures {
		clear(g.made) // forgetting one costs making it again
	}
	m := &madeOnce{}
	g.made[digest] = m
	return m
}

func signed(key *rsa.PrivateKey, version, text string) (string, error) {
	kind, digest := crypto.SHA1, []byte(nil)
	if version == "2" {
		sum := sha256.Sum256([]byte(text))
		kind, digest = crypto.SHA256, sum[:]
	} else {
		sum := sha1.Sum([]byte(text)) // AWS's choice: what clients verify
		digest = sum[:]
	}
	raw, err := rsa.SignPKCS1v15(nil, key, kind, digest)
	return base64.StdEncoding.EncodeToString(raw), err
}

// Document implements op.Publisher: the certificate.
func (s *Service) Document(path string) (contentType string, body []byte, ok bool) {
	s.signer.mu.RLock()
	defer s.signer.mu.RUnlock()
	if s.signer.stored == nil || path != s.signer.stored.Path {
		return "", nil, false
	}
	return "application/x-pem-file", s.signer.stored.Certificate, true
}
