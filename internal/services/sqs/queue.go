package sqs

import (
	"github.com/sallyport/sallyport/internal/resourcepolicy"
)

// queue is the stored record of a queue. It never changes: a change makes a new one.
type queue struct {
	// ID tells a queue from a later one of the same name. Its messages have it in their keys.
	ID uint64
	// Created and Modified are in seconds.
	Created, Modified int64
	settings
	// Policy is nil without.
	Policy *resourcepolicy.Policy `json:",omitempty"`
	Tags   map[string]string      `json:",omitempty"`
	// Purged is when the queue was last purged, in milliseconds.
	Purged int64 `json:",omitempty"`
}

// settings are the attributes that stand for themselves. Times are in seconds.
type settings struct {
	Delay, MaximumSize, Retention, ReceiveWait, Visibility int
	FIFO, ContentBased                                     bool
	// Scope and Limit are empty for standard queues.
	Scope, Limit string        `json:",omitempty"`
	Redrive      *redrive      `json:",omitempty"`
	Allow        *redriveAllow `json:",omitempty"`
	// KMSKey is stored as it was given; ManagedSSE is the encryption by SQS itself.
	KMSKey     string `json:",omitempty"`
	KMSReuse   int
	ManagedSSE bool
}

// Values of DeduplicationScope and FifoThroughputLimit.
const (
	scopeQueue    = "queue"
	scopeGroup    = "messageGroup"
	limitQueue    = "perQueue"
	limitPerGroup = "perMessageGroupId"
)

// defaults are the settings of a new queue (API reference, CreateQueue).
func defaults(fifo bool) settings {
	s := settings{MaximumSize: 1 << 20, Retention: 345_600, Visibility: 30, KMSReuse: 300, ManagedSSE: true, FIFO: fifo}
	if fifo {
		s.Scope, s.Limit = scopeQueue, limitQueue
	}
	return s
}

// tombstone remembers for a minute that a queue was deleted.
type tombstone struct {
	// At is in milliseconds.
	At int64
}
