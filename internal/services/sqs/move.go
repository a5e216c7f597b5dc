package sqs

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"sync"

	sqsapi "github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/store"
)

// move is a message move task, as it is stored. It never changes: progress
// makes a new one.
type move struct {
	ID string
	// Source and Destination are ARNs; without Destination every message goes
	// back to where it came from, if that is among Allowed.
	Source, Destination string
	// Allowed are the ARNs that the caller was let send to when the task began.
	Allowed []string
	// Rate is messages a second, 0 for as fast as they go.
	Rate int
	// Started is in milliseconds.
	Started       int64
	ToMove, Moved int64
	Status        string
	Failure       string `json:",omitempty"`
}

// Statuses of a task.
const (
	running   = "RUNNING"
	completed = "COMPLETED"
	cancelled = "CANCELLED"
	failed    = "FAILED"
)

// key sorts the tasks of a queue by time.
func (m *move) key() string { return store.Key(m.Source, fmt.Sprintf("%016x", m.Started), m.ID) }

// handle is the task's handle: AWS's too is the id and the queue in base64.
func (m *move) handle() string {
	return base64.StdEncoding.EncodeToString([]byte(`{"taskId":"` + m.ID + `","sourceArn":"` + m.Source + `"}`))
}

func parseHandle(handle string) (task string, source ref, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(handle)
	if err != nil || len(handle) > limits.QueueReceipt {
		return "", ref{}, false
	}
	var given struct {
		TaskID    string `json:"taskId"`
		SourceARN string `json:"sourceArn"`
	}
	if unmarshal(string(raw), &given) != nil || given.TaskID == "" {
		return "", ref{}, false
	}
	source, ok = parseARN(given.SourceARN)
	return given.TaskID, source, ok
}

// arnFormat is AWS's text for an ARN that is none.
const arnFormat = "You must use this format to specify the %s: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"

// ofSource is the finder of the queue whose tasks a request is about.
func (s *Service) ofSource(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(interface{ GetSourceArn() string })
	if !ok || in.GetSourceArn() == "" {
		return nil, missing("SourceArn")
	}
	r, ok := parseARN(in.GetSourceArn())
	if !ok {
		return nil, invalid(arnFormat, "SourceArn")
	}
	return s.ownSource(c, r)
}

// ownSource refuses a queue of another account or region.
func (s *Service) ownSource(c *op.Call, r ref) ([]op.Resource, error) {
	if r.account != c.Account {
		return nil, foreign(r.arn())
	}
	if r.region != c.Region {
		return nil, invalid(arnFormat, "SourceArn")
	}
	c.Remember(queueKey{}, r)
	return []op.Resource{{ARN: r.arn(), Account: r.account}}, nil
}

// ofTask is the finder of the queue of a task handle.
func (s *Service) ofTask(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*sqsapi.CancelMessageMoveTaskRequest)
	if !ok || in.GetTaskHandle() == "" {
		return nil, missing("TaskHandle")
	}
	_, r, ok := parseHandle(in.GetTaskHandle())
	if !ok {
		return nil, invalid("Value for parameter TaskHandle is invalid.")
	}
	return s.ownSource(c, r)
}

type destinationsKey struct{}

// ofDestination finds the queues a task sends to: the one named, or all whose
// dead letters are in the source.
func (s *Service) ofDestination(_ context.Context, c *op.Call) ([]op.Resource, error) {
	in, ok := c.Input.(*sqsapi.StartMessageMoveTaskRequest)
	if !ok {
		return nil, missing("SourceArn")
	}
	source, _ := c.Recall(queueKey{})
	from, _ := source.(ref)
	to := s.sourcesOf(from, "")
	if arn := in.GetDestinationArn(); arn != "" {
		r, ok := parseARN(arn)
		if !ok || r.region != c.Region {
			return nil, invalid(arnFormat, "DestinationArn")
		}
		if r.account != c.Account {
			return nil, foreign(arn)
		}
		to = []ref{r}
	}
	var found []op.Resource
	var allowed []string
	for _, r := range to {
		found = append(found, op.Resource{ARN: r.arn(), Account: r.account})
		allowed = append(allowed, r.arn())
	}
	c.Remember(destinationsKey{}, allowed)
	return found, nil
}

func noSource() error {
	return notFound("The resource that you specified for the SourceArn parameter doesn't exist.")
}

// maxRate is the most messages a second a task can be asked for.
const maxRate = 500

func (s *Service) startMessageMoveTask(ctx context.Context, c *op.Call, in *sqsapi.StartMessageMoveTaskRequest) (*sqsapi.StartMessageMoveTaskResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, noSource()
	}
	allowed, _ := c.Recall(destinationsKey{})
	m := &move{
		ID: id.UUID(), Source: l.ref.arn(), Destination: in.GetDestinationArn(), Rate: int(in.GetMaxNumberOfMessagesPerSecond()),
		Started: millis(c.Time), Status: running,
	}
	m.Allowed, _ = allowed.([]string)
	if in.MaxNumberOfMessagesPerSecond != nil && (m.Rate < 1 || m.Rate > maxRate) {
		return nil, invalidValue(strconv.Itoa(m.Rate), "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
	}
	if err := s.checkMove(l, m); err != nil {
		return nil, err
	}
	m.ToMove = int64(l.movable(millis(s.clock.Now())))
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		var old []string
		for key, other := range s.moves.All(store.Prefix(m.Source), "") {
			if other.Status == running {
				return invalid("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
			}
			old = append(old, key)
		}
		for len(old) >= limits.QueueMoves {
			if err := s.moves.Delete(tx, old[0]); err != nil {
				return err
			}
			old = old[1:]
		}
		return s.moves.Put(tx, m.key(), m)
	})
	if err != nil {
		return nil, err
	}
	s.run(m)
	return &sqsapi.StartMessageMoveTaskResult{TaskHandle: ptr(m.handle())}, nil
}

func (s *Service) checkMove(l *line, m *move) error {
	if len(s.sourcesOf(l.ref, "")) == 0 {
		return invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if m.Destination == "" {
		return nil
	}
	r, _ := parseARN(m.Destination)
	to := s.lines.of(r)
	switch {
	case to == nil:
		return notFound("The resource that you specified for the DestinationArn parameter doesn't exist.")
	case to.fifo != l.fifo:
		return invalid("Source and destination queues must be of the same type.")
	case to == l:
		return invalid("Source queue arn and destination queue arn cannot be the same.")
	}
	return nil
}

func (l *line) movable(now int64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ripen(now)
	return l.count[visible]
}

func (s *Service) cancelMessageMoveTask(ctx context.Context, c *op.Call, in *sqsapi.CancelMessageMoveTaskRequest) (*sqsapi.CancelMessageMoveTaskResult, error) {
	task, r, _ := parseHandle(in.GetTaskHandle())
	if s.lines.of(r) == nil {
		return nil, noSource()
	}
	var moved int64
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		for key, m := range s.moves.All(store.Prefix(r.arn()), "") {
			if m.ID != task {
				continue
			}
			if m.Status != running {
				return invalid("Only active tasks can be cancelled.")
			}
			now := *m
			now.Status, moved = cancelled, m.Moved
			return s.moves.Put(tx, key, &now)
		}
		return notFound("Task does not exist.")
	})
	if err != nil {
		return nil, err
	}
	s.movers.end(task)
	return &sqsapi.CancelMessageMoveTaskResult{ApproximateNumberOfMessagesMoved: &moved}, nil
}

func (s *Service) listMessageMoveTasks(_ context.Context, c *op.Call, in *sqsapi.ListMessageMoveTasksRequest) (*sqsapi.ListMessageMoveTasksResult, error) {
	l, err := s.target(c)
	if err != nil {
		return nil, noSource()
	}
	most := 1
	if in.MaxResults != nil {
		most = int(*in.MaxResults)
		if most < 1 || most > limits.QueueMoves {
			return nil, invalidValue(strconv.Itoa(most), "MaxResults", "Must be between 1 and 10, if provided.")
		}
	}
	var all []*move
	for _, m := range s.moves.All(store.Prefix(l.ref.arn()), "") {
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b *move) int { return cmp.Compare(b.Started, a.Started) })
	out := &sqsapi.ListMessageMoveTasksResult{Results: []sqsapi.ListMessageMoveTasksResultEntry{}}
	for _, m := range all[:min(most, len(all))] {
		out.Results = append(out.Results, m.shown())
	}
	return out, nil
}

func (m *move) shown() sqsapi.ListMessageMoveTasksResultEntry {
	e := sqsapi.ListMessageMoveTasksResultEntry{
		SourceArn: &m.Source, Status: &m.Status, StartedTimestamp: &m.Started,
		ApproximateNumberOfMessagesMoved: &m.Moved, ApproximateNumberOfMessagesToMove: &m.ToMove,
	}
	if m.Destination != "" {
		e.DestinationArn = &m.Destination
	}
	if m.Rate > 0 {
		e.MaxNumberOfMessagesPerSecond = ptr(int32(m.Rate))
	}
	if m.Failure != "" {
		e.FailureReason = &m.Failure
	}
	if m.Status == running {
		e.TaskHandle = ptr(m.handle())
	}
	return e
}

// movers end running tasks. It is safe for concurrent use.
type movers struct {
	mu  *sync.Mutex
	all map[string]context.CancelFunc
}

func newMovers() movers { return movers{mu: &sync.Mutex{}, all: map[string]context.CancelFunc{}} }

func (x *movers) begin(ctx context.Context, task string) context.Context {
	ctx, stop := context.WithCancel(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all[task] = stop
	return ctx
}

func (x *movers) end(task string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if stop := x.all[task]; stop != nil {
		stop()
		delete(x.all, task)
	}
}

func (x *movers) stopAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for task, stop := range x.all {
		stop()
		delete(x.all, task)
	}
}
