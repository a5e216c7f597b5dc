package id

import (
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

func TestAccessKeyCarriesItsAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		account := fmt.Sprintf("%012d", rapid.Uint64Range(0, 999_999_999_999).Draw(t, "account"))
		key, secret, err := AccessKey(LongTermKey, account)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`).MatchString(key) || len(secret) != 40 {
			t.Fatalf("shape: %q, secret of %d characters", key, len(secret))
		}
		got, ok := KeyAccount(key)
		if !ok || got != account {
			t.Fatalf("KeyAccount(%q) = %q, %v; want %q", key, got, ok, account)
		}
	})
}

func TestKeyAccountRefusesForeignShapes(t *testing.T) {
	for _, key := range []string{"", "AKIAIOSFODNN7EXAMPLE", "AKIA1111111111111111", "AKIA"} {
		if account, ok := KeyAccount(key); ok {
			t.Errorf("KeyAccount(%q) = %q", key, account)
		}
	}
}

func TestUniqueAndUUIDShapes(t *testing.T) {
	if v := Unique(Role); !regexp.MustCompile(`^AROA[A-Z2-7]{17}$`).MatchString(v) {
		t.Error(v)
	}
	if v := UUID(); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(v) {
		t.Error(v)
	}
	if _, _, err := AccessKey(LongTermKey, "12"); err == nil {
		t.Error("an account of two digits was taken")
	}
}

func TestIdsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key, secret, err := AccessKey(TemporaryKey, "000000000001")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{key, secret, Unique(User), UUID(), Hex(8)} {
			if seen[v] {
				t.Fatalf("%s twice", v)
			}
			seen[v] = true
		}
	}
}

func TestIsAccount(t *testing.T) {
	for s, want := range map[string]bool{
		"123456789012": true, "000000000000": true, "": false, "12345678901": false, "1234567890123": false,
		"12345678901a": false, " 12345678901": false, "-12345678901": false, "12345678901٣": false, "aws": false, "*": false,
	} {
		if IsAccount(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
		if _, _, err := AccessKey(LongTermKey, s); (err == nil) != want {
			t.Errorf("key for %q: %v", s, err)
		}
	}
}

func TestHex(t *testing.T) {
	if v := Hex(16); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(v) {
		t.Error(v)
	}
}

// BenchmarkUUID: every request draws one.
func BenchmarkUUID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = UUID()
	}
}
