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
