package policy

import "strings"

// ContextKeys are the condition keys a document refers to, as they were first
// written: those of the variables in its resources, then those of its
// conditions and the variables in their values, statement by statement. A key
// is listed once, whatever its letter case.
func (d *Document) ContextKeys() []string {
	k := keyList{seen: map[string]bool{}, variables: d.Version == Version2012}
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, list := range []*Values{s.Resource, s.NotResource} {
			if list == nil {
				continue
			}
			for _, text := range list.Items {
				k.addVariables(text)
			}
		}
		for _, block := range s.Condition {
			for j := range block.Keys {
				k.add(block.Keys[j].Key)
				for _, v := range block.Keys[j].Values {
					k.addVariables(v.Text)
				}
			}
		}
	}
	return k.names
}

// keyList collects keys.
type keyList struct {
	names []string
	seen  map[string]bool
	// variables says that the language has them.
	variables bool
}

func (k *keyList) add(name string) {
	if folded := lower(name); !k.seen[folded] {
		k.seen[folded] = true
		k.names = append(k.names, name)
	}
}

func (k *keyList) addVariables(text string) {
	quoted := strings.LastIndex(text, "'}")
	for k.variables {
		start := strings.Index(text, "${")
		if start < 0 {
			return
		}
		text, quoted = text[start:], quoted-start
		v, length := scanVariable(text, quoted)
		if v.kind == pieceVariable && v.key != "" {
			k.add(text[len("${"):][:len(v.key)])
		}
		text, quoted = text[length:], quoted-length
	}
}
