// Command licences writes THIRD_PARTY_NOTICES: the licence of every module that
// is part of the sallyport program. It refuses a licence that is not on its
// list of permissive ones.
//
//	go run ./tools/licences
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	text, err := notices(".")
	if err == nil {
		err = os.WriteFile("THIRD_PARTY_NOTICES", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// module is one dependency of the program.
type module struct{ path, version, dir string }

// platforms are those the program is built for.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"}

// notices is the content of THIRD_PARTY_NOTICES for the repository at root.
func notices(root string) ([]byte, error) {
	modules, err := dependencies(root)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("Sallyport contains the following software. Written by tools/licences.\n")
	for _, m := range modules {
		text, err := licence(m.dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
		kind := classify(text)
		if kind == "" {
			return nil, fmt.Errorf("%s: its licence is not on the list of permissive ones: read it before you depend on it", m.path)
		}
		fmt.Fprintf(&out, "\n%s\n%s %s (%s)\n%s\n\n%s\n", strings.Repeat("=", 78), m.path, m.version, kind, strings.Repeat("=", 78), strings.TrimSpace(text))
	}
	return out.Bytes(), nil
}

// dependencies are the modules of the program on every platform, in name order.
func dependencies(root string) ([]module, error) {
	seen := map[string]module{}
	for _, p := range platforms {
		goos, goarch, _ := strings.Cut(p, "/")
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/sallyport")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", p, err)
		}
		for line := range strings.Lines(string(text)) {
			if part := strings.Split(strings.TrimSpace(line), "\t"); len(part) == 3 {
				seen[part[0]] = module{part[0], part[1], part[2]}
			}
		}
	}
	var all []module
	for _, m := range seen {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return all, nil
}

// licence is the text of a module's licence file.
func licence(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", err
	}
	for _, f := range found {
		switch name := strings.ToUpper(filepath.Base(f)); name {
		case "LICENSE", "LICENSE.TXT", "LICENSE.MD", "LICENCE", "COPYING":
			raw, err := os.ReadFile(f)
			return strings.ReplaceAll(string(raw), "\r\n", "\n"), err
		}
	}
	return "", fmt.Errorf("no licence file in the module")
}

// classify names a licence, empty for one that is not on the list.
func classify(text string) string {
	flat := strings.Join(strings.Fields(text), " ")
	switch {
	case strings.Contains(flat, "GNU GENERAL PUBLIC LICENSE"), strings.Contains(flat, "GNU AFFERO"), strings.Contains(flat, "GNU LESSER"):
		return ""
	case strings.Contains(flat, "Apache License Version 2.0"):
		return "Apache-2.0"
	case strings.Contains(flat, "Permission is hereby granted, free of charge"):
		return "MIT"
	case strings.Contains(flat, "Redistribution and use in source and binary forms"):
		return "BSD"
	case strings.Contains(flat, "Permission to use, copy, modify, and/or distribute"), strings.Contains(flat, "Permission to use, copy, modify, and distribute"):
		return "ISC"
	}
	return ""
}
