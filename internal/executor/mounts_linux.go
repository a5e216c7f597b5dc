package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The tree a function sees is a small tmpfs with host folders bound into it
// read-only. It is built while the host's tree is still there, at hostTree; that
// is let go when the function's code has been bound, before any of it runs.

const (
	hostTree = "/.host"
	taskDir  = "/var/task"
	optDir   = "/opt"
	loopsDir = "/var/runtime"
)

// systemFolders are bound if the host has them; where it has links, as most
// systems have for /bin and /lib, the same links are made.
var systemFolders = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"}

// systemFiles are what programs read below /etc to find libraries, trust
// certificates and name things. Nothing in them is secret to any user.
var systemFiles = []string{
	"alternatives", "ca-certificates", "ca-certificates.conf", "crypto-policies", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
	"mime.types", "os-release", "pki", "protocols", "services", "ssl",
}

// devices are bound, not made: a user namespace may not make any.
var devices = []string{"null", "zero", "full", "random", "urandom"}

// buildTree makes the tree at root and makes it the root of this mount namespace.
func buildTree(o *setupOrder) error {
	// What happens to mounts here must not reach the host.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", o.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=4m,mode=0755"); err != nil {
		return fmt.Errorf("mount the root: %w", err)
	}
	for _, dir := range []string{"proc", "dev", "etc", "tmp", "opt", "var/task", "var/runtime", "home", hostTree[1:]} {
		if err := os.MkdirAll(filepath.Join(o.Root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := bindSystem(o.Root); err != nil {
		return err
	}
	if err := bind(o.Runtime, filepath.Join(o.Root, loopsDir), unix.MOUNT_ATTR_NODEV); err != nil {
		return err
	}
	if err := writeEtc(o.Root, o.UID); err != nil {
		return err
	}
	if err := unix.Mount("proc", filepath.Join(o.Root, "proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := unix.PivotRoot(o.Root, filepath.Join(o.Root, hostTree)); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	return unix.Chdir("/")
}

func bindSystem(root string) error {
	for _, path := range systemFolders {
		if err := bindLike(path, root); err != nil {
			return err
		}
	}
	for _, name := range systemFiles {
		if err := bindLike("/etc/"+name, root); err != nil {
			return err
		}
	}
	for _, name := range devices {
		at := filepath.Join(root, "dev", name)
		if err := os.WriteFile(at, nil, 0o644); err != nil {
			return err
		}
		if err := bind("/dev/"+name, at, 0); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(target, filepath.Join(root, "dev", name)); err != nil {
			return err
		}
	}
	return nil
}

// bindLike shows a host path at the same place below root: a link as a link,
// else bound read-only. What the host does not have is left out.
func bindLike(path, root string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	at := filepath.Join(root, path)
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(target, at)
	}
	if err := mountPoint(at, info.IsDir()); err != nil {
		return err
	}
	return bind(path, at, unix.MOUNT_ATTR_NODEV)
}

// mountPoint makes what a folder or file can be bound over.
func mountPoint(at string, folder bool) error {
	if folder {
		return os.MkdirAll(at, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// bind shows from at the place at, read-only and without set-user-ID programs,
// with everything mounted below it.
func bind(from, at string, further uint64) error {
	if err := unix.Mount(from, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s: %w", strings.TrimPrefix(from, hostTree), err)
	}
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | further}
	if err := unix.MountSetattr(unix.AT_FDCWD, at, unix.AT_RECURSIVE, &attributes); err != nil {
		return fmt.Errorf("make %s read-only: %w", at, err)
	}
	return nil
}

// writeEtc makes up the files that would tell of the host's users and networks.
func writeEtc(root string, uid int) error {
	id := fmt.Sprintf("%d:%d", uid, uid)
	for name, text := range map[string]string{
		"passwd":        "root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:" + id + "::/home/sbx_user1051:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
		"group":         fmt.Sprintf("root:x:0:\nsbx_user1051:x:%d:\nnobody:x:65534:\n", uid),
		"hosts":         "127.0.0.1 localhost sandbox.localdomain sandbox.local sandbox\n::1 localhost\n",
		"hostname":      "localhost\n",
		"resolv.conf":   "# There is no network here but 127.0.0.1.\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// assignTree adds what the function brings, and lets go of the host.
func assignTree(o *assignOrder) error {
	if err := bind(hostTree+o.Code, taskDir, unix.MOUNT_ATTR_NODEV); err != nil {
		return err
	}
	if o.Layers != "" {
		if err := showLayers(hostTree+o.Layers, optDir, o.Mounts); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("size=%dm,mode=1777", o.TempMB)
	if err := unix.Mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount /tmp: %w", err)
	}
	for _, path := range o.Mounts {
		if err := assignMount(path); err != nil {
			return err
		}
	}
	if err := unix.Unmount(hostTree, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the host's files: %w", err)
	}
	if err := os.Remove(hostTree); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return nil
}

// assignMount shows a host folder where it is on the host, unless it is seen there already.
func assignMount(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("mount %q: not a clean absolute path", path)
	}
	info, err := os.Stat(hostTree + path)
	if err != nil {
		return fmt.Errorf("a folder the runtime needs: %w", err)
	}
	if there, err := os.Stat(path); err == nil && os.SameFile(info, there) {
		return nil
	}
	if err := mountPoint(path, info.IsDir()); err != nil {
		return err
	}
	return bind(hostTree+path, path, unix.MOUNT_ATTR_NODEV)
}
