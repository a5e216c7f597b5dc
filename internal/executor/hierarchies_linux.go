package executor

import (
	"os"
	"path/filepath"
	"strings"
)

// hierarchies say where the groups of this process are.
type hierarchies struct {
	// controllers are directories of the older hierarchies, by controller.
	controllers map[string]string
	// unified is in the unified hierarchy, which is mounted at unifiedMount.
	unified, unifiedMount string
}

func readHierarchies() (hierarchies, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return hierarchies{}, err
	}
	// Not /proc/self, which is the main thread: it may be another executor's
	// spawner, and be in one of its groups for a moment.
	own, err := os.ReadFile("/proc/thread-self/cgroup")
	if err != nil {
		return hierarchies{}, err
	}
	return parseHierarchies(string(mounts), string(own)), nil
}

// parseHierarchies reads the mountinfo and cgroup files of /proc (proc(5), cgroups(7)).
func parseHierarchies(mounts, own string) hierarchies {
	h := hierarchies{controllers: map[string]string{}}
	paths := map[string]string{} // by controller; "" is the unified one
	for line := range strings.Lines(own) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for _, controller := range strings.Split(fields[1], ",") {
			paths[controller] = fields[2]
		}
	}
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		root, at := fields[3], fields[4]
		switch kind[0] {
		case "cgroup2":
			if path, ok := paths[""]; ok && h.unified == "" {
				h.unified, h.unifiedMount = below(at, root, path), at
			}
		case "cgroup":
			for _, controller := range strings.Split(kind[2], ",") {
				if path, ok := paths[controller]; ok && (controller == "memory" || controller == "pids") {
					h.controllers[controller] = below(at, root, path)
				}
			}
		}
	}
	return h
}

// below is where a group is seen whose hierarchy is mounted at a place from a
// root that need not be the hierarchy's own.
func below(at, root, path string) string {
	if rest, ok := strings.CutPrefix(path, root); ok {
		path = rest
	}
	if strings.Contains(path, "..") {
		path = "" // outside of what is mounted here
	}
	return filepath.Join(at, path)
}
