package executor

import (
	"errors"
	"os"
	"runtime"
)

// spawner starts processes from one thread. A child's parent-death signal comes
// when the thread ends that started it, and only a thread that runs nothing else
// surely lives as long as the executor.
type spawner struct {
	requests chan spawn
	ended    chan struct{}
}

type spawn struct {
	path   string
	args   []string
	attr   *os.ProcAttr
	answer chan spawned
}

type spawned struct {
	process *os.Process
	err     error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawn), ended: make(chan struct{})}
	go s.run()
	return s
}

func (s *spawner) run() {
	// Unlocked in the end, so that the thread lives on: it may have started
	// processes of others before it was this one's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case r := <-s.requests:
			p, err := os.StartProcess(r.path, r.args, r.attr)
			r.answer <- spawned{p, err}
		case <-s.ended:
			return
		}
	}
}

func (s *spawner) start(path string, args []string, attr *os.ProcAttr) (*os.Process, error) {
	answer := make(chan spawned, 1)
	select {
	case s.requests <- spawn{path, args, attr, answer}:
		got := <-answer
		return got.process, got.err
	case <-s.ended:
		return nil, errors.New("the executor is closed")
	}
}

// close ends the goroutine. All processes have ended before.
func (s *spawner) close() { close(s.ended) }
