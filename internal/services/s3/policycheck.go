package s3

import (
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/resourcepolicy"
	"github.com/sallyport/sallyport/policy"
)

func malformedPolicy(text string) *api.Error { return api.Newf(400, "MalformedPolicy", "%s", text) }

const invalidPrincipal = "Invalid principal in policy"

// newPolicy checks the text of a bucket's policy; S3 has its own words.
func (s *Service) newPolicy(b *bucket, text string) (*resourcepolicy.Policy, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, api.Newf(400, "MissingRequestBodyError", "Request Body is empty")
	case len(text) > limits.BucketPolicy:
		return nil, malformedPolicy("Policy exceeds the maximum allowed document size.")
	}
	d, err := policy.Parse([]byte(text))
	if err != nil {
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'")
	}
	if err := checkPolicy(b, d); err != nil {
		return nil, err
	}
	p, err := resourcepolicy.New(text, policy.KindResource, s.directory)
	var malformed *policy.MalformedError
	switch {
	case errors.As(err, &malformed) && strings.HasPrefix(malformed.Message, invalidPrincipal):
		return nil, malformedPolicy(invalidPrincipal) // S3 says which in a member of its own
	case errors.As(err, &malformed):
		return nil, malformedPolicy(malformed.Message)
	}
	return &p, err
}

// checkPolicy: every statement is about this bucket and actions of S3.
func checkPolicy(b *bucket, d *policy.Document) error {
	if len(d.Statements) == 0 {
		return malformedPolicy("Could not parse the policy: Statement is empty!")
	}
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Effect != "Allow" && st.Effect != "Deny" {
			return malformedPolicy("Invalid effect: " + st.Effect)
		}
		if st.Principal == nil && st.NotPrincipal == nil {
			return malformedPolicy("Missing required field Principal")
		}
		if err := checkActions(st); err != nil {
			return err
		}
		if err := first(checkResources(b, st), checkApplies(st)); err != nil {
			return err
		}
	}
	return nil
}

func checkActions(st *policy.Statement) error {
	if st.Action == nil && st.NotAction == nil {
		return malformedPolicy("Missing required field Action")
	}
	for _, list := range []*policy.Values{st.Action, st.NotAction} {
		if list == nil {
			continue
		}
		for _, a := range list.Items {
			if a != "*" && !strings.HasPrefix(strings.ToLower(a), "s3:") {
				return malformedPolicy("Policy has invalid action")
			}
		}
	}
	return nil
}

func checkResources(b *bucket, st *policy.Statement) error {
	list := st.Resource
	if list == nil {
		list = st.NotResource
	}
	if list == nil || len(list.Items) == 0 {
		return malformedPolicy("Missing required field Resource")
	}
	for _, r := range list.Items {
		name, is := strings.CutPrefix(r, bucketARN(""))
		name, _, _ = strings.Cut(name, "/")
		if !is || name != b.Name && !mayMean(name, b.Name) {
			return malformedPolicy("Policy has invalid resource")
		}
	}
	return nil
}

// checkApplies refuses an action that none of the statement's resources can be
// judged on: one of objects beside a bucket alone, or the other way round.
func checkApplies(st *policy.Statement) error {
	if st.Action == nil || st.Resource == nil {
		return nil
	}
	toBucket, toObjects := false, false
	for _, r := range st.Resource.Items {
		_, key, cut := strings.Cut(strings.TrimPrefix(r, bucketARN("")), "/")
		wild := strings.ContainsAny(strings.TrimSuffix(r, "/"+key), "*")
		toBucket, toObjects = toBucket || !cut || wild, toObjects || cut || wild
	}
	for _, a := range st.Action.Items {
		_, name, _ := strings.Cut(strings.ToLower(a), ":")
		if strings.ContainsAny(a, "*?") {
			continue
		}
		if ofObjects(name) && !toObjects || !ofObjects(name) && !toBucket {
			return malformedPolicy("Action does not apply to any resource(s) in statement")
		}
	}
	return nil
}

// ofObjects says whether an action is on objects, by its name.
func ofObjects(name string) bool {
	for _, begins := range []string{"getobject", "putobject", "deleteobject", "restoreobject", "replicate", "abortmultipartupload", "listmultipartuploadparts", "bypassgovernance", "initiatereplication", "objectowneroverride", "updateobject"} {
		if strings.HasPrefix(name, begins) {
			return true
		}
	}
	return false
}

// mayMean says whether a pattern can stand for the bucket.
func mayMean(pattern, name string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if q := strings.IndexByte(head, '?'); q >= 0 {
		head, wild = head[:q], true
	}
	if i := strings.LastIndexAny(rest, "*?"); i >= 0 {
		rest = rest[i+1:]
	}
	return wild && strings.HasPrefix(name, head) && (strings.Contains(pattern, "?") || strings.HasSuffix(name, rest))
}
