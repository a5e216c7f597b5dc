package executor

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// UnpackError says that a zip cannot be a function's code: the fault of
// whoever sent it. Any other error of Unpack is the machine's.
type UnpackError struct {
	// Entry is the entry at fault, empty when it is the zip as a whole.
	Entry  string
	Reason string
	// TooLarge says that the reason is the unpacked size, which AWS words apart.
	TooLarge bool
}

func (e *UnpackError) Error() string {
	if e.Entry == "" {
		return "function code: " + e.Reason
	}
	return fmt.Sprintf("function code: entry %q: %s", e.Entry, e.Reason)
}

// Unpack writes the files of a zip into dir, which is made, or must be empty.
//
// A zip holds files and folders below its root and nothing else: no links, no
// devices, no name twice, no two entries that share bytes. Bounds are counted
// in what is written, never read from headers. Files become 0644, or 0755 when
// executable, and folders 0755, because functions run as another user. Times
// are kept, so that Python believes the compiled modules in the zip.
//
// After an error dir is as it was before; else size is how many bytes were written.
func Unpack(archive []byte, dir string) (size int64, err error) {
	return unpackBounded(archive, dir, unpackBounds{entries: limits.ZipEntries, bytes: limits.Unzipped})
}

// unpackBounds are how many files and folders a zip makes, and how many bytes.
type unpackBounds struct {
	entries int
	bytes   int64
}

func unpackBounded(archive []byte, dir string, b unpackBounds) (size int64, err error) {
	entries, err := readDirectory(archive, b)
	if err != nil {
		return 0, err
	}
	made, err := emptyFolder(dir)
	if err != nil {
		return 0, fmt.Errorf("function code: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clearFolder(dir, made))
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("function code: %w", err)
	}
	defer root.Close()
	u := unpacking{root: root, left: b, kinds: map[string]entryKind{}}
	for _, e := range entries {
		if err := u.entry(e); err != nil {
			return 0, err
		}
	}
	return b.bytes - u.left.bytes, nil
}

// entry is one checked entry of a zip.
type entry struct {
	*zip.File
	// path is clean, relative and below the root.
	path       string
	folder     bool
	executable bool
}

// directorySignature starts every header in the directory of a zip.
const directorySignature = "PK\x01\x02"

// readDirectory lists the entries of a zip after checking each.
func readDirectory(archive []byte, b unpackBounds) ([]entry, error) {
	// The reader allocates for every header there is. An archive stored inside
	// has headers too, hence the factor.
	if bytes.Count(archive, []byte(directorySignature)) > 4*b.entries {
		return nil, &UnpackError{Reason: "it has too many entries"}
	}
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, &UnpackError{Reason: err.Error()}
	}
	if len(r.File) > b.entries {
		return nil, &UnpackError{Reason: "it has too many entries"}
	}
	entries := make([]entry, 0, len(r.File))
	for _, f := range r.File {
		e, reason := checkEntry(f)
		if reason != "" {
			return nil, &UnpackError{Entry: f.Name, Reason: reason}
		}
		if e.path != "." {
			entries = append(entries, e)
		}
	}
	return entries, checkOverlap(entries, int64(len(archive)))
}

// encrypted is the flag of an encrypted entry (APPNOTE.TXT 4.4.4).
const encrypted = 1 << 0

// checkEntry gives the reason why an entry is refused, or an empty one.
func checkEntry(f *zip.File) (entry, string) {
	mode := f.Mode()
	e := entry{File: f, folder: mode.IsDir(), executable: mode&0o111 != 0}
	if reason := checkName(f.Name); reason != "" {
		return e, reason
	}
	e.path = path.Clean(f.Name)
	switch {
	case mode&fs.ModeSymlink != 0:
		return e, "it is a symbolic link"
	case mode.Type() != 0 && mode.Type() != fs.ModeDir:
		return e, "it is neither a file nor a folder"
	case f.Flags&encrypted != 0:
		return e, "it is encrypted"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return e, "it is packed in a way that is not supported"
	case e.folder && f.UncompressedSize64 != 0:
		return e, "it is a folder with content"
	case !e.folder && e.path == ".":
		return e, "it has no name"
	}
	return e, ""
}

// checkName gives the reason why a name is refused, or an empty one.
func checkName(name string) string {
	switch {
	case name == "":
		return "it has no name"
	case len(name) > limits.ZipPath:
		return "its name is too long"
	case strings.ContainsRune(name, 0):
		return "its name has a NUL byte"
	case strings.Contains(name, `\`):
		return "its name has a backslash"
	case strings.HasPrefix(name, "/"):
		return "its name is absolute"
	}
	parts := strings.Split(name, "/")
	if len(parts) > limits.ZipDepth {
		return "it is too deep"
	}
	for _, part := range parts {
		if part == ".." {
			return "its name leaves the root"
		}
		if len(part) > limits.ZipName {
			return "its name is too long"
		}
	}
	return ""
}

// checkOverlap refuses entries that share bytes: that is how a zip bomb packs
// more than it holds, and how a small one makes its reader work for hours.
func checkOverlap(entries []entry, size int64) error {
	type span struct {
		from, to int64
		name     string
	}
	spans := make([]span, 0, len(entries))
	for _, e := range entries {
		from, err := e.DataOffset()
		if err != nil || from < 0 || from > size || e.CompressedSize64 > uint64(size-from) {
			return &UnpackError{Entry: e.Name, Reason: "its data is not in the zip"}
		}
		spans = append(spans, span{from, from + int64(e.CompressedSize64), e.Name})
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		return int(a.to - b.to)
	})
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return &UnpackError{Entry: spans[i].name, Reason: fmt.Sprintf("it shares its data with %q", spans[i-1].name)}
		}
	}
	return nil
}

type entryKind int

const (
	aFile entryKind = iota + 1
	aFolder
)

// unpacking is one run of Unpack.
type unpacking struct {
	root *os.Root
	left unpackBounds
	// kinds are what stands at each path already made.
	kinds map[string]entryKind
}

func (u *unpacking) entry(e entry) error {
	folder := e.path
	if !e.folder {
		folder = path.Dir(e.path)
	}
	if err := u.folders(e, folder); err != nil || e.folder {
		return err
	}
	if u.kinds[e.path] != 0 {
		return &UnpackError{Entry: e.Name, Reason: "there are two of it"}
	}
	if err := u.make(e, e.path, aFile); err != nil {
		return err
	}
	return u.file(e)
}

// folders makes a folder and those above it.
func (u *unpacking) folders(e entry, name string) error {
	if name == "." || u.kinds[name] == aFolder {
		return nil
	}
	if u.kinds[name] == aFile {
		return &UnpackError{Entry: e.Name, Reason: fmt.Sprintf("%q is a file and a folder", name)}
	}
	if err := u.folders(e, path.Dir(name)); err != nil {
		return err
	}
	if err := u.make(e, name, aFolder); err != nil {
		return err
	}
	if err := u.root.Mkdir(name, 0o755); err != nil {
		return u.failed(e, err)
	}
	// The umask took its part from Mkdir.
	if err := u.root.Chmod(name, 0o755); err != nil {
		return u.failed(e, err)
	}
	return nil
}

// make notes what stands at a path, and counts it.
func (u *unpacking) make(e entry, name string, k entryKind) error {
	if u.left.entries--; u.left.entries < 0 {
		return &UnpackError{Entry: e.Name, Reason: "it is one file or folder too many"}
	}
	u.kinds[name] = k
	return nil
}

func (u *unpacking) file(e entry) error {
	perm := fs.FileMode(0o644)
	if e.executable {
		perm = 0o755
	}
	in, err := e.Open()
	if err != nil {
		return &UnpackError{Entry: e.Name, Reason: err.Error()}
	}
	defer in.Close()
	out, err := u.root.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return u.failed(e, err)
	}
	err = u.copy(e, out, in)
	if err == nil {
		err = out.Chmod(perm)
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return u.failed(e, err)
	}
	if e.Modified.Unix() <= 0 {
		return nil
	}
	if err := u.root.Chtimes(e.path, e.Modified, e.Modified); err != nil {
		return u.failed(e, err)
	}
	return nil
}

// copy writes the data of one entry, up to what is left of the bound.
func (u *unpacking) copy(e entry, out io.Writer, in io.Reader) error {
	n, err := io.Copy(out, &packed{in, e.Name, u.left.bytes})
	u.left.bytes -= n
	return err
}

// packed reads the data of an entry. Its errors are the zip's.
type packed struct {
	r    io.Reader
	name string
	left int64
}

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.left -= int64(n); p.left < 0 {
		return 0, &UnpackError{Entry: p.name, Reason: "the zip is too large unpacked", TooLarge: true}
	}
	if err != nil && err != io.EOF {
		err = &UnpackError{Entry: p.name, Reason: err.Error()}
	}
	return n, err
}

// failed says whose fault an error is while writing an entry. A name that
// exists though no entry made it is another one to a file system that ignores
// case.
func (u *unpacking) failed(e entry, err error) error {
	var bad *UnpackError
	if errors.As(err, &bad) {
		return bad
	}
	if errors.Is(err, fs.ErrExist) {
		return &UnpackError{Entry: e.Name, Reason: "there are two of it"}
	}
	return fmt.Errorf("function code: %w", err)
}

// emptyFolder makes dir, or checks that it is empty.
func emptyFolder(dir string) (made bool, err error) {
	err = os.Mkdir(dir, 0o755)
	if err == nil {
		return true, os.Chmod(dir, 0o755)
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	inside, err := os.ReadDir(dir)
	if err == nil && len(inside) > 0 {
		err = fmt.Errorf("%s is not empty", dir)
	}
	return false, err
}

// clearFolder takes back what was written into a folder, and the folder if it
// was made.
func clearFolder(dir string, made bool) error {
	if made {
		return os.RemoveAll(dir)
	}
	inside, err := os.ReadDir(dir)
	for _, i := range inside {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, i.Name())))
	}
	return err
}
