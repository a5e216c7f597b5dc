package lambda

import (
	"bytes"
	"encoding/json"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
)

// succeeded are the messages that a function with ReportBatchItemFailures was
// done with. An answer that says nothing is success; one that cannot be read, or
// that names no message, is failure of all (Lambda guide, "Implementing partial
// batch responses"). A name that is not in the batch is failure of all too: what
// AWS does is UNCONFIRMED, and a message too often is better than one never.
func succeeded(batch []sqsapi.Message, answer []byte) []sqsapi.Message {
	failed, ok := failures(answer)
	if !ok {
		return nil
	}
	var done []sqsapi.Message
	for i := range batch {
		if m := batch[i].GetMessageId(); failed[m] {
			delete(failed, m)
		} else {
			done = append(done, batch[i])
		}
	}
	if len(failed) > 0 {
		return nil
	}
	return done
}

// failures are the messages that an answer names; false for one that is wrong.
// Names are taken as they are written: encoding/json alone would take any case.
func failures(answer []byte) (failed map[string]bool, ok bool) {
	if text := bytes.TrimSpace(answer); len(text) == 0 || string(text) == `""` {
		return nil, true
	}
	var told map[string]json.RawMessage
	if json.Unmarshal(answer, &told) != nil {
		return nil, false
	}
	all, given := told["batchItemFailures"]
	if !given {
		return nil, true
	}
	var items []map[string]any
	if json.Unmarshal(all, &items) != nil {
		return nil, false
	}
	failed = map[string]bool{}
	for _, item := range items {
		name, ok := item["itemIdentifier"].(string)
		if !ok || name == "" {
			return nil, false
		}
		failed[name] = true
	}
	return failed, true
}
