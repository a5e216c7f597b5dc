// Package localca is the certificate authority of one server: it vouches for the
// server's own names to clients that insist on HTTPS.
//
// The authority is made at the first start and kept in the data directory, its
// key readable by the owner alone. Whoever trusts its certificate trusts it for
// names and addresses that never are public ones, and for no others: the
// certificate says so itself (name constraints, RFC 5280 section 4.2.1.10), so
// that a key that gets lost is of no use against AWS or anybody else.
// Certificates for the names that clients ask for (SNI) are made on demand: no
// wildcard covers BUCKET.s3.REGION.localhost and ID.lambda-url.REGION.localhost,
// and clients take none right below localhost.
package localca
