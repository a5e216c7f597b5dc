package runtimes

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/limits"
)

// host is what a search sees of the machine.
type host struct {
	// path are the folders of PATH, home the user's.
	path []string
	home string
	// usual says that the usual places of the machine are looked at too.
	usual   bool
	environ func() []string
}

func thisHost() host {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		home = ""
	}
	return host{path: filepath.SplitList(os.Getenv("PATH")), home: home, usual: true, environ: os.Environ}
}

// candidate is a program that may be an interpreter.
type candidate struct {
	path string
	// release is what its name or folder says; 0 when they say nothing.
	release int
}

// language is how the interpreters of one language are found and asked.
type language struct {
	title string
	// oldest is the first release the loop runs on.
	oldest  int
	release func(version) int
	// name names a release for people.
	name   func(release int) string
	search func(host) []candidate
	// ask runs a program. loops is where loops may be compiled to, or empty.
	ask func(h host, path, loops string) (interpreter, error)
}

var languages = map[string]language{
	python: {
		title: "Python", oldest: oldestPython,
		release: func(v version) int { return v[1] },
		name:    func(r int) string { return "Python 3." + strconv.Itoa(r) },
		search:  searchPython, ask: askPython,
	},
	nodejs: {
		title: "Node.js", oldest: 14,
		release: func(v version) int { return v[0] },
		name:    func(r int) string { return "Node.js " + strconv.Itoa(r) },
		search:  searchNode, ask: askNode,
	},
}

// usualPlaces are folders beside PATH, by patterns; a leading ~ is the user's home.
var usualPlaces = map[string][]string{
	python: {
		"/usr/local/bin", "/usr/bin", "/bin",
		"~/.pyenv/versions/*/bin", "~/.asdf/installs/python/*/bin", "~/.local/share/mise/installs/python/*/bin",
		"~/.local/share/uv/python/*/bin", "~/.local/bin",
		"/opt/python*/bin", "/opt/python/*/bin", "/var/lang/bin",
		"/opt/homebrew/bin", "/opt/homebrew/opt/python@*/bin", "/home/linuxbrew/.linuxbrew/bin",
		"/Library/Frameworks/Python.framework/Versions/*/bin",
		"~/miniconda3/bin", "~/anaconda3/bin", "~/miniforge3/bin", "/opt/conda/bin",
	},
	nodejs: {
		"/usr/local/bin", "/usr/bin", "/bin",
		"~/.nvm/versions/node/*/bin", "~/.local/share/fnm/node-versions/*/installation/bin", "~/.asdf/installs/nodejs/*/bin",
		"~/.local/share/mise/installs/node/*/bin", "~/.nodenv/versions/*/bin", "~/.volta/tools/image/node/*/bin", "~/n/n/versions/node/*/bin",
		"/usr/local/n/versions/node/*/bin", "/opt/node*/bin", "/opt/nodejs/*/bin", "/opt/node/*/bin", "/var/lang/bin",
		"/opt/homebrew/bin", "/opt/homebrew/opt/node@*/bin", "/home/linuxbrew/.linuxbrew/bin",
	},
}

// folders lists where to look for a language: PATH as it stands, then the usual
// places, the highest version of each first.
func (h host) folders(language string) []string {
	var all []string
	seen := map[string]bool{}
	add := func(dir string) {
		// A folder relative to where the server was started is nobody's choice of an interpreter.
		if !filepath.IsAbs(dir) {
			return
		}
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] || len(all) == limits.InterpreterFolders {
			return
		}
		seen[real] = true
		all = append(all, filepath.Clean(dir))
	}
	for _, dir := range h.path {
		add(dir)
	}
	if !h.usual {
		return all
	}
	for _, pattern := range usualPlaces[language] {
		if pattern[0] == '~' {
			if h.home == "" {
				continue
			}
			pattern = h.home + pattern[1:]
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // a home with brackets in its name
		}
		slices.SortFunc(found, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
		for _, dir := range found {
			add(dir)
		}
	}
	return all
}

var digits = regexp.MustCompile(`\d+`)

// numbers are all numbers in a path, for an order in which 3.11.10 is above 3.11.9.
func numbers(path string) []int {
	var all []int
	for _, d := range digits.FindAllString(path, -1) {
		n, _ := strconv.Atoi(d)
		all = append(all, n)
	}
	return all
}

func searchPython(h host) []candidate {
	var all []candidate
	for _, dir := range h.folders(python) {
		// Without its developer tools, macOS answers a start of these with a window.
		if runtime.GOOS == "darwin" && dir == "/usr/bin" && !executable("/Library/Developer/CommandLineTools/usr/bin/python3") {
			continue
		}
		for release := oldestPython; release < tooNew; release++ {
			all = appendProgram(all, dir, "python3."+strconv.Itoa(release), release)
		}
		all = appendProgram(all, dir, "python3", 0)
		all = appendProgram(all, dir, "python", 0)
	}
	return all
}

// nodeFolder is a folder that tells the release of the Node.js in it.
var nodeFolder = regexp.MustCompile(`[/@]v?(\d{1,2})(\.\d+\.\d+)?/`)

func searchNode(h host) []candidate {
	var all []candidate
	for _, dir := range h.folders(nodejs) {
		release := 0
		if m := nodeFolder.FindAllStringSubmatch(dir, -1); m != nil {
			release, _ = strconv.Atoi(m[len(m)-1][1])
		}
		all = appendProgram(all, dir, "node", release)
		all = appendProgram(all, dir, "nodejs", release)
	}
	return all
}

func appendProgram(all []candidate, dir, name string, release int) []candidate {
	path := filepath.Join(dir, name)
	if !executable(path) {
		return all
	}
	return append(all, candidate{path, release})
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
