package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// place is an account in a region: what is in another one cannot be seen.
type place struct{ account, region string }

func placeOf(c *op.Call) place { return place{c.Account, c.Region} }

func (p place) key(id string) string { return store.Key(p.account, p.region, id) }

// prefix is the start of the keys of all that is here.
func (p place) prefix() string { return store.Prefix(p.account, p.region) }

// arn is that of something here; id is "*" for what is about to be made.
func (p place) arn(n noun, id string) string {
	return "arn:" + op.Partition + ":ec2:" + p.region + ":" + p.account + ":" + n.kind + "/" + id
}

// parseARN is the way back from arn.
func parseARN(arn string) (p place, kind, id string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != op.Partition || parts[2] != "ec2" {
		return place{}, "", "", false
	}
	kind, id, ok = strings.Cut(parts[5], "/")
	return place{parts[4], parts[3]}, kind, id, ok
}

// idDigits is how many hexadecimal digits an id has.
const idDigits = 17

func newID(prefix string) string { return prefix + id.Hex((idDigits + 1) / 2)[:idDigits] }

// fixed is the id of something that a place is made with: always the same, so
// that it is known before it is there.
func (p place) fixed(prefix, what string) string {
	sum := sha256.Sum256([]byte(store.Key(p.account, p.region, prefix, what)))
	return prefix + hex.EncodeToString(sum[:])[:idDigits]
}

// ids gives the id of a new thing by its prefix and what it is.
type ids func(prefix, what string) string

func drawn(prefix, _ string) string { return newID(prefix) }

// defaultVPC is the id of the default VPC, whether it is there or not.
func (p place) defaultVPC() string { return p.fixed(vpcs.prefix, "default") }

// inhabited marks a place that has been given its default VPC.
type inhabited struct{}

// begin is the first step of every handler, once the gate let the caller in: it
// ends a dry run, and gives an account its default VPC.
func (s *Service) begin(ctx context.Context, c *op.Call) error {
	if in, ok := c.Input.(interface{ GetDryRun() bool }); ok && in.GetDryRun() {
		return dryRun()
	}
	p := placeOf(c)
	if s.places.Get(p.key("")) != nil {
		return nil
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		if s.places.GetIn(tx, p.key("")) != nil {
			return nil
		}
		if err := s.places.Put(tx, p.key(""), &inhabited{}); err != nil {
			return err
		}
		return s.makeDefault(tx, p)
	})
}

// defaultBlock is the address range of every default VPC (VPC user guide,
// "Default VPC components"): a subnet of 4,096 addresses in each zone.
const defaultBlock = "172.31.0.0/16"

func (s *Service) makeDefault(tx *store.Tx, p place) error {
	v := &vpc{CIDR: defaultBlock, Tenancy: "default", Default: true, Hostnames: true}
	if err := s.putVPC(tx, p, p.defaultVPC(), v, p.fixed); err != nil {
		return err
	}
	for i, zone := range zonesOf(p.region) {
		n := &subnet{VPC: p.defaultVPC(), CIDR: "172.31." + strconv.Itoa(16*i) + ".0/20", Zone: zone.name, Default: true, Public: true}
		n.Association = p.fixed("aclassoc-", zone.name)
		if err := s.subnets.Put(tx, p.key(p.fixed(subnets.prefix, zone.name)), n); err != nil {
			return err
		}
	}
	return nil
}
