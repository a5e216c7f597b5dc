// Package sallyport is the server's own API: what it decided, why, what would
// change it, and how the server is. The commands of cmd/sallyport are its
// clients. It is signed and judged like any other; no account is exempt.
//
// # Whom it is when it calls
//
// It calls no other service.
//
// # Differences from AWS
//
// AWS has no such API. CloudTrail and the policy simulator come nearest.
//
//   - An account sees the decisions in which it takes part: as the caller's (of
//     an AWS service: as the owner of what it acts for), or as the owner of the
//     resource. Their explanation names the policies of
//     both sides, the other account's too: without them a cross-account denial
//     could not be understood. AWS would show each account its own side only.
//   - What led to a decision and what followed from it is told as far as the
//     account takes part in it, and not beyond.
//   - AskDecision, ListWho and ListWhat answer what would be decided, by the
//     gate that decides, and record nothing. What they do not say is as in the
//     request that asks: time, address, region. They are told to the accounts
//     that would see the decision.
//   - Decisions about this API that allowed are listed only if asked for by
//     action or request id, so that looking does not fill the list.
//   - Reset belongs to root users. It empties every account of the server and
//     leaves the record of decisions.
package sallyport
