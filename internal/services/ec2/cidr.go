package ec2

import (
	"net/netip"
)

// parseBlock reads an IPv4 block, as EC2 keeps it: with no bit set behind its
// prefix.
func parseBlock(text string) (netip.Prefix, bool) {
	block, err := netip.ParsePrefix(text)
	if err != nil || !block.Addr().Is4() {
		return netip.Prefix{}, false
	}
	return block.Masked(), true
}

// checkBlock refuses what no VPC or subnet can have: between 16 and 65,536
// addresses (VPC user guide, "VPC CIDR blocks").
func checkBlock(text, code string) (netip.Prefix, error) {
	block, ok := parseBlock(text)
	switch {
	case !ok:
		return block, invalid("Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text)
	case block.Bits() < 16 || block.Bits() > 28:
		return block, refuse(code, "The CIDR '%s' is invalid.", text)
	}
	return block, nil
}

// within says whether all of inner is in outer.
func within(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// kept are the first addresses of a subnet that AWS keeps for itself; the last
// one is kept too.
const kept = 4

// size is how many addresses a block has.
func size(block netip.Prefix) int { return 1 << (32 - block.Bits()) }

// usable says whether an address can be given out in a block.
func usable(block netip.Prefix, a netip.Addr) bool {
	n := offset(block, a)
	return block.Contains(a) && n >= kept && n < size(block)-1
}

func offset(block netip.Prefix, a netip.Addr) int { return int(number(a) - number(block.Addr())) }

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// address is the nth of a block.
func address(block netip.Prefix, n int) netip.Addr {
	x := number(block.Addr()) + uint32(n)
	return netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
}

// lowestFree gives n addresses of a block that are not taken; false if it has not
// as many.
func lowestFree(block netip.Prefix, taken map[string]bool, n int) ([]string, bool) {
	var free []string
	for i := kept; i < size(block)-1 && len(free) < n; i++ {
		if a := address(block, i).String(); !taken[a] {
			free = append(free, a)
		}
	}
	return free, len(free) == n
}
