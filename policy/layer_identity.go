package policy

// judgeIdentity asks the principal's own policies: those of the user and its
// groups, or of the role. One that allows is enough.
func (o *opinion) judgeIdentity(q *question) {
	q.layer = LayerIdentity
	for i := range q.layers.Identity {
		o.read(q, i, q.layers.Identity[i].Policy)
	}
	if q.identityUnlimited() && !o.allow.found {
		o.allow = assumed()
	}
}
