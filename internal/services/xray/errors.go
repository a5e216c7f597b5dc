package xray

import xrayapi "github.com/sallyport/sallyport/internal/api/xray"

// invalid words what AWS refuses; the texts are ours where no capture is known.
func invalid(format string, args ...any) error {
	return xrayapi.NewInvalidRequestException(format, args...)
}
