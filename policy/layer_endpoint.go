package policy

// judgeEndpoint asks the policy of the VPC endpoint the request came through.
// It must allow, whoever asks; it grants nothing itself.
func (o *opinion) judgeEndpoint(q *question) {
	q.layer = LayerEndpoint
	if a := q.layers.Endpoint; a != nil {
		o.read(q, 0, a.Policy)
		return
	}
	o.allow.found = true
}
