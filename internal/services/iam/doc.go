// Package iam is AWS Identity and Access Management: users, groups, roles,
// policies, access keys, and the directory the gate reads principals from.
//
// Who it is when it calls: it calls no other service.
//
// Who calls it: AWS Organizations makes and closes accounts through op.Accounts.
//
// Decisions never wait for the database. They read an index in memory that
// every write changes before it is acknowledged, so that the next request sees
// it. AWS takes seconds; the strictness is ours. A principal's policies are put
// together at its first question after a change, and kept; equal texts are
// compiled once, whoever holds them.
//
// How it differs from AWS:
//
//   - Changes are visible at once, everywhere.
//   - Users have no console password, MFA device, SSH key, signing certificate
//     or service-specific credential; the operations that list them answer
//     from that empty state.
//   - RoleLastUsed is always empty. The last use of an access key is written
//     to disk about once a minute.
//   - AWS managed policies have one version here, the default one, and neither
//     description nor AWS's own id: the published data has none.
//   - A principal of another account in a trust policy must exist if this
//     server holds that account; if it does not, it is taken as it is written
//     (inferred: AWS can always check). Federated providers are not looked up.
//     Of service principals only the domain is checked.
//   - Service-linked roles exist for the services of one table; deleting one
//     always succeeds at once.
//   - The policy simulator is the engine that decides calls, on the keys that
//     ContextEntries give and no others. It does not ask whether an action or a
//     key exists, and takes any actions together. Of a ResourceHandlingOption it
//     asks that the resources it wants are there, and no more. Several resources are named "*" in the result
//     of an action, where AWS names their type. A ResourcePolicy for an action
//     of STS on a role is its trust policy, and must allow; AWS's ignores it.
//     Resource control policies are not simulated, as on AWS.
//   - Quotas are AWS's defaults and cannot be raised.
//   - A root access key this server made is made anew at the next start if it
//     was deleted: somebody must be able to get in.
package iam
