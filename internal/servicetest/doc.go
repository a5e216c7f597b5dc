// Package servicetest checks any service against the laws of the road to its
// handlers. Rows looks at the table of operations; Road asks every operation of
// a set of services, through a real bus, gate and store, as callers who may do
// nothing, and sees that no handler was reached.
//
// It is for tests only: handlers are replaced by ones that say they were
// reached, so nothing here can run one.
package servicetest
