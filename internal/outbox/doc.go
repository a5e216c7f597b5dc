// Package outbox keeps deliveries until they were made: what a service owes to
// another one (a notification, a destination, a push) is put in the transaction
// that acknowledges its cause, and attempted until the attempt says that it is
// done. It survives kill -9, so a delivery is made at least once; one that was
// made just before a crash may be made again.
//
// A delivery that finds no room where it goes rests for a pool, in memory only,
// and is hurried when there is room.
package outbox
