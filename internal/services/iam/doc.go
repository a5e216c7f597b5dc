// Package iam is AWS Identity and Access Management: users, groups, roles,
// policies, access keys, and the directory the gate reads principals from.
//
// Who it is when it calls: it calls no other service.
//
// Decisions never wait for the database. Every principal has a compiled
// snapshot of its policies, rebuilt by the write that changes it before that
// write is acknowledged, so that the next request sees it. AWS takes seconds;
// the strictness is ours.
//
// How it differs from AWS:
//
//   - Changes are visible at once, everywhere.
//   - Users have no console password, MFA device, SSH key, signing certificate
//     or service-specific credential; the operations that list them answer
//     from that empty state.
//   - RoleLastUsed is always empty. The last use of an access key is written
//     to disk about once a minute.
//   - AWS managed policies have one version here, the default one.
//   - A principal of another account in a trust policy must exist if this
//     server holds that account; if it does not, it is taken as it is written
//     (inferred: AWS can always check). Federated providers are not looked up.
//   - Service-linked roles exist for the services of one table; deleting one
//     always succeeds at once.
//   - Quotas are AWS's defaults and cannot be raised.
package iam
