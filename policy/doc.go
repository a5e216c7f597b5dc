// Package policy reads IAM policies and decides with them as AWS does.
//
// A policy text becomes a Document (parse.go, document.go), is refused in AWS's
// words where AWS would not store it (validate.go), and is compiled into a
// Policy (compile.go), which any number of goroutines may share. Evaluate
// (evaluate.go) takes a Request and the Layers of policies that answer it, and
// gives a Decision. It is a pure function: no clock, no I/O, no service is
// known, and nothing is allocated. Explain (explain.go) decides the same and
// says why, as data: what each statement wanted and saw, which statements
// nearly applied, and the smallest changes that would allow the request, each
// proven by deciding again (fix.go). Message (message.go) is AWS's own text.
//
// # The order
//
// A request is decided by these steps; the first that denies is the one named.
//
//  1. A Deny that applies, in any layer, is final.
//  2. Resource control policies, then service control policies: at every level
//     of the organization one must allow (layer_control.go).
//  3. The resource's policy (layer_resource.go). It alone may let the principal
//     in, if it names it closely enough (principal.go): "*" and the principal
//     itself do; the role behind a session makes up for a missing identity
//     policy only; the account delegates. Across accounts, and where the
//     resource must allow (role trust, KMS keys), it has to name the principal
//     in some way, and the steps below still count.
//  4. The identity policies, of which one must allow (layer_identity.go).
//  5. The permissions boundary (layer_boundary.go).
//  6. The session policies (layer_session.go).
//  7. The policy of the VPC endpoint the request came through (layer_endpoint.go).
//
// A statement applies when its principal, action (action.go), resource
// (resource.go, arn.go) and all its conditions (condition.go, operator.go,
// operand.go) match; texts may hold wildcards (pattern.go) and variables
// (variable.go). Of the statements of a policy only those are looked at that an
// index (index.go) can not rule out.
//
// # What is not known
//
// A part of a statement holds, does not hold, or is unsure (verdict.go): it is
// malformed, or AWS does not say what it means. On an unsure part an Allow does
// not apply and a Deny does. A decision that rests on such a rule, or on one
// that AWS's own pages contradict, carries its caveat (caveat.go).
package policy
