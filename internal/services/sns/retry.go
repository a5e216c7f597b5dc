package sns

import (
	"math"
	"time"
)

// retryPolicy says how often, and after which pauses in seconds, a delivery is
// tried again. It has four phases: no pause, the shortest one, pauses that grow,
// the longest one (SNS developer guide, "Message delivery retries").
type retryPolicy struct {
	MinDelay int    `json:"minDelayTarget"`
	MaxDelay int    `json:"maxDelayTarget"`
	Retries  int    `json:"numRetries"`
	AtMax    int    `json:"numMaxDelayRetries"`
	AtOnce   int    `json:"numNoDelayRetries"`
	AtMin    int    `json:"numMinDelayRetries"`
	Backoff  string `json:"backoffFunction"`
}

// webRetries is the policy of web endpoints where none is set. serviceRetries
// is that of functions and queues: 100,015 times over 23 days.
func webRetries() retryPolicy {
	return retryPolicy{MinDelay: 20, MaxDelay: 20, Retries: 3, Backoff: linear}
}

func serviceRetries() retryPolicy {
	return retryPolicy{MinDelay: 1, MaxDelay: 20, Retries: 100_015, AtOnce: 3, AtMin: 2, AtMax: 100_000, Backoff: exponential}
}

// Backoff functions: how the pauses grow from the shortest to the longest. AWS
// publishes a picture of them and no formulas.
const (
	linear      = "linear"
	arithmetic  = "arithmetic"
	geometric   = "geometric"
	exponential = "exponential"
)

// pause is how long to rest after so many failures; again is false when it is
// over.
func (p retryPolicy) pause(failures int) (rest time.Duration, again bool) {
	retry := failures - 1
	growing := p.Retries - p.AtOnce - p.AtMin - p.AtMax
	switch {
	case retry >= p.Retries:
		return 0, false
	case retry < p.AtOnce:
		return 0, true
	case retry < p.AtOnce+p.AtMin:
		return seconds(float64(p.MinDelay)), true
	case retry < p.AtOnce+p.AtMin+growing:
		return p.grown(retry-p.AtOnce-p.AtMin, growing), true
	}
	return seconds(float64(p.MaxDelay)), true
}

// grown is the i-th of n pauses that grow.
func (p retryPolicy) grown(i, n int) time.Duration {
	least, most := float64(p.MinDelay), float64(p.MaxDelay)
	if n < 2 {
		return seconds(least)
	}
	part := float64(i) / float64(n-1)
	switch p.Backoff {
	case arithmetic:
		part *= part
	case geometric:
		part *= part * part
	case exponential:
		return seconds(least * math.Pow(most/least, part))
	}
	return seconds(least + (most-least)*part)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
