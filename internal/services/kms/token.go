package kms

import (
	"encoding/base64"
	"encoding/json"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
)

// grantToken names a grant, for RetireGrant. It is sealed, so that one that was
// not given out is told from one that was.
type grantToken struct{ Account, Region, Key, Grant string }

// tokenContext is what tokens are sealed under.
const tokenContext = "grant token"

func (s *Service) token(g *grant) string {
	text, _ := json.Marshal(grantToken{g.Account, g.Region, g.Key, g.ID}) // strings only: cannot fail
	return base64.RawURLEncoding.EncodeToString(s.master.Seal(text, []byte(tokenContext)))
}

func (s *Service) readToken(token string) (t grantToken, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return t, false
	}
	text, err := s.master.Open(raw, []byte(tokenContext))
	if err != nil {
		return t, false
	}
	return t, json.Unmarshal(text, &t) == nil
}

// checkTokens refuses tokens that were not given out. Those that were say nothing
// new: a grant is in force at once.
func (s *Service) checkTokens(tokens []string) error {
	for _, t := range tokens {
		if _, ok := s.readToken(t); !ok {
			return badToken()
		}
	}
	return nil
}

func badToken() *api.Error { return kmsapi.NewInvalidGrantTokenException("") }
