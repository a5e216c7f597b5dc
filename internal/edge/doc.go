// Package edge is the doors: what turns an HTTP request into a call and its
// outcome into an HTTP answer. It decides nothing; every request that names an
// operation goes through op.
//
// The steps of a request, in order (edge.go), and why in that order:
//
//   - bound: the body is read, never further than its operation may have one.
//   - routed: which service and operation. What belongs to no service is
//     answered here, as there is nobody to sign for.
//   - identified: the signature. Every operation is signed, so nothing goes on
//     without one.
//   - known: an operation that does not exist, or is not bound, is named only
//     after that: a stranger learns nothing of what is here. (AWS's front ends
//     answer some of these before they look at the signature.)
//   - decoded: bytes to typed input. Malformed input is answered 400 before the
//     gate answers 403, for every signed caller: an input that cannot be read
//     has no resources to be judged on, and its constraints depend on nothing
//     but the published model, so the answer tells nothing of what exists.
//   - run: needs, gate, handler.
//
// No answer carries a CORS header, so browsers keep pages of other origins away
// from answers; and no operation takes an unsigned request, so neither a page
// nor a rebound DNS name can ask for anything in a user's name.
//
// A request from a function environment's own listener is like any other: it is
// signed, judged and answered the same way, and only op.Origin says where it
// came from.
package edge
