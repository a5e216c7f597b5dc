package wire

import "github.com/sallyport/sallyport/internal/api"

// dialect is how a service words what the framework in front of it refuses.
type dialect struct {
	// invalid is the code of inputs that break a constraint; invalidText and
	// reason are all that some services say of it.
	invalid, invalidText, reason string
	// malformed is the code of a body that is not JSON, malformedText what
	// stands before the reason, and typed says that Lambda's Type is added.
	malformed, malformedText string
	typed                    bool
}

// dialectOf knows the services that differ from their protocol.
func dialectOf(s *api.Service) dialect {
	d := dialect{invalid: "ValidationException", malformed: "SerializationException"}
	if isQueryProtocol(s.Protocol) {
		d.invalid = "ValidationError"
	}
	switch s.ID {
	case "lambda": // seen in many public reports
		d.malformed, d.malformedText, d.typed = "InvalidRequestContentException", "Could not parse request body into json: ", true
	case "logs": // seen: constraint failures of CloudWatch Logs carry its own code
		d.invalid = "InvalidParameterException"
	case "organizations": // seen in several public reports
		d.invalid, d.invalidText, d.reason = "InvalidInputException", "You provided a value that does not match the required pattern.", "INVALID_PATTERN"
	}
	return d
}

// invalidInput makes the error of an input that breaks constraints; message is from
// plan.validate.
func (d dialect) invalidInput(message string) *api.Error {
	e := api.Newf(400, d.invalid, "%s", message)
	e.MessageMember = "message"
	if d.invalidText != "" {
		e.Message, e.MessageMember, e.Members = d.invalidText, "Message", map[string]any{"Reason": d.reason}
	}
	return e
}

// bodyError makes the error of a JSON body that could not be read.
func (d dialect) bodyError(body []byte, err error) *api.Error {
	broken, ok := err.(*malformed)
	if !ok {
		e := api.Newf(400, "SerializationException", "%s", err)
		e.MessageMember = "Message"
		return e
	}
	line, column := where(body, broken.at)
	e := api.Newf(400, d.malformed, "%s%s at line: %d, column: %d", d.malformedText, broken.text, line, column)
	e.MessageMember, e.Typed = "message", d.typed
	return e
}
