package lambda

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
)

// Unpacking is most of a cold start: changing the configuration must not cost it again.
func TestCodeIsUnpackedOnceForAllConfigurations(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	for i := range 3 {
		if _, err := w.invoke(root, "f", `{}`); err != nil {
			t.Fatal(err)
		}
		must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Description: ptr(strconv.Itoa(i))})
		w.settled("f")
	}
	if n := w.lambda.code.made; n != 1 {
		t.Errorf("the same code was unpacked %d times", n)
	}
}

func TestUnusedCodeFoldersAreBounded(t *testing.T) {
	d := &codeDirs{dir: t.TempDir(), open: map[string]*codeDir{}}
	zip := zipOf(t, echo)
	digest := func(i int) string { return "0123456789abcdef-" + strconv.Itoa(i) }
	for i := range limits.IdleCode + 3 {
		_, release, err := d.acquire(digest(i), unzip(func() ([]byte, error) { return zip, nil }))
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	folders := func() int {
		t.Helper()
		all, err := os.ReadDir(d.dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := folders(); n != limits.IdleCode || len(d.open) != n {
		t.Errorf("%d folders stay, want %d", n, limits.IdleCode)
	}
	last := digest(limits.IdleCode + 2)
	dir, release, err := d.acquire(last, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.forget(last)
	if _, err := os.Stat(filepath.Join(dir.path, "main.py")); err != nil {
		t.Error("a folder in use was removed")
	}
	release()
	d.forget(last)
	if n := folders(); n != limits.IdleCode-1 {
		t.Errorf("%d folders are left after one was forgotten", n)
	}
}
