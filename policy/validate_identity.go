package policy

import (
	"fmt"
	"slices"
	"strings"
)

// validateIdentity makes the checks of identity and session policies, in the
// order AWS is observed to make them.
func validateIdentity(d *Document) error {
	if d.Version != Version2012 {
		return refuse("Policy document must be version 2012-10-17 or greater.")
	}
	for _, check := range []func(*Statement) error{
		func(s *Statement) error {
			if s.Principal != nil || s.NotPrincipal != nil {
				return refuse("Policy document should not specify a principal.")
			}
			return nil
		},
		validateLegacy,
	} {
		if err := eachStatement(d, check); err != nil {
			return err
		}
	}
	if err := uniqueSids(d, "Statement IDs (SID) in a single policy must be unique."); err != nil {
		return err
	}
	for _, check := range []func(*Statement) error{validateSid, hasActions, validateResources, validateActions, hasResources} {
		if err := eachStatement(d, check); err != nil {
			return err
		}
	}
	return nil
}

func eachStatement(d *Document, check func(*Statement) error) error {
	for i := range d.Statements {
		if err := check(&d.Statements[i]); err != nil {
			return err
		}
	}
	return nil
}

// validateLegacy makes the checks of AWS's older parser, which has one text for all.
func validateLegacy(s *Statement) error {
	if s.Effect != "Allow" && s.Effect != "Deny" || !legacyDates(s) {
		return refuse(legacyParsing)
	}
	if resourceFault(s) != "" {
		// The newer parser names what is wrong.
		return nil
	}
	for _, r := range resourcesOf(s) {
		if r != "*" && (strings.Count(r, ":") < arnParts-1 && strings.Contains(r, "::") || strings.Split(r, ":")[2] == "") {
			return refuse(legacyParsing)
		}
	}
	return nil
}

// validateSid is the rule of IAM; some services allow more characters.
func validateSid(s *Statement) error {
	for _, r := range s.Sid() {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') {
			return refuse("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
	}
	return nil
}

func hasActions(s *Statement) error {
	if noItems(s.Action) && noItems(s.NotAction) {
		return refuse("Policy statement must contain actions.")
	}
	return nil
}

// hasResources is the last check of all: what AWS was seen to say of an action
// without its service and of no resource was said of the action.
func hasResources(s *Statement) error {
	if noItems(s.Resource) && noItems(s.NotResource) {
		return refuse("Policy statement must contain resources.")
	}
	return nil
}

func resourcesOf(s *Statement) []string {
	var all []string
	for _, v := range []*Values{s.Resource, s.NotResource} {
		if v != nil {
			all = append(all, v.Items...)
		}
	}
	return all
}

func validateResources(s *Statement) error {
	if fault := resourceFault(s); fault != "" {
		return refuse(fault)
	}
	return nil
}

// resourceFault is the text for the first resource that is not well formed.
func resourceFault(s *Statement) string {
	for _, r := range resourcesOf(s) {
		if fault := resourceFormat(r); fault != "" {
			return fault
		}
	}
	return ""
}

// partitions are those of AWS, and the wildcard.
var partitions = [...]string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc", "*"}

// iamPaths and s3Regional are what the resource part of an IAM resource may
// begin with, and of those S3 resources that have a region.
var (
	iamPaths = [...]string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
		"policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}
	s3Regional = [...]string{"accesspoint/", "job/", "storage-lens/", "storage-lens-group/", "access-grants/", "async-request/"}
)

func startsWithAny(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func resourceFormat(r string) string {
	if r == "*" {
		return ""
	}
	_, rest, ok := strings.Cut(r, ":")
	if !ok {
		return fmt.Sprintf("Resource %s must be in ARN format or \"*\".", r)
	}
	partition, rest, more := strings.Cut(rest, ":")
	if !slices.Contains(partitions[:], partition) {
		// AWS prints the parts that are missing as wildcards.
		parts := strings.SplitN(rest, ":", 4)
		for i := range 4 {
			if i >= len(parts) {
				parts = append(parts, "*")
			}
		}
		if rest == "" {
			parts[0] = "*"
		}
		return fmt.Sprintf("Partition \"%s\" is not valid for resource \"arn:%s:%s\".", partition, partition, strings.Join(parts, ":"))
	}
	service, rest, _ := strings.Cut(rest, ":")
	if !more || strings.ContainsAny(service, "*?") {
		return "Resource vendor must be fully qualified and cannot contain regexes."
	}
	region, rest, _ := strings.Cut(rest, ":")
	_, name, _ := strings.Cut(rest, ":")
	switch {
	case service == "iam" && region != "":
		return fmt.Sprintf("IAM resource %s cannot contain region information.", r)
	case service == "s3" && region != "" && !startsWithAny(name, s3Regional[:]):
		return fmt.Sprintf("Resource %s can not contain region information.", r)
	case service == "iam" && name != "*" && !startsWithAny(name, iamPaths[:]):
		return fmt.Sprintf("IAM resource path must either be \"*\" or start with %s.", strings.Join(iamPaths[:], ", "))
	}
	return ""
}

func validateActions(s *Statement) error {
	for _, v := range []*Values{s.Action, s.NotAction} {
		if v == nil {
			continue
		}
		for _, a := range v.Items {
			if fault := actionFormat(a); fault != "" {
				return refuse(fault)
			}
		}
	}
	return nil
}

func actionFormat(a string) string {
	vendor, name, ok := strings.Cut(a, ":")
	switch {
	case !ok && a != "*":
		return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	case strings.Contains(name, ":"):
		return "Actions/Condition can contain only one colon."
	case vendor == "*" || !ok:
		return ""
	}
	if vendor == "" {
		return "Vendor  is not valid"
	}
	for _, r := range vendor {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.') {
			return fmt.Sprintf("Vendor %s is not valid", vendor)
		}
	}
	return ""
}
