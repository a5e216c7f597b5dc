// Package kms is AWS Key Management Service: symmetric encryption keys with
// their policies, grants, aliases and tags, and what is encrypted with them.
//
// # How it is built
//
// A key's material never leaves the service, and stands in the database sealed
// with a master key that lies beside it, in a file of mode 0600
// (store.Sealer). That protects copies of the database (backups, dumps, bug
// reports), not the machine: who can read the file too, or the memory of the
// server, can decrypt everything. A ciphertext names its key; the encryption
// context is bound to it as additional data of AES-256-GCM.
//
// # Who may use a key
//
// The key policy must allow (op.Facts.MustAllow): identity policies count only
// as far as the policy names the account. A grant is a statement beside the key
// policy that allows its grantee, under the conditions of its constraints; an
// explicit deny still wins. The finders tell the gate which grants are the
// caller's (op.Resource.Facts), since a key may have many. Retiring a grant is
// judged on that grant alone: neither the key policy nor an identity policy
// allows it, but the account of the key may delegate it to its own
// (developer guide, "Retiring and revoking grants").
//
// A key that does not exist is judged by the identity policies, so that who may
// use keys is told that it is not there, and nobody else.
//
// # Who it is when it calls
//
// KMS calls nobody. Services that use a key for somebody call as that principal,
// on behalf (aws:CalledVia) and with kms:ViaService.
//
// # How it differs from AWS
//
//   - Only symmetric encryption keys of one region with material of KMS's own:
//     no asymmetric or HMAC keys, imported material, key stores or multi-Region
//     keys; CreateKey says so.
//   - Rotation is a setting: the material does not change.
//   - Everything is in force at once, so a grant token is checked and adds nothing.
//   - A grantee has to be a principal of an account; AWS's services may not be one.
//   - Grants to a principal of another account take an identity policy there, as
//     every access across accounts does (AWS's pages leave it open).
//   - An AWS managed key is made when DescribeKey names its alias; ListAliases
//     does not show those that were not made.
//   - An encryption context in which two names differ by case only satisfies no
//     condition that allows and each that denies, as AWS does not say which counts.
//   - A key is gone at the minute of its deletion date; AWS takes up to a day more.
package kms
