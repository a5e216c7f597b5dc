package policy

import "strings"

// family is what kind of values an operator compares.
type family uint8

const (
	familyUnknown family = iota
	familyString
	familyStringFold
	familyStringLike
	familyNumeric
	familyDate
	familyBool
	familyBinary
	familyAddress
	familyARN
	familyNull
)

// comparison is how the operators of numbers and dates compare.
type comparison uint8

const (
	equal comparison = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// holds says whether the order of two values satisfies the comparison.
func (c comparison) holds(order int) bool {
	switch c {
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterOrEqual:
		return order >= 0
	}
	return order == 0
}

// setOperator is the prefix for multivalued keys.
type setOperator uint8

const (
	oneValue setOperator = iota
	forAllValues
	forAnyValue
)

// operator is a compiled operator name.
type operator struct {
	family   family
	compare  comparison
	negated  bool
	ifExists bool
	set      setOperator
}

// parseOperator reads an operator name: set prefix, operator, IfExists. The
// family is familyUnknown for a name IAM does not have.
func parseOperator(name string) operator {
	set := oneValue
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		set, name = forAllValues, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		set, name = forAnyValue, rest
	}
	name, ifExists := strings.CutSuffix(name, "IfExists")
	o := baseOperator(name)
	o.set, o.ifExists = set, ifExists
	if o.family == familyNull && (ifExists || set != oneValue) {
		return operator{}
	}
	return o
}

// baseOperator has every operator of the IAM reference, "IAM JSON policy
// elements: Condition operators".
func baseOperator(name string) operator {
	switch name {
	case "StringEquals":
		return operator{family: familyString}
	case "StringNotEquals":
		return operator{family: familyString, negated: true}
	case "StringEqualsIgnoreCase":
		return operator{family: familyStringFold}
	case "StringNotEqualsIgnoreCase":
		return operator{family: familyStringFold, negated: true}
	case "StringLike":
		return operator{family: familyStringLike}
	case "StringNotLike":
		return operator{family: familyStringLike, negated: true}
	case "Bool":
		return operator{family: familyBool}
	case "BinaryEquals":
		return operator{family: familyBinary}
	case "IpAddress":
		return operator{family: familyAddress}
	case "NotIpAddress":
		return operator{family: familyAddress, negated: true}
	case "ArnEquals", "ArnLike":
		return operator{family: familyARN}
	case "ArnNotEquals", "ArnNotLike":
		return operator{family: familyARN, negated: true}
	case "Null":
		return operator{family: familyNull}
	}
	if rest, ok := strings.CutPrefix(name, "Numeric"); ok {
		return orderedOperator(familyNumeric, rest)
	}
	if rest, ok := strings.CutPrefix(name, "Date"); ok {
		return orderedOperator(familyDate, rest)
	}
	return operator{}
}

func orderedOperator(f family, name string) operator {
	switch name {
	case "Equals":
		return operator{family: f}
	case "NotEquals":
		return operator{family: f, negated: true}
	case "LessThan":
		return operator{family: f, compare: less}
	case "LessThanEquals":
		return operator{family: f, compare: lessOrEqual}
	case "GreaterThan":
		return operator{family: f, compare: greater}
	case "GreaterThanEquals":
		return operator{family: f, compare: greaterOrEqual}
	}
	return operator{}
}
