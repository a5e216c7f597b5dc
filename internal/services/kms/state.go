package kms

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/op"
)

const day = 24 * time.Hour

// The waiting time before a key is deleted, in days.
const (
	shortestWindow = 7
	longestWindow  = 30
)

func (s *Service) enableKey(ctx context.Context, c *op.Call, _ *kmsapi.EnableKeyRequest) (*api.Empty, error) {
	return s.setDisabled(ctx, c, false)
}

func (s *Service) disableKey(ctx context.Context, c *op.Call, _ *kmsapi.DisableKeyRequest) (*api.Empty, error) {
	return s.setDisabled(ctx, c, true)
}

func (s *Service) setDisabled(ctx context.Context, c *op.Call, disabled bool) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) error {
		k.Disabled = disabled
		return k.present()
	})
	return &api.Empty{}, err
}

func (s *Service) updateKeyDescription(ctx context.Context, c *op.Call, in *kmsapi.UpdateKeyDescriptionRequest) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) error {
		k.Description = in.GetDescription()
		return k.present()
	})
	return &api.Empty{}, err
}

// window is how many days a key waits for its deletion.
func window(in *kmsapi.ScheduleKeyDeletionRequest) int32 {
	if in.PendingWindowInDays == nil {
		return longestWindow
	}
	return *in.PendingWindowInDays
}

func (s *Service) scheduleKeyDeletion(ctx context.Context, c *op.Call, in *kmsapi.ScheduleKeyDeletionRequest) (*kmsapi.ScheduleKeyDeletionResponse, error) {
	days := window(in)
	if days < shortestWindow || days > longestWindow {
		return nil, invalid("PendingWindowInDays must be between %d and %d (inclusive).", shortestWindow, longestWindow)
	}
	k, err := s.change(ctx, c, func(k *key) error {
		if err := k.present(); err != nil {
			return err
		}
		k.Deletion = c.Time.UTC().Truncate(time.Millisecond).Add(time.Duration(days) * day)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &kmsapi.ScheduleKeyDeletionResponse{KeyId: ptr(k.ref().arn()), DeletionDate: &k.Deletion, KeyState: ptr(k.state()), PendingWindowInDays: &days}, nil
}

// cancelKeyDeletion leaves the key disabled, as AWS does.
func (s *Service) cancelKeyDeletion(ctx context.Context, c *op.Call, _ *kmsapi.CancelKeyDeletionRequest) (*kmsapi.CancelKeyDeletionResponse, error) {
	k, err := s.change(ctx, c, func(k *key) error {
		if k.Deletion.IsZero() {
			return notPendingDeletion(k.ref())
		}
		k.Deletion, k.Disabled = time.Time{}, true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &kmsapi.CancelKeyDeletionResponse{KeyId: ptr(k.ref().arn())}, nil
}

// yearly is the rotation period of a request that gives none, in days.
const yearly = 365

func (s *Service) enableKeyRotation(ctx context.Context, c *op.Call, in *kmsapi.EnableKeyRotationRequest) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) error {
		k.Rotation, k.Rotating = yearly, c.Time.UTC()
		if in.RotationPeriodInDays != nil {
			k.Rotation = *in.RotationPeriodInDays
		}
		return k.usable()
	})
	return &api.Empty{}, err
}

func (s *Service) disableKeyRotation(ctx context.Context, c *op.Call, _ *kmsapi.DisableKeyRotationRequest) (*api.Empty, error) {
	_, err := s.change(ctx, c, func(k *key) error {
		k.Rotation = 0
		return k.usable()
	})
	return &api.Empty{}, err
}

func (s *Service) getKeyRotationStatus(_ context.Context, c *op.Call, _ *kmsapi.GetKeyRotationStatusRequest) (*kmsapi.GetKeyRotationStatusResponse, error) {
	k, err := s.find(c)
	if err != nil {
		return nil, err
	}
	// A key that is to be deleted is not rotated.
	out := &kmsapi.GetKeyRotationStatusResponse{KeyId: ptr(k.ref().arn()), KeyRotationEnabled: ptr(k.Rotation > 0 && k.Deletion.IsZero())}
	if *out.KeyRotationEnabled {
		period := time.Duration(k.Rotation) * day
		next := k.Rotating.Add(period * (1 + c.Time.Sub(k.Rotating)/period))
		out.RotationPeriodInDays, out.NextRotationDate = &k.Rotation, &next
	}
	return out, nil
}
