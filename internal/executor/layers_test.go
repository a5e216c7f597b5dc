package executor

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFunctionsFindWhatLayersBring: by the paths of the Lambda guide, "Packaging
// layer content", in the sandbox and without one.
func TestFunctionsFindWhatLayersBring(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		layers := folder(t, filepath.Join(w.codeDir(), "merged"),
			"python/plain.py=value = 'for all'", "python/both.py=value = 'for all'",
			"python/lib/python3.9/site-packages/both.py=value = 'for 3.9'",
			"bin/tool=#!/bin/sh\necho a tool",
		)
		f := w.python("python", `
import plain, both, subprocess, sys
def handler(event, context):
    layer = [f for f in sys.path if f.endswith("/python")]
    return [plain.value, both.value, subprocess.check_output("tool").decode(), sys.path.index(layer[0]) < sys.path.index(event)]
`)
		f.LayerDir = layers
		runtime := loopsDirOf(w)
		w.answers(f, `"`+runtime+`"`, `["for all", "for 3.9", "a tool\n", true]`)
	})
}

// loopsDirOf is where functions see the language loops.
func loopsDirOf(w *world) string {
	if w.x.Status().Mode == Bare {
		return w.x.runtimeDir()
	}
	return "/var/runtime"
}

func TestNodeFindsWhatLayersBring(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed on this machine")
	}
	modes(t, func(t *testing.T, w *world) {
		layers := folder(t, filepath.Join(w.codeDir(), "merged"),
			"nodejs/node_modules/plain/index.js=module.exports = 'for all'", "nodejs/node_modules/both/index.js=module.exports = 'for all'",
			"nodejs/node18/node_modules/both/index.js=module.exports = 'for 18'",
		)
		for name, source := range map[string]string{
			"main.cjs": `exports.handler = async () => [require("plain"), require("both")];`,
			"main.mjs": `import plain from "plain"; import both from "both"; export const handler = async () => [plain, both];`,
		} {
			dir := w.codeDir()
			w.write(dir, name, source)
			f := w.function("node-"+name, dir)
			f.Runtime, f.MemoryMB, f.LayerDir = "nodejs18.x", 256, layers
			w.answers(f, `1`, `["for all","for 18"]`)
		}
	})
}

func TestABootstrapMayComeFromALayer(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		own := w.script("own", `id, _ = next(); respond(id, "\"from " + sys.argv[0] + "\"")`+"\nnext()\n")
		f := w.function("layered", w.codeDir())
		f.LayerDir = own.CodeDir
		r := w.must(f, `1`)
		if !strings.HasSuffix(string(r.Payload), `/bootstrap"`) || strings.Contains(string(r.Payload), "/var/task") {
			t.Errorf("answered %s", r.Payload)
		}
		// The function's own comes first.
		own.LayerDir = folder(t, filepath.Join(w.codeDir(), "l"), "bootstrap=#!/bin/false")
		w.must(own, `1`)
		none := w.function("none", w.codeDir())
		none.LayerDir = folder(t, filepath.Join(w.codeDir(), "l"), "other=1")
		w.fails(none, `1`, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
	})
}
