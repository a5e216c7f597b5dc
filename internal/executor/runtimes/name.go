package runtimes

import (
	"regexp"
	"strconv"
)

// Languages of Runtime.Language.
const (
	python   = "python"
	nodejs   = "nodejs"
	provided = "provided"
	golang   = "go"
)

// version is major, minor and patch; what a name does not say is zero.
type version [3]int

func (v version) String() string {
	return strconv.Itoa(v[0]) + "." + strconv.Itoa(v[1]) + "." + strconv.Itoa(v[2])
}

// asked is a runtime name, understood.
type asked struct {
	name, language string
	// release is the number that must fit: the minor of Python 3, the major of Node.js.
	release int
}

// tooNew bounds releases, so that a search has an end.
const tooNew = 100

var (
	pythonName = regexp.MustCompile(`^python3\.(\d{1,2})$`)
	nodeName   = regexp.MustCompile(`^nodejs(\d{1,2})\.(x|\d{1,2})(-edge)?$`)
	// foreignName is a runtime of Lambda's that has no loop here.
	foreignName = regexp.MustCompile(`^(java|dotnet|dotnetcore|ruby|python2\.)(?:\d+|\d+\.\d+|8\.al2)$`)
)

// read understands a runtime name. A name of Lambda's that cannot run here, or
// no name at all, is a *MissingError.
func read(name string) (asked, error) {
	a := asked{name: name}
	if m := pythonName.FindStringSubmatch(name); m != nil {
		a.language = python
		a.release, _ = strconv.Atoi(m[1])
		return a, nil
	}
	if m := nodeName.FindStringSubmatch(name); m != nil {
		a.language = nodejs
		a.release, _ = strconv.Atoi(m[1])
		return a, nil
	}
	switch name {
	case "provided", "provided.al2", "provided.al2023":
		a.language = provided
		return a, nil
	case "go1.x":
		a.language = golang
		return a, nil
	case "nodejs": // 0.10, the first of all
		a.language = nodejs
		return a, nil
	}
	if m := foreignName.FindStringSubmatch(name); m != nil {
		title := map[string]string{"java": "Java", "dotnet": ".NET", "dotnetcore": ".NET", "ruby": "Ruby", "python2.": "Python 2"}[m[1]]
		return a, &MissingError{Asked: name, text: title + " functions do not run here by themselves. " + bringBootstrap}
	}
	return a, &MissingError{Asked: name, text: "that is no runtime of Lambda's. Known are python3.x, nodejs*.x, provided, provided.al2, provided.al2023 and go1.x"}
}

const bringBootstrap = `Bring a bootstrap: put an executable named "bootstrap" that starts the program and speaks the Lambda Runtime API at the root of the zip, and use the runtime provided.al2023`
