package lambda

import (
	"context"
	"slices"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// showLayer is a version as GetLayerVersion and PublishLayerVersion answer it.
// Where the code can be downloaded is left out as GetFunction leaves it out.
func (s *Service) showLayer(l layerRef, v *layerVersion) *lambdaapi.GetLayerVersionResponse {
	content := &lambdaapi.LayerVersionContentOutput{CodeSha256: &v.Code.SHA256, CodeSize: &v.Code.Size}
	if s.codeURL != nil {
		content.Location = optional(s.codeURL(l.account, l.region, v.Code.Digest))
	}
	return &lambdaapi.GetLayerVersionResponse{
		Content: content, LayerArn: ptr(l.with(0).arn()), LayerVersionArn: ptr(l.arn()), Version: &l.version, Description: &v.Description,
		CreatedDate: ptr(lastModified(v.Created)), LicenseInfo: optional(v.License), CompatibleRuntimes: v.Runtimes, CompatibleArchitectures: v.Architectures,
	}
}

// listLayer is a version as lists show it.
func listLayer(l layerRef, v *layerVersion) *lambdaapi.LayerVersionsListItem {
	return &lambdaapi.LayerVersionsListItem{
		LayerVersionArn: ptr(l.arn()), Version: &l.version, Description: &v.Description, CreatedDate: ptr(lastModified(v.Created)),
		LicenseInfo: optional(v.License), CompatibleRuntimes: v.Runtimes, CompatibleArchitectures: v.Architectures,
	}
}

func (s *Service) getLayerVersion(_ context.Context, c *op.Call, _ *lambdaapi.GetLayerVersionRequest) (*lambdaapi.GetLayerVersionResponse, error) {
	return s.shownLayer(c)
}

func (s *Service) getLayerVersionByARN(_ context.Context, c *op.Call, _ *lambdaapi.GetLayerVersionByArnRequest) (*lambdaapi.GetLayerVersionResponse, error) {
	return s.shownLayer(c)
}

func (s *Service) shownLayer(c *op.Call) (*lambdaapi.GetLayerVersionResponse, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	v := s.now().layerVersion(c, l)
	if v == nil {
		return nil, noSuchLayer()
	}
	return s.showLayer(l, v), nil
}

// layerFilter is what lists of layers can be asked for.
type layerFilter struct{ runtime, architecture string }

// check refuses a runtime that nobody knows (recorded from AWS, whose list has
// names that it tells nobody of).
func (f layerFilter) check() error {
	if f.runtime != "" && !slices.Contains(knownRuntimes, f.runtime) {
		return validation(f.runtime, "compatibleRuntime", "Member must satisfy enum value set: ["+strings.Join(knownRuntimes, ", ")+"]")
	}
	return nil
}

// fits says whether a version is declared to be for what is asked.
func (f layerFilter) fits(v *layerVersion) bool {
	return (f.runtime == "" || slices.Contains(v.Runtimes, f.runtime)) && (f.architecture == "" || slices.Contains(v.Architectures, f.architecture))
}

// latest is the newest version that fits, nil when none does.
func (s *Service) latestLayer(l layerRef, f layerFilter) (layerRef, *layerVersion) {
	var found *layerVersion
	for key, v := range s.layers.versions.All(l.key()+"\x00", "") {
		if f.fits(v) {
			l, found = layerKey(key), v
		}
	}
	return l, found
}

// listLayers lists the caller's layers in the region, each with its newest version
// that fits. A layer without one is not listed.
func (s *Service) listLayers(_ context.Context, c *op.Call, in *lambdaapi.ListLayersRequest) (*lambdaapi.ListLayersResponse, error) {
	f := layerFilter{in.GetCompatibleRuntime(), in.GetCompatibleArchitecture()}
	if err := f.check(); err != nil {
		return nil, err
	}
	p, err := newPage(layerPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListLayersResponse{Layers: []lambdaapi.LayersListItem{}}
	place := ref{account: c.Account, region: c.Region}.place()
	for key := range s.layers.layers.All(place, p.after(place)) {
		l := layerKey(key)
		newest, v := s.latestLayer(l, f)
		if v == nil {
			continue
		}
		if !p.take(l.name) {
			break
		}
		out.Layers = append(out.Layers, lambdaapi.LayersListItem{LayerName: &l.name, LayerArn: ptr(l.arn()), LatestMatchingVersion: listLayer(newest, v)})
	}
	out.NextMarker = p.next()
	return out, nil
}

// listLayerVersions lists the versions of a layer, the newest first (recorded from
// AWS). A layer that is not there has none.
func (s *Service) listLayerVersions(_ context.Context, c *op.Call, in *lambdaapi.ListLayerVersionsRequest) (*lambdaapi.ListLayerVersionsResponse, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	f := layerFilter{in.GetCompatibleRuntime(), in.GetCompatibleArchitecture()}
	if err := f.check(); err != nil {
		return nil, err
	}
	p, err := newPage(layerVersionPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListLayerVersionsResponse{LayerVersions: []lambdaapi.LayerVersionsListItem{}}
	if l.account != c.Account || l.region != c.Region {
		return out, nil
	}
	var all []layerRef
	for key, v := range s.layers.versions.All(l.key()+"\x00", "") {
		// The page before ended with this version, or an older one is listed next.
		if key = key[len(l.key())+1:]; f.fits(v) && (p.start == "" || key < p.start) {
			all = append(all, layerKey(l.key()+"\x00"+key))
		}
	}
	for _, l := range slices.Backward(all) {
		v := s.layers.versions.Get(l.versionKey())
		if v == nil {
			continue // deleted since
		}
		if !p.take(l.versionKey()[len(l.key())+1:]) {
			break
		}
		out.LayerVersions = append(out.LayerVersions, *listLayer(l, v))
	}
	out.NextMarker = p.next()
	return out, nil
}
