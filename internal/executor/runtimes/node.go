package runtimes

import (
	"path/filepath"
)

// nodeQuestion makes Node.js print an answer.
const nodeQuestion = `
const path = require("path"), fs = require("fs");
const prefix = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
const modules = [path.join(prefix, "lib", "node_modules"), "/usr/local/lib/node_modules", "/usr/share/nodejs"];
console.log("` + mark + `" + JSON.stringify({
  Executable: process.execPath,
  Prefix: prefix,
  Version: process.versions.node.split(".").map((n) => parseInt(n, 10)),
  Folders: [path.join(prefix, "lib")],
  Libraries: modules.filter((m, i) => fs.existsSync(m) && modules.indexOf(m) === i),
}));
`

func askNode(h host, path, _ string) (interpreter, error) {
	a, err := ask(h, path, "-e", nodeQuestion)
	if err != nil {
		return interpreter{}, err
	}
	folders := append([]string{filepath.Dir(a.Executable)}, a.Libraries...)
	return interpreter{path: a.Executable, version: a.Version, libraries: a.Libraries, mounts: h.mounts(a, append(folders, a.Folders...))}, nil
}
