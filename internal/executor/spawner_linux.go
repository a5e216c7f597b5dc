package executor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// spawner starts processes from one thread. A child's parent-death signal comes
// when the thread ends that started it, and only a thread that runs nothing else
// surely lives as long as the executor.
type spawner struct {
	requests chan spawn
	ended    chan struct{}
}

type spawn struct {
	path string
	args []string
	attr *os.ProcAttr
	// groups are directories of older control group hierarchies the process is
	// to be born into; home are those of the server.
	groups, home []string
	answer       chan spawned
}

type spawned struct {
	process *os.Process
	err     error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawn), ended: make(chan struct{})}
	started := make(chan struct{})
	go s.run(started)
	<-started
	return s
}

// run starts processes, from any thread but the main one: what the server uses
// of memory counts for the control group its main thread is in.
func (s *spawner) run(started chan<- struct{}) {
	// Unlocked in the end, so that the thread lives on: it may have started
	// processes of others before it was this one's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() == unix.Getpid() {
		other := make(chan struct{})
		go s.run(other) // on another thread: this one is locked until it runs
		<-other
		close(started)
		return
	}
	close(started)
	for {
		select {
		case r := <-s.requests:
			p, err := r.start()
			r.answer <- spawned{p, err}
		case <-s.ended:
			return
		}
	}
}

// start starts the process. A thread moves itself between control groups at
// once, while moving a whole process makes everyone who forks wait for
// milliseconds: so the child is born where it belongs.
func (r *spawn) start() (*os.Process, error) {
	err := enterGroups(r.groups)
	var p *os.Process
	if err == nil {
		p, err = os.StartProcess(r.path, r.args, r.attr)
	}
	if len(r.groups) == 0 {
		return p, err
	}
	if back := enterGroups(r.home); back != nil {
		err = errors.Join(err, back)
		if p != nil {
			_ = p.Kill()
			_, _ = p.Wait()
		}
	}
	return p, err
}

// enterGroups moves the calling thread.
func enterGroups(dirs []string) error {
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, "tasks"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("enter control group: %w", err)
		}
	}
	return nil
}

func (s *spawner) start(r spawn) (*os.Process, error) {
	r.answer = make(chan spawned, 1)
	select {
	case s.requests <- r:
		got := <-r.answer
		return got.process, got.err
	case <-s.ended:
		return nil, errors.New("the executor is closed")
	}
}

// close ends the goroutine. All processes have ended before.
func (s *spawner) close() { close(s.ended) }
