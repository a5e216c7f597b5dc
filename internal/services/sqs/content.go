package sqs

import (
	"strconv"
	"strings"
	"unicode/utf8"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/limits"
)

// isContents says whether a text has the characters that a message may have:
// those of XML.
func isContents(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
			return false
		}
		i += n
	}
	return true
}

// checkAttributes checks message attributes. Their texts are AWS's as reports
// of users and other servers' tests give them.
func checkAttributes(attributes map[string]sqsapi.MessageAttributeValue) error {
	if len(attributes) > limits.MessageAttributes {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), limits.MessageAttributes)
	}
	for name := range attributes {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		v := attributes[name]
		if err := checkAttribute(name, "user", &v); err != nil {
			return err
		}
	}
	return nil
}

const attributeNameLength = 256

func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		return invalid("The request must contain non-empty message (user) attribute names.")
	case len(name) > attributeNameLength:
		return invalid("Message (user) attribute name '%s' must be shorter than %d bytes.", name, attributeNameLength)
	case !isWord(strings.ReplaceAll(name, ".", "")):
		return invalid("Message (user) attribute name '%s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.", name)
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
		return invalid("Message (user) attribute name '%s' is invalid. Attribute name can not start or end with a period, or have periods in succession.", name)
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return invalid("Message (user) attribute name '%s' is invalid. Attribute name can not start with AWS-reserved prefixes.", name)
	}
	return nil
}

// checkAttribute checks the value of an attribute; kind is user or system.
func checkAttribute(name, kind string, v *sqsapi.MessageAttributeValue) error {
	dataType := v.GetDataType()
	if dataType == "" {
		return invalid("The message (%s) attribute '%s' must contain a non-empty attribute type.", kind, name)
	}
	base, _, _ := strings.Cut(dataType, ".")
	if len(v.StringListValues) > 0 || len(v.BinaryListValues) > 0 {
		return invalid("Message attribute list values in SendMessage operation are not supported.")
	}
	text := v.GetStringValue()
	switch base {
	case "String", "Number":
		if text == "" {
			return invalid("Message (%s) attribute '%s' must contain a non-empty value of type 'String'.", kind, name)
		}
		if !isContents(text) {
			return invalid("Invalid characters found in message (%s) attribute '%s'. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", kind, name)
		}
		if base == "Number" && !isNumber(text) {
			return invalid("Could not cast message (%s) attribute '%s' value to number.", kind, name)
		}
	case "Binary":
		if len(v.BinaryValue) == 0 {
			return invalid("Message (%s) attribute '%s' must contain a non-empty value of type 'Binary'.", kind, name)
		}
	default:
		return invalid("The type of message (%s) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", kind, name)
	}
	if len(dataType) > attributeNameLength {
		return invalid("The type of message (%s) attribute '%s' must be shorter than %d bytes.", kind, name, attributeNameLength)
	}
	if v.StringValue != nil && len(v.BinaryValue) > 0 {
		return invalid("Message (%s) attribute '%s' has multiple values.", kind, name)
	}
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	// A number too large for a float is still a number.
	return (err == nil || strings.Contains(err.Error(), "range")) && strings.Trim(s, "0123456789+-.eE") == ""
}

// traceHeader is the one system attribute a message can be sent with.
const traceHeader = "AWSTraceHeader"

// systemAttributes reads the system attributes of a send; digest is nil without.
func systemAttributes(given map[string]sqsapi.MessageSystemAttributeValue) (trace string, digest *string, err error) {
	if len(given) == 0 {
		return "", nil, nil
	}
	plain := map[string]sqsapi.MessageAttributeValue{}
	for name := range given {
		v := sqsapi.MessageAttributeValue(given[name])
		if name != traceHeader {
			return "", nil, invalid("Message system attribute name '%s' is invalid.", name)
		}
		if err := checkAttribute(name, "system", &v); err != nil {
			return "", nil, err
		}
		if v.GetDataType() != "String" {
			return "", nil, invalid("The type of message (system) attribute '%s' is invalid. You must use only the following supported type prefixes: String.", name)
		}
		plain[name], trace = v, v.GetStringValue()
	}
	return trace, attributesDigest(plain), nil
}

// entrySize is what counts towards the size of a message: the body, and the
// name, type and value of each attribute; system attributes do not.
func entrySize(in *sqsapi.SendMessageBatchRequestEntry) int {
	size := len(in.GetMessageBody())
	for name := range in.MessageAttributes {
		v := in.MessageAttributes[name]
		size += len(name) + len(v.GetDataType()) + len(v.GetStringValue()) + len(v.BinaryValue)
	}
	return size
}
