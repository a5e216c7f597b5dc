package ec2

import (
	"context"
	"net/netip"
	"slices"

	"github.com/sallyport/sallyport/internal/api"
	ec2api "github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// taken are the addresses of a subnet that interfaces have.
func (s *Service) taken(p place, subnet string) map[string]bool {
	all := map[string]bool{}
	for _, i := range each(s.interfaces, p) {
		if i.Subnet == subnet {
			for _, a := range i.Addresses {
				all[a] = true
			}
		}
	}
	return all
}

// give finds addresses in a subnet: those named, and as many more as make n.
func (s *Service) give(p place, id string, n *subnet, named []string, more int) ([]string, error) {
	taken, block := s.taken(p, id), n.block()
	var given []string
	for _, text := range named {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil || !a.Is4():
			return nil, invalid("Invalid IPv4 address: %s", text)
		case !block.Contains(a):
			return nil, invalid("Address does not fall within the subnet's address range")
		case !usable(block, a):
			return nil, invalid("Address is in subnet's reserved address range")
		case taken[a.String()]:
			return nil, refuse("InvalidIPAddress.InUse", "Address %s is in use.", text)
		}
		taken[a.String()] = true
		given = append(given, a.String())
	}
	want := max(more, len(given)) - len(given)
	if len(given)+want > limits.AddressesPerInterface {
		return nil, refuse("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
	}
	rest, ok := lowestFree(block, taken, want)
	if !ok {
		return nil, refuse("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s' to satisfy the requested number.", id)
	}
	return append(given, rest...), nil
}

func (s *Service) assignPrivateIpAddresses(ctx context.Context, c *op.Call, in *ec2api.AssignPrivateIpAddressesRequest) (*ec2api.AssignPrivateIpAddressesResult, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	switch {
	case len(in.Ipv4Prefixes) > 0 || in.GetIpv4PrefixCount() > 0:
		return nil, unavailable("Ipv4Prefixes")
	case in.GetAllowReassignment():
		return nil, unavailable("AllowReassignment")
	case len(in.PrivateIpAddresses) == 0 && in.GetSecondaryPrivateIpAddressCount() < 1:
		return nil, missing("secondaryPrivateIpAddressCount")
	}
	p, id := placeOf(c), in.GetNetworkInterfaceId()
	out := &ec2api.AssignPrivateIpAddressesResult{NetworkInterfaceId: &id}
	err := s.changeAddresses(ctx, c, id, func(tx *store.Tx, i *networkInterface) error {
		n := s.subnets.GetIn(tx, p.key(i.Subnet))
		if n == nil {
			return subnets.absent(i.Subnet)
		}
		given, err := s.give(p, i.Subnet, n, in.PrivateIpAddresses, int(in.GetSecondaryPrivateIpAddressCount()))
		if err != nil {
			return err
		}
		if i.Addresses = append(i.Addresses, given...); len(i.Addresses) > limits.AddressesPerInterface {
			return refuse("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
		}
		for _, a := range given {
			out.AssignedPrivateIpAddresses = append(out.AssignedPrivateIpAddresses, ec2api.AssignedPrivateIpAddress{PrivateIpAddress: &a})
		}
		return nil
	})
	return out, err
}

func (s *Service) unassignPrivateIpAddresses(ctx context.Context, c *op.Call, in *ec2api.UnassignPrivateIpAddressesRequest) (*api.Empty, error) {
	if err := s.begin(ctx, c); err != nil {
		return nil, err
	}
	if len(in.PrivateIpAddresses) == 0 {
		return nil, missing("privateIpAddress")
	}
	id := in.GetNetworkInterfaceId()
	return &api.Empty{}, s.changeAddresses(ctx, c, id, func(_ *store.Tx, i *networkInterface) error {
		for _, a := range in.PrivateIpAddresses {
			at := slices.Index(i.Addresses, a)
			if at < 1 { // not there, or the primary
				return invalid("Some of the specified addresses are not assigned to interface %s", id)
			}
			i.Addresses = slices.Delete(i.Addresses, at, at+1)
		}
		return nil
	})
}

// changeAddresses puts a changed copy of an interface that is not Lambda's.
func (s *Service) changeAddresses(ctx context.Context, c *op.Call, id string, change func(*store.Tx, *networkInterface) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		return edit(tx, s.interfaces, placeOf(c).key(id), interfaces.absent(id), func(i *networkInterface) error {
			if i.Attachment != "" {
				return refuse("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
			}
			i.Addresses = slices.Clone(i.Addresses)
			return change(tx, i)
		})
	})
}
