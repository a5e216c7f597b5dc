package policy_test

import "strings"

// operatorsOfFacts is the table of operators (facts, section 7), Null apart.
var operatorsOfFacts = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike",
}

func wantedOfOperators() []string {
	var all []string
	for _, o := range operatorsOfFacts {
		all = append(all,
			"Allow if "+o+" present -> allow", "Allow if "+o+" present -> implicit deny",
			"Allow if "+o+" absent", "Deny if "+o+" absent", "Allow if "+o+" empty", "Allow if "+o+" multivalued -> implicit deny",
			"Allow if "+o+"IfExists absent -> allow", "Allow if "+o+"IfExists present -> allow", "Allow if "+o+"IfExists present -> implicit deny",
			"Allow if ForAllValues:"+o+" absent -> allow", "Allow if ForAllValues:"+o+" multivalued -> allow",
			"Allow if ForAllValues:"+o+" multivalued -> implicit deny", "Allow if ForAllValues:"+o+" empty -> allow",
			"Allow if ForAnyValue:"+o+" absent -> implicit deny", "Allow if ForAnyValue:"+o+" multivalued -> allow",
			"Allow if ForAnyValue:"+o+" multivalued -> implicit deny", "Allow if ForAnyValue:"+o+" empty",
		)
	}
	return append(all,
		"Allow if Null absent -> allow", "Allow if Null absent -> implicit deny", "Allow if Null present -> allow", "Allow if Null present -> implicit deny",
		"Deny if Null absent -> explicit deny", "Deny if Null present -> explicit deny", "Allow if Null empty", "Allow if Null multivalued -> allow",
		"Allow if NullIfExists absent", "Allow if ForAllValues:Null present",
		"Allow if ForAnyValue:StringEqualsIfExists absent", "Allow if ForAnyValue:StringEqualsIfExists multivalued",
		"Allow if ForAllValues:StringEqualsIfExists absent -> allow", "Allow if ForAllValues:StringEqualsIfExists multivalued -> implicit deny")
}

// wantedOfVariables: section 8, each place and form with and without a value,
// under both effects.
func wantedOfVariables() []string {
	all := []string{
		"variable ${*}", "variable ${?}", "variable ${$}", "variable of 2008 in Resource", "variable of 2008 in positive String",
		"variable before the fifth colon of Resource Allow", "variable before the fifth colon of Resource Deny",
		"Allow variable in Action present", "Allow variable in positive Numeric present", "Allow variable in positive Null present",
		"Allow variable in Resource multivalued", "Allow variable in positive String multivalued", "Deny variable in positive String multivalued",
	}
	for _, place := range []string{"Resource", "NotResource", "positive String", "negated String", "positive Arn", "negated Arn"} {
		for _, effect := range []string{"Allow", "Deny"} {
			for _, form := range []string{"variable in P present", "variable in P absent", "default in P present", "default in P absent"} {
				all = append(all, effect+" "+strings.Replace(form, "P", place, 1))
			}
		}
	}
	return all
}

// guards are what boundary and session policy may say, of a principal that has
// them or not.
var guards = [][2]string{
	{"none", "none"}, {"allows", "none"}, {"lacks", "none"}, {"denies", "none"}, {"none", "allows"}, {"none", "lacks"}, {"none", "denies"},
	{"allows", "allows"}, {"allows", "lacks"}, {"lacks", "allows"}, {"lacks", "lacks"},
}

// wantedOfGrades is the table of section 2: each way of being named, under each guard.
func wantedOfGrades() []string {
	all := []string{
		"here root named as account identity none boundary none session none", "here service named as itself identity none boundary none session none",
		"here user named as unique id identity none boundary none session none", "here role session named as unique id identity none boundary none session none",
		"here role session named as unique id identity none boundary lacks session none",
	}
	for _, row := range []string{
		"user named as itself identity none", "user named as everybody identity none", "user named as account identity allows", "user named as account identity none",
		"role session named as itself identity none", "role session named as who is behind it identity none", "role session named as everybody identity none",
		"role session named as account identity allows", "role session named as account identity none",
		"federated user named as itself identity none", "federated user named as who is behind it identity none", "federated user named as everybody identity none",
	} {
		for _, g := range guards {
			if strings.HasSuffix(row, "account identity none") && g != guards[0] {
				continue
			}
			all = append(all, "here "+row+" boundary "+g[0]+" session "+g[1])
		}
	}
	return all
}

// wantedAcross: section 3, both sides must allow, whoever is named and how.
func wantedAcross() []string {
	var all []string
	for kind, forms := range map[string][]string{
		"user":         {"nothing", "itself", "account", "everybody"},
		"role session": {"nothing", "itself", "who is behind it", "account", "everybody"},
	} {
		for _, form := range forms {
			who := "across " + kind + " named as " + form
			all = append(all, who+" identity allows boundary none session none")
			if form == "nothing" {
				continue
			}
			all = append(all, who+" identity none boundary none session none",
				who+" identity allows boundary allows session none", who+" identity allows boundary lacks session none")
			if kind == "role session" {
				all = append(all, who+" identity allows boundary none session allows", who+" identity allows boundary none session lacks",
					who+" identity allows boundary allows session allows", who+" identity allows boundary lacks session lacks")
			}
		}
	}
	return all
}

func wantedOfLayers() []string {
	all := []string{"decision allow by identity", "decision allow by resource"}
	for _, layer := range []string{"identity", "resource", "boundary", "session", "service-control", "resource-control", "endpoint"} {
		all = append(all, "decision implicit deny by "+layer, "decision explicit deny by "+layer)
	}
	return all
}

// wantedOfNotForms: each element's Not form, where it applies and where it
// spares; NotPrincipal for every kind of principal, and meeting a boundary.
func wantedOfNotForms() []string {
	all := []string{
		"Deny NotAction in service-control -> explicit deny", "Deny NotAction in service-control -> allow", "Allow NotAction in boundary -> allow", "Allow NotAction in boundary -> implicit deny",
		"Deny NotAction in resource -> explicit deny", "Deny NotAction in resource -> allow", "Deny NotResource in resource -> explicit deny", "Deny NotResource in resource -> allow",
		"Deny NotResource in service-control -> explicit deny", "Deny NotResource in service-control -> allow",
		"Allow NotPrincipal in resource for user with no boundary -> implicit deny", "Deny NotPrincipal in endpoint for user with no boundary -> allow",
		"Deny NotPrincipal in endpoint for user with no boundary -> explicit deny", "Deny NotPrincipal in resource for anonymous with no boundary -> explicit deny",
	}
	for _, element := range []string{"NotAction", "NotResource"} {
		all = append(all, "Allow "+element+" in identity -> allow", "Allow "+element+" in identity -> implicit deny",
			"Deny "+element+" in identity -> allow", "Deny "+element+" in identity -> explicit deny")
	}
	for _, kind := range []string{"user", "role session", "federated user", "root", "service"} {
		who := "Deny NotPrincipal in resource for " + kind + " with "
		all = append(all, who+"no boundary -> allow", who+"no boundary -> explicit deny")
		if kind != "root" && kind != "service" {
			all = append(all, who+"boundary -> explicit deny")
		}
	}
	return all
}

// wantedOfLambda: its condition keys with and without a value, its grants, and
// how the qualifier asked for meets the one in a policy.
func wantedOfLambda() []string {
	all := []string{"action lambda:InvokeFunction", "action lambda:InvokeFunctionUrl", "action lambda:GetLayerVersion", "action lambda:CreateFunction",
		"action lambda:AddPermission", "action lambda:UpdateFunctionConfiguration", "action iam:PassRole"}
	for _, key := range []string{"codesigningconfigarn", "eventsourcetoken", "functionarn", "functionurlauthtype", "invokedviafunctionurl", "principal", "sourcefunctionarn", "vpcids"} {
		all = append(all, "key lambda:"+key+" present", "key lambda:"+key+" absent")
	}
	for _, key := range []string{"layer", "securitygroupids", "subnetids"} {
		all = append(all, "key lambda:"+key+" multivalued", "key lambda:"+key+" absent")
	}
	for _, pattern := range []string{"f", "f:1", "f:*", "f*", "f:prod"} {
		for _, asked := range []string{"f", "f:1", "f:prod", "f:$LATEST"} {
			all = append(all, "function "+pattern+" asked as "+asked)
		}
	}
	return all
}
