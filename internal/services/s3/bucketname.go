package s3

import (
	"net/netip"
	"strings"

	"github.com/sallyport/sallyport/internal/api"
)

// checkBucketName refuses names that no bucket can have ("General purpose
// bucket naming rules").
func checkBucketName(name string) error {
	ok := len(name) >= 3 && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" &&
		isAlphanumeric(name[0]) && isAlphanumeric(name[len(name)-1]) && !strings.Contains(name, "..")
	if ok {
		_, err := netip.ParseAddr(name)
		ok = err != nil
	}
	for _, prefix := range []string{"xn--", "sthree-"} {
		ok = ok && !strings.HasPrefix(name, prefix)
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		ok = ok && !strings.HasSuffix(name, suffix)
	}
	if !ok {
		return with(api.Newf(400, "InvalidBucketName", "The specified bucket is not valid."), "BucketName", name)
	}
	return nil
}

func isAlphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
