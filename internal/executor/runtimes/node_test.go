package runtimes

import "testing"

func TestNodeAnswersEvents(t *testing.T) {
	s := play{
		runtime: real(t, "nodejs20.x"), files: map[string]string{"main.js": "exports.handler = async (event) => event;\n"},
		events: jsonEvents(`{"a": [1, 2.5, null, true, "x"]}`, ` "spaces" `, `null`, `"ü"`),
	}.run(t)
	s.same(t, response(0, `{"a":[1,2.5,null,true,"x"]}`), response(1, `"spaces"`), response(2, `null`), response(3, `"ü"`))
}
