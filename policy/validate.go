package policy

// Kind is where a policy is to be stored.
type Kind int

// Kinds of policy.
const (
	KindIdentity Kind = iota
	KindTrust
	KindResource
	KindSession
)

// MalformedError is a policy AWS refuses to store.
type MalformedError struct {
	// Message is AWS's text of MalformedPolicyDocument.
	Message string
}

func (e *MalformedError) Error() string { return e.Message }

// Validate reads a policy as AWS does before it stores one. The error is a
// *MalformedError.
func Validate(text []byte, kind Kind) (*Document, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, &MalformedError{"Syntax errors in policy."}
	}
	return d, nil
}
