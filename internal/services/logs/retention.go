package logs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	logsapi "github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// retentions are the numbers of days AWS offers (API reference, PutRetentionPolicy).
var retentions = [...]int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (s *Service) putRetentionPolicy(ctx context.Context, c *op.Call, in *logsapi.PutRetentionPolicyRequest) (*api.Empty, error) {
	days := in.GetRetentionInDays()
	if !slices.Contains(retentions[:], days) {
		all := strings.ReplaceAll(strings.Trim(fmt.Sprint(retentions), "[]"), " ", ", ")
		return nil, invalidParameter(fmt.Sprintf("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [%s]", days, all))
	}
	return s.setRetention(ctx, c, days)
}

func (s *Service) deleteRetentionPolicy(ctx context.Context, c *op.Call, _ *logsapi.DeleteRetentionPolicyRequest) (*api.Empty, error) {
	return s.setRetention(ctx, c, 0)
}

func (s *Service) setRetention(ctx context.Context, c *op.Call, days int32) (*api.Empty, error) {
	g, err := target(c)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, g, func(record *group) error {
		record.Retention = days
		return nil
	})
}

// horizon is the time, in milliseconds, before which events of the group are expired.
func (g *group) horizon(now time.Time) int64 {
	if g.Retention == 0 {
		return 0
	}
	return max(0, now.AddDate(0, 0, -int(g.Retention)).UnixMilli())
}

// sweep removes expired events, at start and then every hour. Readers never see
// them, so it does not matter when it runs.
func (s *Service) sweep(ctx context.Context) {
	for {
		for key, g := range s.groups.All("", "") {
			if ctx.Err() != nil {
				return
			}
			if err := s.trim(ctx, key, g.horizon(s.clock.Now())); err != nil {
				s.log.ErrorContext(ctx, "removing expired log events", "group", g.Name, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.clock.After(limits.LogSweep):
		}
	}
}

// trim removes a group's events before the horizon.
func (s *Service) trim(ctx context.Context, groupKey string, horizon int64) error {
	for key, st := range s.streams.All(groupKey+"\x00", "") {
		if st.Bytes == 0 || st.First >= horizon {
			continue
		}
		if err := s.trimStream(ctx, key, st, horizon); err != nil {
			return err
		}
	}
	return nil
}

// trimStream removes a stream's events before the horizon. A stream that was
// written to meanwhile waits for the next sweep.
func (s *Service) trimStream(ctx context.Context, key string, was *stream, horizon int64) error {
	now := *was
	now.First = 0
	err := s.each(ctx, key+"\x00", position{}, position{time: math.MaxInt64}, func(e event) bool {
		if e.at.time >= horizon {
			now.First = e.at.time
			return false
		}
		now.Bytes -= e.size()
		return true
	})
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if s.streams.GetIn(tx, key) != was {
			return nil
		}
		expired := store.Range{From: key + "\x00", To: key + "\x00" + position{time: horizon}.key()}
		if err := s.events.Trim(tx, expired); err != nil {
			return err
		}
		return s.streams.Put(tx, key, &now)
	})
}
