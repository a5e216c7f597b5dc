// Package eventpattern matches events the way AWS's event patterns say: the
// filter criteria of Lambda's event source mappings, the filter policies of SNS
// subscriptions, and EventBridge rules share one language.
//
// A pattern is an object. Each of its fields names a field of the event and
// holds an array of values, of which one must match, or an object, which
// descends. All fields must match; "$or" holds alternatives. A field of the event
// that is an array matches if one of its elements does. (EventBridge user guide,
// "Event patterns"; SNS developer guide, "Filter policies".)
//
// What AWS leaves open is refused when a pattern is parsed, or does not match.
package eventpattern
