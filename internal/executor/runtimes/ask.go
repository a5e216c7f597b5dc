package runtimes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/internal/limits"
)

// interpreter is a program and what it said of itself.
type interpreter struct {
	path      string
	version   version
	mounts    []string
	libraries []string
}

// answer is the JSON a program prints when it is asked.
type answer struct {
	// Executable is the program that really runs, Prefix the folder it is installed in.
	Executable, Prefix string
	// Linked says that the program names itself by links; ask sets it.
	Linked  bool `json:"-"`
	Version version
	// Folders are what it cannot do without.
	Folders []string
	// Libraries are folders of installed modules.
	Libraries []string
}

// mark stands before the answer, because files of the host may print too.
const mark = "sallyport-answer:"

// errLate says that a program did not answer in time.
var errLate = errors.New("it did not answer in time")

func late(err error) bool { return errors.Is(err, errLate) }

// ask runs a program that is to print an answer.
func ask(h host, path string, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), h.patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out capped
	cmd.Stdout = &out
	// Of its children none keeps us waiting.
	cmd.WaitDelay = h.patience
	for _, v := range h.environ() {
		// Version managers need the environment; what it says to the
		// interpreter is for programs of the user's, not for functions.
		if !strings.HasPrefix(v, "PYTHON") && !strings.HasPrefix(v, "NODE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	err := runWithParent(cmd)
	var a answer
	if ctx.Err() != nil {
		return a, fmt.Errorf("%s: %w", path, errLate)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %w", path, err)
	}
	_, text, _ := bytes.Cut(out.Bytes(), []byte(mark))
	text, _, _ = bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("%s: its answer: %w", path, err)
	}
	if !filepath.IsAbs(a.Executable) || !filepath.IsAbs(a.Prefix) {
		return a, fmt.Errorf("%s: it does not know where it is", path)
	}
	said := a.Executable
	if a.Executable, err = filepath.EvalSymlinks(said); err != nil {
		return a, fmt.Errorf("%s: %w", path, err)
	}
	a.Linked = said != a.Executable
	return a, nil
}

// capped keeps the first limits.InterpreterOutput bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(b []byte) (int, error) {
	if room := limits.InterpreterOutput - c.Len(); len(b) > room {
		c.Buffer.Write(b[:room])
		return len(b), nil
	}
	return c.Buffer.Write(b)
}
