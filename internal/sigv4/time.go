package sigv4

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/limits"
)

// parseDate reads the date: ISO 8601 basic format. A Date header may also be
// in HTTP's own format, or with a zone in digits: botocore sends that when it is
// given any.
func (a *authorization) parseDate() (time.Time, *Failure) {
	if len(a.date) == len(amzTime) { // Parse would let fractions of a second pass
		if t, err := time.Parse(amzTime, a.date); err == nil {
			return t, nil
		}
	}
	if !a.presigned {
		if t, err := http.ParseTime(a.date); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse(time.RFC1123Z, a.date); err == nil {
			return t.UTC(), nil
		}
	}
	at := errDate()
	if a.presigned {
		at = errQuery(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	return time.Time{}, incomplete("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", a.date).inS3(at)
}

// skew is how far a date may be from now: 15 minutes at the query-protocol
// services, 5 at others (recorded of Lambda, and of CloudWatch Logs in 2016).
func skew(s *api.Service) time.Duration {
	if speaksQuery(s) {
		return limits.ClockSkew
	}
	return limits.LambdaClockSkew
}

func speaksQuery(s *api.Service) bool {
	return s != nil && (s.Protocol == api.Query || s.Protocol == api.EC2Query || slices.Contains(s.Also, api.Query))
}

// fresh refuses a signature from too far in the past or the future.
func (a *authorization) fresh(now time.Time, s *api.Service) *Failure {
	if IsS3(s) {
		return a.freshInS3(now)
	}
	window := skew(s)
	if latest := now.Add(window); a.time.After(latest) {
		return mismatch("Signature not yet current: %s is still later than %s (%s + %s)", format(a.time), format(latest), format(now), minutes(window))
	}
	valid, failure := a.lifetime(window, s)
	if failure != nil {
		return failure
	}
	if earliest := now.Add(-valid); a.time.Before(earliest) {
		return mismatch("Signature expired: %s is now earlier than %s (%s - %s)", format(a.time), format(earliest), format(now), minutes(valid))
	}
	return nil
}

// lifetime is how long the signature is good for: the window, or what a
// presigned URL says (seconds, 1 to a week). At the query-protocol services a
// presigned URL never lives longer than the window: AWS's STS ignores
// X-Amz-Expires altogether.
func (a *authorization) lifetime(window time.Duration, s *api.Service) (time.Duration, *Failure) {
	if a.expires == "" {
		return window, nil
	}
	seconds, err := strconv.ParseUint(a.expires, 10, 32)
	switch {
	case err != nil:
		return 0, incomplete("X-Amz-Expires must be a number")
	case seconds < 1:
		return 0, incomplete("X-Amz-Expires must be at least 1 second")
	case seconds > limits.PresignedExpires:
		return 0, incomplete("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than %d seconds", limits.PresignedExpires)
	}
	valid := time.Duration(seconds) * time.Second
	if speaksQuery(s) {
		valid = min(valid, window)
	}
	return valid, nil
}

// minutes prints a duration as AWS does: "15 min."; odd ones in seconds.
func minutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return fmt.Sprintf("%d sec.", d/time.Second)
	}
	return fmt.Sprintf("%d min.", d/time.Minute)
}
