package iam

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	iamapi "github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/policy"
)

// The refusals of simulations. Texts were recorded from AWS unless a comment
// says otherwise.

func invalidInput(format string, args ...any) *api.Error {
	return iamapi.NewInvalidInputException(format, args...)
}

// notAnEntity refuses an ARN that is no user, group or role.
func notAnEntity(arn string) *api.Error {
	return invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
}

// simulationInput is what both operations take.
type simulationInput struct {
	policies, boundaries, actions, resources []string
	resourcePolicy, resourceOwner, caller    string
	option                                   string
	hasResourcePolicy, hasCaller             bool
	entries                                  []iamapi.ContextEntry
	page                                     pageQuery
}

func ofPrincipal(in *iamapi.SimulatePrincipalPolicyRequest) *simulationInput {
	return &simulationInput{
		policies: in.PolicyInputList, boundaries: in.PermissionsBoundaryPolicyInputList, actions: in.ActionNames, resources: in.ResourceArns,
		resourcePolicy: in.GetResourcePolicy(), hasResourcePolicy: in.ResourcePolicy != nil, resourceOwner: in.GetResourceOwner(),
		caller: in.GetCallerArn(), hasCaller: in.CallerArn != nil, entries: in.ContextEntries, option: in.GetResourceHandlingOption(), page: in,
	}
}

func ofCustom(in *iamapi.SimulateCustomPolicyRequest) *simulationInput {
	return &simulationInput{
		policies: in.PolicyInputList, boundaries: in.PermissionsBoundaryPolicyInputList, actions: in.ActionNames, resources: in.ResourceArns,
		resourcePolicy: in.GetResourcePolicy(), hasResourcePolicy: in.ResourcePolicy != nil, resourceOwner: in.GetResourceOwner(),
		caller: in.GetCallerArn(), hasCaller: in.CallerArn != nil, entries: in.ContextEntries, option: in.GetResourceHandlingOption(), page: in,
	}
}

// read puts the parts of the input that both operations have on a simulation
// whose principal and stored policies are known.
func (in *simulationInput) read(s *simulation) error {
	if err := in.readPolicies(s); err != nil {
		return err
	}
	if err := in.readCaller(s); err != nil {
		return err
	}
	if err := in.readOwner(s); err != nil {
		return err
	}
	s.resources = []string{"*"}
	if len(in.resources) > 0 {
		s.resources = in.resources
	}
	for _, arn := range s.resources {
		if arn != "*" && strings.Count(arn, ":") < 5 || arn != "*" && !strings.HasPrefix(arn, "arn:") {
			return invalidInput("ResourceNames are not in a valid ARN format: %s.", arn)
		}
		if arn == "*" && in.hasResourcePolicy {
			// The words are AWS's for other ARNs; that it says them here is inferred.
			return notAnEntity(arn)
		}
	}
	if err := in.readScenario(); err != nil {
		return err
	}
	// A name is looked at for its form only, as the reference says of it: a
	// policy may well speak of an action that nobody knows.
	for _, action := range in.actions {
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(action, "*? ") || strings.Contains(name, ":") {
			// The words are ours: AWS takes no wildcards, and does not print what it says.
			return invalidInput("Invalid Input Actions: [%s] is not service:Name without wildcards.", action)
		}
	}
	s.actions = in.actions
	return in.readContext(s)
}

func (in *simulationInput) readPolicies(s *simulation) error {
	for i, text := range in.policies {
		p, err := simulated(text, policy.KindIdentity, fmt.Sprintf("PolicyInputList.%d", i+1))
		if err != nil {
			return err
		}
		s.identity = append(s.identity, p)
	}
	if len(in.boundaries) > 1 {
		// The words are another implementation's.
		return invalidInput("The list of Permissions Boundary policies cannot exceed 1 items.")
	}
	for _, text := range in.boundaries {
		p, err := simulated(text, policy.KindIdentity, "PermissionsBoundaryPolicyInputList.1")
		if err != nil {
			return err
		}
		s.boundary = &p
	}
	if in.hasResourcePolicy {
		p, err := simulated(in.resourcePolicy, policy.KindResource, "ResourcePolicy")
		if err != nil {
			// A trust policy names no resource: it may be one.
			trust, none := simulated(in.resourcePolicy, policy.KindTrust, "ResourcePolicy")
			if none != nil {
				return err
			}
			p = trust
		}
		p.kind = resourceSource
		s.resource = &p
	}
	return nil
}

// simulated reads a policy of the input. The words of a refusal are those that
// storing the policy would get (inferred).
func simulated(text string, kind policy.Kind, name string) (source, error) {
	if _, err := policy.Validate([]byte(text), kind); err != nil {
		return source{}, invalidInput("%s: %s", name, err.Error())
	}
	loaded, err := policy.Load([]byte(text))
	if err != nil {
		return source{}, invalidInput("%s: %s", name, err.Error())
	}
	return source{id: name, kind: identitySource, Attached: policy.Attached{Policy: loaded, Name: name}}, nil
}

// readCaller finds out who asks: CallerArn, a user, or else the user whose
// policies are simulated. A resource policy needs a user to compare with.
func (in *simulationInput) readCaller(s *simulation) error {
	if in.hasCaller {
		p, ok := parseARN(in.caller)
		switch {
		case !ok || p.kind != typeUser && p.kind != typeGroup && p.kind != typeRole:
			return notAnEntity(in.caller)
		case p.kind != typeUser:
			return notAUser()
		}
		s.principal = policy.Principal{Kind: policy.User, Account: p.account, ARN: in.caller}
		s.known = true
		return nil
	}
	switch {
	case !in.hasResourcePolicy:
		return nil
	case !s.known:
		// The words are another implementation's.
		return invalidInput("Invalid caller - Caller cannot be null or empty.")
	case s.principal.Kind != policy.User:
		return notAUser()
	}
	return nil
}

func notAUser() *api.Error {
	return invalidInput("Invalid caller - Caller must be an IAM user in this context.")
}

// readOwner finds out whose resources are that do not say so: ResourceOwner's,
// the ARN of an account, or else the caller's.
func (in *simulationInput) readOwner(s *simulation) error {
	s.owner = s.principal.Account
	if in.resourceOwner == "" {
		return nil
	}
	p, ok := parseARN(in.resourceOwner)
	if !ok || p.kind != "root" || !id.IsAccount(p.account) {
		return invalidInput("'%s' is not a valid as a Resource Owner.", in.resourceOwner)
	}
	s.owner = p.account
	return nil
}

// readContext takes the context keys. No others are there: AWS fills none in,
// and lists those it misses (IAM API reference, ContextEntries).
func (in *simulationInput) readContext(s *simulation) error {
	s.keys = &policy.Context{}
	for i := range in.entries {
		e := &in.entries[i]
		kind, list := strings.CutSuffix(e.GetContextKeyType(), "List")
		// The words of these refusals are ours.
		switch {
		case e.ContextKeyName == nil || e.ContextKeyType == nil || len(e.ContextKeyValues) == 0:
			return invalidInput("Context entry %d needs a name, a type and a value.", i+1)
		case !list && len(e.ContextKeyValues) > 1:
			return invalidInput("Context key %s of type %s has more than one value.", e.GetContextKeyName(), kind)
		case s.given(e.GetContextKeyName()):
			return invalidInput("Context key %s is given twice.", e.GetContextKeyName())
		}
		for _, v := range e.ContextKeyValues {
			if !readable(kind, v) {
				return invalidInput("%q is not a value of type %s, for context key %s.", v, kind, e.GetContextKeyName())
			}
		}
		if list {
			s.keys.SetList(e.GetContextKeyName(), slices.Clone(e.ContextKeyValues))
		} else {
			s.keys.Set(e.GetContextKeyName(), e.ContextKeyValues[0])
		}
	}
	return nil
}

func (s *simulation) given(key string) bool {
	_, ok := s.keys.Get(key)
	return ok
}

// readable says whether a value is of the type that was given with it.
func readable(kind, value string) bool {
	var err error
	switch kind {
	case "numeric":
		_, err = strconv.ParseFloat(value, 64)
	case "boolean":
		return value == "true" || value == "false"
	case "ip":
		if _, err = netip.ParseAddr(value); err != nil {
			_, err = netip.ParsePrefix(value)
		}
	case "binary":
		_, err = base64.StdEncoding.DecodeString(value)
	case "date":
		if _, err = strconv.ParseInt(value, 10, 64); err != nil {
			return isTime(value)
		}
	}
	return err == nil
}

func isTime(value string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}
