package lambda

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// publishLayerVersion stores a version once its zip is checked and kept. The number
// is the next one, also after versions were deleted.
func (s *Service) publishLayerVersion(ctx context.Context, c *op.Call, in *lambdaapi.PublishLayerVersionRequest) (*lambdaapi.PublishLayerVersionResponse, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	// Nothing lets anybody in from another account. Of another region AWS's answer is
	// UNCONFIRMED; a layer is nowhere but in its region.
	if l.account != c.Account || l.region != c.Region {
		return nil, noSuchLayer()
	}
	if err := checkRuntimes(in.CompatibleRuntimes); err != nil {
		return nil, err
	}
	u, err := s.layerZip(ctx, c, in.Content)
	if err != nil {
		return nil, err
	}
	made := &layerVersion{
		Code: u.code, Created: c.Time, Description: in.GetDescription(), License: in.GetLicenseInfo(),
		Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures,
	}
	l, err = s.storeLayer(ctx, l, made, u)
	u.done()
	if err != nil {
		s.tidyZips(ctx)
		return nil, err
	}
	return (*lambdaapi.PublishLayerVersionResponse)(s.showLayer(l, made)), nil
}

// layerZip is the layer's zip, bound and read as a function's is.
func (s *Service) layerZip(ctx context.Context, c *op.Call, in *lambdaapi.LayerVersionContentInput) (*upload, error) {
	from := &codeSource{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}
	if err := from.check(); err != nil {
		return nil, err
	}
	zip, err := s.read(ctx, c, from)
	if err != nil {
		return nil, err
	}
	return s.checkZip(zip, from.bucket != nil, "PublishLayerVersion")
}

func (s *Service) storeLayer(ctx context.Context, l layerRef, made *layerVersion, u *upload) (layerRef, error) {
	if err := s.keepZip(ctx, u); err != nil {
		return l, err
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		now := layer{}
		if old := s.layers.layers.GetIn(tx, l.key()); old != nil {
			now = *old
		}
		now.Versions++
		l.version = now.Versions
		if err := s.layers.layers.Put(tx, l.key(), &now); err != nil {
			return err
		}
		return s.layers.versions.Put(tx, l.versionKey(), made)
	})
	return l, err
}

// checkRuntimes refuses runtimes that nobody knows (the grammar is recorded from
// AWS; the order and the age of its list change).
func checkRuntimes(asked []string) error {
	for _, r := range asked {
		if !slices.Contains(knownRuntimes, r) {
			return validation("["+strings.Join(asked, ", ")+"]", "compatibleRuntimes", "Member must satisfy enum value set: ["+strings.Join(knownRuntimes, ", ")+"]")
		}
	}
	return nil
}

// deleteLayerVersion takes the version's policy with it. Functions that have the
// layer keep its code. A version that is not there is deleted already (recorded
// from AWS).
func (s *Service) deleteLayerVersion(ctx context.Context, c *op.Call, _ *lambdaapi.DeleteLayerVersionRequest) (*api.Empty, error) {
	l, err := namedLayer(c)
	if err != nil {
		return nil, err
	}
	gone := false
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if (view{s, tx}).layerVersion(c, l) == nil {
			return nil
		}
		gone = true
		if err := s.layers.policies.Delete(tx, l.versionKey()); err != nil {
			return err
		}
		return s.layers.versions.Delete(tx, l.versionKey())
	})
	if err != nil {
		return nil, err
	}
	if gone {
		s.tidyZips(ctx)
	}
	return &api.Empty{}, nil
}
