package runtimes

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"

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
	// patience is how long a program has to answer.
	patience time.Duration
}

func thisHost() host {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		home = ""
	}
	return host{path: filepath.SplitList(os.Getenv("PATH")), home: home, usual: true, environ: os.Environ, patience: limits.InterpreterAnswer}
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
		if behind := behindShims(dir, language); len(behind) > 0 {
			for _, dir := range behind {
				add(dir)
			}
			continue
		}
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
		for _, dir := range highestFirst(pattern) {
			add(dir)
		}
	}
	return all
}

// behindShims lists the folders a version manager's folder of scripts chooses
// from. A script would have to be run to know which; it takes long, and may
// only say that no version was chosen.
func behindShims(dir, language string) []string {
	if filepath.Base(dir) != "shims" || !filepath.IsAbs(dir) {
		return nil
	}
	root := filepath.Dir(dir)
	name := map[string]string{python: "python", nodejs: "node*"}[language]
	return append(highestFirst(root+"/versions/*/bin"), highestFirst(root+"/installs/"+name+"/*/bin")...)
}

// highestFirst lists what a pattern finds, in falling order of the numbers in it.
func highestFirst(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil // a home with brackets in its name
	}
	slices.SortStableFunc(found, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	return found
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
		for _, name := range []string{"python3", "python"} {
			path := filepath.Join(dir, name)
			release := linkedRelease(path)
			if release == 0 || !slices.Contains(all, candidate{filepath.Join(dir, "python3."+strconv.Itoa(release)), release}) {
				all = appendProgram(all, dir, name, release)
			}
		}
	}
	return all
}

// linkedRelease is what the name behind a link says: python3 -> python3.12.
func linkedRelease(path string) int {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0
	}
	m := pythonName.FindStringSubmatch(filepath.Base(real))
	if m == nil {
		return 0
	}
	release, _ := strconv.Atoi(m[1])
	return release
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
