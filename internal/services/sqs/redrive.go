package sqs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// redrive is a RedrivePolicy.
type redrive struct {
	// Target is the ARN of the dead-letter queue.
	Target string
	// Most is how often a message is received before it is a dead letter.
	Most int
	// given is the attribute of the request that sets it, for refusals.
	given string
}

// text is the policy as AWS shows it, however it was given: the count is a number.
func (r *redrive) text() string {
	if r == nil {
		return ""
	}
	return `{"deadLetterTargetArn":"` + r.Target + `","maxReceiveCount":` + strconv.Itoa(r.Most) + `}`
}

const redrivePolicy = "RedrivePolicy"

// setRedrive reads a RedrivePolicy; an empty one removes it.
func setRedrive(q *settings, value string) error {
	if value == "" {
		q.Redrive = nil
		return nil
	}
	refuse := func(reason string) error { return invalidValue(value, redrivePolicy, reason) }
	var given map[string]any
	if err := unmarshal(value, &given); err != nil || given == nil {
		return refuse("Redrive policy is not a valid JSON map.")
	}
	r := &redrive{given: value}
	for _, name := range []string{"deadLetterTargetArn", "maxReceiveCount"} {
		if given[name] == nil {
			return refuse("Redrive policy does not contain mandatory attribute: " + name + ".")
		}
	}
	r.Target, _ = given["deadLetterTargetArn"].(string)
	if _, ok := parseARN(r.Target); !ok {
		return refuse("Invalid value for deadLetterTargetArn.")
	}
	count := plain(given["maxReceiveCount"])
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > 1000 {
		return refuse("Invalid value for maxReceiveCount: " + count + ", valid values are from 1 to 1000 both inclusive.")
	}
	r.Most = n
	q.Redrive = r
	return nil
}

// plain is a JSON number or string as text.
func plain(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return v
	}
	return ""
}

// unmarshal reads JSON with numbers as they are written.
func unmarshal(text string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errDamaged
	}
	return nil
}

// redriveAllow is a RedriveAllowPolicy: whose dead letters a queue takes.
type redriveAllow struct {
	Text string
	// Permission is allowAll, denyAll or byQueue; Sources belong to byQueue.
	Permission string
	Sources    []string `json:",omitempty"`
}

func (r *redriveAllow) text() string {
	if r == nil {
		return ""
	}
	return r.Text
}

// allows says whether dead letters of the queue are taken; a queue without the
// policy takes those of every queue of its account and region.
func (r *redriveAllow) allows(source string) bool {
	if r == nil || r.Permission == "allowAll" {
		return true
	}
	return r.Permission == "byQueue" && slices.Contains(r.Sources, source)
}

// redriveSources is how many queues a RedriveAllowPolicy names at most.
const redriveSources = 10

// setRedriveAllow reads a RedriveAllowPolicy; an empty one removes it. The
// texts of the refusals follow those of RedrivePolicy; AWS's are not known.
func setRedriveAllow(q *settings, value string) error {
	if value == "" {
		q.Allow = nil
		return nil
	}
	refuse := func(reason string) error { return invalidValue(value, "RedriveAllowPolicy", reason) }
	var given struct {
		RedrivePermission string   `json:"redrivePermission"`
		SourceQueueARNs   []string `json:"sourceQueueArns"`
	}
	if err := unmarshal(value, &given); err != nil || strings.TrimSpace(value)[0] != '{' {
		return refuse("Redrive allow policy is not a valid JSON map.")
	}
	sources := given.SourceQueueARNs
	switch given.RedrivePermission {
	case "allowAll", "denyAll":
		if len(sources) > 0 {
			return refuse("sourceQueueArns can be specified only when redrivePermission is byQueue.")
		}
	case "byQueue":
		if len(sources) == 0 || len(sources) > redriveSources {
			return refuse("sourceQueueArns must name between 1 and 10 queues when redrivePermission is byQueue.")
		}
	default:
		return refuse("Invalid value for redrivePermission.")
	}
	for _, arn := range sources {
		if _, ok := parseARN(arn); !ok {
			return refuse("Invalid value for sourceQueueArns.")
		}
	}
	q.Allow = &redriveAllow{Text: value, Permission: given.RedrivePermission, Sources: sources}
	return nil
}

// checkTarget refuses a dead-letter queue that does not take what r would send.
func (s *Service) checkTarget(r ref, q *settings, target func(ref) *queue) error {
	if q.Redrive == nil {
		return nil
	}
	refuse := func(reason string) error { return invalidValue(q.Redrive.given, redrivePolicy, reason) }
	to, _ := parseARN(q.Redrive.Target)
	if to.account != r.account || to.region != r.region {
		return refuse("Dead-letter target owner should be same as the source.")
	}
	found := target(to)
	switch {
	case found == nil:
		return refuse("Dead letter target does not exist.")
	case found.FIFO != q.FIFO:
		return refuse("Dead-letter queue must be same type of queue as the source.")
	case !found.Allow.allows(r.arn()):
		// AWS's words are not known.
		return refuse("The dead letter target does not allow this queue as a source.")
	}
	return nil
}
