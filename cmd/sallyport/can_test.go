package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFilesAnswerAtOnce holds the answer from files to half of what the whole
// command may take: the process, its start included, has 20 ms.
func TestFilesAnswerAtOnce(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		name := filepath.Join(dir, "identity", string(rune('a'+i))+".json")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:dev-*"}]}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	q := question{principal: "user/ann", action: "lambda:InvokeFunction", resource: "arn:aws:lambda:us-east-1:111122223333:function:prod"}
	fastest := time.Hour
	for range 10 {
		start := time.Now()
		o, err := openFiles(dir, "", q)
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := o.ask(context.Background(), q)
		if err != nil || d.Decision.GetAllowed() {
			t.Fatalf("%v, %v", d, err)
		}
		fastest = min(fastest, time.Since(start))
	}
	if fastest > 10*time.Millisecond {
		t.Errorf("%v for one question", fastest)
	}
}

func TestWrap(t *testing.T) {
	if got := wrap("a  b\nc", "  "); got != "  a b c" {
		t.Errorf("%q", got)
	}
}
