package executor

import (
	"testing"
)

func TestFunctionsAnswer(t *testing.T) {
	modes(t, func(t *testing.T, w *world) {
		py := w.python("py", "def handler(event, context):\n    print('hello')\n    return event\n")
		r := w.answers(py, `{"a": 1}`, `{"a": 1}`)
		if !r.Cold {
			t.Error("the first invoke is a cold start")
		}
		if r := w.answers(py, `[]`, `[]`); r.Cold {
			t.Error("the second invoke is warm")
		}
		t.Log(w.log())
		w.answers(w.binary("go", "bootstrap"), `{"b": 2}`, `{"b": 2}`)
	})
}
