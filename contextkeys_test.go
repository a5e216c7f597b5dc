package sallyport

import (
	"maps"
	"slices"
	"strings"
	"testing"

	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The condition keys of AWS that a call to Lambda can bring: the global ones
// (IAM user guide, "AWS global condition context keys") and Lambda's own
// (Service Authorization Reference, "Condition keys for AWS Lambda"). "/*"
// stands for any tag.
var keysOfAWS = strings.Fields(`
	aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalTag/* aws:PrincipalType
	aws:userid aws:username aws:SourceIdentity aws:TokenIssueTime aws:MultiFactorAuthPresent aws:MultiFactorAuthAge aws:FederatedProvider
	aws:CurrentTime aws:EpochTime aws:SecureTransport aws:SourceIp aws:VpcSourceIp aws:SourceVpc aws:SourceVpce
	aws:UserAgent aws:Referer aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID aws:ResourceOrgPaths aws:ResourceTag/*
	aws:RequestTag/* aws:TagKeys aws:ViaAWSService aws:CalledVia aws:CalledViaFirst aws:CalledViaLast
	aws:PrincipalIsAWSService aws:PrincipalServiceName aws:PrincipalServiceNamesList aws:SourceArn aws:SourceAccount aws:SourceOrgID aws:SourceOrgPaths
	lambda:CodeSigningConfigArn lambda:EventSourceToken lambda:FunctionArn lambda:FunctionUrlAuthType lambda:InvokedViaFunctionUrl lambda:Layer
	lambda:Principal lambda:SecurityGroupIds lambda:SubnetIds lambda:VpcIds lambda:SourceFunctionArn`)

// keyCase is what is shown of one key: a request that brings it, with the
// values, and one that does not; or why one of them cannot be.
type keyCase struct {
	present asked
	// values are what the key holds; nil takes whatever is there.
	values []string
	absent asked
	// always is why no request lacks the key.
	always string
	// never is why no request brings the key yet: it would come with one of
	// the actions of until.
	never string
	until []string
}

const noVPC = "VPCs have no endpoints that a request could come through"

// keyCases has a case of each key of AWS.
func (w *keyWorld) keyCases() map[string]keyCase {
	ann, worker := "arn:aws:iam::"+first+":user/ann", "arn:aws:iam::"+first+":role/worker"
	function := "arn:aws:lambda:us-east-1:" + first + ":function:f"
	return map[string]keyCase{
		"aws:PrincipalArn":     {present: w.invoke("own"), values: []string{worker}, absent: w.asService("s3.amazonaws.com", "")},
		"aws:PrincipalAccount": {present: w.invoke("ann"), values: []string{first}, absent: w.asNobodySigned()},
		"aws:PrincipalType":    {present: w.invoke("fay"), values: []string{"FederatedUser"}, absent: w.asService("s3.amazonaws.com", "")},
		"aws:PrincipalTag/*":   {present: w.invoke("ann"), values: []string{"red"}, absent: w.invoke("bob")},
		"aws:userid":           {present: w.invoke("fay"), values: []string{first + ":fay"}, absent: w.asNobodySigned()},
		"aws:username":         {present: w.invoke("ann"), values: []string{"ann"}, absent: w.invoke("own")},
		"aws:PrincipalOrgID":   {present: w.invoke("ann"), values: []string{w.model.organization}, absent: w.invoke("guest")},
		"aws:PrincipalOrgPaths": {present: w.invoke("ann"), values: []string{w.model.organization + "/" + organizationRoot(w.t, w.server) + "/"},
			absent: w.invoke("guest")},
		"aws:SourceIdentity":            {present: w.invoke("known"), values: []string{"ann@example.com"}, absent: w.invoke("own")},
		"aws:TokenIssueTime":            {present: w.invoke("own"), absent: w.invoke("ann")},
		"aws:MultiFactorAuthPresent":    {present: w.invoke("temporary"), values: []string{"false"}, absent: w.invoke("ann")},
		"aws:MultiFactorAuthAge":        {never: "no MFA device can be made, so no credentials come from one", until: []string{"iam:CreateVirtualMFADevice", "iam:EnableMFADevice"}},
		"aws:FederatedProvider":         {never: "no session is made for who comes from an identity provider", until: []string{"sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"}},
		"aws:CurrentTime":               {present: w.invoke("ann"), always: "every request has a time"},
		"aws:EpochTime":                 {present: w.invoke("ann"), always: "every request has a time"},
		"aws:SecureTransport":           {present: w.overTLS("ann"), values: []string{"true"}, always: "a request without TLS has the key too: it says false"},
		"aws:SourceIp":                  {present: w.invoke("ann"), values: []string{"127.0.0.1"}, absent: w.throughService("ann", "cloudformation.amazonaws.com")},
		"aws:VpcSourceIp":               {never: noVPC, until: []string{"ec2:CreateVpcEndpoint"}},
		"aws:SourceVpc":                 {never: noVPC, until: []string{"ec2:CreateVpcEndpoint"}},
		"aws:SourceVpce":                {never: noVPC, until: []string{"ec2:CreateVpcEndpoint"}},
		"aws:UserAgent":                 {present: w.withHeader("ann", "User-Agent", "probe/7"), values: []string{"probe/7"}, absent: w.withHeader("ann", "User-Agent", "")},
		"aws:Referer":                   {present: w.withHeader("ann", "Referer", "http://example.com/page"), values: []string{"http://example.com/page"}, absent: w.invoke("ann")},
		"aws:RequestedRegion":           {present: w.invoke("ann"), values: []string{"us-east-1"}, always: "every endpoint is of a region"},
		"aws:ResourceAccount":           {present: w.invoke("guest"), values: []string{first}, always: "every resource is of an account, where an action has none it is the caller's"},
		"aws:ResourceOrgID":             {present: w.invoke("guest"), values: []string{w.model.organization}, absent: w.invokeOf("ann", second, "far")},
		"aws:ResourceOrgPaths":          {present: w.invoke("guest"), absent: w.invokeOf("ann", second, "far")},
		"aws:ResourceTag/*":             {present: w.invoke("ann"), values: []string{"prod"}, absent: w.invokeOf("ann", first, "plain")},
		"aws:RequestTag/*":              {present: w.tagFunction("ann"), values: []string{"7"}, absent: w.untagFunction("ann")},
		"aws:TagKeys":                   {present: w.untagFunction("ann"), values: []string{"cost"}, absent: w.invoke("ann")},
		"aws:ViaAWSService":             {present: w.throughService("ann", "cloudformation.amazonaws.com"), values: []string{"true"}, absent: w.asNobodySigned()},
		"aws:CalledVia":                 {present: w.throughService("ann", "cloudformation.amazonaws.com"), values: []string{"cloudformation.amazonaws.com"}, absent: w.invoke("ann")},
		"aws:CalledViaFirst":            {present: w.throughService("ann", "cloudformation.amazonaws.com"), values: []string{"cloudformation.amazonaws.com"}, absent: w.invoke("ann")},
		"aws:CalledViaLast":             {present: w.throughService("ann", "cloudformation.amazonaws.com"), values: []string{"cloudformation.amazonaws.com"}, absent: w.invoke("ann")},
		"aws:PrincipalIsAWSService":     {present: w.asService("s3.amazonaws.com", ""), values: []string{"true"}, absent: w.asNobodySigned()},
		"aws:PrincipalServiceName":      {present: w.asService("s3.amazonaws.com", ""), values: []string{"s3.amazonaws.com"}, absent: w.invoke("ann")},
		"aws:PrincipalServiceNamesList": {present: w.asService("s3.amazonaws.com", ""), values: []string{"s3.amazonaws.com"}, absent: w.invoke("ann")},
		"aws:SourceArn":                 {present: w.asService("s3.amazonaws.com", first), values: []string{"arn:aws:s3:::bucket"}, absent: w.asService("s3.amazonaws.com", "")},
		"aws:SourceAccount":             {present: w.asService("s3.amazonaws.com", first), values: []string{first}, absent: w.invoke("ann")},
		"aws:SourceOrgID":               {present: w.asService("s3.amazonaws.com", first), values: []string{w.model.organization}, absent: w.asService("s3.amazonaws.com", second)},
		"aws:SourceOrgPaths":            {present: w.asService("s3.amazonaws.com", first), absent: w.asService("s3.amazonaws.com", second)},

		"lambda:CodeSigningConfigArn":                 {present: w.create("ann", signed), values: []string{codeSigningConfig}, absent: w.create("ann", plain)},
		"lambda:Layer":                                {present: w.create("ann", layered), values: []string{layerVersion}, absent: w.create("ann", plain)},
		"lambda:SubnetIds":                            {present: w.create("ann", inVPC), values: []string{"subnet-1"}, absent: w.create("ann", plain)},
		"lambda:SecurityGroupIds":                     {present: w.create("ann", inVPC), values: []string{"sg-1"}, absent: w.create("ann", plain)},
		"lambda:VpcIds":                               {present: w.create("ann", w.inDefaultVPC), values: []string{w.defaultVPC()}, absent: w.create("ann", plain)},
		"lambda:Principal":                            {present: w.addPermission("ann", ""), values: []string{"*"}, absent: w.invoke("ann")},
		"lambda:FunctionUrlAuthType":                  {present: w.addPermission("ann", "NONE"), values: []string{"NONE"}, absent: w.addPermission("ann", "")},
		"lambda:SourceFunctionArn":                    {present: w.invoke("f"), values: []string{function}, absent: w.invoke("own")},
		"lambda:EventSourceToken":                     {never: "only event sources outside AWS (Alexa skills) send one, and AWS documents no request that carries it: not one to a function URL either"},
		"lambda:InvokedViaFunctionUrl":                {present: w.url("lambda:InvokeFunction"), values: []string{"true"}, absent: w.invoke("ann")},
		"lambda:FunctionArn":                          {present: w.mapping("ann"), values: []string{function}, absent: w.invoke("ann")},
		"lambda:FunctionArn of a URL":                 {present: w.url("lambda:InvokeFunctionUrl"), values: []string{function}, absent: w.url("lambda:InvokeFunction")},
		"lambda:FunctionUrlAuthType of a URL":         {present: w.url("lambda:InvokeFunctionUrl"), values: []string{"NONE"}, absent: w.url("lambda:InvokeFunction")},
		"lambda:FunctionUrlAuthType of a stored URL":  {present: w.deleteURL("ann"), values: []string{"NONE"}, absent: w.invoke("ann")},
		"lambda:FunctionUrlAuthType of a changed URL": {present: w.updateURL("bob", lambdatypes.FunctionUrlAuthTypeAwsIam), values: []string{"AWS_IAM"}, absent: w.invoke("ann")},
		// The value differs between kinds of caller: once more, for one that has no session.
		"aws:PrincipalArn of a user": {present: w.invoke("ann"), values: []string{ann}, absent: w.asNobodySigned()},
	}
}

// TestEveryConditionKey puts requests to the server that bring each key, and
// requests that do not, and reads from the trail what the gate was told.
func TestEveryConditionKey(t *testing.T) {
	w := newKeyWorld(t)
	cases := w.keyCases()
	for _, key := range keysOfAWS {
		if _, ok := cases[key]; !ok {
			t.Errorf("%s: neither shown nor said why it can not be", key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		key, _, _ := strings.Cut(name, " ")
		if !slices.Contains(keysOfAWS, key) {
			t.Errorf("%s is no key of AWS's list", key)
		}
		cases[name].check(t, w, key)
	}
	// What was said never to come came with none of all these requests.
	for name, c := range cases {
		if c.never != "" && w.seen[strings.ToLower(name)] {
			t.Errorf("%s: %s, and yet a request brought it", name, c.never)
		}
	}
}

func (c keyCase) check(t *testing.T, w *keyWorld, key string) {
	switch {
	case c.never != "":
		for _, action := range c.until {
			if w.asks(action) {
				t.Errorf("%s: it was not shown since %s; now that %s is served, show it both ways", key, c.never, action)
			}
		}
		return
	case c.present == nil || c.absent == nil && c.always == "":
		t.Fatalf("%s: must be shown present, and absent or why it never is", key)
	}
	name := strings.TrimSuffix(key, "*")
	if tag, ok := strings.CutSuffix(key, "/*"); ok {
		name = tag + "/" + tagOf[tag]
	}
	got := w.ask(c.present)
	if values, ok := got[name]; !ok || c.values != nil && !slices.Equal(values, c.values) {
		t.Errorf("%s: a request that brings it has %q, want %q", key, values, c.values)
	}
	if c.absent == nil {
		return
	}
	for k, values := range w.ask(c.absent) {
		if strings.EqualFold(k, name) || strings.HasSuffix(key, "/*") && strings.HasPrefix(strings.ToLower(k), strings.ToLower(strings.TrimSuffix(key, "*"))) {
			t.Errorf("%s: a request that does not bring it has %s %q", key, k, values)
		}
	}
}
