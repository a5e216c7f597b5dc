package policy

import "testing"

func TestPrincipalForms(t *testing.T) {
	tests := []struct {
		kind, value string
		want        principalForm
	}{
		{"AWS", "*", principalAny},
		{"AWS", "111111111111", principalAccount},
		{"AWS", "arn:aws:iam::111111111111:root", principalAccount},
		{"AWS", "arn:aws:iam::111111111111:user/ada", principalARN},
		{"AWS", "arn:aws:iam::111111111111:user/team/ada", principalARN},
		{"AWS", "arn:aws-cn:iam::111111111111:role/app", principalARN},
		{"AWS", "arn:aws:sts::111111111111:assumed-role/app/s", principalARN},
		{"AWS", "arn:aws:sts::111111111111:federated-user/fay", principalARN},
		{"AWS", "AIDAADAEXAMPLEUSER001", principalID},
		{"AWS", "AROAAPPEXAMPLEROLE001", principalID},
		{"Service", "sns.amazonaws.com", principalService},
		{"Federated", "cognito-identity.amazonaws.com", principalProvider},
		{"Federated", "arn:aws:iam::111111111111:oidc-provider/x", principalProvider},
		{"CanonicalUser", "79a59df900b949e5", principalCanonical},

		{"AWS", "", principalUnclear},
		{"AWS", "ada", principalUnclear},
		{"AWS", "11111111111", principalUnclear},
		{"AWS", "1111111111111", principalUnclear},
		{"AWS", "11111111111a", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:user/*", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:*", principalUnclear},
		{"AWS", "arn:aws:iam::*:root", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:user/", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:role/x/", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:group/g", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111:assumed-role/app/s", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:role/app", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:assumed-role/app", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:assumed-role/app/", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:assumed-role/app/s/t", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:federated-user/", principalUnclear},
		{"AWS", "arn:aws:sts::111111111111:federated-user/a/b", principalUnclear},
		{"AWS", "arn:aws:iam:us-east-1:111111111111:user/ada", principalUnclear},
		{"AWS", "arn:aws:iam::111111111111", principalUnclear},
		{"AWS", "AGPAGRPEXAMPLEGROUP01", principalUnclear},
		{"AWS", "AROAAPPEXAMPLEROLE001:s", principalUnclear},
		{"AWS", "AROAappexamplerole001", principalUnclear},
		{"AWS", "AROA", principalUnclear},
		{"AWS", "lambda.amazonaws.com", principalUnclear},
		{"Service", "*", principalUnclear},
		{"Service", "*.amazonaws.com", principalUnclear},
		{"Service", "", principalUnclear},
		{"Federated", "*", principalUnclear},
		{"CanonicalUser", "*", principalUnclear},
	}
	for _, test := range tests {
		if got := compilePrincipal(test.kind, test.value); got.form != test.want {
			t.Errorf("%s %q has form %d, want %d", test.kind, test.value, got.form, test.want)
		}
	}
}

// TestEveryPrincipalAgainstEveryEntry is the whole of who is named by what.
func TestEveryPrincipalAgainstEveryEntry(t *testing.T) {
	const a, b = "111111111111", "222222222222"
	callers := map[string]Principal{
		"root":    {Kind: Root, Account: a, ARN: "arn:aws:iam::" + a + ":root", UniqueID: a},
		"user":    {Kind: User, Account: a, ARN: "arn:aws:iam::" + a + ":user/ada", UniqueID: "AIDAADAEXAMPLEUSER001", CanonicalID: "c0ffee"},
		"session": {Kind: RoleSession, Account: a, ARN: "arn:aws:sts::" + a + ":assumed-role/app/s", RoleARN: "arn:aws:iam::" + a + ":role/x/app", UniqueID: "AROAAPPEXAMPLEROLE001:s"},
		"fed":     {Kind: FederatedUser, Account: a, ARN: "arn:aws:sts::" + a + ":federated-user/fay", UserARN: "arn:aws:iam::" + a + ":user/ada", UserID: "AIDAADAEXAMPLEUSER001"},
		"service": {Kind: Service, Service: "sns.amazonaws.com"},
		"web":     {Kind: ProviderUser, Provider: "accounts.example"},
		"nobody":  {Kind: Anonymous},
	}
	tests := []struct {
		kind, value string
		// want are the callers named for sure, with their grade; unsure those perhaps named.
		want   map[string]Grade
		unsure []string
	}{
		{"AWS", "*", map[string]Grade{"root": GradeWildcard, "user": GradeWildcard, "session": GradeWildcard, "fed": GradeLimited, "service": GradeWildcard, "nobody": GradeWildcard}, []string{"web"}},
		{"AWS", a, map[string]Grade{"root": GradeExact, "user": GradeAccount, "session": GradeAccount, "fed": GradeAccount}, []string{}},
		{"AWS", "arn:aws:iam::" + a + ":root", map[string]Grade{"root": GradeExact, "user": GradeAccount, "session": GradeAccount, "fed": GradeAccount}, nil},
		{"AWS", b, nil, nil},
		{"AWS", "arn:aws:iam::" + a + ":user/ada", map[string]Grade{"user": GradeExact, "fed": GradeLimited}, nil},
		{"AWS", "arn:aws:iam::" + b + ":user/ada", nil, nil},
		{"AWS", "arn:aws:iam::" + a + ":role/x/app", map[string]Grade{"session": GradeLimited}, nil},
		{"AWS", "arn:aws:iam::" + a + ":role/app", nil, nil},
		{"AWS", "arn:aws:sts::" + a + ":assumed-role/app/s", map[string]Grade{"session": GradeExact}, nil},
		{"AWS", "arn:aws:sts::" + a + ":federated-user/fay", map[string]Grade{"fed": GradeExact}, nil},
		{"AWS", "AIDAADAEXAMPLEUSER001", map[string]Grade{"user": GradeExact, "fed": GradeLimited}, nil},
		{"AWS", "AROAAPPEXAMPLEROLE001", map[string]Grade{"session": GradeLimited}, nil},
		{"AWS", "AROAAPPEXAMPLEROLE00", nil, nil},
		{"AWS", "nonsense", nil, []string{"root", "user", "session", "fed", "service", "web", "nobody"}},
		{"Service", "sns.amazonaws.com", map[string]Grade{"service": GradeExact}, nil},
		{"Service", "SNS.amazonaws.com", nil, nil},
		{"Federated", "accounts.example", map[string]Grade{"web": GradeExact}, nil},
		{"CanonicalUser", "c0ffee", map[string]Grade{"user": GradeAccount}, []string{"root", "session", "fed"}},
		{"CanonicalUser", "decaf", nil, []string{"root", "session", "fed"}},
	}
	for _, test := range tests {
		e := compilePrincipal(test.kind, test.value)
		for name, p := range callers {
			grade, r := e.match(&p)
			want, wantGrade := no, GradeNone
			for _, u := range test.unsure {
				if u == name {
					want, wantGrade = unsure, GradeWildcard
				}
			}
			if g, ok := test.want[name]; ok {
				want, wantGrade = yes, g
			}
			if r.verdict != want || grade != wantGrade {
				t.Errorf("%s %q and %s: %v %v, want %v %v", test.kind, test.value, name, r.verdict, grade, want, wantGrade)
			}
		}
	}
}
