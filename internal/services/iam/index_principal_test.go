package iam

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sallyport/sallyport/policy"
)

// TestPrincipalsAreAMap puts, replaces, finds and deletes as a map would, with
// few enough ids that they get in each other's way.
func TestPrincipalsAreAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, ids := range []int{1, 5, 6, 40, 3000} {
		var table principals
		want := map[string]*principal{}
		for range 20 * ids {
			id := fmt.Sprintf("AIDA%017d", random.IntN(ids))
			switch random.IntN(3) {
			case 0:
				table.delete(id)
				delete(want, id)
			default:
				p := new(principal)
				if !table.put(id, p) {
					t.Fatalf("%s is refused", id)
				}
				want[id] = p
			}
			if table.count != len(want) {
				t.Fatalf("%d of %d ids: counts %d", len(want), ids, table.count)
			}
		}
		for i := range ids {
			if id := fmt.Sprintf("AIDA%017d", i); table.find(id) != want[id] {
				t.Errorf("of %d ids, %s is another one's: %p, not %p", ids, id, table.find(id), want[id])
			}
		}
	}
}

// TestEveryCharacterOfAnIDCounts: ids that differ in one are two.
func TestEveryCharacterOfAnIDCounts(t *testing.T) {
	var table principals
	const id = "AIDAABCDEFGHIJKLMNOPQ"
	p := new(principal)
	table.put(id, p)
	for i := range len(id) {
		other := []byte(id)
		other[i]++
		if table.find(string(other)) != nil {
			t.Errorf("%s is found as %s", other, id)
		}
	}
	for _, other := range []string{"", id[:20], id + "Q", id + "\x00", "111111111111"} {
		if table.find(other) != nil || table.put(other, p) {
			t.Errorf("%q is taken for a unique id", other)
		}
		table.delete(other)
	}
	if table.find(id) != p || table.count != 1 {
		t.Error("the one that is there is not found")
	}
}

// TestAnyNumberOfPoliciesIsKept: those that lie beside the principal and those
// that do not are the same, in their order, and nobody can append to them.
func TestAnyNumberOfPoliciesIsKept(t *testing.T) {
	for n := range 7 {
		for _, bounded := range []bool{false, true} {
			m := new(merger)
			for i := range n {
				m.identity = append(m.identity, policy.Attached{Name: fmt.Sprint("p", i)})
			}
			if bounded {
				m.boundary = &policy.Attached{Name: "boundary"}
			}
			g := m.together().grants
			if len(g.Identity) != n || cap(g.Identity) != n || (g.Boundary != nil) != bounded {
				t.Fatalf("%d policies, boundary %t: %+v", n, bounded, g)
			}
			for i := range n {
				equal(t, "policy", g.Identity[i].Name, fmt.Sprint("p", i))
			}
			if bounded {
				equal(t, "boundary", g.Boundary.Name, "boundary")
			}
		}
	}
}
