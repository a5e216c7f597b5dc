package executor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/clock"
)

func TestHierarchiesAreFound(t *testing.T) {
	const unified = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
	for _, c := range []struct{ name, mounts, own, memory, pids, unified, mount string }{
		{"a machine of today", unified, "0::/user.slice/user-1000.slice/session-2.scope\n", "", "", "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope", "/sys/fs/cgroup"},
		{"a container with a hierarchy of its own", unified, "0::/\n", "", "", "/sys/fs/cgroup", "/sys/fs/cgroup"},
		{
			"a mixture",
			"31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			"8:pids:/\n4:memory:/some/group\n0::/\n",
			"/sys/fs/cgroup/memory/some/group", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified",
		},
		{
			"a container that sees its own part of an older hierarchy",
			"31 24 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "4:memory:/docker/abc\n",
			"/sys/fs/cgroup/memory", "", "", "",
		},
		{
			"two controllers in one hierarchy",
			"31 24 0:27 / /cg/both rw - cgroup cgroup rw,pids,memory\n", "4:memory,pids:/x\n",
			"/cg/both/x", "/cg/both/x", "", "",
		},
		{"a group outside of what is mounted", unified, "0::/../other\n", "", "", "/sys/fs/cgroup", "/sys/fs/cgroup"},
		{"none at all", "1 1 0:1 / / rw - ext4 /dev/x rw\n", "", "", "", "", ""},
	} {
		h := parseHierarchies(c.mounts, c.own)
		if h.controllers["memory"] != c.memory || h.controllers["pids"] != c.pids || h.unified != c.unified || h.unifiedMount != c.mount {
			t.Errorf("%s: got %+v", c.name, h)
		}
	}
}

// TestOnlyGroupsOfTheDeadAreSwept: a group is a living server's while it is locked.
func TestOnlyGroupsOfTheDeadAreSwept(t *testing.T) {
	parent := t.TempDir() // locks and names work the same on any file system
	g := &groups{}
	living := g.open(clock.System{}, parent, groupPrefix+"1-living")
	dead := filepath.Join(parent, groupPrefix+"2-dead")
	other := filepath.Join(parent, "somebody-elses")
	for _, dir := range []string{dead, other} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sweepGroups(clock.System{}, parent)
	for dir, want := range map[string]bool{living: true, dead: false, other: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v", dir, err == nil)
		}
	}
	if err := g.close(clock.System{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(living); err == nil {
		t.Error("close leaves the server's own group")
	}
}

func TestHighWaterIsRead(t *testing.T) {
	for text, want := range map[string]int64{
		"Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t    1536 kB\nVmRSS:\t 7 kB\n": 1536 << 10,
		"Name:\tx\nState:\tZ (zombie)\n":                                   0,
		"":                                                                 0,
	} {
		if got := highWater([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
