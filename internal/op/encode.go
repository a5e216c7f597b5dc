package op

import "github.com/sallyport/sallyport/policy"

// Encoder is the service that seals why a request was denied, for
// sts:DecodeAuthorizationMessage to open: STS, which has the key.
type Encoder interface {
	// EncodeDenial gives the opaque message about a denied request. Only the
	// account it is made for can have it decoded.
	EncodeDenial(account string, r *policy.Request, l *policy.Layers) (string, error)
}

// Encoded is a Service whose denials end in an encoded message, as those of
// Amazon EC2 do. The gate appends it.
type Encoded interface {
	EncodesDenials()
}

// EncoderOf finds the Encoder among services, nil if there is none.
func EncoderOf(services []Service) Encoder {
	for _, s := range services {
		if e, ok := s.(Encoder); ok {
			return e
		}
	}
	return nil
}
