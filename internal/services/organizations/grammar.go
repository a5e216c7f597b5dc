package organizations

import (
	"slices"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/policy"
)

// checkContent reads a policy as AWS does before it stores it. Service control
// policies have had the whole language of identity-based policies since
// September 2025; a customer's resource control policies only deny, and speak
// of everybody (facts/iam-evaluation.md section 9).
func checkContent(kind, content string) error {
	most := limits.ServiceControlPolicy
	if kind == resourceControl {
		most = limits.ResourceControlPolicy
	}
	if utf8.RuneCountInString(content) > most {
		return constraint(tooLong, "You have exceeded the maximum policy size.") // seen
	}
	d, err := policy.Parse([]byte(content))
	if err != nil {
		return malformed()
	}
	if kind == resourceControl {
		for i := range d.Statements {
			if !controlsResources(&d.Statements[i]) {
				return malformed()
			}
			d.Statements[i].Principal = nil
		}
	}
	// Sids are unique; which characters they may have here AWS does not say.
	seen := map[string]bool{}
	for i := range d.Statements {
		sid := d.Statements[i].Sid()
		if sid != "" && seen[sid] {
			return malformed()
		}
		seen[sid], d.Statements[i].SID = true, nil
	}
	if _, err := policy.Validate(d.JSON(), policy.KindIdentity); err != nil {
		return malformed()
	}
	return nil
}

// controlsResources says whether a statement may stand in a customer's
// resource control policy. That "*" alone is refused as an action is inferred:
// the user guide names services in every example.
func controlsResources(s *policy.Statement) bool {
	return s.Effect == "Deny" && s.Principal != nil && s.Principal.Star && s.NotPrincipal == nil &&
		s.Action != nil && s.NotAction == nil && !slices.Contains(s.Action.Items, "*")
}
