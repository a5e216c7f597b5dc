package policy

// Message is the text of AWS's AccessDenied error for a denial.
func Message(r *Request, l *Layers, d Decision) string {
	return MessageBare(r)
}

// MessageBare is Message without the reason, as some services word it.
func MessageBare(r *Request) string {
	s := "User: " + r.Principal.ARN + " is not authorized to perform: " + r.Action
	if r.Resource != "" && r.Resource != "*" {
		s += " on resource: " + r.Resource
	}
	return s
}
