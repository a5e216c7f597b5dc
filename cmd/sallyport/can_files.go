package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/policy"
)

// files are the policies of a folder, as the help of can describes it.
type files struct {
	// holder has what counts for every principal.
	holder
	session  []policy.Attached
	limited  bool
	resource *policy.Attached
	// owner has the resource where its ARN names no account; empty if no file
	// says so.
	owner    string
	endpoint *policy.Attached
	scp, rcp [][]policy.Attached
	// named are users and roles by "user/NAME" and "role/NAME".
	named map[string]*holder
}

// holder is somebody's own policies.
type holder struct {
	identity []policy.Attached
	boundary *policy.Attached
	trust    *policy.Attached
}

// readFiles reads a folder, or one file.
func readFiles(path string) (*files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f := &files{named: map[string]*holder{}}
	if info.IsDir() {
		return f, f.readFolder(path)
	}
	a, err := readPolicy(path, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	if namesPrincipals(a.Policy.Document()) {
		f.resource = a
	} else {
		f.identity = []policy.Attached{*a}
	}
	return f, nil
}

func namesPrincipals(d *policy.Document) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool { return s.Principal != nil || s.NotPrincipal != nil })
}

// readFolder refuses what it does not know: a policy left out could be the one
// that denies.
func (f *files) readFolder(dir string) error {
	return each(dir, "", func(path, name string, isDir bool) (err error) {
		switch {
		case isDir && name == "session":
			f.limited = true
			f.session, err = readPolicies(path, name)
		case isDir && name == "scp":
			f.scp, err = readLevels(path, name)
		case isDir && name == "rcp":
			f.rcp, err = readLevels(path, name)
		case isDir && name == "users":
			err = f.readHolders(path, name, "user/")
		case isDir && name == "roles":
			err = f.readHolders(path, name, "role/")
		case !isDir && name == "resource.json":
			f.resource, err = readPolicy(path, name)
		case !isDir && name == "endpoint.json":
			f.endpoint, err = readPolicy(path, name)
		case !isDir && name == "owner.txt":
			f.owner, err = readAccount(path)
		default:
			err = f.holder.read(path, name, name, isDir)
		}
		return err
	})
}

// read takes one entry of a holder's folder.
func (h *holder) read(path, shown, name string, isDir bool) (err error) {
	switch {
	case isDir && name == "identity":
		h.identity, err = readPolicies(path, shown)
	case !isDir && name == "boundary.json":
		h.boundary, err = readPolicy(path, shown)
	case !isDir && name == "trust.json":
		h.trust, err = readPolicy(path, shown)
	default:
		err = fmt.Errorf("%s: what kind of policy is that? \"sallyport can --help\" says how a folder of policies looks", path)
	}
	return err
}

func (f *files) readHolders(dir, shown, kind string) error {
	return each(dir, shown, func(path, shown string, isDir bool) error {
		if !isDir {
			return fmt.Errorf("%s: a folder with identity/ was expected, named as the %s is", path, strings.TrimSuffix(kind, "/"))
		}
		h := &holder{}
		f.named[kind+filepath.Base(path)] = h
		return each(path, shown, func(path, shown string, isDir bool) error {
			return h.read(path, shown, filepath.Base(path), isDir)
		})
	})
}

// readLevels reads the policies of each level; files beside the levels are one
// level of their own.
func readLevels(dir, shown string) (levels [][]policy.Attached, err error) {
	var own []policy.Attached
	err = each(dir, shown, func(path, shown string, isDir bool) error {
		if isDir {
			level, err := readPolicies(path, shown)
			levels = append(levels, level)
			return err
		}
		a, err := readPolicy(path, shown)
		if err == nil {
			own = append(own, *a)
		}
		return err
	})
	if len(own) > 0 && len(levels) > 0 {
		return nil, fmt.Errorf("%s has both files and folders: put the files into the folder of their level", dir)
	}
	if len(own) > 0 {
		levels = append(levels, own)
	}
	return levels, err
}

func readPolicies(dir, shown string) (all []policy.Attached, err error) {
	err = each(dir, shown, func(path, shown string, isDir bool) error {
		if isDir {
			return fmt.Errorf("%s: only policy files were expected here", path)
		}
		a, err := readPolicy(path, shown)
		if err == nil {
			all = append(all, *a)
		}
		return err
	})
	return all, err
}

// each goes through a folder, in order of names; hidden files are left out.
// shown is how the entry is called in answers: its path below the folder asked.
func each(dir, shown string, visit func(path, shown string, isDir bool) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := visit(path, strings.TrimPrefix(shown+"/"+e.Name(), "/"), info.IsDir()); err != nil {
			return err
		}
	}
	return nil
}

// readPolicy reads one policy. A file that is none stops everything: it could
// be the one that denies.
func readPolicy(path, shown string) (*policy.Attached, error) {
	if filepath.Ext(path) != ".json" {
		return nil, fmt.Errorf("%s: a policy is a .json file", path)
	}
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	p, err := policy.Load(text)
	if err != nil {
		var wrong *policy.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s is not a policy: %s", path, strings.TrimPrefix(wrong.Error(), "policy: "))
		}
		return nil, err
	}
	return &policy.Attached{Policy: p, Name: filepath.ToSlash(shown)}, nil
}

// readAccount reads a file that holds an account.
func readAccount(path string) (string, error) {
	text, err := readSmall(path)
	if err != nil {
		return "", err
	}
	account := strings.TrimSpace(string(text))
	if !id.IsAccount(account) {
		return "", fmt.Errorf("%s: an account has twelve digits, and nothing else is to be there", path)
	}
	return account, nil
}

// readSmall reads a file that is no larger than a policy can be.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limits.RequestBody {
		return nil, fmt.Errorf("%s is too large for a policy", path)
	}
	return os.ReadFile(path)
}

// holds says what counts for a user or role of a name: its own policies beside
// those of everybody. known is false where users and roles have folders and
// this one has none.
func (f *files) holds(name string) (h holder, known bool) {
	h = f.holder
	own := f.named[name]
	if own == nil {
		return h, len(f.named) == 0
	}
	h.identity = slices.Concat(h.identity, own.identity)
	if own.boundary != nil {
		h.boundary = own.boundary
	}
	if own.trust != nil {
		h.trust = own.trust
	}
	return h, true
}
