package kms

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// alias is a stored alias; Name begins with "alias/", Target is a key's id.
type alias struct {
	Account, Region, Name string
	Target                string
	Created, Updated      time.Time
}

func (a *alias) ref() aliasRef { return aliasRef{a.Account, a.Region, a.Name} }

func (a *alias) target() ref { return ref{a.Account, a.Region, a.Target} }

// aliasOf is the alias that a request names by its name.
func aliasOf(c *op.Call) (aliasRef, error) {
	in, ok := c.Input.(interface{ GetAliasName() string })
	if !ok {
		return aliasRef{}, invalid("Invalid identifier")
	}
	name := in.GetAliasName()
	rest, ok := strings.CutPrefix(name, aliasPrefix)
	switch {
	case !ok || rest == "":
		return aliasRef{}, invalid("Invalid identifier")
	case strings.Contains(rest, ":"):
		return aliasRef{}, invalid("%s contains invalid characters for an alias", name)
	}
	return aliasRef{c.Account, c.Region, name}, nil
}

// alias is the finder of the alias; no key policy speaks of it.
func (s *Service) alias(_ context.Context, c *op.Call) ([]op.Resource, error) {
	a, err := aliasOf(c)
	if err != nil {
		return nil, err
	}
	return []op.Resource{{ARN: a.arn(), Account: a.account}}, nil
}

// aliased is the key that the alias names now, if it names one.
func (s *Service) aliased(_ context.Context, c *op.Call) ([]op.Resource, error) {
	a, err := aliasOf(c)
	if err != nil {
		return nil, err
	}
	t := s.resolveAlias(a)
	if t.unknown.name != "" {
		return nil, nil
	}
	t.by = "" // the request is about the alias, it does not use it
	c.Remember(aliasedKey{}, t.ref)
	return s.judged(c, t, nil), nil
}

type aliasedKey struct{}

// asJudged says whether the alias still names the key that the call was authorized
// for: whoever moved it meanwhile was judged on another one.
func (a *alias) asJudged(c *op.Call) bool {
	if a == nil {
		return false
	}
	judged, _ := c.Recall(aliasedKey{})
	return judged == any(a.target())
}

// aliasTarget is the key that the alias is to name.
func (s *Service) aliasTarget(_ context.Context, c *op.Call) ([]op.Resource, error) {
	given := c.Input.(interface{ GetTargetKeyId() string }).GetTargetKeyId()
	if _, a, _ := parseARN(given); a.name != "" || strings.HasPrefix(given, aliasPrefix) {
		return nil, invalid("Aliases must refer to keys. Not aliases")
	}
	t, err := s.resolve(c, given)
	if err != nil {
		return nil, err
	}
	return ownOnly(c, s.judged(c, t, nil)), nil
}

// reserved refuses AWS's own aliases, without a text, as AWS does.
func reserved(a aliasRef) error {
	if strings.HasPrefix(a.name, awsPrefix) {
		return api.Newf(400, "NotAuthorizedException", "")
	}
	return nil
}

func (s *Service) createAlias(ctx context.Context, c *op.Call, _ *kmsapi.CreateAliasRequest) (*api.Empty, error) {
	a, err := ownAlias(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		k, err := s.aliasable(tx, c)
		if err != nil {
			return err
		}
		if s.aliases.GetIn(tx, a.key()) != nil {
			return kmsapi.NewAlreadyExistsException("An alias with the name %s already exists", a.arn())
		}
		return s.aliases.Put(tx, a.key(), &alias{Account: a.account, Region: a.region, Name: a.name, Target: k.ID, Created: c.Time.UTC(), Updated: c.Time.UTC()})
	})
	return &api.Empty{}, err
}

func ownAlias(c *op.Call) (aliasRef, error) {
	a, err := aliasOf(c)
	if err == nil {
		err = reserved(a)
	}
	return a, err
}

// aliasable is the key a call was authorized for, if it may get one more alias.
func (s *Service) aliasable(tx *store.Tx, c *op.Call) (*key, error) {
	k, err := s.findIn(tx, targetOf(c))
	if err == nil {
		err = k.present()
	}
	if err == nil && len(s.index.names(k.ref())) >= limits.KeyAliases {
		err = kmsapi.NewLimitExceededException("A key can have no more than %d aliases.", limits.KeyAliases)
	}
	return k, err
}

func (s *Service) updateAlias(ctx context.Context, c *op.Call, _ *kmsapi.UpdateAliasRequest) (*api.Empty, error) {
	a, err := ownAlias(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		old := s.aliases.GetIn(tx, a.key())
		if !old.asJudged(c) {
			return noAlias(a.arn())
		}
		k, err := s.aliasable(tx, c)
		if err != nil {
			return err
		}
		changed := *old
		changed.Target, changed.Updated = k.ID, c.Time.UTC()
		return s.aliases.Put(tx, a.key(), &changed)
	})
	return &api.Empty{}, err
}

func (s *Service) deleteAlias(ctx context.Context, c *op.Call, _ *kmsapi.DeleteAliasRequest) (*api.Empty, error) {
	a, err := ownAlias(c)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if !s.aliases.GetIn(tx, a.key()).asJudged(c) {
			return noAlias(a.arn())
		}
		return s.aliases.Delete(tx, a.key())
	})
	return &api.Empty{}, err
}

func (s *Service) listAliases(_ context.Context, c *op.Call, in *kmsapi.ListAliasesRequest) (*kmsapi.ListAliasesResponse, error) {
	var only *ref
	if in.KeyId != nil {
		t, err := s.resolve(c, *in.KeyId)
		if err != nil {
			return nil, err
		}
		if t.ref.account != c.Account {
			return nil, noKey(t.ref)
		}
		if _, err := s.findIn(nil, t); err != nil {
			return nil, err
		}
		only = &t.ref
	}
	p, err := newPage(in.Limit, in.Marker, limits.KeyPage/2, store.Prefix(c.Account, c.Region))
	if err != nil {
		return nil, err
	}
	out := &kmsapi.ListAliasesResponse{Aliases: []kmsapi.AliasListEntry{}}
	for at, a := range s.aliases.All(p.prefix, p.after) {
		if only != nil && a.target() != *only {
			continue
		}
		if !p.take(at) {
			break
		}
		out.Aliases = append(out.Aliases, kmsapi.AliasListEntry{
			AliasName: &a.Name, AliasArn: ptr(a.ref().arn()), TargetKeyId: &a.Target, CreationDate: &a.Created, LastUpdatedDate: &a.Updated,
		})
	}
	out.Truncated, out.NextMarker = p.end()
	return out, nil
}
