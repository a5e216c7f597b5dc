package s3

import (
	"hash/crc32"
	"math/bits"
)

// polynomial is that of a CRC, reversed, with its width in bits.
type polynomial struct {
	bits  uint64
	width int
}

// polynomials are of the sums that can be joined without reading bytes again.
var polynomials = map[string]polynomial{
	sumCRC32:     {crc32.IEEE, 32},
	sumCRC32C:    {crc32.Castagnoli, 32},
	sumCRC64NVME: {nvme, 64},
}

// crcSum is the CRC of parts that were summed one by one.
type crcSum struct{ raw []byte }

// add joins the sum of the next part, which has n bytes: the sum so far is moved
// on by n zero bytes, which is a power of a matrix over GF(2), and the next is
// added to it (the method of zlib's crc32_combine).
func (c *crcSum) add(p polynomial, next []byte, n int64) {
	if c.raw == nil {
		c.raw = append([]byte(nil), next...)
		return
	}
	c.raw = bigEndian(p.shift(value64(c.raw), n)^value64(next), p.width)
}

// shift moves a sum on by n zero bytes.
func (p polynomial) shift(sum uint64, n int64) uint64 {
	step := make([]uint64, p.width) // one zero bit
	step[0] = p.bits
	for i := 1; i < p.width; i++ {
		step[i] = 1 << (i - 1)
	}
	for range 3 { // eight zero bits
		step = squared(step)
	}
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			sum = times(step, sum)
		}
		step = squared(step)
	}
	return sum
}

func times(matrix []uint64, v uint64) (sum uint64) {
	for ; v != 0; v &= v - 1 {
		sum ^= matrix[bits.TrailingZeros64(v)]
	}
	return sum
}

func squared(m []uint64) []uint64 {
	out := make([]uint64, len(m))
	for i := range m {
		out[i] = times(m, m[i])
	}
	return out
}

func value64(raw []byte) (v uint64) {
	for _, b := range raw {
		v = v<<8 | uint64(b)
	}
	return v
}

func bigEndian(v uint64, width int) []byte {
	raw := make([]byte, width/8)
	for i := range raw {
		raw[i] = byte(v >> (width - 8 - 8*i))
	}
	return raw
}
