package policy

// judgeResource asks the resource-based policy: a function's policy, a bucket
// policy, a role's trust policy.
func (o *opinion) judgeResource(q *question) {
	q.layer = LayerResource
	if a := q.layers.Resource; a != nil {
		o.read(q, 0, a.Policy)
	}
}

// resourceGrant is the part of the resource's policy in a decision, by how
// closely it names the principal ("IAM JSON policy elements: Principal" and
// "Policy evaluation for requests within a single account"):
//
//   - "*" and the principal itself let it in, whatever its own policies leave out;
//   - the role behind a session (or the user behind a federated session) makes
//     up for a missing identity policy, but boundary and session policies count;
//   - the account only delegates: the identity policies decide.
func (o *opinion) resourceGrant() Grade {
	if !o.allow.found {
		return GradeNone
	}
	return o.allow.grade
}

// letsIn says that nothing else needs to allow.
func (g Grade) letsIn() bool { return g >= GradeWildcard }

// replacesIdentity says that no identity policy needs to allow.
func (g Grade) replacesIdentity() bool { return g >= GradeLimited }
