// Package organizations is AWS Organizations: an organization with its root,
// organizational units and accounts, and the control policies attached to them.
//
// The gate reads from it, through op.Organizations, where an account stands in
// its organization and which control policies apply there: a view in memory,
// put together anew by every write before that is acknowledged.
//
// # Whom it is when it calls
//
// It calls no other service. CreateAccount and CloseAccount have IAM make and
// close the account, through op.Accounts: on AWS that happens inside AWS, where
// no policy of a customer is asked, and so here. The first call anybody makes
// to a new account is an sts:AssumeRole of the management account's, which the
// trust policy of the account's role decides like any other.
//
// # Differences from AWS
//
//   - Changes are visible at once, everywhere. An account is made within
//     milliseconds; its status is IN_PROGRESS until then.
//   - A new account has a root access key (RootCredentials, credentials.json):
//     AWS gives it none, but has a console to reset the password in.
//   - Accounts cannot be invited: an organization holds its management account
//     and those it made. One that was removed exists on, on its own, and needs
//     neither a payment method nor an agreement for that.
//   - A closed account is SUSPENDED at once and for good. There is no bound on
//     how many are closed in a month.
//   - No service-linked role of Organizations is made. Trusted access of services
//     is remembered and has no effect.
//   - There are service control policies and resource control policies; every
//     other type of policy is refused as not available to the organization.
//   - There is no delegation: no delegated administrators, no resource policy of
//     the organization. Operations are the management account's; a member may
//     ask DescribeOrganization only.
//   - An organization has up to 1,000 accounts; AWS's default is 10 and is raised
//     on request.
//   - Email addresses are unique on this server, not in the world. The management
//     account's is made up.
package organizations
