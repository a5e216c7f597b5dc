package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"testing"
)

func TestFilesGoOneByOne(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		f := open(t, o).Files("objects", t.TempDir())
		name, file, err := f.New()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString("content"); err != nil {
			t.Fatal(err)
		}
		second, err := f.Link(name)
		if err = errors.Join(err, file.Close(), f.Remove(name), f.Remove(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a removed file: %v", err)
		}
		if got := content(t, f, second); got != "content" {
			t.Errorf("the second name has %q", got)
		}
	})
}

func TestSweepLeavesWhatIsUsed(t *testing.T) {
	f := open(t, Options{Dir: t.TempDir()}).Files("objects", "")
	used, a, err := f.New()
	if err != nil {
		t.Fatal(err)
	}
	left, b, err := f.New()
	if err = errors.Join(err, a.Close(), b.Close(), f.Sweep(func(name string) bool { return name == used })); err != nil {
		t.Fatal(err)
	}
	content(t, f, used)
	if _, err := f.Open(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what nobody uses: %v", err)
	}
}

// TestFileNamesStayInTheirFolder: a name comes out of a record, and a record
// may be anything.
func TestFileNamesStayInTheirFolder(t *testing.T) {
	f := open(t, Options{Dir: t.TempDir()}).Files("objects", "")
	for _, name := range []string{"", "x", "../state.db", "../../../../../../etc/passwd-----------"} {
		if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := f.Link(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func content(t *testing.T, f *Files, name string) string {
	t.Helper()
	file, err := f.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file.Name()); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v %v: open to others", info.Mode(), err)
	}
	return string(raw)
}
