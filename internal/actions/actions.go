// Package actions is the index of IAM actions: which operation asks for each,
// on which resource, and in which files its row and its handler stand. The
// table is written by tools/actiondoc from the rows of internal/services; a
// test compares it with the rows of a running server.
package actions

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:generate go run ../../tools/actiondoc -root ../..

//go:embed actions.json
var table []byte

// Operation is one row.
type Operation struct {
	Service string `json:"service"`
	// Name is empty for needs that are asked in the middle of operations.
	Name string `json:"name,omitempty"`
	// Row and Handler are files below the repository's root; HandlerName is
	// the method in the latter.
	Row         string `json:"row"`
	Handler     string `json:"handler,omitempty"`
	HandlerName string `json:"handlerName,omitempty"`
	Needs       []Need `json:"needs"`
}

// Need is one permission of a row.
type Need struct {
	// Action is empty for an operation that needs nothing; Nothing is then the reason.
	Action  string `json:"action,omitempty"`
	Nothing string `json:"nothing,omitempty"`
	// Resource is the finder that names the resources, "*" for an action that
	// knows none; Finder is the file it stands in.
	Resource string `json:"resource,omitempty"`
	Finder   string `json:"finder,omitempty"`
	// About is what the finder's comment says first.
	About string `json:"about,omitempty"`
	// Optional needs may find no resource, and are then not judged.
	Optional bool `json:"optional,omitempty"`
	// Within is the function beside the rows in which a need stands that is
	// asked in the middle of operations. Its resource is not in the table.
	Within string `json:"within,omitempty"`
}

// All is the table, by service and operation.
func All() ([]Operation, error) {
	var all []Operation
	if err := json.Unmarshal(table, &all); err != nil {
		return nil, fmt.Errorf("actions.json: %w", err)
	}
	return all, nil
}

// Match says whether the need's action is the pattern, in any letter case; *
// and ? are wildcards.
func (n *Need) Match(pattern string) bool {
	if n.Action == "" {
		return false
	}
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(n.Action))
	return err == nil && ok
}
