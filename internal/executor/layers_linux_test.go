package executor

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestLayersAreSeenAtOptAndReadOnly(t *testing.T) {
	w := sandboxed(t)
	f := w.python("opt", `
import os
def handler(event, context):
    try:
        open("/opt/new", "w")
    except OSError as e:
        wrote = e.strerror
    return [sorted(os.listdir("/opt")), open("/opt/data/file").read(), wrote, os.access("/opt/data/file", os.W_OK)]
`)
	f.LayerDir = folder(t, filepath.Join(w.codeDir(), "l"), "data/file=text", "other=1")
	w.answers(f, `1`, `[["data", "other"], "text", "Read-only file system", false]`)
}

func TestWithoutLayersOptIsEmpty(t *testing.T) {
	w := sandboxed(t)
	f := w.python("bare-opt", `
import os, sys
def handler(event, context):
    return [[n for n in os.listdir("/opt") if not any(m.startswith("/opt/" + n) for m in sys.path)], [p for p in sys.path if p.startswith("/opt/python/lib/python3.9")]]
`)
	w.answers(f, `1`, `[[], []]`)
}

// TestLayersGiveWayToAnInterpreter: some are installed in /opt.
func TestLayersGiveWayToAnInterpreter(t *testing.T) {
	dir := folder(t, filepath.Join(t.TempDir(), "l"), "python/mod.py=1", "python/3.11/x=1", "bin=1", "tools/a=1")
	at := func(name string, folder bool) piece {
		return piece{filepath.Join(dir, name), filepath.Join("/opt", name), folder}
	}
	for name, c := range map[string]struct {
		mounts []string
		want   []piece
	}{
		"none there":              {[]string{"/usr/lib/python3", "/optional/x"}, []piece{{dir, "/opt", true}}},
		"beside":                  {[]string{"/opt/node/22"}, []piece{at("bin", false), at("python", true), at("tools", true)}},
		"below a folder":          {[]string{"/opt/python/3.11"}, []piece{at("bin", false), at("python/mod.py", false), at("tools", true)}},
		"where a layer's file is": {[]string{"/opt/bin/node"}, []piece{at("python", true), at("tools", true)}},
		"all of it":               {[]string{"/opt"}, nil},
	} {
		got, err := layerPieces(dir, "/opt", c.mounts)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v\nwant %v", name, got, err, c.want)
		}
	}
}
