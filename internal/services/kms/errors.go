package kms

import (
	"github.com/sallyport/sallyport/internal/api"
	kmsapi "github.com/sallyport/sallyport/internal/api/kms"
)

// Texts are recorded from AWS (LocalStack's snapshots of 2023 and 2024) unless
// they are said to be ours.

func noKey(r ref) *api.Error { return kmsapi.NewNotFoundException("Key '%s' does not exist", r.arn()) }

func noAlias(arn string) *api.Error {
	return kmsapi.NewNotFoundException("Alias %s is not found.", arn)
}

func badKeyID(given string) *api.Error {
	return kmsapi.NewNotFoundException("Invalid keyId '%s'", given)
}

func badARN(part string) *api.Error { return kmsapi.NewNotFoundException("Invalid arn %s", part) }

func invalid(format string, args ...any) *api.Error {
	e := api.Newf(400, "ValidationException", format, args...)
	e.MessageMember = "message"
	return e
}

// badCiphertext has no text, as AWS's has none.
func badCiphertext() *api.Error { return kmsapi.NewInvalidCiphertextException("") }

func wrongKey() *api.Error {
	return kmsapi.NewIncorrectKeyException("The key ID in the request does not identify a CMK that can perform this operation.")
}

func disabled(r ref) *api.Error { return kmsapi.NewDisabledException("%s is disabled.", r.arn()) }

func pendingDeletion(r ref) *api.Error {
	return kmsapi.NewKMSInvalidStateException("%s is pending deletion.", r.arn())
}

func notPendingDeletion(r ref) *api.Error {
	return kmsapi.NewKMSInvalidStateException("%s is not pending deletion.", r.arn())
}

// unsupported is what this server has no part of (our words).
func unsupported(format string, args ...any) *api.Error {
	return kmsapi.NewUnsupportedOperationException(format, args...)
}

func dryRun() *api.Error {
	return kmsapi.NewDryRunOperationException("The request would have succeeded, but the DryRun option is set.")
}

// noGrant is in our words.
func noGrant(id string) *api.Error { return kmsapi.NewNotFoundException("Grant ID %s not found", id) }

func ptr[T any](v T) *T { return &v }
