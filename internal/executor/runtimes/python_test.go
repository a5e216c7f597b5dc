package runtimes

import "testing"

func TestPythonAnswersEvents(t *testing.T) {
	everyPython(t, func(t *testing.T, r Runtime) {
		s := play{
			runtime: r, files: map[string]string{"main.py": "def handler(event, context):\n    return event\n"},
			events: jsonEvents(`{"a": [1, 2.5, null, true, "x"]}`, ` "spaces" `, `null`, `"ü"`),
		}.run(t)
		s.same(t, response(0, `{"a": [1, 2.5, null, true, "x"]}`), response(1, `"spaces"`), response(2, `null`), response(3, map[bool]string{true: `"\u00fc"`, false: `"ü"`}[r.Version < "3.12"]))
	})
}
