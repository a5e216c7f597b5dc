package executor

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/executor/runtimes"
)

// Status says how functions run here.
type Status struct {
	// Mode is "sandbox" or "bare". Reason says why it is bare: then functions
	// can read each other's credentials, and roles are not kept apart.
	Mode   string `json:"mode"`
	Reason string `json:"reason,omitempty"`
	// User says under which users functions run.
	User string `json:"user,omitempty"`
	// Memory, Processes and Freezing say by what means limits are kept and idle
	// environments stopped.
	Memory    string `json:"memory"`
	Processes string `json:"processes"`
	Freezing  string `json:"freezing"`
	// Runtimes are those that a function asked for and another version stood in for.
	Runtimes []runtimes.Substitution `json:"runtimes,omitempty"`
	// Environments and Idle count what exists now.
	Environments int `json:"environments"`
	Idle         int `json:"idle"`
}

// Modes of Status.
const (
	Sandboxed = "sandbox"
	Bare      = "bare"
)

// String is one line for people.
func (s Status) String() string {
	if s.Mode == Bare {
		return "functions run as BARE PROCESSES, and nothing keeps their roles apart: " + s.Reason
	}
	return fmt.Sprintf("functions run in sandboxes (%s; memory: %s; idle: %s)", s.User, s.Memory, s.Freezing)
}

// Status says how functions run here, now.
func (x *Executor) Status() Status {
	<-x.chosen
	s := Status{Runtimes: x.runtimes.Report()}
	x.driver.describe(&s)
	x.mu.Lock()
	defer x.mu.Unlock()
	s.Environments = x.total
	for _, p := range x.pools {
		s.Idle += len(p.idle)
	}
	return s
}
