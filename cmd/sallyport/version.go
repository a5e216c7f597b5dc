package main

import (
	"runtime"
	"runtime/debug"
)

// VersionCmd prints what this binary is.
type VersionCmd struct{}

// Run prints.
func (VersionCmd) Run(c *console) error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if c.JSON {
		return c.printJSON(v)
	}
	c.printf("sallyport %s %s %s\n", v.Version, v.Go, v.Platform)
	return nil
}
