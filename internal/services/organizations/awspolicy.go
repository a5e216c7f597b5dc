package organizations

import "github.com/sallyport/sallyport/policy"

// Ids of the policies that AWS manages: they allow everything.
const (
	fullAWSAccess    = "p-FullAWSAccess"
	rcpFullAWSAccess = "p-RCPFullAWSAccess"
)

// fullAccess is the policy that allows everything, of a type; empty for types
// that have none.
func fullAccess(kind string) string {
	switch kind {
	case serviceControl:
		return fullAWSAccess
	case resourceControl:
		return rcpFullAWSAccess
	}
	return ""
}

// awsPolicies are the policies as AWS prints them.
func awsPolicies() map[string]*controlPolicy {
	make := func(id, name, description, kind, principal string) *controlPolicy {
		p := &controlPolicy{ID: id, Name: name, Description: description, Type: kind, AWS: true}
		p.Content = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n" + principal +
			"      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}"
		return p
	}
	all := map[string]*controlPolicy{
		fullAWSAccess:    make(fullAWSAccess, "FullAWSAccess", "Allows access to every operation", serviceControl, ""),
		rcpFullAWSAccess: make(rcpFullAWSAccess, "RCPFullAWSAccess", "Allows access to every resource", resourceControl, "      \"Principal\": \"*\",\n"),
	}
	for _, p := range all {
		var err error
		if p.compiled, err = policy.Load([]byte(p.Content)); err != nil {
			panic("organizations: " + p.ID + " does not compile: " + err.Error())
		}
	}
	return all
}
