package trail

import (
	"context"
	"time"
)

// retry is how long the writer waits after the store failed.
const retry = time.Second

// write is the writer's loop: whatever is new goes to the store, and the
// oldest chapters leave it. What fails is tried again as long as memory holds it.
func (t *Trail) write(done uint64) {
	defer close(t.done)
	for {
		select {
		case <-t.wake:
		case <-t.stop:
			t.drain(done)
			return
		}
		t.pause(t.disk.size.pace)
		t.mu.Lock()
		t.woken = false
		t.mu.Unlock()
		for more := true; more; {
			next, err := t.writeBatch(done)
			more, done = next != done && err == nil, next
			if err != nil {
				t.log.Error("trail: decisions could not be written, will try again", "error", err)
				t.wakeUp()
				t.pause(retry)
			}
		}
	}
}

// drain writes the rest when the trail is closed.
func (t *Trail) drain(done uint64) {
	for more := true; more; {
		next, err := t.writeBatch(done)
		more, done = next != done && err == nil, next
		if err != nil {
			t.countLost(t.Last()-done, "the last decisions could not be written", err)
		}
	}
}

// wakeUp makes sure that the loop comes round again.
func (t *Trail) wakeUp() {
	t.mu.Lock()
	wake := !t.woken
	t.woken = true
	t.mu.Unlock()
	if wake {
		t.wake <- struct{}{}
	}
}

// pause waits, but not when the trail is being closed.
func (t *Trail) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.stop:
	}
}

// writeBatch writes the next records after done, and says up to which number
// they are written now.
func (t *Trail) writeBatch(done uint64) (uint64, error) {
	batch := t.inMemory(done, t.disk.size.batch)
	if len(batch) == 0 {
		return done, nil
	}
	if missed := batch[0].Seq - done - 1; missed > 0 {
		t.countLost(missed, "the trail fell behind: some decisions are not on disk", nil)
		// They are counted once, even if this batch has to be tried again.
		done = batch[0].Seq - 1
	}
	last, err := t.disk.append(context.Background(), batch)
	if err != nil {
		return done, err
	}
	t.forget(last)
	return last, nil
}

func (t *Trail) countLost(n uint64, why string, err error) {
	t.mu.Lock()
	t.lost += n
	t.mu.Unlock()
	t.log.Error("trail: "+why, "lost", n, "error", err)
}
