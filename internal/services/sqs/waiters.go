package sqs

// waiters are the long polls of a queue, the oldest first. Its line's lock
// guards it.
type waiters struct{ all []*waiter }

// waiter is one long poll. A value in wake means that something may have
// become visible; whoever took it and does not use it hands it on.
type waiter struct {
	wake    chan struct{}
	waiting bool
}

// join adds a waiter at the end, if it is not there. It has just seen that
// there is nothing to take: an earlier wake says nothing any more.
func (w *waiters) join(x *waiter) {
	select {
	case <-x.wake:
	default:
	}
	if !x.waiting {
		x.waiting = true
		w.all = append(w.all, x)
	}
}

// leave takes a waiter out, and hands on a wake that it was given.
func (w *waiters) leave(x *waiter) {
	for i, y := range w.all {
		if y == x {
			w.all = append(w.all[:i], w.all[i+1:]...)
			break
		}
	}
	x.waiting = false
	select {
	case <-x.wake:
		w.wake(1)
	default:
	}
}

// wake wakes the first n.
func (w *waiters) wake(n int) {
	for ; n > 0 && len(w.all) > 0; n-- {
		x := w.all[0]
		w.all[0] = nil
		w.all = w.all[1:]
		x.waiting = false
		x.wake <- struct{}{} // has room: a waiter in the list was not woken
	}
}

func (w *waiters) wakeAll() { w.wake(len(w.all)) }
