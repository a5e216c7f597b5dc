package op

import "testing"

func fired(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestSignalWakesAllWhoWait(t *testing.T) {
	var s Signal
	s.Fire() // nobody waits
	first, second := s.Next(), s.Next()
	if fired(first) || fired(second) {
		t.Fatal("woken by a change before they waited")
	}
	s.Fire()
	if !fired(first) || !fired(second) {
		t.Error("not woken")
	}
	if fired(s.Next()) {
		t.Error("woken by a change that was seen")
	}
}
