package runtimes

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed loops
var loops embed.FS

// Files of the loops, and what starts the one for Python: a module is compiled
// once, a script at every start.
const (
	nodeLoop    = "sallyport_loop.cjs"
	pythonStart = "import sys; sys.path[0] = sys.argv[1]; import sallyport_loop; sallyport_loop.run()"
)

// pythonFiles are the modules of the loop for Python.
func pythonFiles() []string {
	return []string{"sallyport_loop.py", "sallyport_logging.py", "sallyport_rare.py"}
}

// WriteLoops writes the language loops into a folder, which is made if needed.
// It is what functions see at LAMBDA_RUNTIME_DIR, read-only.
func WriteLoops(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("language loops: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("language loops: %w", err)
	}
	for _, name := range append(pythonFiles(), nodeLoop) {
		text, err := fs.ReadFile(loops, "loops/"+name)
		if err != nil {
			return fmt.Errorf("language loops: %w", err)
		}
		path := filepath.Join(dir, name)
		// What a former server left is read-only, and may be in use.
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("language loops: %w", err)
		}
		if err := os.WriteFile(path, text, 0o444); err != nil {
			return fmt.Errorf("language loops: %w", err)
		}
		if err := os.Chmod(path, 0o444); err != nil {
			return fmt.Errorf("language loops: %w", err)
		}
	}
	return nil
}

// WriteLoops writes the loops like the function of that name. From then on each
// interpreter that is asked for its version leaves compiled loops there too,
// which spares its functions a third of their start.
func (s *Set) WriteLoops(dir string) error {
	if err := WriteLoops(dir); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loops = dir
	return nil
}
