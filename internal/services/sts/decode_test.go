package sts

import (
	"testing"

	stsapi "github.com/sallyport/sallyport/internal/api/sts"
)

func TestNoMessageIsOurs(t *testing.T) {
	w := newWorld(t)
	ann := w.user(here, "ann", statement("Allow", "", `"sts:DecodeAuthorizationMessage"`, "*", ""))
	in := &stsapi.DecodeAuthorizationMessageRequest{EncodedMessage: ptr("4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn-abcdefghijklmn-abcdefghijklmn")}
	_, err := call(w, ann, stsapi.DecodeAuthorizationMessage, in)
	refused(t, err, 400, "InvalidAuthorizationMessageException", "The message is not one that this server encoded.")
	_, err = call(w, w.user(here, "bob", ""), stsapi.DecodeAuthorizationMessage, in)
	refused(t, err, 403, "AccessDenied", "User: arn:aws:iam::111111111111:user/bob is not authorized to perform: sts:DecodeAuthorizationMessage because no identity-based policy allows the sts:DecodeAuthorizationMessage action")
}
