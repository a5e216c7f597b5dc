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
//   - Encoded messages come from ExplainDecision: no service here puts them into
//     its denials, as EC2 does on AWS. They are sealed as session tokens are.
//     AWS says that they expire, and not when; here they last as long as the key.
//     Only the account they were made for may decode them (AWS does not say).
//   - A decoded message has the condition keys of the request, and not the
//     parts of the resource's ARN that AWS puts among them (aws:Type and such).
//     Of one that would be too long for DecodeAuthorizationMessage, the longest
//     values are left out.
//   - Web identity, SAML, AssumeRoot and the other operations are not bound.
package sts
