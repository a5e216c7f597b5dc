package lambda

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// layer is a stored layer: it outlives its versions, so that their numbers are not
// used again.
type layer struct {
	// Versions is the number of the last published version.
	Versions int64
}

// layerVersion is one version of a layer. It never changes.
type layerVersion struct {
	Code        code
	Created     time.Time
	Description string `json:",omitempty"`
	License     string `json:",omitempty"`
	// Runtimes and Architectures say what it is for, and bind nobody. A list that was
	// given, and empty, is shown; one that was not given is not (recorded from AWS).
	Runtimes, Architectures []string
}

// layerTables are what is stored of layers.
type layerTables struct {
	layers   *store.Table[layer]
	versions *store.Table[layerVersion]
	policies *store.Table[functionPolicy]
}

func (s *Service) openLayers(ctx context.Context) error {
	var errs [3]error
	s.layers.layers, errs[0] = store.OpenTable[layer](ctx, s.store, "lambda.layers")
	s.layers.versions, errs[1] = store.OpenWatched(ctx, s.store, "lambda.layer-versions", s.totals.layerShown)
	s.layers.policies, errs[2] = store.OpenWatched(ctx, s.store, "lambda.layer-policies", s.compiled.layerShown)
	return errors.Join(errs[:]...)
}

func (t *layerTables) empty(tx *store.Tx) error {
	return errors.Join(empty(tx, t.layers), empty(tx, t.versions), empty(tx, t.policies))
}

// layerRef is a layer, or with a version one version of it.
type layerRef struct {
	account, region, name string
	version               int64
}

func (l layerRef) key() string { return store.Key(l.account, l.region, l.name) }

// versionKey sorts versions by number.
func (l layerRef) versionKey() string {
	return store.Key(l.account, l.region, l.name, fmt.Sprintf("%019d", l.version))
}

func (l layerRef) arn() string {
	arn := "arn:" + op.Partition + ":lambda:" + l.region + ":" + l.account + ":layer:" + l.name
	if l.version > 0 {
		arn += ":" + strconv.FormatInt(l.version, 10)
	}
	return arn
}

func (l layerRef) with(version int64) layerRef {
	l.version = version
	return l
}

// layerKey reads the key of a layer or of a version.
func layerKey(key string) layerRef {
	parts := strings.Split(key, "\x00")
	if len(parts) < 3 {
		return layerRef{}
	}
	l := layerRef{account: parts[0], region: parts[1], name: parts[2]}
	if len(parts) > 3 {
		l.version, _ = strconv.ParseInt(parts[3], 10, 64)
	}
	return l
}

// parseLayer reads the ARN of a layer or of a layer version, as arn writes it.
func parseLayer(arn string) (l layerRef, ok bool) {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || len(parts) > 8 || parts[5] != "layer" || !isRegion(parts[3]) || !id.IsAccount(parts[4]) || !isName(parts[6]) {
		return layerRef{}, false
	}
	l = layerRef{account: parts[4], region: parts[3], name: parts[6]}
	if len(parts) == 8 {
		n, err := strconv.ParseInt(parts[7], 10, 64)
		if err != nil {
			return layerRef{}, false
		}
		l.version = n
	}
	return l, l.arn() == arn
}

// parseLayerVersion reads the ARN of a layer version.
func parseLayerVersion(arn string) (layerRef, bool) {
	l, ok := parseLayer(arn)
	return l, ok && l.version > 0
}

// namedLayer is the layer that a request names by name or ARN, or the version of it: a
// name is one of the caller's account.
func namedLayer(c *op.Call) (layerRef, error) {
	switch in := c.Input.(type) {
	case *lambdaapi.GetLayerVersionByArnRequest:
		l, ok := parseLayerVersion(in.GetArn())
		if !ok {
			return l, validation(in.GetArn(), "arn", "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+")
		}
		return l, nil
	case interface{ GetLayerName() string }:
		l := layerRef{account: c.Account, region: c.Region, name: in.GetLayerName()}
		if strings.HasPrefix(l.name, "arn:") {
			var ok bool
			if l, ok = parseLayer(l.name); !ok || l.version != 0 {
				return l, noSuchLayer()
			}
		}
		if in, ok := c.Input.(interface{ GetVersionNumber() int64 }); ok {
			if in.GetVersionNumber() < 1 {
				return l, invalid("Layer Version Cannot be less than 1")
			}
			l.version = in.GetVersionNumber()
		}
		return l, nil
	}
	return layerRef{}, foreign()
}

// noSuchLayer is how a read misses a layer or a version (recorded from AWS).
func noSuchLayer() *api.Error { return notFound("The resource you requested does not exist.") }

// theLayer finds the layer, or the version, that a request names. One of another
// account is judged like any resource: only the policy of a version lets anybody
// in, and only to get it.
func (s *Service) theLayer(_ context.Context, c *op.Call) ([]op.Resource, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: l.arn(), Account: l.account}}, nil
}

// anyLayer finds what lists of layers are judged on: everything. Whose layer it is
// must be judged as well where it is not the caller's, since AWS knows no resource
// for these actions: then it is the layer, and nothing can allow it.
func (s *Service) anyLayer(ctx context.Context, c *op.Call) ([]op.Resource, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	if l.account != c.Account {
		return []op.Resource{{ARN: l.arn(), Account: l.account}}, nil
	}
	return op.Any(ctx, c)
}

// layerVersion is the version of a reference that can be reached in the region of
// the request; nil when there is none.
func (v view) layerVersion(c *op.Call, l layerRef) *layerVersion {
	if l.region != c.Region {
		return nil
	}
	return get(v, v.s.layers.versions, l.versionKey())
}
