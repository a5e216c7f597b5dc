package lambda

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// signingConfig is a stored code signing configuration.
type signingConfig struct {
	Description string `json:",omitempty"`
	// Publishers are signing profile versions of AWS Signer, which is not here: they
	// are described, and no code is signed by any of them.
	Publishers []string
	// Policy is what becomes of code that is not signed: Warn or Enforce.
	Policy   string
	Modified time.Time
	Tags     map[string]string `json:",omitempty"`
}

// Policies for code without a signature.
const (
	warn    = "Warn"
	enforce = "Enforce"
)

// signingID is a code signing configuration's account, region and id.
type signingID struct{ account, region, id string }

func newSigningID(c *op.Call) signingID {
	return signingID{c.Account, c.Region, "csc-" + id.Hex(9)[:17]}
}

func (p signingID) key() string { return store.Key(p.account, p.region, p.id) }

// signingKind is what tells a code signing configuration's ARN from a function's.
const signingKind = ":code-signing-config:"

func (p signingID) arn() string {
	return "arn:" + op.Partition + ":lambda:" + p.region + ":" + p.account + signingKind + p.id
}

// parseSigning reads a code signing configuration's ARN.
func parseSigning(arn string) (signingID, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "lambda" || parts[5] != "code-signing-config" ||
		!isRegion(parts[3]) || !id.IsAccount(parts[4]) || !isWord(parts[6], "-*") {
		return signingID{}, false
	}
	return signingID{parts[4], parts[3], parts[6]}, true
}

// noSigning is how the operations on configurations word a missing one (recorded
// from AWS, without a Type).
func noSigning(arn string) *api.Error {
	e := notFound("The Lambda code signing configuration %s can not be found.", arn)
	e.Typed = false
	return e
}

// noSigningFor is how those that give one to a function do.
func noSigningFor(arn string) *api.Error {
	return lambdaapi.NewCodeSigningConfigNotFoundException("The code signing configuration cannot be found. Check that the provided configuration is not deleted: %s.", arn)
}

// signing is the configuration of an ARN that a function can have: one of its own
// account and region.
func (v view) signing(r ref, arn string) *signingConfig {
	p, ok := parseSigning(arn)
	if !ok || p.account != r.account || p.region != r.region {
		return nil
	}
	return get(v, v.s.signing, p.key())
}

// namedSigning is the configuration that a request names, which may be one of
// another account or region: then it is judged, and not found.
func namedSigning(c *op.Call) (signingID, error) {
	in, ok := c.Input.(interface{ GetCodeSigningConfigArn() string })
	if !ok {
		return signingID{}, foreign()
	}
	p, ok := parseSigning(in.GetCodeSigningConfigArn())
	if !ok {
		return p, validation(in.GetCodeSigningConfigArn(), "codeSigningConfigArn", "Member must satisfy regular expression pattern: "+
			`arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}:\d{12}:code-signing-config:csc-[a-z0-9]{17}`)
	}
	return p, nil
}

// ownSigning is the configuration that a request names, if it can be in this
// account and region at all.
func ownSigning(c *op.Call) (signingID, error) {
	p, err := namedSigning(c)
	if err == nil && !p.own(c) {
		err = noSigning(p.arn())
	}
	return p, err
}

// own says whether it is of the caller's account and of the request's region.
func (p signingID) own(c *op.Call) bool { return p.account == c.Account && p.region == c.Region }

// aSigning finds the configuration that a request names.
func (s *Service) aSigning(_ context.Context, c *op.Call) ([]op.Resource, error) {
	p, err := namedSigning(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: p.arn(), Account: p.account}}, nil
}

// signingWithTags stands for the configuration a request gives tags to at
// creation: it has no id yet.
func (s *Service) signingWithTags(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*lambdaapi.CreateCodeSigningConfigRequest)
	if !ok || len(in.Tags) == 0 {
		return nil, nil
	}
	return []op.Resource{{ARN: signingID{c.Account, c.Region, "*"}.arn(), Account: c.Account}}, nil
}

func (g *signingConfig) show(p signingID) *lambdaapi.CodeSigningConfig {
	return &lambdaapi.CodeSigningConfig{
		CodeSigningConfigId: &p.id, CodeSigningConfigArn: ptr(p.arn()), Description: &g.Description,
		AllowedPublishers:   &lambdaapi.AllowedPublishers{SigningProfileVersionArns: g.Publishers},
		CodeSigningPolicies: &lambdaapi.CodeSigningPolicies{UntrustedArtifactOnDeployment: &g.Policy},
		LastModified:        ptr(lastModified(g.Modified)),
	}
}

// set takes what a request gives.
func (g *signingConfig) set(description *string, publishers *lambdaapi.AllowedPublishers, policies *lambdaapi.CodeSigningPolicies) {
	set(&g.Description, description)
	if publishers != nil {
		g.Publishers = publishers.SigningProfileVersionArns
	}
	if policies != nil {
		set(&g.Policy, policies.UntrustedArtifactOnDeployment)
	}
}

func (s *Service) createCodeSigningConfig(ctx context.Context, c *op.Call, in *lambdaapi.CreateCodeSigningConfigRequest) (*lambdaapi.CreateCodeSigningConfigResponse, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	p := newSigningID(c)
	g := &signingConfig{Policy: warn, Modified: c.Time, Tags: in.Tags}
	g.set(in.Description, in.AllowedPublishers, in.CodeSigningPolicies)
	err := s.store.Update(ctx, func(tx *store.Tx) error { return s.signing.Put(tx, p.key(), g) })
	return &lambdaapi.CreateCodeSigningConfigResponse{CodeSigningConfig: g.show(p)}, err
}

func (s *Service) getCodeSigningConfig(_ context.Context, c *op.Call, _ *lambdaapi.GetCodeSigningConfigRequest) (*lambdaapi.GetCodeSigningConfigResponse, error) {
	p, err := ownSigning(c)
	if err != nil {
		return nil, err
	}
	g := s.signing.Get(p.key())
	if g == nil {
		return nil, noSigning(p.arn())
	}
	return &lambdaapi.GetCodeSigningConfigResponse{CodeSigningConfig: g.show(p)}, nil
}

func (s *Service) updateCodeSigningConfig(ctx context.Context, c *op.Call, in *lambdaapi.UpdateCodeSigningConfigRequest) (*lambdaapi.UpdateCodeSigningConfigResponse, error) {
	p, err := ownSigning(c)
	if err != nil {
		return nil, err
	}
	var now signingConfig
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.signing.GetIn(tx, p.key())
		if old == nil {
			return noSigning(p.arn())
		}
		now = *old
		now.set(in.Description, in.AllowedPublishers, in.CodeSigningPolicies)
		now.Modified = c.Time
		return s.signing.Put(tx, p.key(), &now)
	})
	if err != nil {
		return nil, err
	}
	return &lambdaapi.UpdateCodeSigningConfigResponse{CodeSigningConfig: now.show(p)}, nil
}

// deleteCodeSigningConfig refuses one that a function has (API reference; the code
// is of the model, the sentence ours).
func (s *Service) deleteCodeSigningConfig(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteCodeSigningConfigRequest) (*lambdaapi.DeleteCodeSigningConfigResponse, error) {
	p, err := ownSigning(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if s.signing.GetIn(tx, p.key()) == nil {
			return noSigning(p.arn())
		}
		for key, f := range s.functions.All(ref{account: p.account, region: p.region}.place(), "") {
			if f.Signing == p.arn() {
				return conflict("The code signing configuration %s is in use by the function %s.", p.arn(), keyRef(key).unqualified())
			}
		}
		return s.signing.Delete(tx, p.key())
	})
	return &lambdaapi.DeleteCodeSigningConfigResponse{}, err
}

func (s *Service) listCodeSigningConfigs(_ context.Context, c *op.Call, in *lambdaapi.ListCodeSigningConfigsRequest) (*lambdaapi.ListCodeSigningConfigsResponse, error) {
	page, err := newPage(signingPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListCodeSigningConfigsResponse{CodeSigningConfigs: []lambdaapi.CodeSigningConfig{}}
	place := store.Prefix(c.Account, c.Region)
	for key, g := range s.signing.All(place, page.after(place)) {
		p := signingID{c.Account, c.Region, key[len(place):]}
		if !page.take(p.id) {
			break
		}
		out.CodeSigningConfigs = append(out.CodeSigningConfigs, *g.show(p))
	}
	out.NextMarker = page.next()
	return out, nil
}
