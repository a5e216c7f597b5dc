package policy

// judgeSession asks the session policies, those passed when the session was
// made. One of them must allow; they grant nothing themselves. A federation
// token without any has no permissions of its own.
func (o *opinion) judgeSession(q *question) {
	q.layer = LayerSession
	for i := range q.layers.Session {
		o.read(q, i, q.layers.Session[i].Policy)
	}
	if len(q.layers.Session) == 0 && !q.sessionLimited() {
		o.allow.found = true
	}
}

// sessionLimited says that a session policy must allow, even if there is none.
func (q *question) sessionLimited() bool {
	return q.layers.SessionLimited || q.request.Principal.Kind == FederatedUser
}
