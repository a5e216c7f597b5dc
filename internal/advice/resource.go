package advice

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/policy"
)

// addToResource adds to a resource-based policy: a function's or layer
// version's through AddPermission and its like, that of a queue, topic or bucket by writing all of it anew, any
// other's in words only. (SQS and SNS have an AddPermission too: it can neither
// name services nor make conditions.)
func (b *bench) addToResource(c *policy.Change) bool {
	if f, ok := parseFunction(b.Request.Resource); ok {
		return b.permit(f)
	}
	if l, ok := parseLayerVersion(b.Request.Resource); ok {
		return b.permitLayer(l)
	}
	added, ok := statements(c)
	if !ok {
		return false
	}
	var texts []string
	for i := range added {
		added[i].Condition = withoutSaidTwice(added[i].Condition)
		texts = append(texts, string(added[i].JSON()))
	}
	a := b.resource()
	s := Step{
		Side: "resource", Account: b.resourceAccount(), Statements: texts, policy: a,
		Sentence: "in the resource-based policy of " + b.holder() + ", allow " + b.onWhat() + " to " + b.caller(),
	}
	s.Command = b.setResource(b.extend(a, added))
	if b.isBucket() && slices.ContainsFunc(added, func(s policy.Statement) bool { return s.Principal != nil && s.Principal.Star }) {
		s.Command = ""
		s.Sentence += " (its Block Public Access, on for every new bucket, has to permit public policies)"
	}
	return b.step(s)
}

// withoutSaidTwice leaves out the source account where the source's ARN says it.
func withoutSaidTwice(blocks []policy.ConditionBlock) []policy.ConditionBlock {
	value := func(key string) string {
		for _, block := range blocks {
			for _, k := range block.Keys {
				if strings.EqualFold(k.Key, key) && len(k.Values) == 1 {
					return k.Values[0].Text
				}
			}
		}
		return ""
	}
	account := value("aws:SourceAccount")
	if account == "" || segment(value("aws:SourceArn"), 4) != account {
		return blocks
	}
	var rest []policy.ConditionBlock
	for _, block := range blocks {
		block.Keys = slices.DeleteFunc(slices.Clone(block.Keys), func(k policy.ConditionKey) bool { return strings.EqualFold(k.Key, "aws:SourceAccount") })
		if len(block.Keys) > 0 {
			rest = append(rest, block)
		}
	}
	return rest
}

// resource is the resource-based policy, made if there is none.
func (b *bench) resource() *policy.Attached {
	if b.layers.Resource == nil {
		b.layers.Resource = &policy.Attached{Name: "resource-based policy", Source: b.Request.Resource}
	}
	return b.layers.Resource
}

func (b *bench) resourceAccount() string {
	if b.Request.ResourceAccount != "" {
		return b.Request.ResourceAccount
	}
	return segment(b.Request.Resource, 4)
}

func (b *bench) isBucket() bool { return segment(b.Request.Resource, 2) == "s3" }

// bucket is the name of the bucket, of which or in which the resource is.
func (b *bench) bucket() string {
	name, _, _ := strings.Cut(segment(b.Request.Resource, 5), "/")
	return name
}

// holder is what has the resource-based policy, in words.
func (b *bench) holder() string {
	switch segment(b.Request.Resource, 2) {
	case "sqs":
		return "queue " + segment(b.Request.Resource, 5)
	case "sns":
		return "topic " + segment(b.Request.Resource, 5)
	case "s3":
		return "bucket " + b.bucket()
	case "kms":
		return strings.Replace(segment(b.Request.Resource, 5), "/", " ", 1)
	}
	return b.Request.Resource
}

// onWhat is the action, with the resource where that is not the holder itself.
func (b *bench) onWhat() string {
	if b.isBucket() {
		return b.what()
	}
	return b.Request.Action
}

// setResource writes the policy of the resource. It is empty for resources whose
// policies no operation writes whole, and where what is judged is not what the
// owner wrote.
func (b *bench) setResource(d *policy.Document) string {
	arn := b.Request.Resource
	region, account, name := segment(arn, 3), segment(arn, 4), segment(arn, 5)
	text := string(d.JSON())
	if len(d.Statements) == 0 {
		text = ""
	}
	switch segment(arn, 2) {
	case "sqs":
		url := "https://sqs." + region + ".amazonaws.com/" + account + "/" + name
		return command("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", attribute("Policy", text), "--region", region)
	case "sns":
		if text == "" {
			return "" // a topic has always a policy
		}
		return command("sns", "set-topic-attributes", "--topic-arn", arn, "--attribute-name", "Policy", "--attribute-value", text, "--region", region)
	case "s3":
		return b.setBucketPolicy(d)
	case "kms":
		if text == "" || b.layers.Resource == nil || b.layers.Resource.Name != keyPolicy {
			return "" // a key has always a policy, and its grants are none of it
		}
		return command("kms", "put-key-policy", "--key-id", arn, "--policy-name", "default", "--policy", text, "--region", region)
	}
	return ""
}

// keyPolicy is the name of a key policy that is judged alone, without grants.
const keyPolicy = "key policy"

// blockedPublic is the statement that S3 adds to a public policy while the
// bucket's RestrictPublicBuckets is on. It is not the owner's.
const blockedPublic = "RestrictPublicBuckets"

func (b *bench) setBucketPolicy(d *policy.Document) string {
	if strings.HasSuffix(b.Request.Action, "BucketPolicy") {
		return "" // these are judged by a policy that spares the root user
	}
	own := *d
	own.Statements = slices.DeleteFunc(slices.Clone(d.Statements), func(s policy.Statement) bool { return s.Sid() == blockedPublic })
	if len(own.Statements) == 0 {
		return command("s3api", "delete-bucket-policy", "--bucket", b.bucket())
	}
	return command("s3api", "put-bucket-policy", "--bucket", b.bucket(), "--policy", string(own.JSON()))
}

// attribute is a map of one attribute as the AWS CLI takes it. Its shorthand cannot
// hold a policy.
func attribute(name, value string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{name: value}); err != nil {
		return "" // strings can always be written
	}
	return strings.TrimSpace(out.String())
}
