// Package sts is the AWS Security Token Service: it turns an identity that was
// proven into temporary credentials of a role, of a federated user, or of the
// same user.
//
// # Temporary credentials
//
// They are not stored. The session token is a sealed record (AES-256-GCM, under
// a key made at first start and kept in the store) of everything the session
// is: whose it is, its name, tags, session policies, source identity, times and
// secret. Every use opens the token and asks the directory whether the role or
// user behind it is still the same one, by its unique id: deleting a role ends
// its sessions, and a new role of the same name does not revive them.
//
// # Whom it is when it calls
//
// It calls no other service. What it must know of roles, users and managed
// policies it reads from op.Directory.
//
// # Differences from AWS
//
//   - There are no MFA devices, so a call that names one is refused as AWS
//     refuses an unknown device.
//   - ProvidedContexts is refused: there is no identity provider that could
//     have signed a context assertion.
//   - AWS does not publish how it packs session policies and tags. Here they are
//     deflated; the size PackedPolicyTooLarge starts at is inferred.
//   - DecodeAuthorizationMessage refuses every message: no service here encodes
//     the reason of a denial (on AWS, EC2 does), so none can be ours.
//   - Web identity, SAML, AssumeRoot and the other operations are not bound.
package sts
