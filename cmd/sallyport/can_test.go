package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkFilesAnswer is one question to a folder of policy files. The whole
// command, the start of the process included, is to take less than 20 ms.
func BenchmarkFilesAnswer(b *testing.B) {
	dir := b.TempDir()
	for i := range 20 {
		name := filepath.Join(dir, "identity", string(rune('a'+i))+".json")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:dev-*"}]}`), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	q := question{principal: "user/ann", action: "lambda:InvokeFunction", resource: "arn:aws:lambda:us-east-1:111122223333:function:prod"}
	for b.Loop() {
		o, err := openFiles(dir, "", q)
		if err != nil {
			b.Fatal(err)
		}
		d, _, err := o.ask(context.Background(), q)
		if err != nil || d.Decision.GetAllowed() {
			b.Fatalf("%v, %v", d, err)
		}
	}
}

func TestWrap(t *testing.T) {
	if got := wrap("a  b\nc", "  "); got != "  a b c" {
		t.Errorf("%q", got)
	}
}
