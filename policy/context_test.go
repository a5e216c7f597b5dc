package policy

import (
	"slices"
	"testing"
)

func TestContext(t *testing.T) {
	var c Context
	c.Set("aws:ResourceTag/Env", "prod")
	c.SetList("aws:TagKeys", []string{"a", "b"})
	c.Set("AWS:RESOURCETAG/env", "dev")
	if v, ok := c.Get("aws:resourcetag/ENV"); !ok || !slices.Equal(v, []string{"dev"}) {
		t.Errorf("keys compare without case: %v", v)
	}
	if c.Multivalued("aws:ResourceTag/Env") || !c.Multivalued("AWS:tagkeys") || c.Multivalued("aws:nothing") {
		t.Error("only SetList makes a key multivalued")
	}
	if got := c.Keys(); !slices.Equal(got, []string{"aws:ResourceTag/Env", "aws:TagKeys"}) {
		t.Errorf("keys %v", got)
	}
	other := c.Clone()
	other.Set("aws:TagKeys", "one")
	if !c.Multivalued("aws:TagKeys") || other.Multivalued("aws:TagKeys") {
		t.Error("a clone shares its keys")
	}
	c.SetList("aws:TagKeys", nil)
	if _, ok := c.Get("aws:TagKeys"); ok {
		t.Error("an empty list is no key")
	}
	c.Delete("aws:resourcetag/env")
	if len(c.Keys()) != 0 {
		t.Errorf("still %v", c.Keys())
	}
	var none *Context
	if _, ok := none.Get("x"); ok || none.Keys() != nil || none.Multivalued("x") || len(none.Clone().Keys()) != 0 {
		t.Error("no context has no keys")
	}
}

func TestContextKeepsItsOwnList(t *testing.T) {
	var c Context
	values := []string{"a"}
	c.SetList("k", values)
	values[0] = "b"
	if v, _ := c.Get("k"); v[0] != "a" {
		t.Error("the list is the caller's")
	}
}
