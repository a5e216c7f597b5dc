package lambda

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"slices"
)

// secret is what is stored of a version's environment variables: never the
// variables themselves. It is nil without variables and key.
type secret struct {
	// Key is the customer's KMS key, empty where Lambda's own key seals.
	Key string `json:",omitempty"`
	// Sealed are the variables: under Lambda's own key or, with a customer key,
	// under a data key, of which Wrapped is the ciphertext that KMS made. Both are
	// empty without variables.
	Sealed  []byte `json:",omitempty"`
	Wrapped []byte `json:",omitempty"`
	// Print tells variables apart that cannot be read.
	Print []byte `json:",omitempty"`
	// Grant is the token of the grant that lets the execution role decrypt.
	Grant string `json:",omitempty"`
}

// kept is what of a secret makes a version another one: not how it was sealed.
func (x *secret) kept() *secret {
	if x == nil {
		return nil
	}
	return &secret{Key: x.Key, Print: x.Print}
}

// checkKey seals the variables of a request. A customer key has to let Lambda make
// a grant for the execution role, and encrypt, both in the caller's name (facts,
// execution role, section 3). A new role gets a grant of its own, since a grant is
// bound to the role's unique id.
func (s *Service) checkKey(ctx context.Context, w *change) error {
	a, b := w.after, w.before
	rekeyed := b != nil && b.Key != a.Key
	sealed := w.asked.environment != nil || rekeyed || b == nil
	if !sealed && (a.Key == "" || !w.newRole() && w.asked.key == nil) {
		return nil
	}
	made := &secret{Key: a.Key}
	if !sealed && b.Secret != nil {
		made = ptr(*b.Secret)
	}
	if a.Key != "" {
		grant, err := s.grantRole(ctx, w)
		if err != nil {
			return err
		}
		made.Grant = grant
	}
	if sealed {
		if err := s.sealVariables(ctx, w, made); err != nil {
			s.releaseGrant(ctx, w.ref, w.call.RequestID, a.Role, made.Grant)
			return err
		}
	}
	if made.Key == "" && made.Sealed == nil {
		made = nil
	}
	w.complete(func(c *config) { c.Secret, c.Variables = made, nil })
	return nil
}

// sealVariables seals what the variables will be.
func (s *Service) sealVariables(ctx context.Context, w *change, to *secret) error {
	variables, err := s.wanted(ctx, w)
	if err != nil || len(variables) == 0 {
		return err
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return err
	}
	context := []byte(w.ref.unqualified())
	to.Print = s.vault.Print(append(context, text...))
	if to.Key == "" {
		to.Sealed = s.vault.Seal(text, context)
		return nil
	}
	data := make([]byte, 32)
	rand.Read(data)
	if to.Wrapped, err = s.wrap(ctx, w, data); err != nil {
		return err
	}
	aead, err := dataCipher(data)
	if err != nil {
		return err
	}
	to.Sealed = aead.Seal(nil, nil, text, context)
	return nil
}

// wanted are the variables that a request leads to: those it gives, else those
// there are, which with a customer key only who may decrypt can move to another.
func (s *Service) wanted(ctx context.Context, w *change) (map[string]string, error) {
	switch {
	case w.asked.environment != nil:
		return w.asked.environment.Variables, nil
	case w.before == nil:
		return nil, nil
	case w.before.Key == "":
		return s.ownVariables(w.ref, w.before)
	}
	variables, err := s.callersVariables(ctx, w.call, w.ref, w.before)
	if refused := refusal(err); refused != nil {
		return nil, keyRefused("Decrypt", refused)
	}
	return variables, err
}

// ownVariables opens what Lambda's own key sealed. Versions that were stored
// before variables were sealed have them as they are.
func (s *Service) ownVariables(r ref, v *config) (map[string]string, error) {
	if v.Secret == nil || v.Secret.Sealed == nil {
		return v.Variables, nil
	}
	text, err := s.vault.Open(v.Secret.Sealed, []byte(r.unqualified()))
	if err != nil {
		return nil, err
	}
	return readVariables(text)
}

// unsealed opens the variables with the data key that KMS decrypted.
func (x *secret) unsealed(r ref, data []byte) (map[string]string, error) {
	aead, err := dataCipher(data)
	if err != nil {
		return nil, err
	}
	text, err := aead.Open(nil, nil, x.Sealed, []byte(r.unqualified()))
	if err != nil {
		return nil, err
	}
	return readVariables(text)
}

func readVariables(text []byte) (map[string]string, error) {
	var variables map[string]string
	err := json.Unmarshal(text, &variables)
	return variables, err
}

func dataCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// keyed are the versions of a function that have a grant.
func (s *Service) keyed(r ref) []config {
	var all []config
	note := func(v *config) {
		if v != nil && v.Secret != nil && v.Secret.Grant != "" {
			all = append(all, *v)
		}
	}
	note(s.now().code(r.with(latest)))
	for _, v := range s.versions.All(r.prefix(), "") {
		note(v)
	}
	return all
}

// release retires the grants of versions that are gone, or never came to be,
// unless another version of the function uses them.
func (s *Service) release(ctx context.Context, r ref, parent string, gone ...config) {
	for i := range gone {
		x := gone[i].Secret
		if x == nil || x.Grant == "" {
			continue
		}
		same := func(v config) bool { return v.Secret.Grant == x.Grant }
		// A published version has the grant of the one that it was made of.
		seen := slices.ContainsFunc(gone[:i], func(v config) bool { return v.Secret != nil && same(v) })
		if !seen && !slices.ContainsFunc(s.keyed(r), same) {
			s.releaseGrant(ctx, r, parent, gone[i].Role, x.Grant)
		}
	}
}
