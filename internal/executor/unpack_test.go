package executor

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/limits"
)

// packing is one entry of a zip to be made.
type packing struct {
	name, data string
	mode       fs.FileMode
	modified   time.Time
	stored     bool
}

func pack(t testing.TB, entries ...packing) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: e.modified}
		if e.stored {
			h.Method = zip.Store
		}
		if e.mode == 0 {
			e.mode = 0o644
		}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.data)); err != nil && !strings.HasSuffix(e.name, "/") {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tree lists what is below dir: "mode path=content".
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		line := info.Mode().String() + " " + filepath.ToSlash(rel)
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			line += "=" + string(data)
		}
		all = append(all, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUnpackWritesFilesFoldersAndModes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	when := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	archive := pack(t,
		packing{name: "./main.py", data: "x = 1", mode: 0o600, modified: when},
		packing{name: "bootstrap", data: "#!/bin/sh", mode: 0o4700},
		packing{name: "pkg/"},
		packing{name: "pkg/", mode: fs.ModeDir | 0o700},
		packing{name: "pkg/deep/er.txt", data: "deep"},
		packing{name: "stored", data: "as it is", stored: true, mode: 0o666},
		packing{name: "empty"},
		packing{name: "name with spaces and ünïcode ..txt", data: "u"},
	)
	for name, dir := range map[string]string{"a new folder": filepath.Join(t.TempDir(), "new"), "an empty folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			if _, err := Unpack(archive, dir); err != nil {
				t.Fatal(err)
			}
			want := []string{
				"-rwxr-xr-x bootstrap=#!/bin/sh",
				"-rw-r--r-- empty=",
				"-rw-r--r-- main.py=x = 1",
				"-rw-r--r-- name with spaces and ünïcode ..txt=u",
				"drwxr-xr-x pkg",
				"drwxr-xr-x pkg/deep",
				"-rw-r--r-- pkg/deep/er.txt=deep",
				"-rw-r--r-- stored=as it is",
			}
			if got := tree(t, dir); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("unpacked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			info, err := os.Stat(filepath.Join(dir, "main.py"))
			if err != nil || !info.ModTime().Equal(when) {
				t.Errorf("main.py is of %v, %v; the zip says %v: Python would not use the compiled modules of the zip", info.ModTime(), err, when)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	long := strings.Repeat("n", limits.ZipName)
	cases := map[string]struct {
		archive []byte
		reason  string
	}{
		"nothing":                     {nil, "not a valid zip"},
		"no zip":                      {[]byte("no zip at all"), "not a valid zip"},
		"parent":                      {pack(t, packing{name: "../evil.py", data: "x"}), "leaves the root"},
		"parent in the middle":        {pack(t, packing{name: "a/../../evil.py", data: "x"}), "leaves the root"},
		"parent that stays inside":    {pack(t, packing{name: "a/../b.py", data: "x"}), "leaves the root"},
		"parent folder":               {pack(t, packing{name: "../"}), "leaves the root"},
		"absolute":                    {pack(t, packing{name: "/etc/passwd", data: "x"}), "absolute"},
		"absolute twice":              {pack(t, packing{name: "//etc/passwd", data: "x"}), "absolute"},
		"backslash":                   {pack(t, packing{name: `..\evil.py`, data: "x"}), "backslash"},
		"drive":                       {pack(t, packing{name: `C:\evil.py`, data: "x"}), "backslash"},
		"NUL":                         {pack(t, packing{name: "a\x00.py", data: "x"}), "NUL"},
		"no name":                     {pack(t, packing{name: "", data: "x"}), "no name"},
		"a file that is the root":     {pack(t, packing{name: ".", data: "x"}), "no name"},
		"long name":                   {pack(t, packing{name: long + "n", data: "x"}), "too long"},
		"long path":                   {pack(t, packing{name: long + "/" + long + "/" + long + "/" + long + "/n", data: "x"}), "too long"},
		"deep":                        {pack(t, packing{name: strings.Repeat("d/", limits.ZipDepth) + "f", data: "x"}), "too deep"},
		"symbolic link to the inside": {pack(t, packing{name: "f", data: "x"}, packing{name: "l", data: "f", mode: fs.ModeSymlink | 0o777}), "symbolic link"},
		"symbolic link to the root":   {pack(t, packing{name: "l", data: "/", mode: fs.ModeSymlink | 0o777}, packing{name: "l/etc/evil", data: "x"}), "symbolic link"},
		"link that ends in a slash":   {pack(t, packing{name: "l/", mode: fs.ModeSymlink | 0o777}), "symbolic link"},
		"device":                      {pack(t, packing{name: "d", mode: fs.ModeDevice | 0o666}), "neither"},
		"character device":            {pack(t, packing{name: "d", mode: fs.ModeDevice | fs.ModeCharDevice | 0o666}), "neither"},
		"pipe":                        {pack(t, packing{name: "p", mode: fs.ModeNamedPipe | 0o666}), "neither"},
		"socket":                      {pack(t, packing{name: "s", mode: fs.ModeSocket | 0o666}), "neither"},
		"same name twice":             {pack(t, packing{name: "a.py", data: "1"}, packing{name: "a.py", data: "2"}), "two of it"},
		"same path twice":             {pack(t, packing{name: "a.py", data: "1"}, packing{name: "./a.py", data: "2"}), "two of it"},
		"file, then a folder":         {pack(t, packing{name: "a", data: "1"}, packing{name: "a/b", data: "2"}), "a file and a folder"},
		"file, then its own folder":   {pack(t, packing{name: "a", data: "1"}, packing{name: "a/"}), "a file and a folder"},
		"folder, then a file":         {pack(t, packing{name: "a/b", data: "2"}, packing{name: "a", data: "1"}), "two of it"},
		"folder by mode with content": {pack(t, packing{name: "a", data: "1", mode: fs.ModeDir | 0o755}), "folder with content"},
		"encrypted":                   {encryptedZip(t), "encrypted"},
		"unknown method":              {unknownMethod(t), "not supported"},
		"broken data":                 {broken(t, pack(t, packing{name: "a", data: strings.Repeat("abcdefg", 100)})), ""},
		"cut off":                     {cut(pack(t, packing{name: "a", data: "1"})), "not a valid zip"},
		"data outside":                {outside(t), "not in the zip"},
		"shared data":                 {quine(t, 3), "shares its data"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			for _, dir := range []string{filepath.Join(parent, "new"), t.TempDir()} {
				before := tree(t, filepath.Dir(dir))
				_, err := Unpack(c.archive, dir)
				var bad *UnpackError
				if !errors.As(err, &bad) || !strings.Contains(bad.Error(), c.reason) || bad.TooLarge {
					t.Errorf("error %v, want one of the zip that says %q", err, c.reason)
				}
				if after := tree(t, filepath.Dir(dir)); strings.Join(after, "\n") != strings.Join(before, "\n") {
					t.Errorf("left behind: %q, before: %q", after, before)
				}
			}
		})
	}
}

func TestUnpackCountsWhatItWrites(t *testing.T) {
	zeros := strings.Repeat("\x00", 1000)
	bounds := unpackBounds{entries: 4, bytes: 2000}
	cases := map[string]struct {
		archive []byte
		ok      bool
		large   bool
	}{
		"just the bytes":               {pack(t, packing{name: "a", data: zeros}, packing{name: "b", data: zeros}), true, false},
		"one byte more":                {pack(t, packing{name: "a", data: zeros}, packing{name: "b", data: zeros}, packing{name: "c", data: "x"}), false, true},
		"one large file":               {pack(t, packing{name: "a", data: zeros + zeros + "x"}), false, true},
		"headers that lie":             {lying(t, pack(t, packing{name: "a", data: strings.Repeat(zeros, 10)})), false, false},
		"just the entries":             {pack(t, packing{name: "a/b/c/d"}), true, false},
		"folders count":                {pack(t, packing{name: "a/b/c/d/e"}), false, false},
		"entries in the directory":     {pack(t, packing{name: "a"}, packing{name: "b"}, packing{name: "c"}, packing{name: "d"}, packing{name: "e"}), false, false},
		"entries before they are read": {bytes.Repeat([]byte(directorySignature), 17), false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := unpackBounded(c.archive, dir, bounds)
			if c.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var bad *UnpackError
			if !errors.As(err, &bad) || bad.TooLarge != c.large {
				t.Errorf("%v, want an error of the zip, too large: %v", err, c.large)
			}
			if left := tree(t, dir); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestUnpackRefusesABomb(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 250 MB")
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	for range limits.Unzipped/(1<<20) + 1 {
		if _, err := f.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var bad *UnpackError
	if _, err := Unpack(out.Bytes(), dir); !errors.As(err, &bad) || !bad.TooLarge {
		t.Errorf("%d bytes that hold more than %d were unpacked: %v", out.Len(), limits.Unzipped, err)
	}
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("left behind: %d files", len(left))
	}
}

func TestUnpackKeepsOutOfFoldersInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *UnpackError
	if _, err := Unpack(pack(t, packing{name: "a"}), dir); err == nil || errors.As(err, &bad) {
		t.Errorf("%v, want an error that is not the zip's", err)
	}
	if left := tree(t, dir); len(left) != 1 || !strings.HasSuffix(left[0], "mine=1") {
		t.Errorf("the folder holds %q", left)
	}
	if _, err := Unpack(pack(t, packing{name: "a"}), filepath.Join(dir, "mine")); err == nil || errors.As(err, &bad) {
		t.Errorf("%v, want an error that is not the zip's", err)
	}
}

// FuzzUnpack checks that whatever comes, an error leaves nothing and a success
// leaves plain files and folders of bounded size.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, packing{name: "a/b", data: "x"}, packing{name: "c", data: "y", mode: 0o755}))
	f.Add(pack(f, packing{name: "../x", data: "x"}))
	f.Add(pack(f, packing{name: "l", data: "/", mode: fs.ModeSymlink | 0o777}, packing{name: "l/x"}))
	f.Add(quine(f, 2))
	f.Add(lying(f, pack(f, packing{name: "a", data: strings.Repeat("z", 5000)})))
	bounds := unpackBounds{entries: 20, bytes: 4000}
	f.Fuzz(func(t *testing.T, archive []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "code")
		told, err := unpackBounded(archive, dir, bounds)
		found := tree(t, parent)
		if err != nil {
			var bad *UnpackError
			if !errors.As(err, &bad) {
				t.Errorf("the machine was blamed: %v", err)
			}
			if len(found) > 0 {
				t.Errorf("left behind: %q", found)
			}
			return
		}
		var size int64
		for _, line := range found {
			mode := line[:10]
			if mode != "drwxr-xr-x" && mode != "-rw-r--r--" && mode != "-rwxr-xr-x" {
				t.Errorf("unpacked %q", line)
			}
			// What has another "=" is left out: it may be the name's.
			if _, data, file := strings.Cut(line, "="); file && !strings.Contains(data, "=") {
				size += int64(len(data))
			}
		}
		if len(found)-1 > bounds.entries || size > told || told > bounds.bytes {
			t.Errorf("%d files of %d bytes, it told %d", len(found)-1, size, told)
		}
	})
}

// directory finds the first header of the zip's directory.
func directory(t testing.TB, archive []byte) []byte {
	t.Helper()
	at := bytes.Index(archive, []byte(directorySignature))
	if at < 0 {
		t.Fatal("the zip has no directory")
	}
	return archive[at:]
}

// lying says in the headers that the first entry is one byte long.
func lying(t testing.TB, archive []byte) []byte {
	binary.LittleEndian.PutUint32(directory(t, archive)[24:], 1)
	return archive
}

func encryptedZip(t testing.TB) []byte {
	archive := pack(t, packing{name: "a", data: "1"})
	directory(t, archive)[8] |= encrypted
	return archive
}

func unknownMethod(t testing.TB) []byte {
	archive := pack(t, packing{name: "a", data: "1"})
	binary.LittleEndian.PutUint16(directory(t, archive)[10:], 12)
	return archive
}

// outside says that the first entry's data is larger than the zip.
func outside(t testing.TB) []byte {
	archive := pack(t, packing{name: "a", data: "1"})
	binary.LittleEndian.PutUint32(directory(t, archive)[20:], 1<<30)
	return archive
}

func broken(t testing.TB, archive []byte) []byte {
	binary.LittleEndian.PutUint32(directory(t, archive)[16:], 0xdeadbeef)
	return archive
}

func cut(archive []byte) []byte { return archive[:len(archive)-1] }

// quine is a zip of n names for the same data: what a bomb is made of.
func quine(t testing.TB, n int) []byte {
	t.Helper()
	var data bytes.Buffer
	w, err := flate.NewWriter(&data, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Repeat([]byte("z"), 1000)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "0", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(plain), CompressedSize64: uint64(data.Len()), UncompressedSize64: uint64(len(plain))}
	f, err := z.CreateRaw(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	archive := out.Bytes()
	at := bytes.Index(archive, []byte(directorySignature))
	end := bytes.LastIndex(archive, []byte("PK\x05\x06"))
	header := archive[at:end]
	var made []byte
	made = append(made, archive[:at]...)
	for i := range n {
		again := bytes.Clone(header)
		again[46] = fmt.Sprint(i)[0]
		made = append(made, again...)
	}
	tail := bytes.Clone(archive[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(header)))
	return append(made, tail...)
}
