package iam

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	iamapi "github.com/sallyport/sallyport/internal/api/iam"
)

// span is where a statement stands in a policy text, in bytes.
type span struct{ from, to int }

// spans finds the statements of a policy text. AWS counts from where its reader
// stands before the statement, which is behind the opening bracket of the list,
// behind the statement before, or behind the brace of a lone statement, up to
// where it stands after it (recorded from AWS).
func spans(text []byte) []span {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		if name == "Statement" {
			return statementSpans(d)
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return nil
		}
	}
	return nil
}

func statementSpans(d *json.Decoder) []span {
	open, err := d.Token()
	if err != nil {
		return nil
	}
	from := int(d.InputOffset())
	if open == json.Delim('{') {
		for depth := 1; depth > 0; {
			t, err := d.Token()
			switch {
			case err != nil:
				return nil
			case t == json.Delim('{'), t == json.Delim('['):
				depth++
			case t == json.Delim('}'), t == json.Delim(']'):
				depth--
			}
		}
		return []span{{from, int(d.InputOffset())}}
	}
	var all []span
	for d.More() {
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return nil
		}
		to := int(d.InputOffset())
		all = append(all, span{from, to})
		from = to
	}
	return all
}

// position is an offset as line and column, both counted from one, the column
// in characters.
func position(text []byte, offset int) *iamapi.Position {
	before := text[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return &iamapi.Position{Line: ptr(int32(line)), Column: ptr(int32(column))}
}
