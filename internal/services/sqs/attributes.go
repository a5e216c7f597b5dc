package sqs

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// attribute is one attribute of a queue that can be set.
type attribute struct {
	name string
	// fifo says only FIFO queues have it.
	fifo bool
	// set reads a value; it changes nothing but the settings.
	set func(q *settings, value string) error
	// get prints the value; empty when the queue does not have the attribute.
	get func(q *settings) string
}

// attributes that are settings, by name. Policy is not among them: it is kept apart.
func attributes() []attribute {
	return []attribute{
		number("DelaySeconds", 0, 900, func(q *settings) *int { return &q.Delay }),
		number("MaximumMessageSize", 1024, limits.QueueMessage, func(q *settings) *int { return &q.MaximumSize }),
		number("MessageRetentionPeriod", 60, 1_209_600, func(q *settings) *int { return &q.Retention }),
		number("ReceiveMessageWaitTimeSeconds", 0, 20, func(q *settings) *int { return &q.ReceiveWait }),
		number("VisibilityTimeout", 0, maxVisibility, func(q *settings) *int { return &q.Visibility }),
		{name: "RedrivePolicy", set: setRedrive, get: func(q *settings) string { return q.Redrive.text() }},
		{name: "RedriveAllowPolicy", set: setRedriveAllow, get: func(q *settings) string { return q.Allow.text() }},
		{
			name: "KmsMasterKeyId",
			set: func(q *settings, v string) error {
				q.KMSKey = v
				return nil
			},
			get: func(q *settings) string { return q.KMSKey },
		},
		encrypted(number("KmsDataKeyReusePeriodSeconds", 60, 86_400, func(q *settings) *int { return &q.KMSReuse })),
		boolean("SqsManagedSseEnabled", false, func(q *settings) *bool { return &q.ManagedSSE }),
		{
			name: "FifoQueue", fifo: true,
			set: func(_ *settings, v string) error {
				if !strings.EqualFold(v, "true") {
					return badAttributeBecause("FifoQueue", "Modifying queue type is not supported.")
				}
				return nil
			},
			get: func(q *settings) string { return strconv.FormatBool(q.FIFO) },
		},
		boolean("ContentBasedDeduplication", true, func(q *settings) *bool { return &q.ContentBased }),
		choice("DeduplicationScope", func(q *settings) *string { return &q.Scope }, scopeQueue, scopeGroup),
		choice("FifoThroughputLimit", func(q *settings) *string { return &q.Limit }, limitQueue, limitPerGroup),
	}
}

func number(name string, least, most int, field func(*settings) *int) attribute {
	return attribute{
		name: name,
		set: func(q *settings, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < least || n > most {
				return badAttribute(name)
			}
			*field(q) = n
			return nil
		},
		get: func(q *settings) string { return strconv.Itoa(*field(q)) },
	}
}

// encrypted shows an attribute only where the queue has a KMS key.
func encrypted(a attribute) attribute {
	shown := a.get
	a.get = func(q *settings) string {
		if q.KMSKey == "" {
			return ""
		}
		return shown(q)
	}
	return a
}

func boolean(name string, fifo bool, field func(*settings) *bool) attribute {
	return attribute{
		name: name, fifo: fifo,
		set: func(q *settings, v string) error {
			switch strings.ToLower(v) {
			case "true", "false":
				*field(q) = strings.EqualFold(v, "true")
				return nil
			}
			return badAttribute(name)
		},
		get: func(q *settings) string { return strconv.FormatBool(*field(q)) },
	}
}

func choice(name string, field func(*settings) *string, values ...string) attribute {
	return attribute{
		name: name, fifo: true,
		set: func(q *settings, v string) error {
			if !slices.Contains(values, v) {
				return badAttribute(name)
			}
			*field(q) = v
			return nil
		},
		get: func(q *settings) string { return *field(q) },
	}
}

// policyAttribute is the attribute that is the queue's policy.
const policyAttribute = "Policy"

// apply sets attributes, in the order of their names, and checks what they say
// together. The policy is not looked at.
func (q *settings) apply(given map[string]string) error {
	known := attributes()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == policyAttribute {
			continue
		}
		i := slices.IndexFunc(known, func(a attribute) bool { return a.name == name })
		if i < 0 || known[i].fifo && !q.FIFO {
			return notAnAttribute(name)
		}
		if err := known[i].set(q, given[name]); err != nil {
			return err
		}
	}
	return q.check(given)
}

// notAnAttribute words the refusal of an attribute this queue cannot have. The
// text for the two throughput settings is AWS's as far as it is known.
func notAnAttribute(name string) error {
	if name == "DeduplicationScope" || name == "FifoThroughputLimit" {
		return badAttributeName("You can specify the " + name + " only when FifoQueue is set to true.")
	}
	return unknownAttribute(name)
}

// check refuses settings that exclude each other; given are those that the
// request names.
func (q *settings) check(given map[string]string) error {
	_, managed := given["SqsManagedSseEnabled"]
	switch key, named := given["KmsMasterKeyId"]; {
	case named && key != "" && managed && q.ManagedSSE, !named && q.KMSKey != "" && managed && q.ManagedSSE:
		return badAttributeName("You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	case named && key != "":
		q.ManagedSSE = false
	}
	if q.FIFO && q.Limit == limitPerGroup && q.Scope != scopeGroup {
		// AWS's words are not known; these follow its documentation.
		return badAttributeBecause("FifoThroughputLimit", "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.")
	}
	return nil
}
