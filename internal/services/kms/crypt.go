package kms

import (
	"context"
	"crypto/rand"

	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// asked is what every cryptographic request may ask.
type asked struct {
	algorithm string
	context   map[string]string
	tokens    []string
	recipient bool
}

// ready is the key of a call that is about to use it, once all that does not
// depend on the call's data was checked.
func (s *Service) ready(c *op.Call, t target, a asked) (*key, error) {
	switch {
	case a.recipient:
		return nil, unsupported("Sallyport knows no Nitro enclaves: a Recipient is not supported.")
	case contextSize(a.context) > limits.EncryptionContext:
		return nil, invalid("The encryption context is longer than %d bytes.", limits.EncryptionContext)
	}
	if err := s.checkTokens(a.tokens); err != nil {
		return nil, err
	}
	k, err := s.findIn(nil, t)
	if err != nil {
		return nil, err
	}
	if a.algorithm != "" && a.algorithm != symmetric {
		return nil, kmsapi.NewInvalidKeyUsageException("Algorithm %s is incompatible with key spec %s.", a.algorithm, symmetric)
	}
	return k, k.usable()
}

func contextSize(context map[string]string) int {
	n := 0
	for k, v := range context {
		n += len(k) + len(v)
	}
	return n
}

func (s *Service) encrypt(_ context.Context, c *op.Call, in *kmsapi.EncryptRequest) (*kmsapi.EncryptResponse, error) {
	k, err := s.ready(c, targetOf(c), asked{algorithm: in.GetEncryptionAlgorithm(), context: in.EncryptionContext, tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	if in.GetDryRun() {
		return nil, dryRun()
	}
	sealed, err := s.seal(k, in.Plaintext, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	return &kmsapi.EncryptResponse{CiphertextBlob: sealed, KeyId: ptr(k.ref().arn()), EncryptionAlgorithm: ptr(symmetric)}, nil
}

// unseal opens a ciphertext with the key of a target, which must be its own.
func (s *Service) unseal(c *op.Call, t target, ciphertext []byte, a asked) (*key, []byte, error) {
	k, err := s.ready(c, t, a)
	if err != nil {
		return nil, nil, err
	}
	b, ok := readBlob(ciphertext)
	if !ok {
		return nil, nil, badCiphertext()
	}
	if b.id() != k.ID {
		return nil, nil, wrongKey()
	}
	plain, err := s.open(k, b, a.context)
	return k, plain, err
}

// modified refuses a trial that leaves the ciphertext out.
func modified(modifiers []string) error {
	if len(modifiers) > 0 {
		return unsupported("Sallyport does not support DryRunModifiers.")
	}
	return nil
}

func (s *Service) decrypt(_ context.Context, c *op.Call, in *kmsapi.DecryptRequest) (*kmsapi.DecryptResponse, error) {
	if err := modified(in.DryRunModifiers); err != nil {
		return nil, err
	}
	k, plain, err := s.unseal(c, targetOf(c), in.CiphertextBlob, asked{in.GetEncryptionAlgorithm(), in.EncryptionContext, in.GrantTokens, in.Recipient != nil})
	if err != nil {
		return nil, err
	}
	if in.GetDryRun() {
		return nil, dryRun()
	}
	return &kmsapi.DecryptResponse{Plaintext: plain, KeyId: ptr(k.ref().arn()), EncryptionAlgorithm: ptr(symmetric), KeyMaterialId: &k.MaterialID}, nil
}

func (s *Service) reEncrypt(_ context.Context, c *op.Call, in *kmsapi.ReEncryptRequest) (*kmsapi.ReEncryptResponse, error) {
	if err := modified(in.DryRunModifiers); err != nil {
		return nil, err
	}
	v, _ := c.Recall(sourceKey{})
	source, _ := v.(target)
	from, plain, err := s.unseal(c, source, in.CiphertextBlob, asked{algorithm: in.GetSourceEncryptionAlgorithm(), context: in.SourceEncryptionContext, tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	to, err := s.ready(c, targetOf(c), asked{algorithm: in.GetDestinationEncryptionAlgorithm(), context: in.DestinationEncryptionContext})
	if err != nil {
		return nil, err
	}
	if in.GetDryRun() {
		return nil, dryRun()
	}
	sealed, err := s.seal(to, plain, in.DestinationEncryptionContext)
	if err != nil {
		return nil, err
	}
	return &kmsapi.ReEncryptResponse{
		CiphertextBlob: sealed, SourceKeyId: ptr(from.ref().arn()), KeyId: ptr(to.ref().arn()), SourceEncryptionAlgorithm: ptr(symmetric),
		DestinationEncryptionAlgorithm: ptr(symmetric), SourceKeyMaterialId: &from.MaterialID, DestinationKeyMaterialId: &to.MaterialID,
	}, nil
}

// dataKey makes a data key and its ciphertext.
func (s *Service) dataKey(c *op.Call, spec *string, bytes *int32, dry bool, a asked) (k *key, plain, sealed []byte, err error) {
	if (spec == nil) == (bytes == nil) {
		return nil, nil, nil, invalid("Please specify either number of bytes or key spec.")
	}
	size := 32
	switch {
	case bytes != nil:
		size = int(*bytes)
	case *spec == "AES_128":
		size = 16
	}
	if k, err = s.ready(c, targetOf(c), a); err != nil {
		return nil, nil, nil, err
	}
	if dry {
		return nil, nil, nil, dryRun()
	}
	plain = make([]byte, size)
	rand.Read(plain)
	sealed, err = s.seal(k, plain, a.context)
	return k, plain, sealed, err
}

func (s *Service) generateDataKey(_ context.Context, c *op.Call, in *kmsapi.GenerateDataKeyRequest) (*kmsapi.GenerateDataKeyResponse, error) {
	k, plain, sealed, err := s.dataKey(c, in.KeySpec, in.NumberOfBytes, in.GetDryRun(), asked{context: in.EncryptionContext, tokens: in.GrantTokens, recipient: in.Recipient != nil})
	if err != nil {
		return nil, err
	}
	return &kmsapi.GenerateDataKeyResponse{CiphertextBlob: sealed, Plaintext: plain, KeyId: ptr(k.ref().arn()), KeyMaterialId: &k.MaterialID}, nil
}

func (s *Service) generateDataKeyWithoutPlaintext(_ context.Context, c *op.Call, in *kmsapi.GenerateDataKeyWithoutPlaintextRequest) (*kmsapi.GenerateDataKeyWithoutPlaintextResponse, error) {
	k, _, sealed, err := s.dataKey(c, in.KeySpec, in.NumberOfBytes, in.GetDryRun(), asked{context: in.EncryptionContext, tokens: in.GrantTokens})
	if err != nil {
		return nil, err
	}
	return &kmsapi.GenerateDataKeyWithoutPlaintextResponse{CiphertextBlob: sealed, KeyId: ptr(k.ref().arn()), KeyMaterialId: &k.MaterialID}, nil
}

func (s *Service) generateRandom(_ context.Context, _ *op.Call, in *kmsapi.GenerateRandomRequest) (*kmsapi.GenerateRandomResponse, error) {
	switch {
	case in.NumberOfBytes == nil:
		return nil, invalid("NumberOfBytes is required.")
	case in.CustomKeyStoreId != nil:
		return nil, unsupported("Sallyport has no custom key stores.")
	case in.Recipient != nil:
		return nil, unsupported("Sallyport knows no Nitro enclaves: a Recipient is not supported.")
	}
	out := make([]byte, *in.NumberOfBytes)
	rand.Read(out)
	return &kmsapi.GenerateRandomResponse{Plaintext: out}, nil
}
