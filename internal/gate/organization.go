package gate

import (
	"strings"

	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// standalone is the answer where no service knows of organizations.
type standalone struct{}

func (standalone) Membership(string) *op.Membership { return nil }

// setOrganization sets the two keys that tell where an account is in its
// organization. Outside one both are absent (AWS global condition context keys,
// aws:PrincipalOrgID, aws:ResourceOrgID, aws:SourceOrgID and their paths).
func (g *Gate) setOrganization(keys *policy.Context, idKey, pathsKey, account string) {
	if account == "" {
		return
	}
	if m := g.organizations.Membership(account); m != nil {
		keys.Set(idKey, m.Organization)
		keys.SetList(pathsKey, m.Paths)
	}
}

// control gathers the control policies of the two accounts: service control
// policies of the caller's, resource control policies of the resource's. Whom
// they spare is the engine's to know; management accounts have none.
func (g *Gate) control(q *op.Question, owner string, l *policy.Layers) {
	if account := q.Call.Caller.Principal().Account; account != "" {
		if m := g.organizations.Membership(account); m != nil {
			l.ServiceControl = m.ServiceControl
		}
	}
	if owner == "" || !resourceControlled(q.Action, q.Resource.ARN) {
		return
	}
	if m := g.organizations.Membership(owner); m != nil {
		l.ResourceControl = m.ResourceControl
	}
}

// resourceControlled says whether resource control policies are asked about an
// action on a resource: only some services support them ("List of AWS services
// that support RCPs"; the services later than the first five are as announced,
// facts/iam-evaluation.md section 1). Lambda and IAM are not among them. Of STS
// it is about taking on roles; service-linked roles are spared.
func resourceControlled(action, arn string) bool {
	service, _, _ := strings.Cut(action, ":")
	switch strings.ToLower(service) {
	case "sts":
		return segment(arn, 2) == "iam" && strings.Contains(arn, ":role/") && !strings.Contains(arn, ":role/aws-service-role/")
	case "s3", "kms", "sqs", "secretsmanager",
		"aoss", "cognito-idp", "cognito-identity", "dynamodb", "ecr", "logs":
		return true
	}
	return false
}
