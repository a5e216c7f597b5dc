package policy

// judgeBoundary asks the permissions boundary. It must allow what the identity
// policies grant; it grants nothing itself.
func (o *opinion) judgeBoundary(q *question) {
	q.layer = LayerBoundary
	if a := q.layers.Boundary; a != nil {
		o.read(q, 0, a.Policy)
		return
	}
	o.allow.found = true
}
