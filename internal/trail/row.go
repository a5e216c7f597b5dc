package trail

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/store"
)

// packedLines is the first byte of a row: lines of JSON, deflated.
const packedLines = 1

// largestRow bounds what a row inflates to. We wrote it, so it is a guard
// against damage only: a batch stops growing at TrailBatchBytes, and one record
// is far smaller than the rest.
const largestRow = 8 * limits.TrailBatchBytes

// pack deflates lines. The packer is kept: making one costs more than packing.
func (d *disk) pack(lines []byte) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte(packedLines)
	if d.packer == nil {
		var err error
		if d.packer, err = flate.NewWriter(&out, flate.BestSpeed); err != nil {
			return nil, err
		}
	} else {
		d.packer.Reset(&out)
	}
	if _, err := d.packer.Write(lines); err != nil {
		return nil, err
	}
	if err := d.packer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpack reads the records of a row, oldest first.
func unpack(row store.Entry) ([]*Record, error) {
	if len(row.Value) == 0 || row.Value[0] != packedLines {
		return nil, fmt.Errorf("trail: records from %s: the row was not written by this version", row.Key)
	}
	lines := json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(row.Value[1:])), largestRow))
	var all []*Record
	for {
		r := new(Record)
		switch err := lines.Decode(r); err {
		case nil:
			all = append(all, r)
		case io.EOF:
			return all, nil
		default:
			return nil, fmt.Errorf("trail: records from %s: %w", row.Key, err)
		}
	}
}
