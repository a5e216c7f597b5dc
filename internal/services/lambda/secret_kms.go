package lambda

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// encryptedFor is the encryption context of a function's variables.
func encryptedFor(r ref) map[string]string {
	return map[string]string{"aws:lambda:FunctionArn": r.unqualified()}
}

// throughLambda says to KMS that Lambda asks for somebody.
func throughLambda(region string, further ...string) func(*policy.Context) {
	return func(keys *policy.Context) {
		keys.Set(viaService, "lambda."+region+".amazonaws.com")
		for _, k := range further {
			keys.Set(k, "true")
		}
	}
}

// forCaller calls KMS in the name of who called Lambda.
func forCaller(c *op.Call, further ...string) op.As {
	return op.As{Caller: c.Caller.OnBehalf(servicePrincipal), Region: c.Region, Parent: c.RequestID, Context: throughLambda(c.Region, further...)}
}

// refusal is an answer of KMS's that is not its own fault, nil for any other error.
func refusal(err error) *api.Error {
	var refused *api.Error
	if errors.As(err, &refused) && refused.Fault != api.Server {
		return refused
	}
	return nil
}

// keyRefused is the refusal of a key at configuration. That of CreateGrant is
// recorded, and clients wait and retry on it; the others follow it.
func keyRefused(verb string, why *api.Error) error {
	return invalid("Lambda was unable to configure access to your environment variables because the KMS key is invalid for %s. "+
		"Please check your KMS key settings. KMS Exception: %s KMS Message: %s", verb, why.Code, why.Message)
}

// grantRole makes a grant that lets the execution role decrypt the variables of
// this function, and retire the grant when it is not needed any more.
func (s *Service) grantRole(ctx context.Context, w *change) (token string, err error) {
	out, err := op.Do(ctx, s.bus, forCaller(w.call, forAWSResource), kmsapi.CreateGrant, &kmsapi.CreateGrantRequest{
		KeyId: &w.after.Key, GranteePrincipal: &w.after.Role, Operations: []string{"Decrypt", "RetireGrant"},
		Constraints: &kmsapi.GrantConstraints{EncryptionContextEquals: encryptedFor(w.ref)},
	})
	if refused := refusal(err); refused != nil {
		return "", keyRefused("CreateGrant", refused)
	}
	if err != nil {
		return "", err
	}
	return out.GetGrantToken(), nil
}

// wrap encrypts a data key under the customer's.
func (s *Service) wrap(ctx context.Context, w *change, data []byte) ([]byte, error) {
	out, err := op.Do(ctx, s.bus, forCaller(w.call), kmsapi.Encrypt, &kmsapi.EncryptRequest{KeyId: &w.after.Key, Plaintext: data, EncryptionContext: encryptedFor(w.ref)})
	if refused := refusal(err); refused != nil {
		return nil, keyRefused("Encrypt", refused)
	}
	if err != nil {
		return nil, err
	}
	return out.CiphertextBlob, nil
}

// unwrap decrypts a version's data key as somebody, and opens the variables.
func (s *Service) unwrap(ctx context.Context, as op.As, r ref, v *config) (map[string]string, error) {
	out, err := op.Do(ctx, s.bus, as, kmsapi.Decrypt, &kmsapi.DecryptRequest{KeyId: &v.Key, CiphertextBlob: v.Secret.Wrapped, EncryptionContext: encryptedFor(r)})
	if err != nil {
		return nil, err
	}
	return v.Secret.unsealed(r, out.Plaintext)
}

// callersVariables are a version's variables as far as the caller may decrypt.
func (s *Service) callersVariables(ctx context.Context, c *op.Call, r ref, v *config) (map[string]string, error) {
	if v.Key == "" || v.Secret == nil || v.Secret.Sealed == nil {
		return s.ownVariables(r, v)
	}
	return s.unwrap(ctx, forCaller(c), r, v)
}

// secretsOf decrypts the variables for a new environment, as the execution role:
// under its grant, without lambda:SourceFunctionArn (facts, execution role, section
// 6). It is nil where there is nothing to decrypt.
func (s *Service) secretsOf(r ref, v *config) func(context.Context) (map[string]string, error) {
	if v.Key == "" || v.Secret == nil || v.Secret.Sealed == nil {
		return nil
	}
	return func(ctx context.Context) (map[string]string, error) {
		parent, _ := ctx.Value(parentKey{}).(string)
		ctx = context.WithoutCancel(ctx)
		as, err := s.asRole(ctx, r, v.Role, parent)
		if isRefusal(err) {
			return nil, accessDenied(notAssumable)
		}
		if err != nil {
			return nil, err
		}
		as.Context = throughLambda(r.region)
		variables, err := s.unwrap(ctx, as, r, v)
		return variables, undecrypted(err)
	}
}

// undecrypted is what an invoke is told of variables that cannot be decrypted
// (facts, execution role, section 3: the missing space is AWS's). The texts of a key
// in a wrong state, or gone, follow that of a disabled one.
func undecrypted(err error) error {
	why := refusal(err)
	if why == nil {
		return err
	}
	const text = "Lambda was unable to decrypt the environment variables because %s. Please check the function's KMS key settings."
	switch why.Code {
	case "DisabledException":
		return lambdaapi.NewKMSDisabledException(text, "the KMS key used is disabled")
	case "KMSInvalidStateException":
		return lambdaapi.NewKMSInvalidStateException(text, "the state of the KMS key used is not valid for Decrypt")
	case "NotFoundException":
		return lambdaapi.NewKMSNotFoundException(text, "the KMS key was not found")
	}
	return lambdaapi.NewKMSAccessDeniedException(text+" KMS Exception: %sKMS Message: %s", "KMS access was denied", why.Code, why.Message)
}

// reveal adds a version's variables to what is shown of it. With a customer key the
// caller has to be let in to decrypt, else an error stands in their place.
func (s *Service) reveal(ctx context.Context, c *op.Call, r ref, v *config, out *lambdaapi.FunctionConfiguration) error {
	variables, err := s.callersVariables(ctx, c, r, v)
	if why := refusal(err); why != nil {
		out.Environment = &lambdaapi.EnvironmentResponse{Error: &lambdaapi.EnvironmentError{ErrorCode: &why.Code, Message: ptr(
			"Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: " + why.Code + " KMS Message: " + why.Message)}}
		return nil
	}
	if err != nil {
		return err
	}
	if len(variables) > 0 {
		out.Environment = &lambdaapi.EnvironmentResponse{Variables: variables}
	}
	return nil
}

// releaseGrant retires a grant as the role that it is for. Where that role is gone
// the grant is nobody's, and stays.
func (s *Service) releaseGrant(ctx context.Context, r ref, parent, role, token string) {
	if token == "" {
		return
	}
	as, err := s.asRole(ctx, r, role, parent)
	if err == nil {
		as.Context = throughLambda(r.region)
		_, err = op.Do(ctx, s.bus, as, kmsapi.RetireGrant, &kmsapi.RetireGrantRequest{GrantToken: &token})
	}
	if err != nil {
		s.log.WarnContext(ctx, "a KMS grant stays", "function", r.unqualified(), "error", err)
	}
}
